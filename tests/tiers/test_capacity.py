from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from valuemodel.exceptions import UsageError
from valuemodel.tiers.capacity import (
    capacity,
    effort_mismatch,
    touches_planned,
)
from valuemodel.tiers.policy import TierPolicy

bounded = settings(max_examples=50, deadline=None, derandomize=True)
VISITS = [{"name": "visit", "per_year": 50, "hours": 4.0}]
CALLS = [{"name": "call", "per_year": 12}]


def policy_of(*tiers: dict[str, Any], **more: Any) -> TierPolicy:
    return TierPolicy.parse({"version": "1", "tiers": list(tiers), **more})


KEY = {"name": "key", "heads": 3.0, "touches": VISITS}
MID = {"name": "mid", "share_of_accounts": 0.5}
POLICY = policy_of(KEY, MID, {"name": "rest"}, capacity={"productive_hours": 1_667.0})


def test_hours_and_people_of_the_whole_base_add_up() -> None:
    told = [{"name": "visit", "per_year": 2, "hours": 5.0}]
    policy = policy_of(
        KEY, {**MID, "touches": told}, {"name": "rest"}, capacity={"productive_hours": 1_000.0}
    )
    table = capacity({"key": 20, "mid": 100, "rest": 900}, policy).set_index("tier")
    assert table["accounts"].tolist() == [20, 100, 900, 1_020]
    assert table["hours_needed"].tolist()[:2] == [4_000.0, 1_000.0]
    assert table.loc["all", "hours_needed"] == 5_000.0
    assert table.loc["all", "heads_needed"] == 5.0
    assert table.loc["key", ["hours_available", "places", "spare"]].tolist() == [3_000.0, 15, -5]
    assert (
        table.loc[["mid", "rest"], ["heads", "hours_available", "places", "spare"]]
        .isna()
        .all(axis=None)
    )
    assert np.isnan(table.loc["rest", "hours_each"])


def test_a_total_that_lacks_the_hours_of_a_tier_is_missing() -> None:
    policy = policy_of(
        KEY, {**MID, "touches": CALLS}, {"name": "rest"}, capacity={"productive_hours": 1_667.0}
    )
    whole = capacity({"key": 20, "mid": 100}, policy).set_index("tier").loc["all"]
    assert whole[["hours_needed", "heads_needed"]].isna().all()
    assert whole[["accounts", "places", "spare"]].tolist() == [120, 25, 5]
    # Nobody is in the tier whose touches have no hours: nothing is lacking.
    empty = capacity({"key": 20}, policy).set_index("tier").loc["all"]
    assert empty["hours_needed"] == 4_000.0


def test_a_policy_that_declares_nothing_has_the_same_columns_and_kinds() -> None:
    table, declared = capacity({"A": 5}, TierPolicy.parse({"version": "1"})), capacity({}, POLICY)
    assert table.dtypes.to_dict() == declared.dtypes.to_dict()
    assert table["tier"].tolist() == ["A", "B", "C", "D", "all"]
    assert table.drop(columns=["tier", "accounts"]).isna().all(axis=None)
    assert table["accounts"].tolist() == [5, 0, 0, 0, 5]


def test_a_tier_that_the_policy_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="no tier 'kye'") as caught:
        capacity({"kye": 3}, POLICY)
    assert "did you mean 'key'?" in caught.value.hint
    with pytest.raises(UsageError, match="no tier 'Z'"):
        touches_planned({"Z": 3}, POLICY)


def test_touches_are_counted_per_tier_and_kind() -> None:
    policy = policy_of(
        {**KEY, "touches": [*VISITS, {"name": "review", "per_year": 4, "hours": 0.5}]},
        {**MID, "touches": CALLS},
        {"name": "rest"},
        capacity={"productive_hours": 1_667.0},
    )
    table = touches_planned({"key": 10, "mid": 7}, policy)
    assert table[["tier", "touch", "touches_a_year"]].values.tolist() == [
        ["key", "visit", 500.0],
        ["key", "review", 40.0],
        ["mid", "call", 84.0],
    ]
    assert table["hours_a_year"].tolist()[:2] == [2_000.0, 20.0]
    assert np.isnan(table["hours_a_year"][2])
    by_tier = table.groupby("tier")["hours_a_year"].sum()["key"]
    assert (
        by_tier
        == capacity({"key": 10, "mid": 7}, policy).set_index("tier").loc["key", "hours_needed"]
    )


def test_a_policy_without_touches_plans_none() -> None:
    none = touches_planned({"A": 3}, TierPolicy.parse({"version": "1"}))
    assert none.empty
    assert none.dtypes.to_dict() == touches_planned({}, POLICY).dtypes.to_dict()


def frame_of(**columns: list[Any]) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    return frame.astype({name: "float64" for name in frame if name != "tier"})


def test_hours_that_do_not_follow_value_are_found() -> None:
    frame = frame_of(
        tier=["rest", "key", "rest", "mid"],
        value=[10.0, 45.0, 5.0, 40.0],
        past=[30.0, 20.0, 30.0, 20.0],
        hours_12m=[60.0, 5.0, 34.6, 0.4],
    )
    found = effort_mismatch(frame, POLICY)
    assert found["tier"].tolist() == ["key", "mid", "rest"]
    assert found["accounts"].tolist() == [1, 1, 2]
    assert found["share_of_hours"].tolist() == pytest.approx([0.05, 0.004, 0.946])
    assert found["share_of_past"].tolist() == pytest.approx([0.2, 0.2, 0.6])
    assert found["ratio"].tolist() == pytest.approx([0.05 / 0.45, 0.01, 0.946 / 0.15])
    assert found["finding"].tolist() == [
        "gets 5 % of the hours for 45 % of the value",
        "gets 0.4 % of the hours for 40 % of the value",
        "gets 95 % of the hours for 15 % of the value",
    ]
    turned = effort_mismatch(frame.iloc[::-1], POLICY)
    pd.testing.assert_frame_equal(turned, found)


def test_where_hours_are_not_known_nothing_is_found() -> None:
    frame = frame_of(
        tier=["key", "rest"], value=[6.0, 4.0], past=[1.0, 1.0], hours_12m=[np.nan] * 2
    )
    found = effort_mismatch(frame, POLICY)
    assert found[["hours", "share_of_hours", "ratio", "finding"]].isna().all(axis=None)
    assert found["share_of_value"].tolist()[::2] == [0.6, 0.4]
    partly = effort_mismatch(frame.assign(hours_12m=[3.0, np.nan]), POLICY)
    assert partly["finding"].notna().tolist() == [True, False, False]


def test_a_tier_that_brings_a_loss_has_no_ratio() -> None:
    frame = frame_of(
        tier=["key", "rest"], value=[110.0, -10.0], past=[1.0, 1.0], hours_12m=[8.0, 2.0]
    )
    found = effort_mismatch(frame, POLICY).set_index("tier")
    assert np.isnan(found.loc["rest", "ratio"])
    assert found.loc["rest", "finding"] == "gets 20 % of the hours for -10 % of the value"


def test_an_empty_book_keeps_its_columns_and_kinds() -> None:
    frame = frame_of(tier=["key"], value=[1.0], past=[1.0], hours_12m=[1.0])
    empty = effort_mismatch(frame.iloc[:0], POLICY)
    assert empty["accounts"].tolist() == [0, 0, 0]
    assert empty.dtypes.to_dict() == effort_mismatch(frame, POLICY).dtypes.to_dict()
