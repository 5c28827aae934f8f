"""Booked, billed and collected: each is the whole of the same lines, and they reconcile."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.tables.basis import on_basis, totals
from valuemodel.tables.schemas import TRANSACTIONS

KINDS = ibis.schema(TRANSACTIONS.validated()).to_pyarrow()


def at(text):
    return None if text is None else datetime.fromisoformat(text)


def lines(*rows):
    """Rows of time, known_at, booked_at, collected_at, amount, collected."""
    names = ("time", "known_at", "booked_at", "collected_at", "amount", "collected")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    columns |= {name: [at(text) for text in columns[name]] for name in names[:4]}
    columns |= {
        name: [None if x is None else Decimal(x) for x in columns[name]] for name in names[4:]
    }
    blank = {name: [None] * len(rows) for name in KINDS.names if name not in columns}
    return ibis.memtable(pa.Table.from_pydict(columns | blank, schema=KINDS))


LINES = lines(
    ("2024-02-01", "2024-02-03", "2024-01-10", "2024-03-01", "10", "4"),
    ("2024-02-01", "2024-02-03", None, "2024-01-20", "5", None),
)


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("billed", [("2024-02-01", "10", "2024-02-03"), ("2024-02-01", "5", "2024-02-03")]),
        ("booked", [("2024-01-10", "10", "2024-02-03"), ("2024-02-01", "5", "2024-02-03")]),
        ("collected", [("2024-03-01", "4", "2024-03-01"), ("2024-01-20", "5", "2024-02-03")]),
    ],
)
def test_a_line_has_the_time_and_amount_of_the_basis_and_is_never_known_before(basis, expected):
    found = on_basis(LINES, basis)
    assert found.schema() == LINES.schema()
    rows = found.to_pyarrow().to_pylist()
    assert [(row["time"], row["amount"], row["known_at"]) for row in rows] == [
        (at(time), Decimal(amount), at(known)) for time, amount, known in expected
    ]


DAYS = st.sampled_from([None, "2024-01-01", "2024-02-01", "2024-03-01"])
LINE = st.tuples(
    st.just("2024-02-01"), st.just("2024-02-01"), DAYS, DAYS,
    st.sampled_from(["10", "-10", "0"]), st.sampled_from([None, 0.0, 0.4, 1.0]),
)  # fmt: skip


@given(st.lists(LINE, max_size=20))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_billed_is_what_is_collected_and_what_is_open(drawn):
    rows = [
        (*row[:5], None if row[5] is None else str(Decimal(row[4]) * Decimal(str(row[5]))))
        for row in drawn
    ]
    table = lines(*rows)
    found = table.aggregate(**totals(table)).to_pyarrow().to_pylist()[0]
    money = {name: found[f"{name}_money"] or 0 for name in ("billed", "collected", "open", "part")}
    assert money["billed"] == money["collected"] + money["open"] + money["part"]
    assert money["billed"] == sum(Decimal(row[4]) for row in rows)
    counts = {
        name: found[f"{name}_rows"] or 0 for name in ("billed", "collected", "open", "booked")
    }
    assert counts["billed"] == counts["collected"] + counts["open"] == len(rows)
    assert counts["booked"] == sum(row[2] is not None for row in rows)


def test_what_does_not_agree_is_counted():
    table = lines(
        ("2024-02-01", "2024-02-01", "2024-02-02", None, "7", "3"),
        ("2024-02-01", "2024-02-01", "2024-02-01", "2024-01-31", "5", None),
    )
    found = table.aggregate(**totals(table)).to_pyarrow().to_pylist()[0]
    named = {name: (found[f"{name}_rows"], found[f"{name}_money"]) for name in
             ("booked_late", "paid_early", "paid_undated")}  # fmt: skip
    assert named == {"booked_late": (1, 7), "paid_early": (1, 5), "paid_undated": (1, 3)}
