"""Rows that are there twice: removed when they are one, set aside when they contradict."""

from __future__ import annotations

import ibis
import pyarrow as pa

from valuemodel.tables.cleaning import (
    EXACT_DUPLICATE,
    Uniqueness,
    repeated,
    repeats,
    with_verdicts,
)
from valuemodel.tables.raw import FILE, ROW
from valuemodel.tables.rules import CONFLICTING_LINE
from valuemodel.tables.validation import RULE


def judged(rows):
    names = ["account_id", "order_id", "line_id", "amount"]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    columns |= {FILE: ["f"] * len(rows), ROW: list(range(1, len(rows) + 1))}
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    return ibis.memtable(table.append_column(RULE, pa.nulls(len(rows), pa.string())))


def verdicts(rows):
    found = repeated(
        judged(rows), ("account_id", "order_id", "line_id"), ("amount",), (), "conflict"
    )
    return {row[ROW]: row[RULE] for row in found.to_pyarrow().to_pylist()}


def test_the_first_of_equal_rows_stays():
    assert verdicts([("a", "o", "1", 5), ("a", "o", "2", 5), ("a", "o", "1", 5)]) == {
        3: EXACT_DUPLICATE
    }


def test_rows_that_contradict_each_other_all_go():
    rows = [("a", "o", "1", 5), ("a", "o", "1", 5), ("a", "o", "1", 6)]
    assert verdicts(rows) == dict.fromkeys((1, 2, 3), "conflict")


def test_a_row_that_contradicts_one_known_earlier_goes_alone():
    rows = [("a", "o", "1", 5), ("a", "o", "1", 5), ("a", "o", "1", 6)]
    table = judged(rows).mutate(known_at=ibis.cases((ibis._[ROW] == 3, 9), else_=ibis._[ROW]))
    found = repeated(table, ("account_id", "order_id", "line_id"), ("amount",), ("known_at",), "x")
    marked = {row[ROW]: row[RULE] for row in found.to_pyarrow().to_pylist()}
    assert marked == {2: EXACT_DUPLICATE, 3: "x"}
    at_once = judged(rows).mutate(known_at=ibis.literal(1))
    found = repeated(
        at_once, ("account_id", "order_id", "line_id"), ("amount",), ("known_at",), "x"
    )
    assert {row[RULE] for row in found.to_pyarrow().to_pylist()} == {"x"}


def test_missing_parts_of_the_key_are_equal():
    assert verdicts([("a", None, "1", 5), ("a", None, "1", 5), ("b", None, "1", 5)]) == {
        2: EXACT_DUPLICATE
    }


def test_the_same_line_of_another_account_is_another_line():
    assert verdicts([("a", "o", "1", 5), ("b", "o", "1", 5)]) == {}


def test_verdicts_leave_no_row_out_and_add_none():
    table = judged([("a", "o", "1", 5), ("a", "o", "1", 5), ("b", "o", "9", 5)])
    marks = repeated(table, ("account_id", "order_id", "line_id"), ("amount",), (), "conflict")
    found = with_verdicts(table, marks).to_pyarrow().to_pylist()
    assert sorted((row[ROW], row[RULE]) for row in found if row[RULE]) == [(2, EXACT_DUPLICATE)]
    assert sorted(row[ROW] for row in found) == [1, 2, 3]


def test_repeats_are_counted_with_their_nulls():
    table = judged([("a", None, "1", 5), ("a", None, "1", 5), ("a", None, "1", 6)])
    columns = ["account_id", "order_id", "line_id", "amount"]
    assert repeats(table, columns).to_pyarrow().as_py() == 1


def test_rows_without_the_column_that_tells_them_apart_are_not_compared():
    table = judged(
        [("a", "o", None, 5), ("a", "o", None, 6), ("a", "o", "1", 5), ("a", "o", "1", 6)]
    )
    key = ("account_id", "order_id", "line_id")
    lines = Uniqueness(key, ("amount",), (), CONFLICTING_LINE, where="line_id")
    found = lines(table).to_pyarrow().to_pylist()
    assert {row[ROW]: row[RULE] for row in found} == dict.fromkeys((3, 4), "conflicting_line")
    everywhere = Uniqueness(key, ("amount",), (), CONFLICTING_LINE)
    assert everywhere(table).count().to_pyarrow().as_py() == 4
