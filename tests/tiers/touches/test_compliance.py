from __future__ import annotations

from collections import defaultdict
from math import floor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.coverage.owners import NOBODY
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.touches.compliance import (
    ALL,
    COMPLIANCE_TYPES,
    LEDGER_TYPES,
    PLAN_TYPES,
    compliance,
    ledger,
    touch_plan,
    unmatched_touches,
)

QUICK = settings(max_examples=50, deadline=None, derandomize=True)
AS_OF = Cutoff.parse("2026-01-01")
NOW = pd.Timestamp(AS_OF.at)
REVIEW = {"name": "quarterly business review", "per_year": 4.0, "kinds": ["meeting"]}
PRACTICE = {"name": "best practice", "per_year": 12.0, "kinds": ["meeting", "call"]}
VISIT = {"name": "site visit", "per_year": 2.0}
LADDER = [
    {"name": "A", "share_of_accounts": 0.1, "touches": [REVIEW, PRACTICE]},
    {"name": "B", "share_of_accounts": 0.5, "touches": [VISIT]},
    {"name": "C"},
]
LEDGER_KINDS = {
    "account_id": "str",
    "kind": "str",
    "initiative": "str",
    "touches": "float64",
    "last": "datetime64[us]",
}


def policy_of(tiers: list[dict] | None = None) -> TierPolicy:
    return TierPolicy.parse({"version": "1", "tiers": tiers or LADDER})


def frame_of(rows: list[tuple], **facts) -> pd.DataFrame:
    """Accounts of (id, tier, owner)."""
    table = pd.DataFrame(rows, columns=["account_id", "tier", "owner"])
    told = table[["account_id", "tier"]].astype("str")
    known = table[["account_id", "owner"]].astype({"account_id": "str"}).assign(**facts)
    return account_frame(told, told, known, Horizon.parse("1 year"))


def touches_of(*rows: tuple) -> pd.DataFrame:
    """A ledger of (account, kind, initiative, touches, last)."""
    table = pd.DataFrame(rows, columns=list(LEDGER_KINDS))
    table["last"] = pd.to_datetime(table["last"], format="ISO8601")
    return table.astype(LEDGER_KINDS)


BOOK = [("a", "A", "Ada"), ("b", "B", "Bob"), ("c", "C", "Ada"), ("d", "A", None)]


def test_what_was_done_is_set_beside_what_was_planned() -> None:
    ledger_rows = touches_of(
        ("b", "site visit", "planned", 1.0, "2025-03-01 09:30"),
        ("b", "site visit", "ad_hoc", 7.0, "2025-12-01"),  # not what was planned
        ("b", "meeting", "planned", 7.0, "2025-12-01"),  # nothing of tier B
        ("stranger", "site visit", "planned", 7.0, "2025-12-01"),
    )
    plan = touch_plan(frame_of(BOOK), ledger_rows, policy_of(), AS_OF).set_index("account_id")
    # Half a year is 182 whole days of 182.625.
    assert plan.loc["b"].to_dict() == {
        "as_of": NOW,
        "tier": "B",
        "owner": "Bob",
        "touch": "site visit",
        "kinds": "site visit",
        "planned": 2.0,
        "done": 1.0,
        "share_done": 0.5,
        "last": pd.Timestamp("2025-03-01 09:30"),
        "next_due": pd.Timestamp("2025-08-30 09:30"),
        "overdue": True,
    }
    # Nothing is planned in tier C, and since when those in A are ours is not known: not overdue yet.
    assert plan.index.tolist() == ["a", "a", "b", "d", "d"]
    assert (plan.loc["a", "next_due"] == NOW).all()
    assert not plan.loc["a", "overdue"].any()
    assert plan.loc["a", "done"].tolist() == [0.0, 0.0]
    assert pd.isna(plan.loc["d", "owner"]).all()


def test_touches_that_share_a_kind_divide_its_contacts_as_they_are_planned() -> None:
    found = touch_plan(
        frame_of(BOOK[:1]),
        touches_of(
            ("a", "meeting", "planned", 8.0, "2025-11-01"),
            ("a", "call", "planned", 3.0, "2025-12-20"),
        ),
        policy_of(),
        AS_OF,
    )
    assert found["touch"].tolist() == ["quarterly business review", "best practice"]
    assert found["kinds"].tolist() == ["meeting", "meeting, call"]
    # 4 : 12 of eight meetings are two reviews and six best-practice meetings, which calls count for too.
    assert found["done"].tolist() == [2.0, 9.0]
    assert found["share_done"].tolist() == [0.5, 0.75]
    assert found["last"].tolist() == [pd.Timestamp("2025-11-01"), pd.Timestamp("2025-12-20")]
    assert found["next_due"].tolist() == [pd.Timestamp("2026-01-31"), pd.Timestamp("2026-01-19")]


def test_more_than_planned_is_done_in_full_and_no_more() -> None:
    rows = touches_of(("b", "site visit", "planned", 5.0, "2025-12-01"))
    plan = touch_plan(frame_of(BOOK[1:2]), rows, policy_of(), AS_OF)
    assert plan.loc[0, ["done", "share_done"]].tolist() == [5.0, 1.0]
    assert compliance(plan)["done"].tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("touches", "facts", "done"),
    [
        (None, {}, np.nan),
        (touches_of(), {}, np.nan),
        # The book keeps a log, in which nothing happened for a year.
        (None, {"planned_12m": 0.0}, 0.0),
        (touches_of(), {"planned_12m": 0.0}, 0.0),
        # Nobody wrote down whose initiative a contact was.
        (touches_of(("b", "site visit", None, 2.0, "2025-12-01")), {"planned_12m": 0.0}, np.nan),
        (touches_of(("b", "site visit", "reactive", 2.0, "2025-12-01")), {}, 0.0),
    ],
)
def test_nothing_done_is_not_the_same_as_nothing_known(touches, facts, done) -> None:
    plan = touch_plan(frame_of(BOOK[1:2], **facts), touches, policy_of(), AS_OF)
    assert plan.loc[0, "done"] == pytest.approx(done, nan_ok=True)
    assert plan.loc[0, "share_done"] == pytest.approx(done / 2.0, nan_ok=True)
    assert plan.loc[0, "next_due"] == NOW
    assert compliance(plan)["share_done"].tolist() == pytest.approx([done / 2.0] * 2, nan_ok=True)


@pytest.mark.parametrize(
    ("per_year", "facts", "due"),
    [
        # Ours for years: it was due its part of a year after the ledger began.
        (4.0, {"first_order": "2020-05-01"}, "2025-04-02"),
        (12.0, {"first_order": "2020-05-01"}, "2025-01-31"),
        (1.5, {"first_order": "2020-05-01"}, "2025-09-01"),
        # Once a year or less often may have been just before that.
        (1.0, {"first_order": "2020-05-01"}, "2026-01-01"),
        (0.5, {"first_order": "2020-05-01"}, "2026-01-01"),
        # Ours since a while or since just now.
        (4.0, {"first_order": "2025-06-01"}, "2025-08-31"),
        (4.0, {"first_order": "2025-10-02"}, "2026-01-01"),
        (4.0, {"first_order": "2025-12-20"}, "2026-01-01"),
        # A contract of a year ago says it too.
        (4.0, {"first_order": "2025-12-20", "arr_12m_ago": 9.0}, "2025-04-02"),
        (4.0, {"arr_12m_ago": 9.0}, "2025-04-02"),
        # Nothing says since when.
        (4.0, {"arr_12m_ago": 0.0}, "2026-01-01"),
        (4.0, {}, "2026-01-01"),
    ],
)
def test_a_touch_that_was_never_done_is_late_once_it_had_its_time(per_year, facts, due) -> None:
    tiers = [{"name": "A", "top_share": 0.1, "touches": [VISIT | {"per_year": per_year}]}]
    policy = policy_of([*tiers, {"name": "B"}])
    frame = frame_of(BOOK[:1], **facts)
    rows = touches_of(("stranger", "site visit", "planned", 1.0, "2025-12-01"))
    plan = touch_plan(frame, rows, policy, AS_OF)
    assert plan.loc[0, "done"] == 0.0
    assert plan.loc[0, "next_due"] == pd.Timestamp(due)
    assert plan.loc[0, "overdue"] == (due < "2026-01-01")
    # What nobody knows of is not held against anybody.
    for unknown in (None, rows.assign(kind="visite")):
        plan = touch_plan(frame, unknown, policy, AS_OF)
        assert plan["done"].isna().all()
        assert plan["next_due"].tolist() == [NOW]
        assert not plan["overdue"].any()


@pytest.mark.parametrize(
    ("per_year", "days"), [(366.0, 1), (365.0, 1), (12.0, 30), (4.0, 91), (1.0, 365), (0.5, 730)]
)
def test_a_touch_is_due_again_after_its_part_of_a_year(per_year: float, days: int) -> None:
    tiers = [{"name": "A", "share_of_accounts": 0.1, "touches": [VISIT | {"per_year": per_year}]}]
    rows = touches_of(("a", "site visit", "planned", 1.0, "2025-12-01"))
    plan = touch_plan(frame_of(BOOK[:1]), rows, policy_of([*tiers, {"name": "B"}]), AS_OF)
    assert plan.loc[0, "next_due"] == pd.Timestamp("2025-12-01") + pd.Timedelta(days=days)
    assert plan.loc[0, "overdue"] == (days < 31)


def test_without_touches_or_accounts_the_tables_are_empty_and_typed() -> None:
    bare = policy_of([{"name": "A", "share_of_accounts": 0.1}, {"name": "B"}])
    rows = touches_of(("a", "meeting", "planned", 1.0, "2025-12-01"))
    for frame, policy in ((frame_of(BOOK), bare), (frame_of([]), policy_of())):
        plan = touch_plan(frame, rows, policy, AS_OF)
        assert plan.dtypes.astype(str).to_dict() == PLAN_TYPES
        assert len(plan) == 0
        told = compliance(plan)
        assert told.dtypes.astype(str).to_dict() == COMPLIANCE_TYPES
        assert len(told) == 0


def test_compliance_adds_up_by_tier_and_owner_the_tier_first() -> None:
    rows = touches_of(
        ("a", "meeting", "planned", 16.0, "2025-07-01"),  # all reviews, and all best practice
        ("d", "call", "planned", 4.0, "2025-12-31"),
        ("b", "site visit", "planned", 1.0, "2025-12-01"),
    )
    told = compliance(touch_plan(frame_of(BOOK), rows, policy_of(), AS_OF))
    assert told[["tier", "owner", "accounts", "planned", "done", "overdue"]].values.tolist() == [
        ["A", ALL, 2, 32.0, 20.0, 2],
        ["A", NOBODY, 1, 16.0, 4.0, 0],
        ["A", "Ada", 1, 16.0, 16.0, 2],
        ["B", ALL, 1, 2.0, 1.0, 0],
        ["B", "Bob", 1, 2.0, 1.0, 0],
    ]
    assert told["share_done"].tolist() == [0.625, 0.25, 1.0, 0.5, 0.5]


def test_the_ledger_says_by_whose_initiative_an_account_was_met() -> None:
    frame = frame_of(
        [("b", "A", None), ("a", "A", None), ("c", "A", None)],
        planned_12m=[3.0, 0.0, np.nan],
        ad_hoc_12m=[1.0, 0.0, np.nan],
        reactive_12m=[2.0, 0.0, np.nan],
        hours_12m=[4.5, 0.0, np.nan],
    )
    told = ledger(frame)
    assert told.dtypes.astype(str).to_dict() == LEDGER_TYPES
    assert told["account_id"].tolist() == ["a", "b", "c"]
    assert told.loc[1].tolist() == ["b", 3.0, 1.0, 2.0, 4.5, 0.5]
    # Nothing happened is 0, nothing known is missing; neither has a share.
    assert told.loc[0, ["planned", "hours"]].tolist() == [0.0, 0.0]
    assert told.loc[2, ["planned", "ad_hoc", "reactive", "hours"]].isna().all()
    assert told["planned_share"].isna().tolist() == [True, False, True]
    assert len(ledger(frame_of([]))) == 0


CONTACT = st.tuples(
    st.sampled_from("abcx"),
    st.sampled_from(["meeting", "call", "site visit"]),
    st.sampled_from(["planned", "ad_hoc", "reactive", None]),
)
COUNTED = st.tuples(st.integers(1, 20), st.integers(1, 365))


def expected_plan(
    accounts: list[tuple], rows: list[tuple], policy: TierPolicy
) -> dict[tuple, tuple]:
    """Say in plain Python what was done of each touch, and when it is due."""
    tiers = {tier.name: tier for tier in policy.tiers}
    found = {}
    for account, name, _ in accounts:
        rivals: dict[str, float] = defaultdict(float)
        for touch in tiers[name].touches:
            for kind in touch.counted:
                rivals[kind] += touch.per_year
        for touch in tiers[name].touches:
            mine = [
                row
                for row in rows
                if row[0] == account and row[1] in touch.counted and row[2] == "planned"
            ]
            done = sum(row[3] * touch.per_year / rivals[row[1]] for row in mine)
            if not {row[1] for row in rows} & set(touch.counted):
                done = np.nan  # the ledger knows no such kind
            due = NOW
            if mine:
                due = max(row[4] for row in mine)
                due += pd.Timedelta(days=floor(365.25 / touch.per_year))
            found[account, touch.name] = (done, due)
    return found


@QUICK
@given(rows=st.dictionaries(CONTACT, COUNTED, min_size=1), data=st.data())
def test_the_plan_is_what_counting_by_hand_says(rows: dict, data) -> None:
    accounts = [("a", "A", None), ("b", "B", "Bob"), ("c", data.draw(st.sampled_from("ABC")), None)]
    told = [
        (*key, float(count), NOW - pd.Timedelta(days=ago)) for key, (count, ago) in rows.items()
    ]
    if all(row[2] is None for row in told):
        told.append(("x", "call", "reactive", 1.0, NOW - pd.Timedelta(days=1)))
    plan = touch_plan(frame_of(accounts), touches_of(*told), policy_of(), AS_OF)
    wanted = expected_plan(accounts, told, policy_of())
    keys = list(zip(plan["account_id"], plan["touch"], strict=True))
    assert set(keys) == set(wanted)
    assert len(keys) == len(wanted)
    done = pytest.approx([wanted[key][0] for key in keys], nan_ok=True)
    assert plan["done"].tolist() == done
    assert plan["next_due"].tolist() == [wanted[key][1] for key in keys]
    assert (plan["overdue"] == (plan["next_due"] < NOW)).all()
    assert plan["share_done"].dropna().between(0.0, 1.0).all()

    mixed = data.draw(st.permutations(range(len(told))))
    again = touch_plan(
        frame_of(accounts[::-1]), touches_of(*[told[at] for at in mixed]), policy_of(), AS_OF
    )
    pd.testing.assert_frame_equal(again, plan)


@QUICK
@given(rows=st.dictionaries(CONTACT, COUNTED, min_size=1))
def test_what_owners_did_adds_up_to_what_their_tier_did(rows: dict) -> None:
    told = [(*key, float(count), NOW) for key, (count, _) in rows.items()]
    told.append(("x", "call", "planned", 1.0, NOW))
    table = compliance(touch_plan(frame_of(BOOK), touches_of(*told), policy_of(), AS_OF))
    whole = table[table["owner"] == ALL].set_index("tier")
    parts = table[table["owner"] != ALL].groupby("tier")
    for name in ("accounts", "planned", "done", "overdue"):
        sums = parts[name].sum(min_count=1).to_dict()
        assert sums == pytest.approx(whole[name].to_dict(), nan_ok=True)
    known = table.dropna(subset=["done"])
    assert (known["done"] <= known["planned"]).all()
    assert known["share_done"].between(0.0, 1.0).all()


def test_a_touch_that_the_ledger_calls_otherwise_is_named_and_not_held_against_anybody():
    tiers = [
        {"name": "A", "top_share": 0.5, "touches": [{"name": "QBR", "per_year": 4.0}]},
        {"name": "B"},
    ]
    policy = TierPolicy.parse({"version": "1", "tiers": tiers})
    told = pd.DataFrame({"account_id": ["a"], "tier": ["A"]})
    frame = account_frame(told, told, None, Horizon.parse("1 year"))
    row = {"account_id": "a", "kind": "meeting", "initiative": "planned", "touches": 3.0}
    ledger = pd.DataFrame([row | {"last": pd.Timestamp(2025, 12, 1)}])
    plan = touch_plan(frame, ledger, policy, Cutoff.parse("2026-01-01"))
    assert plan["done"].isna().all()
    assert unmatched_touches(ledger, policy) == [
        "touch 'QBR' counts interactions of the kind QBR, and the book has none; its kinds are meeting"
    ]
    assert unmatched_touches(ledger.assign(kind="QBR"), policy) == []
    assert unmatched_touches(None, policy) == []


def test_several_kinds_are_named_together_and_of_many_kinds_the_first() -> None:
    touch = {"name": "health check", "per_year": 1.0, "kinds": ["health check", "audit"]}
    # The same touch in two tiers is said once; under its name another tier may count other kinds.
    tiers = [
        {"name": "A", "top_share": 0.1, "touches": [touch]},
        {"name": "B", "top_share": 0.5, "touches": [touch]},
        {"name": "C", "touches": [touch | {"kinds": ["call"]}]},
    ]
    kinds = ["call", *[f"kind {at:02d}" for at in range(20)]]
    rows = touches_of(*[("a", kind, "ad_hoc", 1.0, "2025-12-01") for kind in kinds])
    (said,) = unmatched_touches(rows, policy_of(tiers))
    assert said.startswith(
        "touch 'health check' counts interactions of the kinds health check, audit, and the book has none"
    )
    assert said.endswith("kind 09, kind 10 and 9 more")


def test_a_name_that_counts_other_kinds_in_another_tier_is_known_there() -> None:
    tiers = [
        {"name": "A", "top_share": 0.5, "touches": [VISIT | {"kinds": ["meeting"]}]},
        {"name": "B", "touches": [VISIT]},
    ]
    rows = touches_of(("a", "meeting", "planned", 1.0, "2025-12-01"))
    plan = touch_plan(frame_of(BOOK[:2]), rows, policy_of(tiers), AS_OF)
    assert plan["done"].tolist() == pytest.approx([1.0, np.nan], nan_ok=True)
    assert len(unmatched_touches(rows, policy_of(tiers))) == 1


def test_a_share_is_of_the_touches_of_which_is_known_what_was_done() -> None:
    tiers = [{"name": "A", "top_share": 0.5, "touches": [VISIT, REVIEW]}, {"name": "B"}]
    rows = touches_of(("a", "meeting", "planned", 3.0, "2025-12-01"))
    told = compliance(touch_plan(frame_of(BOOK[:1]), rows, policy_of(tiers), AS_OF))
    figures = ["planned", "judged", "done", "share_done"]
    assert told[figures].values.tolist() == [[6.0, 4.0, 3.0, 0.75]] * 2
    nothing = compliance(touch_plan(frame_of(BOOK[:1]), None, policy_of(tiers), AS_OF))
    assert nothing["judged"].tolist() == [0.0, 0.0]
    assert nothing[["done", "share_done"]].isna().all(axis=None)


@QUICK
@given(
    counts=st.tuples(*[st.integers(0, 40)] * 2),
    per_year=st.lists(st.sampled_from([0.5, 1.0, 3.0, 4.0, 12.0]), min_size=1, max_size=4),
)
def test_shared_contacts_are_all_counted_and_none_twice(counts, per_year) -> None:
    shared = [
        {"name": f"touch {at}", "per_year": often, "kinds": ["meeting", "call"]}
        for at, often in enumerate(per_year)
    ]
    tiers = [{"name": "A", "top_share": 0.5, "touches": shared}, {"name": "B"}]
    rows = touches_of(
        ("a", "meeting", "planned", float(counts[0]), "2025-12-01"),
        ("a", "call", "planned", float(counts[1]), "2025-12-02"),
    )
    plan = touch_plan(frame_of(BOOK[:1]), rows, policy_of(tiers), AS_OF)
    assert plan["done"].sum() == pytest.approx(sum(counts))
