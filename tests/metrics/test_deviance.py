"""The loss that chooses between money forecasts is least for the mean, whatever the truths are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from valuemodel.exceptions import UsageError
from valuemodel.metrics.deviance import money_deviance

AMOUNTS = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), min_size=2, max_size=30)


@settings(max_examples=60, deadline=None)
@given(AMOUNTS)
def test_of_all_constant_forecasts_the_mean_loses_least(truth):
    truth = np.array(truth)
    mean = truth.mean()
    size = np.abs(truth).mean() or 1.0

    def loss(level: float) -> float:
        return float(money_deviance(truth, np.full(len(truth), level)).mean())

    for step in (-1.0, -0.1, 0.1, 1.0):
        assert loss(mean) <= loss(mean + step * size) + 1e-9


def test_the_median_of_a_silent_book_is_no_better_than_its_mean():
    truth = np.array([0.0] * 6 + [10.0, 20.0, 30.0, 940.0])
    found = minimize_scalar(lambda level: money_deviance(truth, np.full(10, level)).mean())
    assert found.x == pytest.approx(100.0, rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, st.floats(0.01, 1e4))
def test_another_currency_changes_nothing(truth, rate):
    truth = np.array(truth)
    forecast = np.roll(truth, 1)
    before = money_deviance(truth, forecast)
    np.testing.assert_allclose(money_deviance(rate * truth, rate * forecast), before, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(AMOUNTS)
def test_it_is_never_negative_and_nothing_where_the_forecast_is_right(truth):
    truth = np.array(truth)
    assert (money_deviance(truth, truth[::-1]) >= 0).all()
    assert np.abs(money_deviance(truth, truth)).max() == 0.0


def test_large_amounts_are_judged_as_by_poisson():
    truth = np.array([1e-6] * 999 + [1e6])
    forecast = np.array([1e-6] * 999 + [2e6])
    unit = np.abs(truth).mean()
    y, m = 1e6 / unit, 2e6 / unit
    poisson = y * np.log(y / m) - y + m
    assert money_deviance(truth, forecast)[-1] == pytest.approx(poisson, rel=1e-4)


def test_truths_that_are_all_nothing_are_judged_too():
    assert money_deviance([0.0, 0.0], [1.0, -1.0]).tolist() == pytest.approx([2**0.5 - 1] * 2)


def test_a_missing_number_is_refused():
    with pytest.raises(UsageError):
        money_deviance([1.0, np.nan], [1.0, 1.0])
