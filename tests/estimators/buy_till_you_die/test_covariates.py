"""Static covariates: gradients, recovery of what was simulated, and what predictions make of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import betaln
from sklearn.base import clone

from valuemodel.estimators.buy_till_you_die.beta_geometric import (
    BetaGeoNBD,
    ModifiedBetaGeoNBD,
    _in_closed_form,
)
from valuemodel.estimators.buy_till_you_die.distinct_rows import distinct_rows
from valuemodel.estimators.buy_till_you_die.pareto_nbd import ParetoNBD
from valuemodel.exceptions import DataRefused, UsageError

ALL = [BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD]
COVARIATES = {"purchase_covariates": ("size", "online"), "dropout_covariates": ("online",)}
#: Of the simulated books, by the parameter that is moved; z counted from 0.
TRUE = {"alpha": {"size": 0.5, "online": -0.4}, "a": {"online": 0.6}, "b": {"online": -0.3}}
TRUE_PARETO = {"alpha": {"size": 0.5, "online": -0.4}, "beta": {"online": 0.8}}

UNTIL, LATER = 60.0, 100.0


def covariates(count, rng):
    """Return a size on a grid (so that rows repeat) and a yes or no."""
    return pd.DataFrame(
        {"size": rng.integers(-4, 5, count) / 4.0, "online": rng.integers(0, 2, count) * 1.0}
    )


def simulate(model, seed, count=40_000):
    """Draw histories on the law itself, and the purchases that follow."""
    rng = np.random.default_rng(seed)
    z = covariates(count, rng)
    rate = rng.gamma(0.8, 1 / 6.0, count) * np.exp(0.5 * z["size"] - 0.4 * z["online"]).to_numpy()
    if model is ParetoNBD:
        death = rng.gamma(1.2, 1 / 40.0, count) * np.exp(0.8 * z["online"]).to_numpy()
        life, leave = rng.exponential(1 / death), np.zeros(count)
    else:
        a, b = 0.9 * np.exp(0.6 * z["online"]), 2.5 * np.exp(-0.3 * z["online"])
        leave, life = rng.beta(a, b), np.full(count, np.inf)
    there = np.ones(count, dtype=bool)
    if model is ModifiedBetaGeoNBD:
        there = rng.random(count) >= leave
    clock, x, recency, later = (np.zeros(count) for _ in range(4))
    while there.any():
        clock[there] += rng.exponential(1 / rate[there])
        there &= clock < np.minimum(life, LATER)
        before = there & (clock < UNTIL)
        x += before
        recency[before] = clock[before]
        later += there & ~before
        there &= rng.random(count) >= leave
    return z.assign(frequency=x, recency=recency, T=UNTIL), later


@pytest.fixture(scope="module", params=ALL, ids=lambda model: model.__name__)
def learned(request):
    """A law with covariates, the book that it was learned from, and what followed."""
    X, later = simulate(request.param, seed=11)
    return request.param(**COVARIATES).fit(X), X, later


def test_the_coefficients_are_those_of_the_simulation(learned):
    model, X, _ = learned
    true = TRUE_PARETO if isinstance(model, ParetoNBD) else TRUE
    assert set(model.coefficients_) == set(true)
    for parameter, of_parameter in true.items():
        for name, gamma in of_parameter.items():
            error = model.coefficient_errors_[parameter][name]
            assert 0 < error < 0.25
            assert abs(model.coefficients_[parameter][name] - gamma) < 3.5 * error
    at_mean = 6.0 * np.exp(-0.5 * X["size"].mean() + 0.4 * X["online"].mean())
    assert abs(model.alpha_ - at_mean) < 4 * model.standard_errors_["alpha"]
    assert model.covariate_means_ == pytest.approx(X[["size", "online"]].mean().to_dict())


def test_forecasts_are_unbiased_for_every_kind_of_customer(learned):
    model, X, later = learned
    ahead = model.expected_purchases(X, LATER - UNTIL)
    for kind in (X["online"] == 0, X["online"] == 1, X["size"] > 0.5, X["size"] < -0.5):
        chance = later[kind].std() / np.sqrt(kind.sum())
        assert abs(ahead[kind].mean() - later[kind].mean()) < 5 * chance
    plain = type(model)().fit(X)
    assert model.log_likelihood_ > plain.log_likelihood_ + 100
    without = plain.expected_purchases(X, LATER - UNTIL)
    assert ((ahead - later) ** 2).mean() < ((without - later) ** 2).mean()


def test_a_customer_is_forecast_by_a_law_with_the_parameters_of_its_kind(learned):
    model, X, _ = learned
    for _, one in X.iloc[:8].iterrows():
        row = one.to_frame().T.astype(float)
        own = dict(model.parameters_)
        signs = {**model.buying, **model.leaving}
        for parameter, of_parameter in model.coefficients_.items():
            for name, gamma in of_parameter.items():
                moved = signs[parameter] * gamma * (one[name] - model.covariate_means_[name])
                own[parameter] *= np.exp(moved)
        alone = type(model).with_parameters(own)
        for found, expected in (
            (model.expected_purchases(row, 30), alone.expected_purchases(row, 30)),
            (model.probability_alive(row), alone.probability_alive(row)),
        ):
            assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.__name__)
def test_gradients_are_those_of_the_likelihood(model):
    X, _ = simulate(model, seed=2, count=300)
    law = model(**COVARIATES)
    rows = distinct_rows(law._columns(X))
    extra = law._begin(rows)
    searched = np.concatenate([[0.7, 9.0, 1.3, 2.2], np.linspace(0.6, 1.5, extra)])
    _, gradient = law._searched(rows, searched)
    assert gradient.shape == (4 + extra, len(rows.weights))
    for place in range(len(searched)):
        change = np.zeros(len(searched))
        change[place] = 1e-6 * searched[place]
        up, down = (law._searched(rows, searched + sign * change)[0] for sign in (1, -1))
        numeric = (up - down) / (2 * change[place])
        np.testing.assert_allclose(gradient[place], numeric, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.__name__)
def test_units_of_covariates_and_of_time_change_nothing_else(model):
    X, _ = simulate(model, seed=3, count=4_000)
    one = model(**COVARIATES).fit(X)
    other = model(**COVARIATES).fit(
        X.assign(size=1_000 + 50 * X["size"], recency=7 * X["recency"], T=7 * X["T"])
    )
    assert other.coefficients_["alpha"]["size"] == pytest.approx(
        one.coefficients_["alpha"]["size"] / 50, rel=1e-3
    )
    assert other.alpha_ == pytest.approx(7 * one.alpha_, rel=1e-3)
    assert other.r_ == pytest.approx(one.r_, rel=1e-3)


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.__name__)
def test_rows_that_are_the_same_are_counted_and_not_repeated(model):
    X, _ = simulate(model, seed=4, count=2_000)
    X = X.assign(recency=np.ceil(X["recency"]))
    weights = np.random.default_rng(0).integers(0, 3, len(X))
    by_row = model(**COVARIATES).fit(X.loc[X.index.repeat(weights)])
    by_weight = model(**COVARIATES).fit(X, sample_weight=weights)
    assert by_weight.coefficients_["alpha"] == pytest.approx(
        by_row.coefficients_["alpha"], rel=1e-3
    )
    assert by_weight.log_likelihood_ == pytest.approx(by_row.log_likelihood_)


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.__name__)
def test_without_covariates_other_columns_change_nothing(model):
    X, _ = simulate(model, seed=5, count=2_000)
    plain = model().fit(X[["frequency", "recency", "T"]])
    beside = model().fit(X)
    assert beside.parameters_ == plain.parameters_
    assert beside.coefficients_ == {}
    assert list(beside.feature_names_in_) == ["frequency", "recency", "T"]
    assert list(model(**COVARIATES).fit(X).feature_names_in_)[3:] == ["size", "online"]
    assert clone(model(**COVARIATES)).get_params()["dropout_covariates"] == ("online",)


@pytest.mark.parametrize("a", [0.05, 0.4, 1 - 1e-6, 1.0, 1.0001, 3.0, 40.0])
@pytest.mark.parametrize("frequency", [0.0, 3.0, 400.0])
def test_the_closed_form_is_the_average_over_the_chance_to_leave(a, frequency):
    power, b = 0.7 + frequency, 2.4 + frequency
    for ahead in (1e-3, 0.5, 8.0, 60.0):

        def density(odds, ahead=ahead):
            stay = -np.logaddexp(0.0, odds)
            leave = -np.logaddexp(0.0, -odds)
            grown = -np.expm1(-power * np.log1p(np.exp(leave) * ahead))
            return np.exp((a - 1) * leave + b * stay - betaln(a, b)) * grown

        edges = np.linspace(-300.0, 60.0, 73)
        exact = sum(
            quad(density, low, high, epsabs=0, epsrel=1e-10)[0] for low, high in pairwise(edges)
        )
        arrays = (np.array([value]) for value in (power, a, b, ahead))
        assert _in_closed_form(*arrays)[0] == pytest.approx(exact, rel=1e-6)


def test_whales_and_decades_give_finite_numbers(learned):
    fitted, _, _ = learned
    extreme = pd.DataFrame(
        {
            "frequency": [0.0, 1.0, 20_000.0, 200_000.0, 3.0],
            "recency": [0.0, 1e-6, 10_956.9, 18_249.99, 18_250.0],
            "T": [18_250.0, 18_250.0, 10_957.0, 18_250.0, 18_250.0],
            "size": [-1.0, 0.0, 1.0, 1.0, 30.0],
            "online": [0.0, 1.0, 0.0, 1.0, 1.0],
        }
    )
    alive, ahead = fitted.probability_alive(extreme), fitted.expected_purchases(extreme, 3_650)
    assert np.isfinite(ahead).all()
    assert ((alive >= 0) & (alive <= 1) & (ahead >= 0)).all()


def test_what_is_no_covariate_is_said():
    X, _ = simulate(BetaGeoNBD, seed=6, count=500)
    law = BetaGeoNBD(**COVARIATES)
    with pytest.raises(UsageError, match="lacks the covariate online"):
        law.fit(X.drop(columns="online"))
    with pytest.raises(UsageError, match="online is not numeric"):
        law.fit(X.assign(online=X["online"].map({0.0: "no", 1.0: "yes"})))
    with pytest.raises(DataRefused, match="row 7"):
        law.fit(X.assign(size=X["size"].where(X.index != 7)))
    with pytest.raises(DataRefused, match="the same in all rows"):
        law.fit(X.assign(size=3.0))
    with pytest.raises(UsageError, match="T is no covariate"):
        BetaGeoNBD(dropout_covariates=("T",)).fit(X)
    with pytest.raises(UsageError, match="lacks the covariate"):
        law.fit(X).expected_purchases(X.drop(columns="size"), 30)
