from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.exceptions import UsageError
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.recommendations import RECOMMENDATION_TYPES, assign_tiers, with_reasons

POLICY = TierPolicy.parse(
    {
        "version": "2026-1",
        "review_months": 3,
        "tiers": [
            {
                "name": "A",
                "share_of_value": 0.5,
                "share_of_accounts": 0.25,
                "touches": [{"name": "review", "per_year": 4, "hours": 6}],
            },
            {"name": "B", "share_of_value": 0.9},
            {"name": "C"},
        ],
    }
)
DESIGN = """account_id, as_of, tier, tier_by_past_value, previous_tier, tier_probability,
too_close_to_call, score, score_revenue, score_potential, score_demonstration, score_winnability,
binding_rule, move_reason, reason_up_1, reason_up_2, reason_up_3, reason_down_1, reason_down_2,
reason_down_3, play, hours, queue_rank, queue_reason, review_date, policy_version, model_version"""
#: What the table holds beyond the contract, after it.
MORE = """rank, gap_up, gap_down, tier_without_override, tier_by_contract_value, tier_since, pinned_by,
held_by, override_reason, override_owner, override_expires, path, lumpy, industry_weight, what_moves_up"""


def predictions(n: int = 40, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "account_id": [f"{i:03d}" for i in range(n)],
            "as_of": pd.Timestamp("2011-06-09"),
            "value_3m": rng.lognormal(2.0, 1.0, n),
            "value_6m": rng.lognormal(3.0, 1.5, n).round(2) - 2.0,
            "past_value_3m": 0.0,
            "past_value_6m": rng.lognormal(3.0, 1.5, n).round(2),
            "model_version": "7",
        }
    )


def test_the_table_has_the_columns_and_types_of_the_contract() -> None:
    table = assign_tiers(predictions(), POLICY)
    assert list(table.columns) == [name.strip() for name in f"{DESIGN}, {MORE}".split(",")]
    assert table.dtypes.astype(str).to_dict() == RECOMMENDATION_TYPES
    not_yet = ["tier_probability", "too_close_to_call", "score_revenue", "reason_up_1"]
    assert table[not_yet].isna().all(axis=None)


def test_every_account_is_recommended_once_whatever_the_order_of_rows() -> None:
    book = predictions()
    table = assign_tiers(book, POLICY)
    assert table["account_id"].tolist() == book["account_id"].tolist()
    shuffled = book.sample(frac=1.0, random_state=5)
    pd.testing.assert_frame_equal(assign_tiers(shuffled, POLICY), table)


def test_past_value_is_tiered_by_the_same_policy() -> None:
    book = predictions()
    swapped = book.assign(value_6m=book["past_value_6m"])
    table = assign_tiers(book, POLICY)
    assert table["tier_by_past_value"].equals(assign_tiers(swapped, POLICY)["tier"])
    assert (table["tier"] != table["tier_by_past_value"]).any()


def test_the_queue_counts_from_one_in_each_tier_by_score() -> None:
    table = assign_tiers(predictions(), POLICY)
    for _, tier in table.groupby("tier"):
        ordered = tier.sort_values("queue_rank")
        assert ordered["queue_rank"].tolist() == list(range(1, len(tier) + 1))
        assert ordered["score"].is_monotonic_decreasing
    size = (table["tier"] == "A").sum()
    first = table.loc[table["score"].idxmax(), "queue_reason"]
    assert first == f"1 of {size} in tier A: no contact is known, place by score"


def test_the_rule_says_why_an_account_stands_no_higher() -> None:
    book = predictions()
    book.loc[3, "value_6m"], book.loc[4, "value_6m"] = np.nan, -1.0
    table = assign_tiers(book, POLICY).set_index("account_id")
    assert table.loc["003", ["tier", "binding_rule"]].tolist() == ["C", "no prediction"]
    assert table.loc["004", ["tier", "binding_rule"]].tolist() == ["C", "no positive value"]
    assert set(table.loc[table["tier"] != "C", "binding_rule"]) == {"value"}
    even = assign_tiers(book.assign(value_6m=1.0), POLICY)
    assert set(even.loc[even["tier"] == "A", "binding_rule"]) == {"accounts"}


def test_touches_and_the_review_date_come_from_the_policy() -> None:
    table = assign_tiers(predictions(), POLICY)
    top = table[table["tier"] == "A"]
    assert set(top["hours"]) == {24.0}
    assert set(top["play"]) == {"4 x review a year"}
    assert table.loc[table["tier"] == "C", ["play", "hours"]].isna().all(axis=None)
    assert set(table["review_date"]) == {pd.Timestamp("2011-09-09")}
    assert set(table["policy_version"]) == {"2026-1"}


def test_reasons_are_taken_as_given_for_the_accounts_that_have_some() -> None:
    reasons = pd.DataFrame({"account_id": ["007"], "reason_down_2": ["Last order 200 days ago"]})
    table = assign_tiers(predictions(), POLICY, reasons=reasons).set_index("account_id")
    assert table.loc["007", "reason_down_2"] == "Last order 200 days ago"
    assert table["reason_down_2"].notna().sum() == 1
    with pytest.raises(UsageError, match="received: why"):
        assign_tiers(predictions(), POLICY, reasons=reasons.assign(why="x"))


def test_reasons_may_be_filled_in_once_the_tiers_are_cut() -> None:
    """A large book explains those that move, so the tiers come first."""
    reasons = pd.DataFrame({"account_id": ["007"], "reason_down_2": ["Last order 200 days ago"]})
    at_once = assign_tiers(predictions(), POLICY, reasons=reasons)
    pd.testing.assert_frame_equal(
        with_reasons(assign_tiers(predictions(), POLICY), reasons), at_once
    )
    with pytest.raises(UsageError, match="reason columns only"):
        with_reasons(at_once, reasons.assign(why="x"))


def test_another_horizon_can_be_asked_for() -> None:
    table = assign_tiers(predictions(), POLICY, horizon="3 months")
    assert table["score"].tolist() == predictions()["value_3m"].tolist()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop(columns="account_id"), "the predictions have no column account_id"),
        (lambda t: t.drop(columns="as_of"), "exactly one cutoff"),
        (lambda t: t.drop(columns="past_value_6m"), "no column 'past_value_6m'"),
        (lambda t: pd.concat([t, t.head(2)]), "2 repeated, 0 without id"),
        (lambda t: t.assign(account_id=range(len(t))), "account ids of the predictions are text"),
        (lambda t: t.assign(as_of=[pd.Timestamp(2011, 1, 1 + i % 2) for i in range(40)]), "2 val"),
        (lambda t: t.head(0), "0 values of as_of in 0 rows"),
    ],
)
def test_a_table_that_is_not_one_run_is_refused(change: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        assign_tiers(change(predictions()), POLICY)  # type: ignore[operator]


def test_later_recommendations_cannot_be_the_previous_ones() -> None:
    later = assign_tiers(predictions().assign(as_of=pd.Timestamp("2011-07-09")), POLICY)
    with pytest.raises(UsageError, match="2011-07-09 after 2011-06-09"):
        assign_tiers(predictions(), POLICY, previous=later)
