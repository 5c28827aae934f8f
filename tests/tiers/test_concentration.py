from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.recommendations import assign_tiers
from valuemodel.tiers.summary import gini, share_of_top, summarise

POLICY = TierPolicy.parse(
    {
        "version": "1",
        "tiers": [
            {
                "name": "A",
                "share_of_value": 0.5,
                "share_of_accounts": 0.3,
                "touches": [{"name": "visit", "per_year": 2, "hours": 3}],
            },
            {"name": "B", "share_of_value": 0.9},
            {"name": "C"},
        ],
    }
)
BOOK = pd.DataFrame(
    {
        "account_id": list("abcde"),
        "as_of": pd.Timestamp("2011-06-09"),
        "value_6m": [60.0, 25.0, 10.0, 5.0, -10.0],
        "past_value_6m": [10.0, 50.0, 20.0, 20.0, 0.0],
    }
)


def test_the_tiers_add_up_to_the_book() -> None:
    summary = summarise(assign_tiers(BOOK, POLICY), BOOK, POLICY)
    tiers = summary.tiers.set_index("tier")
    assert tiers["accounts"].to_dict() == {"A": 1, "B": 2, "C": 2}
    assert tiers["predicted_value"].to_dict() == {"A": 60.0, "B": 35.0, "C": -5.0}
    assert tiers["past_value"].to_dict() == {"A": 10.0, "B": 70.0, "C": 20.0}
    assert tiers["share_of_past"].sum() == pytest.approx(1.0)
    assert tiers["share_of_predicted"].sum() == pytest.approx(1.0)
    assert tiers["binding_rule"].tolist() == ["value", "value", "rest"]
    assert tiers.loc["A", "hours"] == 6.0
    assert tiers.loc["A", "lowest_score"] == 60.0


def test_moves_count_every_account_once() -> None:
    moves = summarise(assign_tiers(BOOK, POLICY), BOOK, POLICY).moves
    assert moves.to_numpy().sum() == len(BOOK)
    assert moves.loc["A", "B"] == 1
    assert list(moves.index) == list(moves.columns) == ["A", "B", "C"]


def test_an_empty_tier_stays_in_the_table() -> None:
    nothing = BOOK.assign(value_6m=0.0, past_value_6m=0.0)
    summary = summarise(assign_tiers(nothing, POLICY), nothing, POLICY)
    assert summary.tiers["accounts"].tolist() == [0, 0, 5]
    assert summary.tiers["share_of_predicted"].isna().all()
    assert summary.concentration[["share_of_top_20", "gini"]].isna().all(axis=None)


def test_concentration_is_measured_on_past_and_on_predicted_value() -> None:
    table = summarise(assign_tiers(BOOK, POLICY), BOOK, POLICY).concentration.set_index("value")
    assert table.loc["past", "share_of_top_20"] == pytest.approx(0.5)
    assert table.loc["predicted", "share_of_top_20"] == pytest.approx(0.6)
    assert table.loc["predicted", "gini"] > table.loc["past", "gini"]


def test_gini_is_half_the_mean_difference_over_the_mean() -> None:
    values = np.random.default_rng(1).lognormal(1.0, 1.0, 300)
    pairs = np.abs(values[:, None] - values[None, :]).mean() / (2.0 * values.mean())
    assert gini(values) == pytest.approx(pairs)
    assert gini(values * 3.7) == pytest.approx(pairs)
    assert share_of_top(values, 1.0) == pytest.approx(1.0)
