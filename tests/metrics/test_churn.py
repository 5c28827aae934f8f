"""Probabilities are scored as the textbooks say, and may be taken at their word or not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import UsageError
from valuemodel.metrics.churn import (
    CHURN_METRICS,
    auc,
    brier,
    brier_skill,
    calibration_table,
    expected_calibration_error,
    log_loss,
    pr_auc,
)

bounded = settings(max_examples=50, deadline=None, derandomize=True)
forecasts = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=2, max_size=60).map(
    lambda rows: ([float(row[0]) for row in rows], [row[1] / 20 for row in rows])
)


@bounded
@given(forecasts)
def test_the_auc_is_the_share_of_pairs_in_the_right_order(forecast):
    truth, prob = forecast
    left = [p for y, p in zip(truth, prob, strict=True) if y == 1]
    stayed = [p for y, p in zip(truth, prob, strict=True) if y == 0]
    pairs = [(a > b) + 0.5 * (a == b) for a in left for b in stayed]
    expected = sum(pairs) / len(pairs) if pairs else float("nan")
    assert auc(truth, prob) == pytest.approx(expected, nan_ok=True)


@bounded
@given(forecasts)
def test_calibration_counts_every_account_once_and_equal_predictions_together(forecast):
    truth, prob = forecast
    table = calibration_table(truth, prob)
    assert table["accounts"].sum() == len(truth)
    assert (table["accounts"] * table["observed"]).sum() == pytest.approx(sum(truth))
    assert (table["accounts"] * table["predicted"]).sum() == pytest.approx(sum(prob))
    assert table["decile"].is_monotonic_increasing
    assert table["decile"].between(1, 10).all()
    assert (table["low"] <= table["observed"] + 1e-12).all()
    assert (table["high"] >= table["observed"] - 1e-12).all()


def test_a_constant_prediction_is_one_group():
    table = calibration_table([0, 1, 1, 0], [0.4] * 4)
    assert table["accounts"].tolist() == [4]
    assert expected_calibration_error([0, 1, 1, 0], [0.4] * 4) == pytest.approx(0.1)


def test_honest_probabilities_are_calibrated_and_exaggerated_ones_are_not():
    generator = np.random.default_rng(5)
    prob = generator.beta(2, 3, 20_000)
    truth = (generator.random(20_000) < prob) * 1.0
    shouted = np.clip(0.5 + 1.8 * (prob - 0.5), 0, 1)
    assert expected_calibration_error(truth, prob) < 0.015
    assert expected_calibration_error(truth, shouted) > 0.08
    assert auc(truth, shouted) == pytest.approx(auc(truth, prob), abs=0.01)
    table = calibration_table(truth, prob)
    assert (table["low"] <= table["predicted"]).sum() >= 9


def test_the_share_of_churners_has_no_skill_and_the_truth_has_all():
    truth = [1.0, 0.0, 0.0, 1.0, 0.0]
    assert brier_skill(truth, [0.4] * 5) == pytest.approx(0.0)
    assert brier_skill(truth, truth) == 1.0
    assert brier(truth, truth) == 0.0
    assert log_loss(truth, truth) < 1e-12
    assert log_loss([1.0], [0.0]) == pytest.approx(34.54, abs=0.01)


def test_figures_that_need_both_outcomes_are_not_numbers_without_them():
    assert np.isnan([auc([1, 1], [0.1, 0.2]), brier_skill([0, 0], [0.1, 0.2])]).all()
    assert np.isnan(pr_auc([0, 0], [0.1, 0.2]))
    assert pr_auc([1, 1], [0.1, 0.2]) == 1.0


def test_average_precision_by_hand():
    # churners found at places 1, 3 and 4: precisions 1, 2/3, 3/4
    assert pr_auc([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.6]) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


@pytest.mark.parametrize("name", list(CHURN_METRICS))
@pytest.mark.parametrize(
    ("truth", "prob", "message"),
    [
        ([0.0, 2.0], [0.5, 0.5], "0 or 1"),
        ([0.0, 1.0], [0.5, 1.5], "between 0 and 1"),
        ([0.0, 1.0], [0.5, float("nan")], "finite"),
    ],
)
def test_what_is_no_probability_is_refused(name, truth, prob, message):
    with pytest.raises(UsageError, match=message):
        CHURN_METRICS[name](truth, prob)
