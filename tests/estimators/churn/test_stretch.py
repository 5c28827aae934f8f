"""Silence never grows with the horizon, whatever the steps say of an account."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuemodel.estimators.churn.steps import Step
from valuemodel.estimators.churn.stretch import LawShift, Share, path_to, silence

LABELS = ["1m", "3m", "6m", "12m", "24m"]
odds = st.floats(-800.0, 800.0)


@given(st.lists(odds, min_size=5, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5))
def test_it_falls_whatever_the_steps_say(scores, lawful):
    steps, given_scores = [], []
    for place, label in enumerate(LABELS):
        law = lawful[place] and place > 0
        before = LABELS[place - 1] if place else None
        steps.append(Step(label, before, "law" if law else "learned"))
        given_scores.append(np.array([-abs(scores[place]) if law else scores[place]]))
    found = [float(chance[0]) for chance in silence(steps, given_scores).values()]
    assert all(0.0 <= chance <= 1.0 for chance in found)
    assert found == sorted(found, reverse=True)


def test_a_stretch_moves_the_log_odds_by_what_the_law_moves():
    wide = np.array([[0.6, 0.3], [0.9, 0.8], [np.nan, np.nan]])
    shift = LawShift.learn(wide, 1, 0)
    moved = shift.scores(wide)
    expected = [np.log(0.3 / 0.7) - np.log(0.6 / 0.4), np.log(0.8 / 0.2) - np.log(0.9 / 0.1)]
    np.testing.assert_allclose(moved[:2], expected)
    assert moved[2] == pytest.approx(np.mean(expected))
    chance = silence([Step("3m", None), Step("6m", "3m", "law")], [np.zeros(3), moved])["6m"]
    np.testing.assert_allclose(chance, 1.0 / (1.0 + np.exp(-moved)))
    assert LawShift(**shift.to_json()) == shift


def test_a_share_is_the_same_for_all_and_promises_nothing_for_sure():
    share = Share.learn(np.array([1.0] * 20 + [np.nan]))
    chance = silence([Step("3m", None, "share")], [share.scores(np.zeros((2, 1)))])["3m"]
    np.testing.assert_allclose(chance, 21.0 / 22.0)
    assert Share(**share.to_json()) == share


@pytest.mark.parametrize("part", [LawShift(1, 0, -0.5), Share(0.3)])
def test_contributions_add_up_to_the_scores(part):
    wide = np.array([[0.6, 0.3], [0.9, 0.8]])
    np.testing.assert_allclose(part.contributions(wide).sum(axis=1), part.scores(wide))


def test_the_path_to_a_horizon_skips_what_does_not_lead_there():
    steps = (Step("1m", None), Step("3m", "1m"), Step("6m", "1m", "law"), Step("12m", "3m"))
    assert path_to(steps, "12m") == [0, 1, 3]
    assert path_to(steps, "6m") == [0, 2]
