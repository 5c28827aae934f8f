"""BG/NBD and MBG/NBD give the published figures, the closed forms, and what a simulation gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import hyp2f1

from valuemodel.estimators.buy_till_you_die.beta_geometric import BetaGeoNBD, ModifiedBetaGeoNBD
from valuemodel.exceptions import UsageError


def with_parameters(model, *values):
    """Return a model that has learned these parameters."""
    for name, value in zip(model.names, values, strict=True):
        setattr(model, f"{name}_", value)
    return model


@pytest.fixture(scope="module")
def published():
    """Return the BG/NBD of Fader, Hardie and Lee (2005), table 2, in weeks."""
    return with_parameters(BetaGeoNBD(), 0.243, 4.414, 0.793, 2.426)


@pytest.mark.real_data
def test_the_fit_to_cdnow_is_the_published_one(cdnow):
    model = BetaGeoNBD().fit(cdnow)
    expected = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    assert len(cdnow) == 2_357
    assert {name: round(value, 4) for name, value in model.parameters_.items()} == expected
    assert round(model.log_likelihood_, 2) == -9582.43
    assert 0 < model.standard_errors_["r"] < model.standard_errors_["alpha"] < 1


@pytest.mark.real_data
def test_expectations_on_cdnow_are_the_published_ones(cdnow):
    model = BetaGeoNBD().fit(cdnow)
    one = pd.DataFrame({"frequency": [2.0], "recency": [30.43], "T": [38.86]})
    assert round(float(model.expected_purchases(one, 39)[0]), 3) == 1.226
    weeks = np.array([0.1429, 1, 3, 31.8571, 32, 78])
    expected = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.858]
    assert model.expected_purchases_of_new(weeks) == pytest.approx(expected, abs=5.1e-5)


def test_probabilities_of_counts_are_the_published_ones(published):
    assert published.probability_of_purchases(0, 39) == pytest.approx(0.5737864, rel=1e-6)
    assert published.probability_of_purchases(10, 2) == pytest.approx(1.07869e-07, rel=1e-5)
    assert sum(published.probability_of_purchases(n, 39) for n in range(400)) == pytest.approx(1.0)
    with pytest.raises(UsageError, match="count of 0 or more"):
        published.probability_of_purchases(-1, 39)


@pytest.mark.real_data
def test_the_modified_model_on_cdnow_is_the_published_one(cdnow):
    model = ModifiedBetaGeoNBD().fit(cdnow)
    assert model.r_ == pytest.approx(0.5248, abs=5.1e-5)
    assert model.alpha_ == pytest.approx(6.183, abs=5.1e-4)
    assert model.a_ == pytest.approx(0.8914, abs=5.1e-5)
    assert model.b_ == pytest.approx(1.614, abs=5.1e-4)
    assert model.log_likelihood_ == pytest.approx(-9582.13, abs=0.01)


@pytest.mark.parametrize("a", [0.4, 0.793, 1.7, 3.0])
@pytest.mark.parametrize("days", [0.5, 39.0, 400.0])
def test_expected_purchases_are_the_closed_form_where_that_can_be_computed(a, days):
    model = with_parameters(BetaGeoNBD(), 0.6, 5.0, a, 2.4)
    x, recency, age = np.array([0.0, 1, 4, 20]), np.array([0.0, 3, 30, 35]), np.full(4, 38.0)
    r, alpha, b = 0.6 + x, 5.0 + age, 2.4 + x
    inner = hyp2f1(r, b, a + b - 1, days / (alpha + days))
    ahead = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + days)) ** r * inner)
    odds = a / np.maximum(b - 1, 1e-9) * (alpha / (5.0 + recency)) ** r
    expected = ahead / (1 + np.where(x > 0, odds, 0))
    X = pd.DataFrame({"frequency": x, "recency": recency, "T": age})
    np.testing.assert_allclose(model.expected_purchases(X, days), expected, rtol=1e-8)


def test_nothing_breaks_where_the_closed_form_is_singular():
    X = pd.DataFrame({"frequency": [3.0], "recency": [30.0], "T": [38.0]})
    near = [
        float(with_parameters(BetaGeoNBD(), 0.6, 5.0, a, 2.4).expected_purchases(X, 39)[0])
        for a in (1 - 1e-6, 1.0, 1 + 1e-6)
    ]
    assert near[1] == pytest.approx(near[0], rel=1e-5)
    assert near[1] == pytest.approx(near[2], rel=1e-5)


def simulate(first, rng, count=60_000, until=60.0):
    """Draw histories until a cutoff at 30 and what follows, from the law itself."""
    rate, leave = rng.gamma(0.8, 1 / 6.0, count), rng.beta(0.9, 2.5, count)
    there = rng.random(count) >= leave if first else np.ones(count, dtype=bool)
    clock, x, recency, later = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    while there.any():
        clock[there] += rng.exponential(1 / rate[there])
        there &= clock < until
        before = there & (clock < 30)
        x += before
        recency[before] = clock[before]
        later += there & (clock >= 30)
        there &= rng.random(count) >= leave
    return pd.DataFrame({"frequency": x, "recency": recency, "T": 30.0}), later


@pytest.mark.parametrize("model", [BetaGeoNBD, ModifiedBetaGeoNBD])
def test_a_simulated_book_is_forecast_without_bias(model):
    X, later = simulate(model is ModifiedBetaGeoNBD, np.random.default_rng(3))
    fitted = model().fit(X)
    truth = {"r": 0.8, "alpha": 6.0, "a": 0.9, "b": 2.5}
    for name, value in truth.items():
        assert abs(fitted.parameters_[name] - value) < 4 * fitted.standard_errors_[name]
    ahead = fitted.expected_purchases(X, 30)
    assert ahead.sum() == pytest.approx(later.sum(), rel=0.03)
    for frequency in (0, 1, 3):
        rows = X["frequency"] == frequency
        assert ahead[rows].mean() == pytest.approx(later[rows].mean(), rel=0.08)
    new = fitted.expected_purchases_of_new(30.0)
    assert new == pytest.approx(X["frequency"].mean(), rel=0.03)
