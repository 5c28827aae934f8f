"""Averages over a beta distribution are exact for polynomials, whatever the parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaln

from valuemodel.estimators.buy_till_you_die.beta_quadrature import beta_nodes

POSITIVE = st.floats(0.01, 1e4)


@given(POSITIVE, POSITIVE, st.integers(0, 60))
def test_moments_are_those_of_the_distribution(a, b, power):
    points, weights = beta_nodes(a, b)
    moment = np.exp(betaln(a + power, b) - betaln(a, b))
    assert weights @ points**power == pytest.approx(moment, rel=1e-6, abs=1e-14)
    assert ((points >= 0) & (points <= 1)).all()
    assert weights.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (1.0, 2.0), (0.5, 0.5), (1.5, 0.5)])
def test_sums_at_which_the_recurrence_is_singular_are_no_exception(a, b):
    points, weights = beta_nodes(a, b)
    assert np.isfinite(points).all()
    assert weights @ points == pytest.approx(a / (a + b))
