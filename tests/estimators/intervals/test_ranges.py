"""Ranges of a model's predictions: for every horizon, agreeing with one another, and of sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.account_model import AccountModel
from valuemodel.estimators.intervals.conformal import ConformalIntervals
from valuemodel.estimators.intervals.ranges import GROUP_COLUMNS, Ranges


def learn(seed, sigma, times=1):
    rng = np.random.default_rng(seed)
    predicted = rng.lognormal(4.0, 1.0, 1_200)
    cutoffs = pd.date_range("2020-01-01", periods=times, freq="365D").repeat(1_200 // times)
    truth = predicted * rng.lognormal(0.0, sigma, 1_200)
    return ConformalIntervals.learn(predicted, truth, cutoffs, 365.0)


KNOWN = Ranges({"3m": learn(0, 1.2), "6m": learn(1, 0.2, times=3)})


def predictions(count=400):
    half = np.random.default_rng(2).lognormal(4.0, 1.0, count)
    columns = {"value_3m": half, "value_6m": 1.05 * half, "value_1y": 2 * half, "churn_3m": 0.1}
    return pd.DataFrame(columns, index=np.arange(count)[::-1])


def test_every_horizon_gets_all_columns_and_what_is_not_known_stays_missing():
    table = predictions()
    found = KNOWN.columns(table, 0.80)
    parts = ["low", "high", "q05", "q25", "q50", "q75", "q95"]
    assert list(found) == [f"value_{h}_{part}" for h in ("3m", "6m", "1y") for part in parts]
    assert found.filter(like="_1y_").isna().all(axis=None)
    assert found.drop(columns=list(found.filter(like="_1y_"))).notna().all(axis=None)
    assert found.index.equals(table.index)
    assert Ranges().columns(table, 0.80).isna().all(axis=None)


def test_horizons_agree_and_no_value_is_outside_its_own_interval():
    table = predictions()
    found = KNOWN.columns(table, 0.80)
    for part in ("low", "high", "q05", "q25", "q50", "q75", "q95"):
        assert (found[f"value_6m_{part}"] >= found[f"value_3m_{part}"]).all()
    for label in ("3m", "6m"):
        assert (found[f"value_{label}_low"] <= table[f"value_{label}"]).all()
        assert (found[f"value_{label}_high"] >= table[f"value_{label}"]).all()
        levels = found[[f"value_{label}_{q}" for q in ("q05", "q25", "q50", "q75", "q95")]]
        assert (np.diff(levels.to_numpy(), axis=1) >= 0).all()


def test_an_account_is_outside_if_any_of_its_horizons_is():
    table = predictions(3)
    table["value_3m"] = [50.0, 1e9, 50.0]
    table["value_6m"] = [50.0, 50.0, 1e9]
    assert KNOWN.outside(table).tolist() == [False, True, True]
    assert not Ranges().outside(table).any()


def sums(table, groups, horizon="6m"):
    table = table.join(KNOWN.columns(table, 0.80))
    return KNOWN.sums(table, groups, horizon=horizon, coverage=0.80)


def test_groups_add_up_and_are_bounded_each_on_its_own():
    table = predictions()
    tier = np.where(table["value_6m"] > 100, "A", "B")
    owner = pd.Series(["Khan", None] * 200, index=table.index)
    found = sums(table, pd.DataFrame({"tier": tier, "owner": owner}, index=table.index))
    assert list(found) == list(GROUP_COLUMNS)
    assert list(zip(found["group"], found["name"], strict=True)) == [
        ("all", "all"),
        ("tier", "A"),
        ("tier", "B"),
        ("owner", "Khan"),
    ]
    assert found["accounts"].tolist()[0] == found["accounts"].iloc[1:3].sum() == 400
    assert found["value"].iloc[1:3].sum() == pytest.approx(table["value_6m"].sum())
    assert ((found["low"] < found["value"]) & (found["value"] < found["high"])).all()
    width = (found["high"] - found["low"]) / found["value"]
    assert width.iloc[0] < width.iloc[3]  # what accounts miss alone cancels in the larger group


def test_sums_of_a_horizon_without_intervals_have_no_bounds():
    table = predictions()
    found = sums(table, pd.DataFrame(index=table.index), horizon="1y")
    assert found["value"].tolist() == [pytest.approx(table["value_1y"].sum())]
    assert found[["low", "high"]].isna().all(axis=None)


def test_accounts_without_bounds_are_added_as_they_are():
    table = predictions()
    bounded = table.join(KNOWN.columns(table, 0.80))
    listed = pd.concat([bounded, pd.DataFrame({"value_6m": [0.0, 7.0]})], ignore_index=True)
    none = pd.DataFrame(index=bounded.index), pd.DataFrame(index=listed.index)
    one, more = (
        KNOWN.sums(each, groups, horizon="6m", coverage=0.80).iloc[0]
        for each, groups in zip((bounded, listed), none, strict=True)
    )
    assert more["accounts"] == one["accounts"] + 2
    assert more["low"] == pytest.approx(one["low"] + 7.0)
    assert more["high"] == pytest.approx(one["high"] + 7.0)


def test_an_account_model_gives_ranges_where_its_heads_learned_them(book, later, fitted):
    model = fitted(book)
    estimator = model.estimators["value"]
    estimator.intervals_ = {"6m": KNOWN.known["6m"], "3m": None}
    found = model.predict_ranges(later.X, coverage=0.80)
    value = model.predict(later.X)["value_6m"]
    assert found["value_3m_low"].isna().all()
    assert ((found["value_6m_low"] <= value) & (value <= found["value_6m_high"])).all()
    wider = model.predict_ranges(later.X, coverage=0.95)
    assert (wider["value_6m_high"] >= found["value_6m_high"]).all()
    fallback = replace(model, heads={k: replace(h, learned="3m") for k, h in model.heads.items()})
    assert fallback.ranges == Ranges()


def test_baselines_have_no_ranges(book, later, fitted):
    model = AccountModel.from_state(fitted(book, "past_value").to_state())
    assert model.ranges == Ranges()
    assert model.predict_ranges(later.X).isna().all(axis=None)
