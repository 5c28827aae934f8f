from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.touches.compliance import touch_plan
from valuemodel.tiers.touches.follow_ups import FOLLOW_UP_TYPES, follow_ups, preparations

QUICK = settings(max_examples=50, deadline=None, derandomize=True)
AS_OF = Cutoff.parse("2026-01-01")
NOW = pd.Timestamp(AS_OF.at)
POLICY = TierPolicy.parse({"version": "1"})
ANSWER, OURS = "answer what it asked for", "follow up on our contact"


def frame_of(*accounts: str, tier: str = "A", owner: str | None = "Ada") -> pd.DataFrame:
    told = pd.DataFrame({"account_id": list(accounts)}, dtype="str").assign(tier=tier)
    return account_frame(told, told, told.assign(owner=owner), Horizon.parse("1 year"))


def contacts_of(*rows: tuple) -> pd.DataFrame:
    """A ledger of (account, initiative, last), each of a kind of its own."""
    table = pd.DataFrame(rows, columns=["account_id", "initiative", "last"])
    table = table.astype({"account_id": "str", "initiative": "str"})
    return table.assign(
        last=pd.to_datetime(table["last"], format="ISO8601").astype("datetime64[us]")
    )


def asked(*rows: tuple, policy: TierPolicy = POLICY) -> list[tuple[str, str]]:
    """Return reason and day of what is due on account a."""
    found = follow_ups(frame_of("a"), contacts_of(*[("a", *row) for row in rows]), policy, AS_OF)
    return [
        (reason, str(due.date())) for reason, due in zip(found["reason"], found["due"], strict=True)
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # What it asked waits for a contact of ours, of either initiative.
        ([("reactive", "2025-12-10")], [(ANSWER, "2025-12-24")]),
        ([("reactive", "2025-12-10"), ("ad_hoc", "2025-12-11")], []),
        ([("reactive", "2025-12-10"), ("planned", "2025-12-11")], [(OURS, "2025-12-25")]),
        # What came before it, or at the same time, is no answer to it.
        ([("ad_hoc", "2025-12-09"), ("reactive", "2025-12-10")], [(ANSWER, "2025-12-24")]),
        ([("planned", "2025-12-10"), ("reactive", "2025-12-10")], [(ANSWER, "2025-12-24")]),
        # What we planned waits for a later contact of ours.
        ([("planned", "2025-12-10")], [(OURS, "2025-12-24")]),
        ([("planned", "2025-12-10"), ("ad_hoc", "2025-12-20")], []),
        # Outreach of our own needs none, and whose initiative is not known asks for nothing.
        ([("ad_hoc", "2025-12-10")], []),
        ([(None, "2025-12-10")], []),
        ([(None, "2025-12-20"), ("planned", "2025-12-10")], [(OURS, "2025-12-24")]),
        # Of several kinds of contact the last one counts.
        ([("planned", "2025-11-10"), ("planned", "2025-12-10")], [(OURS, "2025-12-24")]),
    ],
)
def test_what_is_open_until_we_are_heard_of(rows, expected) -> None:
    assert asked(*rows) == expected


def test_what_was_missed_long_ago_is_no_longer_on_the_list() -> None:
    # Due 90 days before the cutoff is too old, 89 is not.
    assert asked(("planned", "2025-09-19")) == []
    assert asked(("planned", "2025-09-20")) == [(OURS, "2025-10-04")]


def test_when_it_is_due_is_for_the_policy_to_say() -> None:
    policy = TierPolicy.parse({"version": "1", "queue": {"follow_up_days": 3}})
    assert asked(("reactive", "2025-12-31 17:20"), policy=policy) == [(ANSWER, "2026-01-03")]


def test_a_row_says_whose_account_it_is_and_whether_it_is_late() -> None:
    rows = contacts_of(
        ("b", "planned", "2025-12-31 08:00"),
        ("a", "reactive", "2025-12-01 10:00"),
        ("c", "planned", "2025-12-18"),
        ("stranger", "reactive", "2025-12-01"),
    )
    found = follow_ups(frame_of("a", "b", "c"), rows, POLICY, AS_OF)
    assert found.dtypes.astype(str).to_dict() == FOLLOW_UP_TYPES
    assert found["account_id"].tolist() == ["a", "c", "b"]
    assert found["overdue"].tolist() == [True, False, False]  # what is due today is not late
    assert found.loc[0].to_dict() == {
        "account_id": "a",
        "as_of": NOW,
        "tier": "A",
        "owner": "Ada",
        "reason": ANSWER,
        "contact": pd.Timestamp("2025-12-01 10:00"),
        "due": pd.Timestamp("2025-12-15"),
        "overdue": True,
    }


def test_the_list_is_worked_from_the_highest_tier_of_the_policy_down() -> None:
    tiers = [{"name": "Top", "top_share": 0.1}, {"name": "Key", "top_share": 0.3}, {"name": "Any"}]
    policy = TierPolicy.parse({"version": "1", "tiers": tiers})
    frame = frame_of("a", "b", "c", "d", "e").assign(tier=["Any", "Key", "Top", "Key", "Top"])
    days = {
        "a": "2025-11-01",
        "b": "2025-12-20",
        "c": "2025-12-30",
        "d": "2025-12-10",
        "e": "2025-12-30",
    }
    rows = contacts_of(*[(who, "reactive", when) for who, when in days.items()])
    found = follow_ups(frame, rows, policy, AS_OF)
    assert found["account_id"].tolist() == ["c", "e", "d", "b", "a"]
    assert found["tier"].tolist() == ["Top", "Top", "Key", "Key", "Any"]


def test_without_contacts_the_table_is_empty_and_typed() -> None:
    row = contacts_of(("a", "reactive", "2025-12-10"))
    nobody = frame_of("a").head(0)
    for frame, rows in ((frame_of("a"), None), (frame_of("a"), row.head(0)), (nobody, row)):
        found = follow_ups(frame, rows, POLICY, AS_OF)
        assert len(found) == 0
        assert found.dtypes.astype(str).to_dict() == FOLLOW_UP_TYPES


CONTACT = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from(["planned", "ad_hoc", "reactive"]),
    st.integers(1, 140),
)


def expected_of(rows: list[tuple]) -> tuple[str, pd.Timestamp] | None:
    """Say in plain Python what one account waits for: (initiative, days ago) of its contacts."""
    for kind, reason in (("reactive", ANSWER), ("planned", OURS)):
        ago = [days for initiative, days in rows if initiative == kind]
        later = [days for initiative, days in rows if initiative != "reactive"]
        if ago and not any(days < min(ago) for days in later):
            due = NOW - pd.Timedelta(days=min(ago) - 14)
            return (reason, due) if min(ago) - 14 < 90 else None
    return None


@QUICK
@given(rows=st.lists(CONTACT, min_size=1, max_size=9, unique=True), data=st.data())
def test_each_account_waits_for_one_thing_at_most(rows: list[tuple], data) -> None:
    ledger = contacts_of(*[(who, how, NOW - pd.Timedelta(days=ago)) for who, how, ago in rows])
    found = follow_ups(frame_of("a", "b", "c"), ledger, POLICY, AS_OF)
    wanted = {who: expected_of([row[1:] for row in rows if row[0] == who]) for who in "abc"}
    told = zip(found["account_id"], found["reason"], found["due"], strict=True)
    assert {who: (why, due) for who, why, due in told} == {
        who: one for who, one in wanted.items() if one is not None
    }
    mixed = ledger.iloc[data.draw(st.permutations(range(len(ledger))))]
    again = follow_ups(frame_of("c", "a", "b"), mixed, POLICY, AS_OF)
    pd.testing.assert_frame_equal(again, found)


def plan_of(*days: str) -> pd.DataFrame:
    due = pd.to_datetime(pd.Series(days), format="ISO8601")
    names = [f"{at}" for at in range(len(days))]
    return pd.DataFrame({"account_id": names, "touch": "visit", "next_due": due})


def test_what_falls_due_soon_is_to_be_prepared_and_what_is_late_first() -> None:
    plan = plan_of("2026-01-14 23:59", "2026-01-15", "2025-06-01", "2026-01-01")
    assert preparations(plan, AS_OF)["account_id"].tolist() == ["2", "3", "0"]
    assert preparations(plan, AS_OF, days=15)["account_id"].tolist() == ["2", "3", "0", "1"]
    assert preparations(plan.head(0), AS_OF).columns.tolist() == plan.columns.tolist()


def test_preparations_are_rows_of_the_touch_plan() -> None:
    touch = {"name": "visit", "per_year": 4.0}
    tiers = [{"name": "A", "share_of_accounts": 0.5, "touches": [touch]}, {"name": "B"}]
    policy = TierPolicy.parse({"version": "1", "tiers": tiers})
    rows = contacts_of(("a", "planned", "2025-10-10"), ("b", "planned", "2025-12-30"))
    rows = rows.assign(kind="visit", touches=1.0)
    plan = touch_plan(frame_of("a", "b", "c"), rows, policy, AS_OF)
    # 91 days after 10 October is 9 January; c was never visited and is due now.
    assert preparations(plan, AS_OF)["account_id"].tolist() == ["c", "a"]
