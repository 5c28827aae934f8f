"""Members are put to the test on later rows only, and a law speaks of a cutoff by what was known then."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.boosting import TreeSettings
from valuemodel.estimators.buy_till_you_die.forecasts import LawForecasts
from valuemodel.estimators.future_value.lessons import Lessons
from valuemodel.estimators.future_value.regressor import lacking_value

NAMES = ("purchase_days_total", "tenure_days", "recency_days", "value_total", "past_value_3m")
MEMBERS = ("tweedie", "log_linear", "buy_till_you_die", "past_value")
MONTHS = pd.date_range("2021-01-01", periods=10, freq="MS")


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    """Buyers at ten months; the autumn brings twice the money."""
    rng = np.random.default_rng(0)
    accounts, frames, labels, cutoffs = 250, [], [], []
    rate, size = rng.gamma(1.5, 0.02, accounts), rng.lognormal(3, 0.8, accounts)
    for number, cutoff in enumerate(MONTHS):
        age = np.full(accounts, 120.0 + 30.0 * number)
        days = 1.0 + rng.poisson(rate * age)
        last = np.where(days > 1, age * rng.uniform(0.7, 1.0, accounts), 0.0)
        frames.append(np.column_stack([days, age, age - last, days * size, 90 * rate * size]))
        season = 2.0 if cutoff.month >= 7 else 1.0
        value = season * rng.poisson(rate * 91) * size
        labels.append(value if number < 7 else np.full(accounts, np.nan))
        cutoffs.append(np.full(accounts, cutoff))
    matrix = np.vstack(frames)
    times = pd.Series(np.concatenate(cutoffs))
    return Lessons(
        matrix=matrix,
        names=NAMES,
        numbers=frozenset(NAMES),
        targets=pd.DataFrame({"3m": np.concatenate(labels)}),
        cutoffs=times,
        law=LawForecasts.learn(matrix, NAMES, times, ["3m"]),
        members=MEMBERS,
        scale_features=("past_value_*", "btyd_value_*"),
        trees=TreeSettings(rounds=20, max_rounds=40),
        seed=0,
        n_jobs=1,
    )


def test_evidence_comes_from_later_rows_whose_windows_do_not_overlap_those_learned(lessons):
    trust = lessons.trust(["3m"], lacking_value)
    told = trust.evidence["3m"]
    assert told.forecasts.shape == (len(told.truth), len(MEMBERS))
    assert pd.Timestamp(told.cutoffs.min()) >= MONTHS[3]
    assert not np.isnan(told.forecasts).any()


def test_a_blend_carries_weights_of_its_own_members_that_sum_to_one(lessons):
    trust = lessons.trust(["3m"], lacking_value)
    blend = lessons.blend("3m", "3m", trust)
    assert set(blend.weights) == set(trust.heard)
    assert {name for name, weight in trust.weights.items() if weight >= 0.02} <= set(trust.heard)
    assert sum(blend.weights.values()) == pytest.approx(1.0)
    assert blend.width == len(NAMES) + 5


def test_the_level_follows_the_season_that_the_law_missed(lessons):
    blend = lessons.blend("3m", "3m", lessons.trust(["3m"], lacking_value))
    factors = blend.level.factors
    assert factors[6] > 1.1 * factors[1]  # July against February


def test_later_truths_do_not_reach_the_forecasts_of_an_earlier_cutoff(lessons):
    """A law learned on the first months alone says the same of them as one learned with all."""
    early = (lessons.cutoffs <= MONTHS[2]).to_numpy()
    alone = LawForecasts.learn(lessons.matrix[early], NAMES, lessons.cutoffs[early], ["3m"])
    rows, times = lessons.matrix[early], lessons.cutoffs[early]
    np.testing.assert_array_equal(
        alone.of_training(rows, times), lessons.law.of_training(rows, times)
    )


def test_too_short_a_history_gives_no_evidence_and_equal_trust(lessons):
    few = lessons.targets.where(lessons.cutoffs.to_numpy()[:, None] == MONTHS[0].to_datetime64())
    short = Lessons(**{**_fields(lessons), "targets": few})
    trust = short.trust(["3m"], lacking_value)
    assert not trust.evidence
    assert set(trust.weights.values()) == {0.25}
    assert trust.bend("3m") == 1.0


def _fields(lessons):
    return {name: getattr(lessons, name) for name in Lessons.__dataclass_fields__}
