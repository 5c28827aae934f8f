"""A quantile is judged by what it holds and by how near it lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.metrics.quantiles import coverage, pinball_loss

LEVELS = st.sampled_from([0.1, 0.5, 0.8, 0.9])


def test_figures_by_hand():
    truth, said = np.array([1.0, 4.0, 10.0]), np.array([2.0, 2.0, 2.0])
    assert coverage(truth, said) == pytest.approx(1 / 3)
    # below by 1 at a tenth, above by 2 and by 8 at nine tenths
    assert pinball_loss(truth, said, 0.9) == pytest.approx((0.1 + 1.8 + 7.2) / 3)


def test_without_a_row_there_is_no_figure():
    assert np.isnan(coverage(np.zeros(0), np.zeros(0)))
    assert np.isnan(pinball_loss(np.zeros(0), np.zeros(0), 0.9))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(level=LEVELS, seed=st.integers(0, 1000), off=st.floats(-3, 3))
def test_the_quantile_itself_loses_least(level, seed, off):
    truth = np.random.default_rng(seed).lognormal(0, 1, 101)
    best = np.quantile(truth, level, method="inverted_cdf")
    assert pinball_loss(truth, best, level) <= pinball_loss(truth, best + off, level) + 1e-12
