"""What every model of repeat buying promises, whichever it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.estimators.buy_till_you_die.conftest import numeric_gradient
from valuemodel.estimators.buy_till_you_die.beta_geometric import BetaGeoNBD, ModifiedBetaGeoNBD
from valuemodel.estimators.buy_till_you_die.beta_geometric_beta_binomial import BetaGeoBetaBinomial
from valuemodel.estimators.buy_till_you_die.distinct_rows import distinct_rows
from valuemodel.estimators.buy_till_you_die.pareto_nbd import ParetoNBD
from valuemodel.exceptions import DataRefused, UsageError

CONTINUOUS = [BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD]
ALL = [*CONTINUOUS, BetaGeoBetaBinomial]


def book(count=600, seed=0):
    """Return histories that every model can read: whole numbers, one purchase a period at most."""
    rng = np.random.default_rng(seed)
    age = rng.integers(5, 30, count)
    rate, life = rng.beta(1.0, 3.0, count), rng.geometric(rng.beta(1.0, 9.0, count))
    bought = [np.flatnonzero(rng.random(a) < r)[:] + 1 for a, r in zip(age, rate, strict=True)]
    kept = [times[times <= end] for times, end in zip(bought, life, strict=True)]
    return pd.DataFrame(
        {
            "frequency": [float(len(times)) for times in kept],
            "recency": [float(times[-1]) if len(times) else 0.0 for times in kept],
            "T": age.astype(float),
        }
    )


BOOK = book()


@pytest.fixture(scope="module", params=ALL, ids=lambda model: model.__name__)
def fitted(request):
    return request.param().fit(BOOK)


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.__name__)
@pytest.mark.parametrize("parameters", [(1.0, 1.0, 1.0, 1.0), (0.3, 7.0, 2.5, 0.4)])
def test_gradients_are_those_of_the_likelihood(model, parameters):
    rows = distinct_rows(tuple(BOOK[name].to_numpy() for name in ("frequency", "recency", "T")))
    own = np.array(parameters)
    _, gradient = model()._log_likelihood(rows, own)
    expected = numeric_gradient(model(), rows, own)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-6)


def test_rows_with_weights_are_rows_that_are_there_so_often(fitted):
    weights = np.random.default_rng(1).integers(0, 4, len(BOOK))
    repeated = BOOK.loc[BOOK.index.repeat(weights)]
    by_weight = type(fitted)().fit(BOOK, sample_weight=weights)
    by_row = type(fitted)().fit(repeated)
    assert by_weight.parameters_ == pytest.approx(by_row.parameters_, rel=1e-4)
    assert by_weight.log_likelihood_ == pytest.approx(by_row.log_likelihood_)


def test_the_order_of_rows_does_not_matter(fitted):
    shuffled = type(fitted)().fit(BOOK.sample(frac=1.0, random_state=2))
    assert shuffled.parameters_ == pytest.approx(fitted.parameters_, rel=1e-5)


@pytest.mark.parametrize("model", CONTINUOUS, ids=lambda model: model.__name__)
def test_the_unit_of_time_changes_times_and_nothing_else(model):
    weekly, daily = (
        model().fit(BOOK),
        model().fit(BOOK.assign(recency=BOOK.recency * 7, T=BOOK["T"] * 7)),
    )
    for name in model.names:
        factor = 7 if name in model.times else 1
        assert daily.parameters_[name] == pytest.approx(weekly.parameters_[name] * factor, rel=1e-4)
    scaled = BOOK.assign(recency=BOOK.recency * 7, T=BOOK["T"] * 7)
    np.testing.assert_allclose(
        daily.expected_purchases(scaled, 70), weekly.expected_purchases(BOOK, 10), rtol=1e-4
    )


def test_probabilities_are_probabilities_and_purchases_grow_with_the_window(fitted):
    alive = fitted.probability_alive(BOOK)
    assert ((alive >= 0) & (alive <= 1)).all()
    windows = np.array([fitted.expected_purchases(BOOK, days) for days in (0, 1, 10, 100, 400)])
    assert (windows[0] == 0).all()
    assert (np.diff(windows, axis=0) >= -1e-12).all()
    assert (fitted.predict(BOOK) == fitted.expected_purchases(BOOK, 365)).all()


def test_who_bought_lately_is_likelier_to_be_there(fitted):
    two = pd.DataFrame({"frequency": [4.0, 4.0], "recency": [20.0, 6.0], "T": [20.0, 20.0]})
    late, early = fitted.probability_alive(two)
    assert late > early


@pytest.mark.parametrize("model", CONTINUOUS, ids=lambda model: model.__name__)
def test_whales_and_decades_give_finite_numbers(model):
    fitted = model().fit(BOOK)
    extreme = pd.DataFrame(
        {
            "frequency": [0.0, 1.0, 20_000.0, 200_000.0, 3.0, 5_000.0],
            "recency": [0.0, 1e-6, 10_956.9, 18_249.99, 18_250.0, 10.0],
            "T": [18_250.0, 18_250.0, 10_957.0, 18_250.0, 18_250.0, 18_250.0],
        }
    )
    alive, ahead = fitted.probability_alive(extreme), fitted.expected_purchases(extreme, 3_650)
    assert np.isfinite(alive).all()
    assert np.isfinite(ahead).all()
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (ahead >= 0).all()
    assert ahead[3] > ahead[2] > ahead[4]
    assert alive[5] < 1e-6  # thousands of purchases in ten days, then fifty years of silence


POSITIVE = st.floats(-3.0, 3.0).map(lambda power: 10.0**power)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CONTINUOUS),
    st.lists(POSITIVE, min_size=4, max_size=4),
    st.integers(0, 1_000_000),
    st.floats(1.0, 40_000.0),
    st.floats(0.0, 1.0),
)
def test_no_history_and_no_parameters_leave_the_numbers(model, parameters, count, age, share):
    recency = share * age if count else 0.0
    one = pd.DataFrame({"frequency": [float(count)], "recency": [recency], "T": [age]})
    law = model.with_parameters(dict(zip(model.names, parameters, strict=True)))
    rows = distinct_rows(law._columns(one))
    value, gradient = law._log_likelihood(rows, np.array(parameters))
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    assert 0 <= law.probability_alive(one)[0] <= 1
    near, far = law.expected_purchases(one, 30)[0], law.expected_purchases(one, 3_650)[0]
    assert 0 <= near <= far * (1 + 1e-9) < np.inf


def test_a_fit_survives_whales_among_ordinary_customers():
    whales = pd.DataFrame({"frequency": [8_000.0] * 3, "recency": [29.5] * 3, "T": [30.0] * 3})
    fitted = BetaGeoNBD().fit(pd.concat([BOOK, whales], ignore_index=True))
    assert all(np.isfinite(value) and value > 0 for value in fitted.parameters_.values())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"frequency": -1.0}, "impossible"),
        ({"frequency": 1.5}, "impossible"),
        ({"recency": 40.0}, "recency 40"),
        ({"frequency": 0.0, "recency": 3.0}, "0 without a repeat"),
        ({"T": np.nan}, "impossible"),
        ({"T": np.inf}, "impossible"),
    ],
)
@pytest.mark.parametrize("model", ALL, ids=lambda model: model.__name__)
def test_an_impossible_row_is_refused_with_its_number(model, row, said):
    X = BOOK.copy()
    for name, value in row.items():
        X.loc[7, name] = value
    with pytest.raises(DataRefused, match="row 7") as caught:
        model().fit(X)
    assert said in str(caught.value)


def test_columns_are_known_by_name_and_not_by_place(fitted):
    other = BOOK[["T", "frequency", "recency"]].assign(more=1.0)
    assert (fitted.expected_purchases(other, 5) == fitted.expected_purchases(BOOK, 5)).all()
    with pytest.raises(UsageError, match="X lacks recency"):
        fitted.expected_purchases(BOOK.drop(columns="recency"), 5)


def test_what_cannot_be_asked_is_said(fitted):
    with pytest.raises(UsageError, match="not fitted"):
        type(fitted)().expected_purchases(BOOK, 5)
    with pytest.raises(UsageError, match="window ahead"):
        fitted.expected_purchases(BOOK, -1)
    with pytest.raises(UsageError, match="one weight per row"):
        type(fitted)().fit(BOOK, sample_weight=np.ones(3))
    with pytest.raises(DataRefused, match="nobody bought again"):
        type(fitted)().fit(BOOK.assign(frequency=0.0, recency=0.0))
