"""Pareto/NBD gives the published figures, the integral it stands for, and what a simulation gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

from valuemodel.estimators.buy_till_you_die.distinct_rows import distinct_rows
from valuemodel.estimators.buy_till_you_die.pareto_nbd import ParetoNBD


@pytest.fixture(scope="module")
def fitted(cdnow):
    return ParetoNBD().fit(cdnow)


@pytest.mark.real_data
def test_the_fit_to_cdnow_is_the_published_one(fitted):
    assert fitted.r_ == pytest.approx(0.5533, abs=5.1e-5)
    assert fitted.alpha_ == pytest.approx(10.578, abs=5.1e-4)
    assert fitted.s_ == pytest.approx(0.6062, abs=5.1e-5)
    assert fitted.beta_ == pytest.approx(11.668, abs=1e-3)
    assert round(fitted.log_likelihood_, 2) == pytest.approx(-9594.97, abs=0.011)
    errors = [round(fitted.standard_errors_[name], 4) for name in fitted.names]
    # The published search stopped at beta 11.668, a ten-thousandth before this one.
    assert errors == pytest.approx([0.0476, 0.8427, 0.1873, 6.2105], abs=1e-3)


@pytest.mark.real_data
def test_expectations_are_the_published_ones(fitted):
    one = pd.DataFrame({"frequency": [26.0], "recency": [30.86], "T": [31.0]})
    assert round(float(fitted.expected_purchases(one, 52)[0]), 2) == 25.46
    assert round(float(fitted.probability_alive(one)[0]), 4) == 0.9979


@pytest.mark.parametrize("parameters", [(0.55, 10.6, 0.6, 11.7), (2.0, 3.0, 4.0, 90.0)])
def test_the_likelihood_is_the_integral_over_the_unseen_time_of_leaving(parameters):
    r, alpha, s, beta = parameters
    histories = [(0, 0.0, 38.0), (1, 2.0, 38.0), (7, 30.0, 38.0), (40, 36.0, 38.0), (3, 5.0, 900.0)]
    rows = distinct_rows(tuple(np.array(column, float) for column in zip(*histories, strict=True)))
    values, _ = ParetoNBD()._log_likelihood(rows, np.array(parameters))
    for (x, recency, age), value in zip(histories, values, strict=True):
        still = (alpha + age) ** -(r + x) * (beta + age) ** -s

        def leaving(u, x=x):
            return (alpha + u) ** -(r + x) * (beta + u) ** -(s + 1)

        gone, _ = quad(leaving, recency, age, epsabs=0, epsrel=1e-10, limit=200)
        first = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        assert value == pytest.approx(first + np.log(still + s * gone), rel=1e-9)


@pytest.mark.parametrize("s", [1 - 1e-9, 1.0, 1 + 1e-9])
def test_nothing_breaks_where_s_is_one(s):
    model = ParetoNBD()
    model.r_, model.alpha_, model.s_, model.beta_ = 0.6, 10.0, s, 12.0
    X = pd.DataFrame({"frequency": [3.0], "recency": [30.0], "T": [38.0]})
    limit = model.probability_alive(X)[0] * 3.6 / 48.0 * 50.0 * np.log(89.0 / 50.0)
    assert model.expected_purchases(X, 39)[0] == pytest.approx(limit, rel=1e-6)


def test_a_simulated_book_is_forecast_without_bias():
    rng, count = np.random.default_rng(5), 60_000
    rate, life = (
        rng.gamma(0.8, 1 / 6.0, count),
        rng.exponential(1 / rng.gamma(1.5, 1 / 40.0, count)),
    )
    x = rng.poisson(rate * np.minimum(life, 30))
    last = np.minimum(life, 30) * rng.random(count) ** (1 / np.maximum(x, 1))
    X = pd.DataFrame({"frequency": x * 1.0, "recency": np.where(x > 0, last, 0.0), "T": 30.0})
    later = rng.poisson(rate * np.clip(life - 30, 0, 30))
    fitted = ParetoNBD().fit(X)
    for name, value in {"r": 0.8, "alpha": 6.0, "s": 1.5, "beta": 40.0}.items():
        assert abs(fitted.parameters_[name] - value) < 4 * fitted.standard_errors_[name]
    ahead = fitted.expected_purchases(X, 30)
    assert ahead.sum() == pytest.approx(later.sum(), rel=0.03)
    alive = fitted.probability_alive(X)
    assert alive.mean() == pytest.approx((life > 30).mean(), abs=0.02)
    assert fitted.expected_purchases_of_new(30.0) == pytest.approx(x.mean(), rel=0.03)
