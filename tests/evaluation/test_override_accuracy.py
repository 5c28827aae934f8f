"""Overrides are held against what came, once it has come: who was closer, the person or the rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.evaluation.override_accuracy import (
    ACCURACY_TYPES,
    ALL,
    SUMMARY_TYPES,
    override_accuracy,
    override_lines,
    override_summary,
    realised_from,
)
from valuemodel.exceptions import UsageError
from valuemodel.periods import Horizon
from valuemodel.tiers.policy import TierPolicy

AT = pd.Timestamp("2026-01-01")
POLICY = TierPolicy.parse(
    {
        "version": "1",
        "tiers": [{"name": "A", "top_share": 0.2}, {"name": "B", "top_share": 0.6}, {"name": "C"}],
    }
)
TYPES = {
    **dict.fromkeys(("account_id", "tier", "tier_without_override"), "str"),
    "override_owner": "str",
    "override_reason": "str",
    "as_of": "datetime64[us]",
}


def run_of(tiers: str, rule: str, owners: list[str | None]) -> pd.DataFrame:
    """One account per letter, a, b, c, ...; those with an owner are overridden."""
    columns = {
        "account_id": list("abcdefghij")[: len(tiers)],
        "tier": list(tiers),
        "tier_without_override": list(rule),
        "override_owner": owners,
        "override_reason": [None if owner is None else f"{owner} knows" for owner in owners],
        "as_of": AT,
    }
    return pd.DataFrame(columns).astype(TYPES)


def came(*values: float) -> pd.Series:
    return pd.Series(values, index=list("abcdefghij")[: len(values)], dtype=np.float64)


def test_of_both_tiers_the_one_nearer_to_what_came_was_closer():
    """By what came: d is A, a and b are B, c and e are C."""
    run = run_of("ACBBA", "BBCCA", ["Ito", "Ito", "May", "May", "May"])
    found = override_accuracy(run, came(50.0, 40.0, 10.0, 99.0, 5.0), POLICY)
    assert found.dtypes.astype("str").to_dict() == ACCURACY_TYPES
    assert found["account_id"].tolist() == list("abcde")
    assert found["tier_by_realised"].tolist() == ["B", "B", "C", "A", "C"]
    assert found["direction"].tolist() == ["up", "down", "up", "up", "same"]
    assert found["closer"].tolist() == ["rule", "rule", "rule", "override", "equal"]
    assert found["realised"].tolist() == [50.0, 40.0, 10.0, 99.0, 5.0]
    assert found["reason"].tolist() == ["Ito knows"] * 2 + ["May knows"] * 3
    assert (found["as_of"] == AT).all()


def test_only_overridden_accounts_are_told_and_all_others_take_their_places():
    run = run_of("AAAAC", "AAAAC", [None, None, None, None, "Ito"])
    found = override_accuracy(run, came(5.0, 4.0, 3.0, 2.0, 1.0), POLICY)
    assert found["account_id"].tolist() == ["e"]
    assert found["tier_by_realised"].tolist() == ["C"]


def test_the_order_of_rows_does_not_matter():
    run = run_of("ACBBA", "BBCCA", ["Ito", None, "May", "May", "May"])
    realised = came(50.0, 40.0, 10.0, 99.0, 5.0)
    shuffled = override_accuracy(run.iloc[::-1], realised.iloc[[2, 0, 1, 4, 3]], POLICY)
    pd.testing.assert_frame_equal(shuffled, override_accuracy(run, realised, POLICY))


def test_equal_values_go_by_past_value_as_they_did_then():
    run = run_of("AABBC", "BBBBC", ["Ito"] * 5)
    past = came(1.0, 2.0, 3.0, 4.0, 5.0)
    found = override_accuracy(run, came(7.0, 7.0, 7.0, 7.0, 7.0), POLICY, past)
    assert found["tier_by_realised"].tolist() == ["C", "C", "B", "B", "A"]


def test_what_nobody_knows_is_missing_and_takes_nobody_s_place():
    run = run_of("AABBC", "BBBBC", ["Ito"] * 5)
    realised = came(9.0, 5.0, 4.0, 3.0, 2.0).drop("a")
    found = override_accuracy(run, realised, POLICY).set_index("account_id")
    assert found.loc["a", ["realised", "tier_by_realised", "closer"]].isna().all()
    assert found.loc["a", "direction"] == "up"
    assert found["tier_by_realised"].tolist()[1:] == ["A", "B", "B", "C"]


def test_what_is_lost_belongs_into_the_last_tier():
    run = run_of("A", "C", ["Ito"])
    found = override_accuracy(run, came(-5.0), POLICY)
    assert (found["tier_by_realised"][0], found["closer"][0]) == ("C", "rule")


def test_lines_of_segments_and_least_values_are_not_asked_of_what_came():
    document = POLICY.model_dump(mode="json", exclude_none=True)
    document["tiers"][0]["least_share_of_value"] = 0.99
    document["segments"] = {"by": "industry", "lines": {"steel": {}}}
    run = run_of("ACBBA", "BBCCA", ["Ito"] * 5)
    realised = came(50.0, 40.0, 10.0, 99.0, 5.0)
    found = override_accuracy(run, realised, TierPolicy.parse(document))
    pd.testing.assert_frame_equal(found, override_accuracy(run, realised, POLICY))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABC"), st.sampled_from("ABC"), st.sampled_from([None, "Ito", "May"])
        ),
        min_size=1,
        max_size=10,
    )
)
def test_the_verdict_is_the_one_of_a_plain_comparison(accounts):
    tiers, rule, owners = (list(column) for column in zip(*accounts, strict=True))
    n = len(accounts)
    found = override_accuracy(
        run_of("".join(tiers), "".join(rule), owners), came(*np.arange(n, 0, -1.0)), POLICY
    )
    expected = []
    for at in range(n):
        if owners[at] is None:
            continue
        right = "A" if at < n * 2 // 10 else "B" if at < n * 6 // 10 else "C"
        by_person, by_rule = (abs(ord(one[at]) - ord(right)) for one in (tiers, rule))
        closer = "override" if by_person < by_rule else "rule" if by_rule < by_person else "equal"
        expected.append(("abcdefghij"[at], right, closer))
    columns = ["account_id", "tier_by_realised", "closer"]
    assert [tuple(row) for row in found[columns].to_numpy().tolist()] == expected
    summary = override_summary(found)
    counted = summary[["override_closer", "rule_closer", "equal", "not_known"]].sum(axis=1)
    assert counted.tolist() == summary["overrides"].tolist()
    assert summary["overrides"].sum() == 2 * len(found)


def test_a_run_without_overrides_has_an_empty_table_and_nothing_to_say():
    for run in (run_of("AB", "AB", [None, None]), run_of("", "", [])):
        found = override_accuracy(run, came(2.0, 1.0), POLICY)
        assert found.empty
        assert found.dtypes.astype("str").to_dict() == ACCURACY_TYPES
        summary = override_summary(found)
        assert summary.empty
        assert summary.dtypes.astype("str").to_dict() == SUMMARY_TYPES
        assert list(override_lines(summary)) == []


def test_owners_are_counted_one_by_one_and_together():
    run = run_of("ACBBA", "BBCCA", ["Ito", "May", "May", "May", "Ito"])
    realised = came(50.0, 40.0, 10.0, 99.0, 5.0).drop("c")
    summary = override_summary(override_accuracy(run, realised, POLICY))
    assert summary.dtypes.astype("str").to_dict() == SUMMARY_TYPES
    assert summary.to_numpy().tolist() == [
        ["Ito", 2, 0, 1, 1, 0, 55.0],
        ["May", 3, 1, 1, 0, 1, 139.0],
        [ALL, 5, 1, 2, 1, 1, 194.0],
    ]
    assert list(override_lines(summary)) == [
        "of 5 overrides, the person was closer to what came in 1, the rule in 2, both alike in 1; "
        "of 1 it is not known what came",
        "Ito: of 2 overrides, the person was closer to what came in 0, the rule in 1, both alike in 1",
        "May: of 3 overrides, the person was closer to what came in 1, the rule in 1, both alike in 0; "
        "of 1 it is not known what came",
    ]


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (run_of("AB", "AB", [None, "Ito"]).drop(columns="override_reason"), "lack the columns"),
        (pd.concat([run_of("A", "B", ["Ito"])] * 2), "must hold each account once"),
        (run_of("XB", "AY", ["Ito", "Ito"]), "stand in tiers that policy 1 does not have"),
    ],
    ids=["column", "twice", "tier"],
)
def test_what_is_no_run_of_this_policy_is_refused(run, problem):
    with pytest.raises(UsageError, match=problem):
        override_accuracy(run, came(2.0, 1.0), POLICY)


def test_values_that_name_an_account_twice_are_refused():
    with pytest.raises(UsageError, match="realised values must hold each account once"):
        override_accuracy(run_of("A", "B", ["Ito"]), pd.Series([1.0, 2.0], ["a", "a"]), POLICY)


def test_what_came_is_the_past_value_of_the_later_run():
    facts = pd.DataFrame(
        {"account_id": ["b", "a"], "past_value_3m": [1.0, 2.0], "past_value_12m": [3.0, None]}
    )
    found = realised_from(facts, Horizon.parse("12 months"))
    assert found.index.tolist() == ["a", "b"]
    assert found["b"] == 3.0
    assert np.isnan(found["a"])
    with pytest.raises(UsageError, match="have no past_value_6m"):
        realised_from(facts, Horizon.parse("6 months"))
