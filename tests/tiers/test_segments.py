from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.assignment import Standing, assign
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.segments import line_table, segments

TOLD = pd.DataFrame({"account_id": ["a", "b", "c"]})


def policy_of(by: str, **lines) -> TierPolicy:
    tiers = [{"name": "A", "share_of_accounts": 0.4, "share_of_value": 0.9}, {"name": "B"}]
    segments = {"by": by, "minimum_accounts": 1, "lines": lines or {"x": {"A": {"top_share": 0.5}}}}
    return TierPolicy.parse({"version": "1", "tiers": tiers, "segments": segments})


def frame(**facts) -> pd.DataFrame:
    known = pd.DataFrame({"account_id": ["a", "b"], **facts})
    return account_frame(TOLD, TOLD.assign(value_1y=0.0), known, Horizon.parse("1 year"))


def test_a_segment_is_a_fact_of_the_account():
    found = segments(frame(region=["north", None]), policy_of("region"))
    assert [None if pd.isna(one) else one for one in found] == ["north", None, None]


def test_a_segment_can_be_the_class_that_the_policy_gives():
    found = segments(frame(orders_12m=[3.0, 0.0]), policy_of("class"))
    assert found.tolist() == ["serve", "not now", "not now"]


def test_without_segments_there_are_none():
    assert segments(frame(), TierPolicy.parse({"version": "1"})) is None


def test_the_table_of_lines_names_the_binding_rule_per_tier_and_segment():
    policy = policy_of("industry")
    segment = np.array(["x"] * 4 + [None] * 6, dtype=object)
    ids = [f"{at}" for at in range(10)]
    found = assign(np.arange(10.0, 0.0, -1.0), np.zeros(10), ids, policy, Standing(segment=segment))
    table = line_table(found, policy).set_index(["segment", "tier"])
    assert table.loc[("whole book", "A"), "binding_rule"] == "segments"
    assert table.loc[("x", "A"), ["accounts", "binding_rule", "by_top"]].tolist() == [2, "top", 2]
    rest = table.loc[("all others", "A")]
    assert rest[["accounts", "binding_rule", "by_accounts"]].tolist() == [2, "accounts", 2]
    assert table.loc[("whole book", "B"), ["accounts", "binding_rule"]].tolist() == [10, "rest"]
    assert pd.isna(table.loc[("x", "A"), "by_people"])
