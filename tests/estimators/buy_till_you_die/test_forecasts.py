"""The law's forecasts come from what was known at each cutoff, and are stored as plain data."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators import BetaGeoNBD, GammaGamma
from valuemodel.estimators.buy_till_you_die.forecasts import NEEDED, LawForecasts, derived_names


def buyers(n=500, seed=0, rate=0.01):
    rng = np.random.default_rng(seed)
    age = np.floor(rng.uniform(100, 700, n))
    days = 1.0 + rng.poisson(rng.gamma(1.0, rate, n) * age)
    last = np.where(days > 1, np.floor(age * rng.uniform(0.4, 1.0, n)), 0.0)
    return np.column_stack([days, age, age - last, days * rng.gamma(3.0, 10.0, n)])


MATRIX = buyers()


@pytest.fixture(scope="module")
def law() -> LawForecasts:
    return LawForecasts.learn(MATRIX, NEEDED, None, ["3m", "12m"])


def test_they_are_those_of_the_laws_by_hand(law):
    days, age, since, value = MATRIX.T
    by_hand = pd.DataFrame({"frequency": days - 1, "recency": age - since, "T": age})
    by_hand.loc[by_hand.frequency == 0, "recency"] = 0.0
    kind = type(law.laws.buying)
    buying = kind(1e-4).fit(by_hand)
    spend = GammaGamma(1e-4).fit(pd.DataFrame({"frequency": days, "monetary_value": value / days}))
    money = spend.predict(pd.DataFrame({"frequency": days, "monetary_value": value / days}))
    said = pd.DataFrame(law.of(MATRIX), columns=law.names)
    year = 365.25
    np.testing.assert_allclose(said["btyd_orders_12m"], buying.expected_purchases(by_hand, year))
    np.testing.assert_allclose(said["btyd_spend"], money)
    np.testing.assert_allclose(said["btyd_value_12m"], said["btyd_orders_12m"] * money)
    np.testing.assert_allclose(said["btyd_silence_12m"], buying.probability_silent(by_hand, year))


def test_silence_falls_and_orders_grow_with_the_window(law):
    said = pd.DataFrame(law.of(MATRIX), columns=law.names)
    assert (said["btyd_silence_12m"] <= said["btyd_silence_3m"]).all()
    assert (said["btyd_orders_12m"] >= said["btyd_orders_3m"]).all()
    assert said["btyd_silence_3m"].between(0, 1).all()


def test_the_probability_of_silence_is_that_of_no_purchase():
    """An independent oracle: simulated customers of a known BG/NBD law."""
    law = BetaGeoNBD.with_parameters({"r": 0.8, "alpha": 60.0, "a": 0.7, "b": 2.5})
    rng = np.random.default_rng(1)
    age, ahead, n = 300.0, 90.0, 400_000
    rate = rng.gamma(law.r_, 1 / law.alpha_, n)
    drop = rng.beta(law.a_, law.b_, n)
    x, last, left, clock = (np.zeros(n) for _ in range(4))
    bought, gone = np.zeros(n, dtype=bool), left.astype(bool)
    for _ in range(200):
        clock = clock + rng.exponential(1.0, n) / rate
        active = ~gone & (clock < age + ahead)
        if not active.any():
            break
        before = active & (clock < age)
        x, last = x + before, np.where(before, clock, last)
        bought |= active & (clock >= age)
        gone |= ~active | (rng.random(n) < drop)
    once = (x == 2) & (last > 100) & (last < 140)
    truth = 1 - bought[once].mean()
    said = law.probability_silent(
        pd.DataFrame({"frequency": x[once], "recency": last[once], "T": age}), ahead
    ).mean()
    assert said == pytest.approx(truth, abs=0.02)


def test_each_cutoff_has_its_own_law():
    slow, fast = buyers(seed=1, rate=0.002), buyers(seed=2, rate=0.02)
    cutoffs = pd.Series(pd.to_datetime(["2020-01-01"] * 500 + ["2020-06-01"] * 500))
    both = LawForecasts.learn(np.vstack([slow, fast]), NEEDED, cutoffs, ["3m"])
    alone = LawForecasts.learn(slow, NEEDED, cutoffs[:500], ["3m"])
    said = both.of_training(np.vstack([slow, fast]), cutoffs)
    np.testing.assert_array_equal(said[:500], alone.of(slow))
    np.testing.assert_array_equal(said[500:], both.of(fast))
    assert not np.allclose(said[:500], both.of(slow))


def test_who_never_bought_is_missing(law):
    rows = MATRIX[:3].copy()
    rows[0] = np.nan
    said = law.of(rows)
    assert np.isnan(said[0]).all()
    np.testing.assert_array_equal(said[1:], law.of(MATRIX[1:3]))


@pytest.mark.parametrize("lacking", NEEDED)
def test_without_one_of_its_features_there_is_no_law(lacking):
    names = [name if name != lacking else "other" for name in NEEDED]
    assert LawForecasts.learn(MATRIX, names, None, ["3m"]) is None


def test_too_few_who_came_back_tell_no_law():
    once = MATRIX.copy()
    once[:, 0], once[:, 2] = 1.0, once[:, 1]
    assert LawForecasts.learn(once, NEEDED, None, ["3m"]) is None
    assert LawForecasts.learn(MATRIX[:30], NEEDED, None, ["3m"]) is None


def test_they_survive_as_plain_data(law):
    again = LawForecasts.from_json(json.loads(json.dumps(law.to_json())))
    np.testing.assert_array_equal(again.of(MATRIX), law.of(MATRIX))
    assert again.names == derived_names(["3m", "12m"])


def test_one_account_at_a_time_gives_the_same(law):
    alone = np.vstack([law.of(MATRIX[[row]]) for row in range(20)])
    np.testing.assert_array_equal(alone, law.of(MATRIX)[:20])


def test_where_all_spend_alike_the_law_of_buying_still_speaks():
    alike = MATRIX.copy()
    alike[:, 3] = 30.0 * alike[:, 0]
    law = LawForecasts.learn(alike, NEEDED, None, ["3m"])
    said = pd.DataFrame(law.of(alike), columns=law.names)
    np.testing.assert_allclose(said["btyd_spend"], 30.0, rtol=0.02)
    assert said["btyd_silence_3m"].between(0, 1).all()
