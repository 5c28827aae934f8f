from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.coverage.checks import CHECK_TYPES, WHOLE, three_checks
from valuemodel.tiers.policy import TierPolicy

TODAY = Cutoff.parse("2026-07-01")
RECENT, LONG_AGO = pd.Timestamp("2026-06-01"), pd.Timestamp("2025-06-01")
POLICY = TierPolicy.parse(
    {
        "version": "1",
        "tiers": [
            {"name": "A", "top_share": 0.1, "touches": [{"name": "visit", "per_year": 4}]},
            {"name": "B", "top_share": 0.5, "touches": [{"name": "call", "per_year": 2}]},
            {"name": "C"},
        ],
    }
)


def frame_of(rows: list[tuple]) -> pd.DataFrame:
    """Build a frame from rows of id, tier, chance, owner, region, last contact, planned contacts."""
    columns = ["account_id", "tier", "tier_probability", "owner", "region", "last_contact"]
    table = pd.DataFrame(rows, columns=[*columns, "planned_12m"]).astype(
        {"account_id": "str", "tier": "str", "tier_probability": "float64"}
    )
    told = table[["account_id", "tier", "tier_probability"]]
    return account_frame(told, table, table, Horizon.parse("1 year"))


def of(table: pd.DataFrame, check: str) -> dict:
    rows = table[table["check"] == check].astype(object)
    return {
        subject: None if pd.isna(passed) else bool(passed)
        for subject, passed in zip(rows["subject"], rows["passed"], strict=True)
    }


BOOK = [
    ("a", "A", 0.80, "Ada", "North", RECENT, 3.0),
    ("b", "A", 0.24, "Ada", "North", RECENT, 9.0),
    ("c", "B", None, "Bob", "South", LONG_AGO, 0.0),
    ("d", "B", 0.25, None, "South", RECENT, 1.0),
    ("e", "C", 0.10, "Cyd", None, None, None),
]


def test_an_account_qualifies_by_its_chance_to_belong_there() -> None:
    table = three_checks(frame_of(BOOK), POLICY, TODAY)
    assert of(table, "account") == {"a": True, "b": False, "c": None, "d": True}
    said = table.set_index("subject")["evidence"]
    assert said["b"] == "a chance of 24 % to be in A, at least 25 % is asked"
    assert said["c"] == "the chance to be in B is not known"


def test_a_seller_qualifies_by_the_touches_done_no_account_making_up_for_another() -> None:
    table = three_checks(frame_of(BOOK), POLICY, TODAY)
    assert of(table, "seller") == {"Ada": True, "Bob": False, "Cyd": None}
    said = table.set_index("subject")["evidence"]
    assert (
        said["Ada"] == "7 of 8 planned touches of 2 accounts done (87.5 %), at least 60 % is asked"
    )
    assert said["Cyd"] == "no touches are planned for 1 account"


def test_a_touch_plan_counts_before_the_year_of_contacts() -> None:
    plan = pd.DataFrame(
        {
            "account_id": ["a", "a", "b"],
            "touch": ["visit", "call", "visit"],
            "planned": [2.0, 2.0, 0.0],
            "done": [5.0, 0.0, 3.0],
        }
    )
    table = three_checks(frame_of(BOOK), POLICY, TODAY, plan)
    assert of(table, "seller") == {"Ada": False, "Bob": None, "Cyd": None}
    said = table.set_index("subject")["evidence"]["Ada"]
    assert said.startswith("2 of 4 planned touches of 2 accounts done (50 %)")


def test_a_touch_of_which_nobody_knows_is_held_against_no_seller() -> None:
    plan = pd.DataFrame(
        {
            "account_id": ["a", "a", "b"],
            "touch": ["visit", "letter", "letter"],
            "planned": [4.0, 2.0, 1.0],
            "done": [3.0, None, None],
        }
    )
    table = three_checks(frame_of(BOOK), POLICY, TODAY, plan)
    said = table.set_index("subject")["evidence"]
    assert of(table, "seller") == {"Ada": True, "Bob": None, "Cyd": None}
    assert said["Ada"] == (
        "3 of 4 planned touches of 2 accounts done (75 %), at least 60 % is asked; "
        "of 3 more it is not known"
    )


def test_an_empty_touch_plan_is_none() -> None:
    nothing = pd.DataFrame({"account_id": [], "planned": [], "done": []})
    pd.testing.assert_frame_equal(
        three_checks(frame_of(BOOK), POLICY, TODAY, nothing),
        three_checks(frame_of(BOOK), POLICY, TODAY),
    )


def test_the_management_qualifies_by_owners_and_recent_contacts_in_each_region() -> None:
    table = three_checks(frame_of(BOOK), POLICY, TODAY)
    assert of(table, "management") == {WHOLE: False, "North": True, "South": False}
    said = table[table["check"] == "management"].set_index("subject")["evidence"]
    assert said[WHOLE] == (
        "2 of 4 accounts above C have an owner and a contact within 180 days (50 %), "
        "at least 80 % is asked"
    )


@pytest.mark.parametrize(("days", "passed"), [(30, True), (29, False)])
def test_a_contact_on_the_first_of_the_days_counts(days, passed) -> None:
    policy = TierPolicy.parse({"version": "1", "coverage": {"checks": {"contact_days": days}}})
    table = three_checks(frame_of(BOOK[:1]), policy, TODAY)
    assert of(table, "management")[WHOLE] is passed


def test_what_is_not_known_is_neither_passed_nor_failed_unless_owners_alone_are_too_few() -> None:
    def without_contacts(rows):
        return frame_of([(*row[:5], None, None) for row in rows])

    table = three_checks(without_contacts(BOOK[:3]), POLICY, TODAY)
    assert of(table, "management")[WHOLE] is None
    assert of(table, "seller") == {"Ada": None, "Bob": None}
    gap = three_checks(without_contacts(BOOK), POLICY, TODAY)
    assert of(gap, "management") == {WHOLE: False, "North": None, "South": False}
    nobody = three_checks(frame_of([(*row[:3], None, *row[4:]) for row in BOOK]), POLICY, TODAY)
    assert of(nobody, "management")[WHOLE] is None
    assert of(nobody, "seller") == {}


def test_lines_of_the_company_are_used() -> None:
    checks = {"account_probability": 0.9, "seller_planned": 0.9, "management_covered": 0.5}
    document = POLICY.model_dump() | {"coverage": {"checks": checks}}
    table = three_checks(frame_of(BOOK), TierPolicy.parse(document), TODAY)
    assert of(table, "account")["a"] is False
    assert of(table, "seller")["Ada"] is False
    assert of(table, "management")[WHOLE] is True


@pytest.mark.parametrize("rows", [[], BOOK[4:]])
def test_a_book_without_accounts_above_the_last_tier_has_nothing_to_check(rows) -> None:
    table = three_checks(frame_of(rows), POLICY, TODAY)
    assert table.dtypes.astype(str).to_dict() == CHECK_TYPES
    assert of(table, "account") == {}
    assert of(table, "management") == {WHOLE: None}


def test_the_order_of_rows_does_not_matter() -> None:
    turned = three_checks(frame_of(BOOK[::-1]), POLICY, TODAY)
    pd.testing.assert_frame_equal(three_checks(frame_of(BOOK), POLICY, TODAY), turned)
