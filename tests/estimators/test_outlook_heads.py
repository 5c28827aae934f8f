"""What could come stands beside what is promised, where it was learned, and is silent where not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.estimators.conftest import make_book
from valuemodel.estimators.account_model import AccountModel, fit_account_model
from valuemodel.estimators.definitions import Definition, recipes
from valuemodel.estimators.outlook_heads import SEATS_WALLET
from valuemodel.periods import Cutoff, Horizon

SHORT = {"trees": {"rounds": 10, "max_rounds": 20}}
RECIPES = recipes(
    *(Definition.parse({"estimator": name}) for name in ("past_value",)),
    *(Definition.parse({"estimator": name} | SHORT) for name in ("future_value", "churn_risk")),
    wallet=Definition.parse({"estimator": "wallet", "winnability": {"estimator": "winnability"} | SHORT}),
)  # fmt: skip
COLUMNS = ["winnability_3m", "wallet_3m", "wallet_6m"]


def fitted(book, name="lightgbm"):
    horizons = [Horizon.parse("3m"), Horizon.parse("6m")]
    as_of = Cutoff.parse("2020-11-01")
    arguments = {"horizons": horizons, "tier_horizon": horizons[1], "as_of": as_of, "n_jobs": 1}
    return fit_account_model(RECIPES[name], book, **arguments)


@pytest.fixture(scope="module")
def grown():
    """A book with the label of winnability: growth by a fifth."""
    book = make_book(accounts=200)
    grew = book.y["value_3m"] > 1.2 * book.X["past_value_3m"]
    X = book.X.assign(addressable_seats=np.nan, price_per_seat=np.nan)
    return replace(book, X=X, y=book.y.assign(winnability_3m=grew.astype(float)))


@pytest.fixture(scope="module")
def model(grown):
    return fitted(grown)


def test_the_outlook_stands_beside_value_and_churn(grown, model):
    found = model.predict(grown.X)
    assert list(found) == model.output_names
    assert list(found)[-3:] == COLUMNS
    assert found["winnability_3m"].between(0, 1).all()


def test_a_wallet_holds_what_is_predicted_and_what_is_spent_already(grown, model):
    X = grown.X.assign(past_value_3m=np.where(np.arange(len(grown.X)) % 2, 1e7, -50.0))
    found = model.predict(X)
    for label in ("3m", "6m"):
        assert (found[f"wallet_{label}"] >= found[f"value_{label}"]).all()
        assert (found[f"wallet_{label}"] >= X[f"past_value_{label}"]).all()
    assert (found["wallet_3m"].iloc[1::2] == 1e7).all()  # who outspends all has no white space


def test_without_a_label_or_a_definition_there_is_no_column(grown):
    unlabelled = replace(grown, y=grown.y.drop(columns="winnability_3m"))
    assert list(fitted(unlabelled).predict(grown.X))[-2:] == COLUMNS[1:]
    never = replace(grown, y=grown.y.assign(winnability_3m=np.nan))
    assert "winnability_3m" not in fitted(never).output_names


def test_too_few_that_grew_fall_back_to_a_share_and_say_so(grown):
    few = grown.y.assign(winnability_3m=(np.arange(len(grown.y)) < 7).astype(float))
    model = fitted(replace(grown, y=few))
    tag = "fallback: share that grew among accounts equally recent, 7 rows that grew, at least 30 are needed"
    assert model.tags == {"3m": tag}
    assert model.tags_for(grown.X)[f"3m: {tag}"].all()
    assert 0 < model.predict(grown.X)["winnability_3m"].mean() < 0.1


def test_a_horizon_without_spenders_has_no_wallet(grown):
    poor = grown.y.assign(value_6m=np.nan, churn_6m=np.nan)
    assert list(fitted(replace(grown, y=poor)).output_names)[-2:] == COLUMNS[:2]


def test_baselines_count_who_grew_and_know_no_wallet(grown):
    found = fitted(grown, "past_value").predict(grown.X)
    assert list(found)[-1:] == COLUMNS[:1]
    overall = grown.y["winnability_3m"].mean()
    assert found["winnability_3m"].mean() == pytest.approx(overall, abs=0.02)


def test_who_is_counted_in_seats_is_tagged(grown):
    rng = np.random.default_rng(0)
    seats = np.where(rng.random(len(grown.X)) < 0.3, 1e6, np.nan)
    X = grown.X.assign(addressable_seats=seats, price_per_seat=20.0)
    model = fitted(replace(grown, X=X))
    np.testing.assert_array_equal(model.tags_for(X)[SEATS_WALLET], ~np.isnan(seats))
    found = model.predict(X)["wallet_6m"][~np.isnan(seats)]
    assert (found >= 0.99 * 20.0 * 1e6 / 2).all()


def test_what_was_learned_survives(grown, model):
    again = AccountModel.from_state(model.to_state())
    pd.testing.assert_frame_equal(again.predict(grown.X), model.predict(grown.X))
    assert again.heads == model.heads


def test_nothing_of_the_future_is_needed_to_predict(grown, model):
    chunk = grown.X.iloc[[5]]
    pd.testing.assert_frame_equal(model.predict(chunk), model.predict(grown.X).iloc[[5]])
