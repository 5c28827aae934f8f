"""Accounts without history get the quantiles of first windows, and a value that lies inside its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuemodel.estimators.newcomers import FEWEST_NEWCOMERS, Newcomers, before_first_order

RNG = np.random.default_rng(7)


def book(rows=1_000, bought=0.7):
    """Accounts of all ages; in its first half year one brings a lognormal amount, or nothing."""
    days = np.resize([20.0, 130.0, 137.0, 182.0, 183.0, 900.0], rows)
    first = RNG.lognormal(5.0, 1.0, rows) * (RNG.random(rows) < bought)
    first = np.where((days < 136.9) | (days > 182.7), 1e6, first)  # nobody's first window
    return pd.DataFrame(
        {
            "account_age_days": days,
            "past_value_6m": first,
            "past_value_12m": np.nan,
            "recency_days": np.where(first > 0, 5.0, np.nan),
        }
    )


def labels(X, known=True):
    return pd.Series(0.0 if known else np.nan, index=X.index)


def test_only_first_windows_that_are_nearly_over_count():
    X = book()
    new = Newcomers.learn(X, labels(X), ["6m", "12m"])
    assert list(new.first_windows.known) == ["6m"]
    found = new.columns(pd.DataFrame({"value_6m": [0.0], "value_12m": [0.0]}), 0.80)
    assert found.filter(like="value_12m").isna().all(axis=None)
    first = X.loc[X["account_age_days"].isin([137.0, 182.0]), "past_value_6m"]
    assert found["value_6m_low"].item() == 0.0
    assert found["value_6m_q50"].item() == pytest.approx(first.median(), rel=0.05)
    assert found["value_6m_q95"].item() == pytest.approx(first.quantile(0.95), rel=0.15)
    assert found["value_6m_high"].item() < 1e6


@pytest.mark.parametrize("coming", [1.0, 0.3])
def test_intervals_hold_and_the_more_stay_away_the_more_they_hold(coming):
    X = book(6_000)
    new = Newcomers.learn(X, labels(X), ["6m"])
    other = book(6_000)
    came = other.loc[other["account_age_days"].isin([137.0, 182.0]), "past_value_6m"].to_numpy()
    came = came * (RNG.random(len(came)) < coming)
    found = new.columns(pd.DataFrame({"value_6m": np.zeros(len(came))}), 0.80)
    inside = ((found["value_6m_low"] <= came) & (came <= found["value_6m_high"])).mean()
    assert inside >= 0.78
    assert inside > 0.90 or coming == 1.0


@given(
    expected=st.lists(st.floats(0.0, 1e9), min_size=1, max_size=5), coverage=st.floats(0.5, 0.95)
)
def test_no_value_is_outside_its_interval_and_quantiles_never_cross(expected, coverage):
    X = book(300)
    new = Newcomers.learn(X, labels(X), ["6m"])
    said = pd.DataFrame({"value_6m": expected})
    found = new.columns(said, coverage)
    assert (found["value_6m_low"] <= said["value_6m"]).all()
    assert (found["value_6m_high"] >= said["value_6m"]).all()
    quantiles = found.filter(like="value_6m_q").to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0.0).all()
    assert (quantiles == quantiles[0]).all()


def test_too_few_first_windows_tell_nothing_and_neither_does_a_book_without_ages():
    X = book(60)
    for few in (X, book().drop(columns="account_age_days")):
        new = Newcomers.learn(few, labels(few), ["6m"])
        assert not new.first_windows.known
        found = new.columns(pd.DataFrame({"value_6m": [3.0]}), 0.80)
        assert found.isna().all(axis=None)


def test_profiles_tell_once_enough_were_seen_before_their_first_order():
    X = pd.DataFrame({"recency_days": [np.nan] * FEWEST_NEWCOMERS + [4.0] * 50})
    assert Newcomers.learn(X, labels(X), []).profiles_tell
    assert not Newcomers.learn(X[1:], labels(X[1:]), []).profiles_tell
    assert Newcomers.learn(X, labels(X, known=False), []).seen == 0


def test_an_account_under_contract_is_no_newcomer_though_it_never_ordered():
    X = pd.DataFrame({"recency_days": [np.nan] * 3, "under_contract": [1.0, 0.0, np.nan]})
    assert before_first_order(X).tolist() == [False, True, True]
    assert not before_first_order(X[["under_contract"]]).any()


def test_what_was_learned_survives_as_plain_data_and_older_models_are_read():
    X = book()
    new = Newcomers.learn(X, labels(X), ["6m"])
    assert Newcomers.from_json(new.to_json()) == new
    assert Newcomers.from_json(31) == Newcomers(31)
