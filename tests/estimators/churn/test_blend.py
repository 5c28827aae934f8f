"""A step's members are weighed on later cutoffs where there are any, and count alike where not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.boosting import Grower, TreeSettings
from valuemodel.estimators.churn.blend import Blend, BlendLearner, Judgement, Rows
from valuemodel.estimators.churn.members import WideNames
from valuemodel.estimators.churn.steps import Step
from valuemodel.estimators.churn.weights import Line, doubtful_center
from valuemodel.estimators.link import sigmoid

STEP = Step("3m", None)
LEARNER = BlendLearner(
    WideNames(("recency_days", "noise", "btyd_alive", "btyd_silence_3m")),
    Grower("binary", [], TreeSettings(max_rounds=60), n_jobs=1),
)


def rows(cutoffs=10, accounts=400, unknown=2, seed=0):
    """The law is right; the newest cutoffs have no labels yet."""
    rng = np.random.default_rng(seed)
    total = cutoffs * accounts
    truth = rng.normal(0.0, 1.5, total)
    silent = (rng.random(total) < sigmoid(truth)).astype(float)
    place = np.repeat(np.arange(cutoffs), accounts)
    silent[place >= cutoffs - unknown] = np.nan
    wide = np.column_stack(
        [rng.uniform(0, 99, total), rng.normal(0, 1, total), np.ones(total), sigmoid(truth)]
    )
    times = pd.Series(pd.date_range("2020-01-01", periods=cutoffs, freq="MS")[place])
    return Rows(wide, silent, times, ~np.isnan(silent))


def test_who_is_right_on_later_cutoffs_counts_most():
    judged = LEARNER.judge(STEP, rows())
    assert sum(judged.weights) == pytest.approx(1.0)
    by_name = dict(zip(["law", "line", "trees"], judged.weights, strict=True))
    assert by_name["trees"] < 0.5
    assert judged.rounds >= LEARNER.grower.trees.rounds // 2


def test_a_short_history_is_not_judged_and_members_count_alike():
    short = rows(cutoffs=3, unknown=1)
    assert LEARNER.judge(STEP, short) is None
    assert LEARNER.learn(STEP, short, None).weights == (1 / 3, 1 / 3, 1 / 3)
    assert LEARNER.judge(STEP, rows()._replace(cutoffs=None)) is None


def test_a_line_turns_about_the_newest_accounts_that_are_in_doubt():
    book = rows()
    plain = LEARNER.learn(STEP, book, Judgement(60, (0.5, 0.25, 0.25)))
    bent = LEARNER.learn(STEP, book, Judgement(60, (0.5, 0.25, 0.25), Line(9.0, 0.0, 1.4)))
    newest = book.newest().wide
    assert bent.line.center == pytest.approx(doubtful_center(plain.scores(newest)))
    assert bent.scores(newest).std() == pytest.approx(1.4 * plain.scores(newest).std())


def test_contributions_add_up_with_weights_and_line():
    book = rows()
    blend = LEARNER.learn(STEP, book, Judgement(40, (0.2, 0.3, 0.5), Line(0.0, 0.3, 1.2)))
    np.testing.assert_allclose(
        blend.contributions(book.wide[:50]).sum(axis=1), blend.scores(book.wide[:50]), rtol=1e-9
    )


def test_a_blend_is_data_and_survives():
    book = rows()
    blend = LEARNER.learn(STEP, book, Judgement(40, (0.2, 0.3, 0.5), Line(0.0, 0.3, 1.2)))
    again = Blend.from_json(blend.to_json(), blend.trees_text())
    np.testing.assert_array_equal(again.scores(book.wide), blend.scores(book.wide))
    assert again.trees_text() == blend.trees_text()
    assert again.to_json() == blend.to_json()


def test_the_probability_is_right_in_a_world_whose_probabilities_are_known():
    book = rows(accounts=2_000)
    blend = LEARNER.learn(STEP, book, LEARNER.judge(STEP, book))
    said, truth = sigmoid(blend.scores(book.newest().wide)), book.newest().wide[:, 3]
    for part in np.array_split(np.argsort(said), 10):
        assert said[part].mean() == pytest.approx(truth[part].mean(), abs=0.03)
    assert np.corrcoef(said, truth)[0, 1] > 0.97
