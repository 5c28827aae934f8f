"""What a replay says on one screen."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.reporting.plan_lines import (
    NAMED,
    capacity_lines,
    line_lines,
    mover_lines,
    who_moves,
)
from valuemodel.tiers.assignment import Assignment
from valuemodel.tiers.capacity import capacity
from valuemodel.tiers.lines import Line
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.segments import line_table

VISIT = {"name": "visit", "per_year": 50, "hours": 4.0}
HEADS = {"name": "A", "heads": 3.0, "touches": [VISIT]}
PLAIN = TierPolicy.parse({"version": "1"})


def said_of(*lines: Line, policy: TierPolicy = PLAIN, segments: tuple[Line, ...] = ()) -> list[str]:
    n = lines[-1].accounts
    nobody = np.zeros(n, dtype=np.int64)
    found = Assignment(
        tier=nobody,
        rank=nobody,
        rule=np.full(n, "rest", dtype=object),
        lines=lines,
        segment_lines=segments,
    )
    return [*line_lines(line_table(found, policy), policy)]


def test_each_tier_says_what_it_holds_itself_and_which_rule_drew_its_line():
    assert said_of(
        Line("A", 1, 0.25, "accounts", allows={"value": 1_200, "accounts": 1}),
        Line("B", 1_001, 0.75, "value", allows={"value": 1_001}),
        Line("C", 1_501, 1.0, "rest"),
    ) == [
        "tier A: 1 account, 25% of predicted value; line drawn by: cap on accounts "
        "(down to it, each rule alone: share of value 1,200, cap on accounts 1)",
        "tier B: 1,000 accounts, 50% of predicted value; line drawn by: share of value "
        "(down to it, each rule alone: share of value 1,001)",
        "tier C: 500 accounts, 25% of predicted value; line drawn by: the rest",
    ]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        *(("top", "top share of accounts"), ("people", "people"), ("optimise", "the optimum")),
        ("segments", "differs by segment"),
    ],
)
def test_every_rule_has_words(rule, said):
    first, _ = said_of(Line("A", 1, 0.5, rule), Line("B", 2, 1.0, "rest"))
    assert first.endswith(f"line drawn by: {said}")


def test_without_predicted_value_no_share_of_it_is_told():
    none = float("nan")
    assert said_of(Line("A", 1, none, "top"), Line("B", 2, none, "rest")) == [
        "tier A: 1 account; line drawn by: top share of accounts",
        "tier B: 1 account; line drawn by: the rest",
    ]


def test_each_segment_is_counted_from_its_own_top():
    whole = (Line("A", 3, 0.5, "segments"), Line("B", 10, 1.0, "rest"))
    toys = (Line("A", 2, 0.9, "top", "toys\x1b[2J"), Line("B", 6, 1.0, "rest", "toys\x1b[2J"))
    lines = said_of(*whole, segments=toys)
    assert [line.partition(",")[0] for line in lines] == [
        *("tier A: 3 accounts", "tier B: 7 accounts", "toys\ufffd[2J:"),
        *("tier A: 2 accounts", "tier B: 4 accounts"),
    ]


@pytest.mark.parametrize(
    ("stability", "said"),
    [
        ({}, []),
        ({"band": 0.1}, ["stability: a band of 10% between entering and staying"]),
        ({"minimum_stay_months": 1}, ["stability: a stay of at least 1 month"]),
        ({"events": ["contract_lost"]}, []),
        (
            {"review_only": True, "events": ["contract_lost", "first_order"]},
            [
                "stability: moves on reviews only, every 3 months; "
                "moves at any time after: contract lost, first order"
            ],
        ),
        ({"movement_budget": 0.0}, ["stability: at most 0% of accounts move at a review"]),
    ],
)
def test_what_keeps_accounts_from_moving_is_told(stability, said):
    policy = TierPolicy.parse({"version": "1", "review_months": 3, "stability": stability})
    whole = (Line("A", 1, 0.5, "top"), Line("B", 2, 1.0, "rest"))
    assert said_of(*whole, policy=policy)[2:] == said


def test_hours_and_people_are_those_of_the_capacity_table():
    policy = TierPolicy.parse(
        {
            "version": "1",
            "capacity": {"productive_hours": 1_000.0},
            "tiers": [HEADS, {"name": "B", "touches": [VISIT | {"per_year": 1}]}],
        }
    )
    assert [*capacity_lines(capacity({"A": 10, "B": 100}, policy))] == [
        "tier A: 2,000 hours a year, 2.0 people needed, 3 there",
        "tier B: 400 hours a year, 0.4 people needed",
        "all tiers: 2,400 hours a year, 2.4 people needed, 3 there",
    ]


def test_hours_are_told_without_people_where_nobody_says_how_long_a_year_is():
    tiers = [{"name": "A", "top_share": 0.5, "touches": [VISIT]}, {"name": "B"}]
    policy = TierPolicy.parse({"version": "1", "tiers": tiers})
    assert [*capacity_lines(capacity({"A": 1, "B": 5}, policy))] == [
        *("tier A: 200 hours a year", "all tiers: 200 hours a year"),
    ]


def test_where_no_touch_says_how_long_it_takes_nothing_is_said():
    assert [*capacity_lines(capacity({"A": 3}, PLAIN))] == []


def run_of(**tiers: str) -> pd.DataFrame:
    told = pd.DataFrame({"account_id": list(tiers), "tier": list(tiers.values())}, dtype="str")
    return told.assign(tier_probability=0.5, binding_rule="value")


def frame_of(**values: float) -> pd.DataFrame:
    table = pd.DataFrame({"account_id": list(values), "value": list(values.values())})
    table = table.astype({"account_id": "str", "value": "float64"})
    return table.assign(name=table["account_id"].str.upper(), owner=None)


def test_who_stands_elsewhere_is_named_with_both_tiers_the_highest_value_first():
    before = run_of(a="A", b="A", c="B", d="B")
    now = run_of(d="A", c="A", b="A", a="B")
    moved = who_moves(now, before, frame_of(a=5.0, b=99.0, c=7.0, d=5.0))
    assert list(moved) == [
        *("account_id", "name", "owner", "published_tier", "tier", "value"),
        *("tier_probability", "binding_rule"),
    ]
    assert moved[["account_id", "name", "published_tier", "tier", "value"]].values.tolist() == [
        ["c", "C", "B", "A", 7.0],
        ["a", "A", "A", "B", 5.0],
        ["d", "D", "B", "A", 5.0],
    ]


def test_accounts_that_only_one_run_has_did_not_move():
    moved = who_moves(run_of(a="A", new="A"), run_of(a="A", gone="B"), frame_of(a=1.0, new=2.0))
    assert moved.empty
    assert [*mover_lines(moved, "EUR")] == ["nobody moves against the published run"]


TIERS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("AB"))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(TIERS, TIERS)
def test_moves_are_those_that_comparing_by_hand_gives_in_any_order_of_rows(earlier, later):
    now, before, frame = run_of(**later), run_of(**earlier), frame_of(**dict.fromkeys(later, 1.0))
    moved = who_moves(now, before, frame)
    expected = sorted(one for one in later if earlier.get(one, later[one]) != later[one])
    assert moved["account_id"].tolist() == expected
    pd.testing.assert_frame_equal(
        moved, who_moves(now.iloc[::-1], before.iloc[::-1], frame.iloc[::-1])
    )


def moves_of(n: int, **said) -> pd.DataFrame:
    ids = [f"id{at}" for at in range(n)]
    table = pd.DataFrame({"account_id": ids, "name": "Acme", "value": 61_700.0})
    return table.assign(**{"published_tier": "B", "tier": "A", **said})


def test_moves_are_counted_by_direction_and_the_first_are_named():
    n = NAMED + 1_000
    first, *named, last = mover_lines(moves_of(n), "GBP")
    assert first == f"{n:,} accounts move against the published run: B to A: {n:,}"
    assert named == [f"  id{at} (Acme): B to A, £61.7k expected" for at in range(NAMED)]
    assert last == "  ... and 1,000 more, in who_moves.csv"


def test_up_and_down_are_told_apart():
    moves = moves_of(3, published_tier=["A", "B", "B"], tier=["B", "A", "A"])
    assert next(mover_lines(moves, "EUR")).endswith(": A to B: 1, B to A: 2")


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_an_account_without_a_name_is_known_by_its_id_and_one_without_value_says_so(missing):
    _, line = mover_lines(moves_of(1, name=missing, value=float("nan")), "EUR")
    assert line == "  id0: B to A, not known expected"


@pytest.mark.parametrize(
    "text",
    [
        *("\x1b[2J\x1b[31mred", "\x9b31m", "bell\x07", "nul\x00byte", "back\x08\x08space"),
        *("two\nlines", "carriage\rreturn", "\u2028line", "\u2029paragraph", "tab\tand\x0bmore"),
        *("abc\u202egpj.exe", "\u2066isolate", "zero\u200bwidth", "\ufeffmark", "x" * 10_000),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_text_of_others_neither_hides_anything_nor_fills_the_screen(text):
    lines = [*mover_lines(moves_of(2, name=text, account_id=[text, f"{text}2"]), "EUR")]
    assert len(lines) == 3
    for line in lines:
        kinds = {unicodedata.category(letter) for letter in line}
        assert not kinds & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        assert len(line) < 160
