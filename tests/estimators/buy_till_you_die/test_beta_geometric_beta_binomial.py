"""BG/BB gives the published figures on the donations, and what enumeration gives."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.buy_till_you_die.beta_geometric_beta_binomial import BetaGeoBetaBinomial
from valuemodel.exceptions import DataRefused, UsageError


@pytest.fixture(scope="module")
def donations(real_data):
    table = pd.read_parquet(real_data / "donations" / "donationsSummary.parquet")
    return table.rename(columns={"x": "frequency", "t.x": "recency", "n.cal": "T"})


@pytest.fixture(scope="module")
def fitted(donations):
    return BetaGeoBetaBinomial().fit(donations, sample_weight=donations["custs"])


@pytest.mark.real_data
def test_the_fit_to_the_donations_is_the_published_one(fitted, donations):
    assert int(donations["custs"].sum()) == 11_104
    found = [round(fitted.parameters_[name], 4) for name in fitted.names]
    assert found == [1.2035, 0.7497, 0.6567, 2.7834]
    assert round(fitted.log_likelihood_, 2) == -33225.58


@pytest.mark.real_data
def test_expectations_are_the_published_ones(fitted, donations):
    total = (fitted.expected_purchases(donations, 5) * donations["custs"]).sum()
    assert round(float(total), 1) == 12884.2
    alive = pd.Series(fitted.probability_alive(donations)).groupby(donations["frequency"]).max()
    keyed = donations.assign(alive=fitted.probability_alive(donations)).set_index(
        ["frequency", "recency"]
    )["alive"]
    assert [round(keyed[place], 2) for place in ((0, 0), (2, 4), (6, 6))] == [0.11, 0.59, 0.93]
    assert alive.is_monotonic_increasing or alive.max() == pytest.approx(0.93, abs=0.005)


def test_all_histories_together_have_probability_one():
    model, own = BetaGeoBetaBinomial(), np.array([1.2, 0.75, 0.66, 2.8])
    occasions = 6
    ways = list(itertools.product((0, 1), repeat=occasions))
    table = pd.DataFrame(
        {
            "frequency": [float(sum(way)) for way in ways],
            "recency": [
                max((i + 1.0 for i, bought in enumerate(way) if bought), default=0.0)
                for way in ways
            ],
            "T": float(occasions),
        }
    )
    from valuemodel.estimators.buy_till_you_die.distinct_rows import distinct_rows

    rows = distinct_rows(model._columns(table))
    values, _ = model._log_likelihood(rows, own)
    assert float(np.exp(values) @ rows.weights) == pytest.approx(1.0)


def test_expected_purchases_are_those_of_a_simulation():
    rng, count = np.random.default_rng(2), 80_000
    buy, leave = rng.beta(1.2, 0.8, count), rng.beta(0.7, 2.8, count)
    life = rng.geometric(leave) - 1  # occasions lived through
    bought = (rng.random((count, 11)) < buy[:, None]) & (np.arange(11) < life[:, None])
    x, last = bought[:, :6].sum(axis=1), (bought[:, :6] * np.arange(1, 7)).max(axis=1)
    X = pd.DataFrame({"frequency": x * 1.0, "recency": last * 1.0, "T": 6.0})
    fitted = BetaGeoBetaBinomial().fit(X)
    later = bought[:, 6:].sum(axis=1)
    ahead = fitted.expected_purchases(X, 5)
    assert ahead.sum() == pytest.approx(later.sum(), rel=0.02)
    for frequency in (0, 3, 6):
        rows = X["frequency"] == frequency
        chance = later[rows].std() / np.sqrt(rows.sum())
        assert abs(ahead[rows].mean() - later[rows].mean()) < 4 * chance


def test_periods_are_whole_and_hold_one_purchase_each():
    X = pd.DataFrame({"frequency": [0.0, 2.0], "recency": [0.0, 3.0], "T": [6.0, 6.0]})
    with pytest.raises(DataRefused, match="row 1: 5 purchases by occasion 3"):
        BetaGeoBetaBinomial().fit(X.assign(frequency=[0.0, 5.0]))
    with pytest.raises(DataRefused, match="impossible"):
        BetaGeoBetaBinomial().fit(X.assign(recency=[0.0, 3.5]))
    model = BetaGeoBetaBinomial(penalty=0.01).fit(X)
    with pytest.raises(UsageError, match="whole occasions"):
        model.expected_purchases(X, 2.5)
