"""Times are possible, and nothing is known before it happened; but a contract may be signed ahead."""

from __future__ import annotations

from datetime import datetime

import ibis
import pyarrow as pa
import pytest

from valuemodel.periods import Cutoff, Horizon
from valuemodel.settings import DatedSection
from valuemodel.tables.raw import FILE, ROW, RawTable
from valuemodel.tables.times import LATEST, judge_time, known_from, known_repairs, latest
from valuemodel.tables.validation import RULE, start


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def rows_of(**columns):
    size = len(next(iter(columns.values())))
    table = pa.table(columns | {FILE: ["t"] * size, ROW: list(range(size))})
    raw = RawTable("usage", ibis.memtable(table), None, ())
    return start(raw, DatedSection(source="t.csv"), {name: name for name in columns}, "UTC")


def judged(rows, **values):
    rows.columns |= values
    return rows.judged().table.order_by(ROW).to_pyarrow().to_pylist()


def test_the_clock_leaves_a_day_for_zones_and_late_clocks():
    assert latest(Cutoff.parse("2024-05-01 12:00")) == Cutoff.parse("2024-05-02 12:00")
    assert latest(None) == LATEST


def test_times_outside_of_the_bounds_are_impossible():
    rows = rows_of(time=["1989-12-31", "1990-01-01", "2024-05-01", "2024-05-02", "x", None])
    parsed = judge_time(rows, "time", Cutoff.parse("2024-05-02"))
    found = [row[RULE] for row in judged(rows, time=parsed.value)]
    assert found == ["impossible_time", None, None, "impossible_time", "unreadable_time", None]


def test_an_end_beyond_all_times_is_none():
    rows = rows_of(end=["2199-12-31", "2200-01-01", "9999-12-31"])
    parsed = judge_time(rows, "end", LATEST, open_ended=True)
    found = judged(rows, end=parsed.value)
    assert [row["end"] for row in found] == [at("2199-12-31"), None, None]
    assert [row["repair far_end_taken_as_none"] for row in found] == [False, True, True]
    assert {row[RULE] for row in found} == {None}


@pytest.mark.parametrize(
    ("ahead", "known", "repaired"),
    [
        (False, ["2024-01-05", "2024-01-01", "2024-01-03"], [False, True, False]),
        (True, ["2024-01-05", "2023-12-01", "2024-01-03"], [False, False, False]),
    ],
)
def test_what_a_row_says_of_itself_holds_unless_it_is_before_its_event(ahead, known, repaired):
    rows = rows_of(time=["2024-01-01"] * 3, known_at=["2024-01-05", "2023-12-01", None])
    event = judge_time(rows, "time", LATEST).value
    own = judge_time(rows, "known_at", LATEST)
    rows.repaired(known_repairs(event, own, "time", ahead=ahead))
    found = judged(rows, known_at=known_from(event, own, Horizon.parse("2 days"), ahead=ahead))
    assert [row["known_at"] for row in found] == [at(text) for text in known]
    moved = [row.get("repair known_at_moved_to_time", False) for row in found]
    assert moved == repaired
    assert [row["repair known_at_taken_from_time"] for row in found] == [False, False, True]


def test_without_a_word_a_row_is_known_when_it_happens_or_a_delay_later():
    rows = rows_of(time=["2024-01-31"])
    event = judge_time(rows, "time", LATEST).value
    found = judged(
        rows, at_once=known_from(event, None, None),
        late=known_from(event, None, Horizon.parse("1 month"), ahead=True),
    )  # fmt: skip
    assert (found[0]["at_once"], found[0]["late"]) == (at("2024-01-31"), at("2024-02-29"))
