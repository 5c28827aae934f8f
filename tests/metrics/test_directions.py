"""For every metric there is, the better of two forecasts is the one that lies lower in badness."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.metrics.churn import CHURN_METRICS
from valuemodel.metrics.directions import badness
from valuemodel.metrics.value import VALUE_METRICS


@pytest.mark.parametrize("metric", list(VALUE_METRICS))
def test_the_truth_is_a_better_value_forecast_than_its_reverse(metric):
    truth = np.arange(1.0, 31.0)
    perfect, wrong = VALUE_METRICS[metric](truth, truth), VALUE_METRICS[metric](truth, 40.0 - truth)
    assert badness(metric, perfect) < badness(metric, wrong)


@pytest.mark.parametrize("metric", list(CHURN_METRICS))
def test_the_truth_is_a_better_risk_than_its_opposite(metric):
    truth = np.array([0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    perfect, wrong = CHURN_METRICS[metric](truth, truth), CHURN_METRICS[metric](truth, 1.0 - truth)
    assert badness(metric, perfect) < badness(metric, wrong)


def test_a_bias_is_as_bad_on_either_side():
    assert badness("bias", np.array([-0.2, 0.2])).tolist() == [0.2, 0.2]
