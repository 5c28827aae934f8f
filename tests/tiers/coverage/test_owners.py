from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.coverage.owners import (
    LOAD_TYPES,
    NOBODY,
    UNOWNED_TYPES,
    hours_wanted,
    owner_lines,
    owner_load,
    unowned,
)
from valuemodel.tiers.policy import TierPolicy

QUICK = settings(max_examples=50, deadline=None, derandomize=True)
VISIT = {"name": "visit", "per_year": 4, "hours": 3.0}
CALL = {"name": "call", "per_year": 2, "hours": 1.0}
LADDER = [
    {"name": "A", "top_share": 0.1, "touches": [VISIT, CALL]},
    {"name": "B", "top_share": 0.5, "touches": [CALL]},
    {"name": "C"},
]


def policy_of(coverage: dict | None = None, tiers: list[dict] | None = None, **more) -> TierPolicy:
    document = {"version": "1", "tiers": tiers or LADDER, "coverage": coverage or {}}
    return TierPolicy.parse(document | more)


def frame_of(rows: list[tuple]) -> pd.DataFrame:
    """Build a frame from rows of id, tier, owner, reviewer, value, past and hours spent."""
    columns = ["account_id", "tier", "owner", "reviewer", "value_1y", "past_value_1y", "hours_12m"]
    table = pd.DataFrame(rows, columns=columns).astype({"account_id": "str", "tier": "str"})
    return account_frame(table[["account_id", "tier"]], table, table, Horizon.parse("1 year"))


BOOK = [
    ("a", "A", "Ada", "Max", 10.0, 8.0, 5.0),
    ("b", "B", "Ada", "Eve", 20.0, None, None),
    ("c", "C", "Bob", "Max", 30.0, 7.0, 2.0),
    ("d", "A", None, None, 40.0, 6.0, None),
    ("e", "C", None, "Max", 50.0, 5.0, 1.0),
    ("f", "B", None, "Max", 60.0, 4.0, 1.0),
]


def test_hours_accounts_and_money_of_each_owner() -> None:
    load = owner_load(frame_of(BOOK), policy_of({"hours_per_owner": 10.0})).set_index("owner")
    assert list(load.index) == ["Ada", "Bob", NOBODY]
    assert load["accounts"].to_dict() == {"Ada": 2, "Bob": 1, NOBODY: 3}
    assert load["top_accounts"].to_dict() == {"Ada": 1, "Bob": 0, NOBODY: 1}
    assert load["hours_needed"].to_dict() == {"Ada": 16.0, "Bob": 0.0, NOBODY: 16.0}
    assert load["reviewers"].to_dict() == {"Ada": 2, "Bob": 1, NOBODY: 1}
    assert load.loc["Ada", ["value", "past", "hours_spent"]].tolist() == [30.0, 8.0, 5.0]
    assert load["overload"].fillna(-1.0).to_dict() == {"Ada": 6.0, "Bob": 0.0, NOBODY: -1.0}


def test_the_hours_of_one_person_come_from_coverage_and_else_from_capacity() -> None:
    capacity = {"productive_hours": 1600.0}
    frame = frame_of(BOOK)

    def available(policy: TierPolicy) -> float:
        return owner_load(frame, policy).set_index("owner").loc["Ada", "hours_available"]

    assert available(policy_of(capacity=capacity)) == 1600.0
    assert available(policy_of({"hours_per_owner": 900.0}, capacity=capacity)) == 900.0
    assert np.isnan(available(policy_of()))


def test_hours_that_a_tier_does_not_declare_make_its_owners_unknown_not_idle() -> None:
    ladder = [LADDER[0], {"name": "B", "top_share": 0.5, "touches": [{"name": "x", "per_year": 1}]}]
    policy = policy_of({"hours_per_owner": 10.0}, [*ladder, {"name": "C"}])
    load = owner_load(frame_of(BOOK), policy).set_index("owner")
    assert np.isnan(load.loc["Ada", "hours_needed"])
    assert np.isnan(load.loc["Ada", "overload"])
    assert load.loc["Bob", "hours_needed"] == 0.0
    assert hours_wanted(frame_of(BOOK), TierPolicy.parse({"version": "1"})).isna().all()


@pytest.mark.parametrize(("most", "too_many"), [(149, True), (150, False)])
def test_a_book_of_150_customers_is_the_alarm(most, too_many) -> None:
    rows = [(f"a{at}", "C", "Ada", None, 1.0, 1.0, None) for at in range(most + 1)]
    load = owner_load(frame_of(rows), policy_of())
    assert load["too_many"].tolist() == [most + 1 > 150] == [not too_many]


def test_what_is_too_much_is_said_with_its_figures() -> None:
    policy = policy_of({"hours_per_owner": 10.0, "accounts_per_owner": 1})
    assert list(owner_lines(owner_load(frame_of(BOOK), policy), policy)) == [
        "Ada needs 16 hours a year for 2 accounts and has 10: 6 are missing",
        "Ada has 2 accounts, more than the 1 that one person can carry",
        "3 accounts have no owner",
    ]


def test_ten_people_are_named_as_they_may_be_shown_and_the_others_counted() -> None:
    rows = [
        (f"{at}{side}", "C", f"P{at:02d}", None, 1.0, 1.0, 1.0) for at in range(12) for side in "ab"
    ]
    policy = policy_of({"accounts_per_owner": 1, "hours_per_owner": 100.0})
    *named, rest = owner_lines(owner_load(frame_of(rows), policy), policy, lambda name: f"<{name}>")
    assert named[0] == "<P00> has 2 accounts, more than the 1 that one person can carry"
    assert len(named) == 10
    assert rest == "2 more owners have too many accounts, in plan_owners"


def test_nothing_is_said_where_all_is_well_and_unknown_hours_are_said() -> None:
    rows = [("a", "A", "Ada", None, 1.0, 1.0, 1.0)]
    enough = policy_of({"hours_per_owner": 100.0})
    assert list(owner_lines(owner_load(frame_of(rows), enough), enough)) == []
    unknown = policy_of()
    (line,) = owner_lines(owner_load(frame_of(rows), unknown), unknown)
    assert line.startswith("whether hours suffice is not known")


def test_what_nobody_owns_above_the_last_tier_stands_in_the_order_of_its_weight() -> None:
    found = unowned(frame_of(BOOK), policy_of())
    assert found[["account_id", "tier", "hours"]].values.tolist() == [
        ["d", "A", 14.0],
        ["f", "B", 2.0],
    ]
    assert found.dtypes.astype(str).to_dict() == UNOWNED_TYPES


owners = st.sampled_from(["Ada", "Bob", "Cyd", None])
money = st.floats(-1e6, 1e6) | st.none()


@QUICK
@given(st.lists(st.tuples(st.sampled_from("ABC"), owners, money, money), max_size=12))
def test_accounts_money_and_hours_add_up_to_the_book(rows) -> None:
    book = [
        (f"a{at}", tier, owner, None, value, past, None)
        for at, (tier, owner, value, past) in enumerate(rows)
    ]
    frame, policy = frame_of(book), policy_of({"hours_per_owner": 20.0})
    load = owner_load(frame, policy)
    assert load["accounts"].sum() == len(book)
    assert load["value"].sum() == pytest.approx(sum(row[4] or 0.0 for row in book), abs=1e-6)
    assert load["hours_needed"].sum() == sum({"A": 14, "B": 2, "C": 0}[row[1]] for row in book)
    assert load.dtypes.astype(str).to_dict() == LOAD_TYPES
    turned = frame.iloc[::-1].reset_index(drop=True)
    pd.testing.assert_frame_equal(load, owner_load(turned, policy))
