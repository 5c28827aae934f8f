"""The wallet is what accounts that are alike spend, not what this one did."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators import WalletRegressor
from valuemodel.exceptions import DataRefused, ModelRefused, UsageError
from valuemodel.metrics.quantiles import coverage

HIDDEN = "what the account could spend; known here alone"


def customers(count=3_000, cutoffs=6, seed=0):
    """Firms whose wallet grows with their size and trade; each gives us a share of it, or nothing."""
    rng = np.random.default_rng(seed)
    employees = rng.lognormal(5, 1.2, count)
    trade = rng.choice(["bank", "shop"], count)
    potential = 100 * employees * np.where(trade == "bank", 3.0, 1.0) * rng.lognormal(0, 0.2, count)
    share = rng.beta(1.0, 2.0, count)
    frames = []
    for cutoff in pd.date_range("2020-01-01", periods=cutoffs, freq="QS"):
        gone = rng.random(count) < 0.3
        drift = rng.lognormal(0, 0.3, (3, count))
        spent = potential * share * drift[1] * ~gone
        frame = {
            "employees": employees, "industry": trade, "past_value_3m": potential * share * drift[0] / 4,
            "past_value_12m": potential * share * drift[2], "3m": spent / 4, "12m": spent,
            "cutoff": cutoff, HIDDEN: potential,
        }  # fmt: skip
        frames.append(pd.DataFrame(frame))
    return pd.concat(frames, ignore_index=True)


FEATURES = ["employees", "industry", "past_value_3m", "past_value_12m"]


@pytest.fixture(scope="module")
def book():
    return customers()


@pytest.fixture(scope="module")
def model(book):
    return fitted(book)


def fitted(book, **options):
    model = WalletRegressor(n_jobs=1, **options)
    return model.fit(book[FEATURES], book[["3m", "12m"]], cutoffs=book["cutoff"])


@pytest.fixture(scope="module")
def later():
    return customers(seed=1, cutoffs=1)


def test_each_quantile_holds_its_share_of_later_spenders(model, later):
    spent = later[later["12m"] > 0]
    found = model.predict_quantiles(spent[FEATURES])
    assert list(found) == ["q50", "q80", "q90"]
    for level, column in ((0.5, "q50"), (0.8, "q80"), (0.9, "q90")):
        assert coverage(spent["12m"].to_numpy(), found[column].to_numpy()) == pytest.approx(
            level, abs=0.04
        )


def test_quantiles_never_cross_and_longer_horizons_never_hold_less(model, later):
    found = model.predict_quantiles(later[FEATURES], "3m")
    assert (np.diff(found, axis=1) >= 0).all()
    wallets = model.predict_horizons(later[FEATURES])
    assert (wallets["12m"] >= wallets["3m"]).all()


def test_it_knows_more_of_the_potential_than_past_value(model, later):
    rank = later[[HIDDEN, "past_value_12m"]].assign(wallet=model.predict(later[FEATURES])).rank()
    agreement = rank.corr()[HIDDEN]
    assert agreement["wallet"] > 0.9 > agreement["past_value_12m"]


def test_what_an_account_spent_of_late_does_not_change_its_wallet(model, later):
    X = later[FEATURES]
    quiet = X.assign(past_value_3m=0.0, past_value_12m=0.0)
    np.testing.assert_array_equal(model.predict(quiet), model.predict(X))


def test_a_whale_is_compared_with_whales(model, later):
    whale = later[FEATURES].head(1).assign(employees=20_000.0, industry="bank")
    assert (
        3e6 < model.predict(whale)[0] < 2e7
    )  # 6m is its potential; the largest learned from has less


def test_in_another_currency_wallets_are_the_same(book, model, later):
    money = ["past_value_3m", "past_value_12m", "3m", "12m"]
    other = fitted(book.assign(**book[money] * 0.25))
    np.testing.assert_allclose(
        other.predict(later.assign(**later[money] * 0.25)[FEATURES]),
        0.25 * model.predict(later[FEATURES]),
        rtol=1e-9,
    )


def test_who_brings_nothing_is_not_learned_from(book, model, later):
    more = pd.concat([book, book.assign(**{"3m": 0.0, "12m": 0.0})], ignore_index=True)
    np.testing.assert_array_equal(
        fitted(more).predict(later[FEATURES]), model.predict(later[FEATURES])
    )


def test_what_the_quantiles_hold_is_measured_out_of_time(model):
    for horizon in ("3m", "12m"):
        for level, (held, loss) in zip((0.5, 0.8, 0.9), model.held_[horizon].values(), strict=True):
            assert held == pytest.approx(level, abs=0.05)
            assert loss < 0.8  # of one quantile for all
    for line, (label, held) in zip(model.words(), model.held_.items(), strict=True):
        assert line.startswith(f"{label}: {held['q90'][0]:.1%} of later spenders")
    short = WalletRegressor(n_jobs=1).fit(*_few())
    assert (short.held_, short.words()) == ({"3m": {}}, [])


def test_the_level_of_the_wallet_is_ones_own(book, later):
    half = fitted(book, wallet_quantile=0.5, quantiles=(0.9,))
    found = half.predict_quantiles(later[FEATURES])
    assert list(found) == ["q90"]
    assert (half.predict(later[FEATURES]) <= found["q90"]).all()
    with pytest.raises(UsageError, match="between 0 and 1"):
        fitted(book, wallet_quantile=1.0)


def test_seats_win_where_they_are_known(book):
    seats = {"addressable_seats": 100.0, "price_per_seat": 50.0, "contract_tenure_days": 9.0}
    X = book[FEATURES].assign(**dict.fromkeys(seats, np.nan), contract_value_share_365d=1.0)
    model = WalletRegressor(n_jobs=1).fit(X, book[["3m", "12m"]], cutoffs=book["cutoff"])
    rows = pd.concat([X.head(1), X.head(1).assign(**seats)])
    assert model.by_seats(rows).tolist() == [False, True]
    found = model.predict_horizons(rows)
    assert found["12m"].iloc[1] == pytest.approx(5_000, rel=1e-3)
    assert found["3m"].iloc[1] == pytest.approx(1_250, rel=1e-3)
    assert found["12m"].iloc[0] == model.predict_quantiles(rows)["q90"].iloc[0]


def test_without_any_profile_all_accounts_have_one_wallet():
    X, y = _few()
    model = WalletRegressor(n_jobs=1).fit(X, y)
    found = model.predict(X)
    assert len(set(found)) == 1
    assert found[0] == pytest.approx(np.quantile(y["3m"], 0.9), rel=1e-3)


def test_too_few_spenders_are_refused_with_the_floor():
    X, y = _few()
    with pytest.raises(DataRefused, match="99 rows that spent anything, at least 100 are needed"):
        WalletRegressor(n_jobs=1).fit(X.head(99), y.head(99))


def test_other_features_are_refused_and_a_wallet_is_not_taken_apart(model, later):
    with pytest.raises(ModelRefused, match="employees: missing"):
        model.predict(later[["industry", "past_value_3m", "past_value_12m"]])
    with pytest.raises(UsageError, match="not taken apart"):
        model.link_parts(later[FEATURES], "12m")


def test_what_was_learned_survives(model, later):
    state = model.to_state()
    again = WalletRegressor.from_state(state)
    X = later[FEATURES]
    assert again.predict_horizons(X).equals(model.predict_horizons(X))
    assert again.predict_quantiles(X).equals(model.predict_quantiles(X))
    assert again.held_ == model.held_
    assert again.get_params() == {**model.get_params(), "n_jobs": None}


def _few():
    X = pd.DataFrame({"recency_days": np.arange(150.0)})
    return X, pd.DataFrame({"3m": np.arange(1.0, 151.0)})
