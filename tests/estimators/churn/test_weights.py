"""Members count by what they said of later rows, and a level is believed only if it was confirmed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.churn.weights import (
    NO_LINE,
    Line,
    fit_line,
    member_weights,
    recency_weights,
)
from valuemodel.estimators.link import sigmoid
from valuemodel.periods import Horizon

QUARTER = Horizon.parse("3 months")


def world(rows=6_000, cutoffs=3, step=3, shifts=None, slope=1.0, seed=0):
    """Log-odds, what came where the truth is ``shift of the cutoff + slope x log-odds``."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0.0, 1.5, rows)
    place = np.arange(rows) % cutoffs
    shift = np.array(shifts if shifts is not None else [0.0] * cutoffs)[place]
    silent = (rng.random(rows) < sigmoid(shift + slope * scores)).astype(float)
    months = pd.date_range("2020-01-01", periods=cutoffs, freq=pd.DateOffset(months=step))
    return scores, silent, pd.Series(months[place])


def test_weights_are_a_mean():
    scores, silent, cutoffs = world()
    rng = np.random.default_rng(1)
    noisy = [scores + rng.normal(0.0, noise, len(scores)) for noise in (0.0, 2.0, 6.0)]
    weights = member_weights(np.stack(noisy), silent, cutoffs)
    assert weights.sum() == pytest.approx(1.0)
    assert weights.min() >= 0.0
    assert weights.argmax() == 0
    assert weights[2] < weights[1] < 0.3


def test_two_that_know_different_things_count_both():
    rng = np.random.default_rng(2)
    one, other = rng.normal(0.0, 1.0, (2, 20_000))
    silent = (rng.random(20_000) < sigmoid(one + other)).astype(float)
    weights = member_weights(np.stack([one, other]), silent, None)
    assert weights == pytest.approx([0.5, 0.5], abs=0.03)


def test_few_rows_leave_the_members_alike():
    scores, silent, cutoffs = world(rows=60)
    noise = np.random.default_rng(1).normal(0.0, 1.0, 60)
    weights = member_weights(np.stack([scores, scores + noise]), silent, cutoffs)
    assert weights == pytest.approx([0.5, 0.5], abs=0.05)


def test_a_season_that_shifts_all_alike_is_nobodys_merit():
    scores, silent, cutoffs = world(shifts=[1.5, 1.5, 1.5])
    lifted = scores + 1.5 + np.random.default_rng(3).normal(0.0, 2.0, len(scores))
    weights = member_weights(np.stack([scores, lifted]), silent, cutoffs)
    assert weights[0] > 0.7


def test_one_member_has_all_the_weight():
    scores, silent, cutoffs = world(rows=50)
    assert member_weights(scores[None], silent, cutoffs).tolist() == [1.0]


def test_a_shift_that_windows_apart_agree_on_is_taken_over():
    scores, silent, cutoffs = world(rows=30_000, shifts=[0.8, 0.8, 0.8])
    assert Line.agreed(scores, silent, cutoffs, QUARTER).shift == pytest.approx(0.8, abs=0.08)


def test_a_shift_that_they_disagree_on_is_not():
    scores, silent, cutoffs = world(rows=30_000, shifts=[0.8, -0.8, 0.1])
    assert abs(Line.agreed(scores, silent, cutoffs, QUARTER).shift) < 0.02


def test_a_shift_that_was_seen_in_overlapping_windows_was_seen_once():
    scores, silent, cutoffs = world(rows=30_000, step=1, shifts=[0.8, 0.8, 0.8])
    assert Line.agreed(scores, silent, cutoffs, QUARTER).shift == 0.0


def test_a_mean_that_is_too_mild_is_sharpened_half_way():
    scores, silent, cutoffs = world(rows=60_000, slope=2.0)
    line = Line.agreed(scores, silent, cutoffs, QUARTER)
    assert line.slope == pytest.approx(np.sqrt(2.0), abs=0.05)
    assert line.about(1.0).of(np.array([1.0]))[0] == pytest.approx(1.0 + line.shift)


def test_without_cutoffs_nothing_is_corrected():
    scores, silent, _ = world(rows=100)
    assert Line.agreed(scores, silent, None, QUARTER) == NO_LINE


def test_calibration_finds_the_line_that_was_bent():
    rng = np.random.default_rng(0)
    truth = rng.normal(0.0, 2.0, 50_000)
    silent = (rng.random(50_000) < sigmoid(truth)).astype(float)
    shift, slope = fit_line(2.0 * truth - 1.0, silent)
    assert shift == pytest.approx(0.5, abs=0.05)
    assert slope == pytest.approx(0.5, abs=0.03)


def test_calibration_of_separable_scores_stays_finite():
    scores = np.array([-3.0, -2.0, 2.0, 3.0])
    shift, slope = fit_line(scores, (scores > 0).astype(float))
    assert np.isfinite([shift, slope]).all()
    assert slope > 0


def test_rows_count_half_for_every_half_life():
    times = pd.Series(pd.to_datetime(["2020-01-01", "2020-12-31", "2019-01-01"]))
    found = recency_weights(times, 3, 365.0)
    assert found == pytest.approx([0.5, 1.0, 0.25], rel=1e-3)
    assert recency_weights(None, 2, 365.0).tolist() == [1.0, 1.0]
