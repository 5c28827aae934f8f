from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from valuemodel.snapshots.stacked import stacked


def test_every_row_of_every_table_is_there_with_all_columns():
    days = ibis.memtable(pa.table({"id": ["a", "b"], "age": pa.array([1, 2], pa.int32())}))
    seats = ibis.memtable(pa.table({"seats": [2.5], "id": ["a"]}))
    rows = stacked(days, seats)
    assert {*rows.columns} == {"id", "age", "seats"}
    found = rows.select("id", "age", "seats").to_pyarrow().to_pylist()
    expected = [("a", 1, None), ("b", 2, None), ("a", None, 2.5)]
    assert {tuple(row.values()) for row in found} == {*expected}
    assert len(found) == len(expected)


def test_a_column_has_the_type_of_the_first_table_that_has_it():
    money = ibis.memtable(pa.table({"n": [1]})).cast({"n": "decimal(18, 4)"})
    whole = ibis.memtable(pa.table({"n": [2]}))
    assert stacked(money, whole).schema()["n"] == ibis.dtype("decimal(18, 4)")
    assert stacked(money, whole).n.sum().to_pyarrow().as_py() == pytest.approx(3)
