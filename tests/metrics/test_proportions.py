"""The interval of a share that was counted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from valuemodel.metrics.proportions import wilson


@pytest.mark.parametrize(("times", "count"), [(0, 1), (1, 1), (3, 10), (0, 40), (40, 40), (7, 900)])
def test_it_is_that_of_scipy_and_stays_between_nothing_and_all(times, count):
    (low,), (high,) = wilson(np.array([times / count]), np.array([float(count)]))
    exact = binomtest(times, count).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert 0.0 <= low <= times / count <= high <= 1.0


def test_where_nobody_was_counted_nothing_is_known():
    assert np.isnan(wilson(np.array([np.nan, 0.0]), np.zeros(2))).all()
