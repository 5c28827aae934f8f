"""Coverage is counted where it was promised: overall, at each cutoff, by tenths, by segment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from valuemodel.estimators.intervals.conformal import ConformalIntervals
from valuemodel.estimators.intervals.ranges import Ranges
from valuemodel.evaluation.coverage import (
    COVERAGE_COLUMNS,
    bound_in,
    bounds_of,
    coverage_words,
    interval_coverage,
)


def tidy(accounts=400, seed=0):
    """Two folds of one model with true 80 % intervals, and of a baseline without any."""
    rng = np.random.default_rng(seed)
    parts = []
    for fold, day in enumerate(["2020-01-01", "2021-01-01"]):
        predicted = rng.lognormal(4.0, 1.0, accounts)
        rows = pd.DataFrame(
            {
                "fold": fold,
                "cutoff": pd.Timestamp(day),
                "account_id": [f"a{n}" for n in range(accounts)],
                "target": "value",
                "horizon": "6m",
                "y_true": predicted * np.exp(rng.normal(0.0, 0.5, accounts)),
                "y_pred": predicted,
                "model": "ours",
                "rule": "",
                "y_low": predicted * np.exp(-1.2816 * 0.5),
                "y_high": predicted * np.exp(1.2816 * 0.5),
            }
        )
        parts += [rows, rows.assign(model="past_value", y_low=np.nan, y_high=np.nan)]
    return pd.concat(parts, ignore_index=True)


def test_shares_are_counted_with_their_intervals_and_widths():
    table = tidy()
    found = interval_coverage(table, nominal=0.80)
    assert list(found) == COVERAGE_COLUMNS
    assert set(found["model"]) == {"ours"}
    assert found["slice"].unique().tolist() == ["all", "cutoff", "tenth"]
    ours = table[table["model"] == "ours"]
    inside = (ours["y_true"] >= ours["y_low"]) & (ours["y_true"] <= ours["y_high"])
    whole = found.iloc[0]
    assert whole["share"] == inside.mean()
    assert whole["width"] == pytest.approx((ours["y_high"] - ours["y_low"]).mean())
    exact = binomtest(int(inside.sum()), len(inside)).proportion_ci(method="wilson")
    assert (whole["low"], whole["high"]) == pytest.approx((exact.low, exact.high))
    assert whole["low"] < 0.80 < whole["high"]


def test_each_slice_holds_every_account_once_and_tenths_are_cut_within_cutoffs():
    found = interval_coverage(tidy(), nominal=0.80)
    assert found.groupby("slice")["accounts"].sum().to_dict() == {
        "all": 800,
        "cutoff": 800,
        "tenth": 800,
    }
    tenths = found[found["slice"] == "tenth"]
    assert tenths["group"].tolist() == [f"{n:02d}" for n in range(1, 11)]
    assert (tenths["accounts"] == 80).all()
    assert (np.diff(tenths["width"]) < 0).all()  # the highest predictions come first


def test_declared_segments_are_told_apart():
    table = tidy()
    own = table[table["model"] == "ours"]
    labels = own[["fold", "account_id"]].assign(
        slice="region", level=np.where(np.arange(len(own)) % 4 == 0, "North", "South")
    )
    broken = table.copy()
    north = broken.merge(labels, on=["fold", "account_id"])["level"].to_numpy() == "North"
    broken.loc[north, "y_high"] = broken.loc[north, "y_low"]
    found = interval_coverage(broken, nominal=0.80, labels=labels)
    shares = found[found["slice"] == "region"].set_index("group")["share"]
    assert shares["North"] == 0.0
    assert shares["South"] > 0.7
    assert found[found["slice"] == "all"]["accounts"].tolist() == [800]


def test_what_has_no_intervals_is_not_judged():
    table = tidy()
    for nothing in (
        table[table["model"] == "past_value"],
        table.drop(columns=["y_low", "y_high"]),
        table.iloc[:0],
        table.assign(target="churn"),
    ):
        found = interval_coverage(nothing, nominal=0.80)
        assert found.empty
        assert list(found) == COVERAGE_COLUMNS
        assert coverage_words(found, model="ours", horizon="6m") == []


def test_it_is_said_in_a_sentence_with_the_worst_tenth():
    found = interval_coverage(tidy(), nominal=0.80)
    (said,) = coverage_words(found, model="ours", horizon="6m")
    assert said.startswith("80% intervals held ")
    assert "at later cutoffs" in said
    assert "by tenths of the prediction between " in said
    assert coverage_words(found, model="past_value", horizon="6m") == []


def test_bounds_come_from_models_that_have_ranges_and_are_missing_of_others():
    class Model:
        ranges = Ranges({"6m": ConformalIntervals.learn(np.arange(1.0, 100), np.arange(1.0, 100))})

    predicted = pd.DataFrame({"value_6m": [10.0, 20.0], "value_3m": [1.0, 2.0]})
    bounds = bounds_of(Model(), predicted, 0.80)
    assert (bound_in(bounds, "value_6m_low") <= predicted["value_6m"]).all()
    assert np.isnan(bound_in(bounds, "value_3m_high")).all()
    assert np.isnan(bound_in(bounds, "churn_6m_high")).all()
    assert bounds_of(object(), predicted, 0.80).isna().all(axis=None)
