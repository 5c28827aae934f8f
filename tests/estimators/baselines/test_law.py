"""The law alone: its forecasts where it speaks, the plain baselines where it does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.baselines.law import (
    BuyTillYouDieRegressor,
    BuyTillYouDieSilenceClassifier,
)
from valuemodel.estimators.baselines.past import PastValueRegressor
from valuemodel.estimators.baselines.recency import RecencySilenceClassifier
from valuemodel.estimators.buy_till_you_die.beta_geometric import BetaGeoNBD, ModifiedBetaGeoNBD
from valuemodel.estimators.buy_till_you_die.gamma_gamma import GammaGamma
from valuemodel.estimators.state import Array

KINDS = [BuyTillYouDieRegressor, BuyTillYouDieSilenceClassifier]
DAYS = 365.25 / 4


@pytest.fixture(scope="module")
def shop():
    """Buyers who buy by a Poisson rate of their own and may leave; three who never bought."""
    rng = np.random.default_rng(3)
    rows = 900
    age, rate = rng.uniform(200, 900, rows), rng.gamma(0.8, 0.02, rows)
    repeats = rng.poisson(rate * age)
    last = np.where(repeats > 0, age * rng.uniform(0.3, 1.0, rows), 0.0)
    X = pd.DataFrame({"purchase_days_total": repeats + 1.0, "tenure_days": age})
    X["recency_days"] = age - last
    X["value_total"] = (repeats + 1.0) * rng.gamma(4.0, 25.0, rows)
    X["past_value_3m"] = rng.gamma(1.0, 30.0, rows)
    X.loc[:2, ["purchase_days_total", "tenure_days", "recency_days"]] = [0.0, np.nan, np.nan]
    y = pd.DataFrame({"3m": rng.poisson(rate * DAYS) * 100.0, "6m": np.nan})
    X["past_value_6m"] = 2 * X["past_value_3m"]
    cutoffs = pd.Series(np.repeat(pd.to_datetime(["2020-01-01", "2020-02-01"]), rows // 2))
    return X, y, cutoffs


def by_hand(X: pd.DataFrame, newest: pd.Series) -> tuple[Array, Array]:
    """Fit the laws on the newest rows, and forecast all rows, without the module's help."""
    bought = pd.DataFrame({"frequency": X.purchase_days_total - 1, "T": X.tenure_days})
    bought["recency"] = np.where(bought.frequency > 0, X.tenure_days - X.recency_days, 0.0)
    mean = X.value_total / X.purchase_days_total
    spend = pd.DataFrame({"frequency": X.purchase_days_total, "monetary_value": mean})
    laws = [kind(1e-4).fit(bought[newest]) for kind in (BetaGeoNBD, ModifiedBetaGeoNBD)]
    law = max(laws, key=lambda one: one.log_likelihood_)
    value = GammaGamma(1e-4).fit(spend[newest]).predict(spend) * law.expected_purchases(
        bought, DAYS
    )
    return value, law.probability_silent(bought, DAYS)


def test_they_are_the_laws_of_the_newest_cutoff(shop):
    X, y, cutoffs = shop
    buyers = X["purchase_days_total"] > 0
    value, silence = by_hand(X[buyers], (cutoffs == cutoffs.max())[buyers])
    found = BuyTillYouDieRegressor().fit(X, y, cutoffs).predict_horizons(X)
    np.testing.assert_allclose(found["3m"][buyers], value, rtol=1e-6)
    risk = BuyTillYouDieSilenceClassifier().fit(X, y, cutoffs).predict_horizons(X)
    np.testing.assert_allclose(risk["3m"][buyers], silence, rtol=1e-6)


def test_no_label_is_needed(shop):
    X, y, cutoffs = shop
    model = BuyTillYouDieRegressor().fit(X, y * np.nan, cutoffs)
    assert model.stood_in_ == {}
    assert (model.predict(X)[3:] > 0).all()


def test_who_never_bought_is_given_the_plain_baseline(shop):
    X, y, cutoffs = shop
    found = BuyTillYouDieRegressor().fit(X, y, cutoffs).predict_horizons(X)
    np.testing.assert_array_equal(found["6m"][:3], X["past_value_6m"][:3])
    silent = (y > 0).astype(float)
    plain = RecencySilenceClassifier().fit(X, silent).predict_horizons(X)
    risk = BuyTillYouDieSilenceClassifier().fit(X, silent, cutoffs).predict_horizons(X)
    np.testing.assert_array_equal(risk["3m"][:3], plain["3m"][:3])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", ["few", "without"])
def test_where_no_law_can_be_learned_the_plain_baseline_stands_in_and_that_is_said(
    shop, kind, change
):
    X, y, _ = shop
    X, y = (X[3:30], y[3:30]) if change == "few" else (X.drop(columns="value_total"), y)
    target = (y > 0).astype(float) if kind is BuyTillYouDieSilenceClassifier else y
    plain = {
        BuyTillYouDieRegressor: PastValueRegressor,
        BuyTillYouDieSilenceClassifier: RecencySilenceClassifier,
    }[kind]()
    model = kind().fit(X, target)
    assert set(model.stood_in_) == {"3m", "6m"}
    assert "no law can be learned" in model.stood_in_["6m"]
    pd.testing.assert_frame_equal(
        model.predict_horizons(X), plain.fit(X, target).predict_horizons(X)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [900, 30])
def test_parts_add_up_and_what_was_learned_survives(shop, kind, rows):
    X, y, cutoffs = (one[:rows] for one in shop)
    model = kind().fit(X, (y > 0).astype(float), cutoffs)
    parts = model.link_parts(X, "3m")
    found = model.predict_horizons(X)["3m"]
    np.testing.assert_allclose(parts.from_link(parts.scores), found, rtol=1e-9, atol=1e-9)
    assert len(parts.derived) == 1
    again = kind.from_state(model.to_state())
    pd.testing.assert_frame_equal(again.predict_horizons(X), model.predict_horizons(X))
    assert again.stood_in_ == model.stood_in_


def test_silence_never_grows_with_the_horizon(shop):
    X, y, cutoffs = shop
    risk = BuyTillYouDieSilenceClassifier().fit(X, y > 0, cutoffs).predict_horizons(X)
    assert (risk["6m"] <= risk["3m"]).all()
    assert BuyTillYouDieSilenceClassifier().fit(X, y > 0, cutoffs).predict_proba(X).shape == (
        900,
        2,
    )
