"""A book reaches from its first event to the day after the last; a contract signed ahead adds none."""

from __future__ import annotations

from datetime import datetime

import ibis
import pyarrow as pa
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.periods import Cutoff
from valuemodel.tables.span import span_of

NONE = ibis.memtable(pa.table({"time": pa.array([], pa.timestamp("us"))}))


def at(text):
    return None if text is None else datetime.fromisoformat(text)


def sales(*times):
    return ibis.memtable(pa.table({"time": pa.array([at(t) for t in times], pa.timestamp("us"))}))


def contracts(*rows):
    """Rows of start, known_at and cancelled_at."""
    names = ("start", "known_at", "cancelled_at")
    columns = {
        name: pa.array([at(row[place]) for row in rows], pa.timestamp("us"))
        for place, name in enumerate(names)
    }
    return ibis.memtable(pa.table(columns))


def until(*rows, now=None):
    return span_of(NONE, contracts(*rows), at_clock(now)).complete_until.text


def at_clock(text):
    return None if text is None else Cutoff.parse(text)


def test_transactions_decide_where_there_are_some():
    terms = contracts(("2019-01-01", "2019-01-01", None), ("2026-01-01", "2025-06-01", None))
    found = span_of(sales("2024-03-01 10:00", "2024-05-31 23:59"), terms)
    assert (found.first.text, found.last.text) == ("2024-03-01T10:00:00", "2024-05-31T23:59:00")
    assert found.complete_until.text == "2024-06-01"


def test_the_earliest_declared_end_holds():
    book = sales("2024-03-01", "2024-05-31")
    days = {name: Cutoff.parse(f"2024-05-{name}") for name in ("10", "20")}
    assert span_of(book, None, None, days["20"]).complete_until == days["20"]
    assert span_of(book, None, None, days["20"], [None, days["10"]]).complete_until == days["10"]
    assert span_of(book, None, None, None, [days["10"]]).complete_until == days["10"]
    later = Cutoff.parse("2024-07-01")
    assert span_of(book, None, None, later).complete_until == later
    assert span_of(book, None, None, None, [later]).complete_until == Cutoff.parse("2024-06-01")


def test_contracts_alone_begin_with_the_earliest_start():
    rows = contracts(("2023-02-01", "2023-01-01", None), ("2024-01-01", "2023-11-20", None))
    found = span_of(NONE, rows)
    assert (found.first.text, found.last.text) == ("2023-02-01", "2023-11-20")


@pytest.mark.parametrize(
    ("rows", "end"),
    [
        ([("2024-01-01", "2024-01-01", None)], "2024-01-02"),
        ([("2024-01-01", "2023-11-20", None)], "2023-11-21"),
        ([("2024-01-01", "2024-03-01", None)], "2024-01-02"),
        ([("2024-01-01", "2023-11-20", "2024-05-06 12:00")], "2024-05-07"),
    ],
    ids=["signed at its start", "signed ahead", "known late", "cancelled"],
)
def test_contracts_alone_reach_to_the_day_after_the_last_signing_or_cancellation(rows, end):
    assert until(*rows) == end


def test_what_lies_after_the_clock_is_no_event_yet():
    rows = [("2024-01-01", "2024-01-01", "2024-12-01"), ("2025-01-01", "2025-01-01", None)]
    assert until(*rows) == "2025-01-02"
    assert until(*rows, now="2024-12-15") == "2024-12-02"
    assert until(*rows, now="2024-06-01") == "2024-01-02"


def test_a_book_without_any_event_is_refused():
    with pytest.raises(DataRefused, match="no event"):
        span_of(NONE, None)
