"""Gamma-Gamma gives the published figures, and shrinks as much as there is little to go by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.buy_till_you_die.gamma_gamma import GammaGamma, _log_likelihood
from valuemodel.exceptions import DataRefused, UsageError


@pytest.mark.real_data
def test_the_fit_to_cdnow_is_the_published_one(cdnow):
    model = GammaGamma().fit(cdnow)
    assert int((cdnow["frequency"] > 0).sum()) == 946
    assert (round(model.p_, 2), round(model.q_, 2), round(model.v_, 2)) == (6.25, 3.74, 15.44)
    assert round(model.log_likelihood_, 2) == -4055.92
    assert round(model.mean_spend_, 2) == 35.17
    assert all(error > 0 for error in model.standard_errors_.values())


def test_gradients_are_those_of_the_likelihood():
    columns = np.array([1.0, 3.0, 12.0]), np.array([20.0, 7.5, 140.0])
    own = np.array([2.0, 3.5, 12.0])
    _, gradient = _log_likelihood(columns, own)
    for place in range(3):
        change = np.zeros(3)
        change[place] = 1e-6 * own[place]
        up, down = (_log_likelihood(columns, own + sign * change)[0] for sign in (1, -1))
        np.testing.assert_allclose(gradient[place], (up - down) / (2 * change[place]), rtol=1e-5)


@pytest.fixture(scope="module")
def simulated():
    rng = np.random.default_rng(0)
    count, p, q, v = 20_000, 4.0, 5.0, 30.0
    own = rng.gamma(q, 1 / v, count)
    x = rng.integers(0, 9, count).astype(float)
    total = np.array([rng.gamma(p * max(n, 1), 1 / rate) for n, rate in zip(x, own, strict=True)])
    X = pd.DataFrame(
        {"frequency": x, "monetary_value": np.where(x > 0, total / np.maximum(x, 1), 0)}
    )
    return X, p / own


def test_a_simulated_book_is_forecast_without_bias(simulated):
    X, truth = simulated
    model = GammaGamma().fit(X)
    for name, value in {"p": 4.0, "q": 5.0, "v": 30.0}.items():
        assert abs(model.parameters_[name] - value) < 4 * model.standard_errors_[name]
    spend = model.predict(X)
    assert spend.mean() == pytest.approx(truth.mean(), rel=0.02)
    high = spend > np.quantile(spend, 0.9)
    assert spend[high].mean() == pytest.approx(truth[high].mean(), rel=0.03)


def test_more_purchases_shrink_less_and_none_gives_the_mean_of_all(simulated):
    model = GammaGamma().fit(simulated[0])
    rows = pd.DataFrame(
        {"frequency": [0.0, 1.0, 5.0, 500.0], "monetary_value": [0.0] + [300.0] * 3}
    )
    spend = model.predict(rows)
    assert spend[0] == pytest.approx(model.mean_spend_)
    assert spend[0] < spend[1] < spend[2] < spend[3] < 300.0


def test_the_unit_of_money_changes_v_and_the_forecast_alone(simulated):
    X = simulated[0]
    dear = X.assign(monetary_value=X["monetary_value"] * 100)
    one, other = GammaGamma().fit(X), GammaGamma().fit(dear)
    assert other.p_ == pytest.approx(one.p_, rel=1e-4)
    assert other.v_ == pytest.approx(100 * one.v_, rel=1e-4)
    np.testing.assert_allclose(other.predict(dear), 100 * one.predict(X), rtol=1e-4)


def test_what_cannot_be_learned_or_asked_is_said():
    few = pd.DataFrame({"frequency": [0.0, 2.0], "monetary_value": [0.0, 5.0]})
    with pytest.raises(DataRefused, match="too few"):
        GammaGamma().fit(few)
    with pytest.raises(DataRefused, match="row 1"):
        GammaGamma().fit(few.assign(monetary_value=[0.0, np.nan]))
    with pytest.raises(UsageError, match="not fitted"):
        GammaGamma().predict(few)
    with pytest.raises(UsageError, match="X lacks"):
        GammaGamma().fit(few.drop(columns="frequency"))
    model = GammaGamma()
    model.p_, model.q_, model.v_ = 2.0, 0.8, 10.0
    assert model.mean_spend_ == np.inf
    with pytest.raises(UsageError, match="infinite"):
        model.predict(few)
