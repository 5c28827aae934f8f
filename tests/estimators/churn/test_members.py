"""Every member is a sum over the columns it reads, and says what it is said to say."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.estimators.boosting import Grower, Sample
from valuemodel.estimators.churn.members import (
    LawRatio,
    RhythmLine,
    Trees,
    WideNames,
    log_odds,
    ridge_logistic,
)
from valuemodel.estimators.churn.steps import Step
from valuemodel.estimators.link import sigmoid

NAMES = WideNames(("recency_days", "region", "btyd_alive", "btyd_silence_3m", "btyd_silence_6m"))


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(0)
    short = rng.uniform(0.2, 1.0, 2_000)
    found = np.column_stack(
        [
            rng.uniform(0.0, 300.0, 2_000),
            rng.integers(0, 3, 2_000),
            rng.uniform(0.0, 1.0, 2_000),
            short,
            short * rng.uniform(0.3, 1.0, 2_000),
        ]
    )
    found[::50, 2:] = np.nan
    return found


@pytest.fixture(scope="module")
def target(wide):
    chance = sigmoid(np.log1p(wide[:, 0]) - 4.0)
    return (np.random.default_rng(1).random(len(wide)) < chance).astype(float)


def member(kind, wide, target):
    if kind == "trees":
        return Trees(Grower("binary", [1], n_jobs=1).grow(Sample(wide, target), 20), 1)
    if kind == "law":
        return LawRatio.learn(wide, *NAMES.law(Step("6m", "3m")))
    return RhythmLine.learn(wide, target, np.ones(len(wide)), NAMES.line(Step("6m", "3m")))


@pytest.mark.parametrize("kind", ["trees", "law", "line"])
def test_contributions_add_up_to_the_scores(kind, wide, target):
    one = member(kind, wide, target)
    assert one.contributions(wide).shape == (len(wide), wide.shape[1] + 1)
    np.testing.assert_allclose(one.contributions(wide).sum(axis=1), one.scores(wide), rtol=1e-9)
    assert np.isfinite(one.scores(wide)).all()


@pytest.mark.parametrize("kind", ["law", "line"])
def test_chunks_give_the_bytes_of_the_whole(kind, wide, target):
    one = member(kind, wide, target)
    parts = [one.scores(wide[:7]), one.scores(wide[7:])]
    np.testing.assert_array_equal(np.concatenate(parts), one.scores(wide))


def test_the_laws_ratio_is_the_chance_on_from_the_shorter_window(wide):
    said = sigmoid(LawRatio.learn(wide, 4, 3).scores(wide))
    known = ~np.isnan(wide[:, 4])
    np.testing.assert_allclose(said[known], wide[known, 4] / wide[known, 3], rtol=1e-4)
    assert (~known).any()
    first = sigmoid(LawRatio.learn(wide, 3, -1).scores(wide))
    np.testing.assert_allclose(first[known], wide[known, 3], rtol=1e-4)


def test_a_line_is_plain_data(wide, target):
    line = member("line", wide, target)
    again = RhythmLine.from_json(line.to_json())
    assert again == line


def test_a_line_is_not_carried_away_by_what_it_never_saw(wide, target):
    line = member("line", wide, target)
    far = wide[:1].copy()
    far[0, 0] = 1e9
    assert abs(line.scores(far)[0]) < 20.0


def test_what_is_read_depends_on_what_is_there():
    assert WideNames(("region",)).line(Step("3m", None)) is None
    assert WideNames(("recency_days",)).line(Step("3m", None)) == ([0], -1, False)
    assert NAMES.line(Step("3m", None)) == ([0, 3, 2], -1, True)
    assert NAMES.law(Step("1y", "6m")) is None


def test_log_odds_are_finite_at_both_ends():
    found = log_odds(np.array([0.0, 1.0, 0.5, np.nan]))
    assert np.isfinite(found[:3]).all()
    assert found[2] == 0.0
    assert np.isnan(found[3])


def test_the_ridge_holds_slopes_and_not_the_level():
    rng = np.random.default_rng(0)
    silent = (rng.random(200) < 0.9).astype(float)
    level, slopes = ridge_logistic(rng.normal(0.0, 1.0, (200, 3)), silent, np.ones(200))
    assert level == pytest.approx(np.log(silent.mean() / (1 - silent.mean())), abs=0.1)
    assert np.abs(slopes).max() < 0.3
