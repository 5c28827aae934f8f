"""Batches arrive whole and in their types, and no more of them than the caps allow."""

from __future__ import annotations

import pyarrow as pa
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io.batches import copy_batches
from valuemodel.io.engine import connect
from valuemodel.settings import EngineSection, TableSection

SCHEMA = pa.schema([("n", pa.int64()), ("note", pa.string())])


@pytest.fixture
def engine(tmp_path):
    connection = connect(EngineSection(), tmp_path)
    yield connection
    connection.disconnect()


def batches(taken, count=100):
    for start in range(count):
        taken.append(start)
        yield pa.record_batch([[10 * start + n for n in range(10)], ["é" * 50] * 10], SCHEMA)


def test_all_rows_arrive_in_their_types(engine):
    section = TableSection(source="t")
    types = copy_batches(engine, "copied_t", SCHEMA, batches([]), section, "t")
    assert types == {"n": "BIGINT", "note": "VARCHAR"}
    found = engine.raw_sql("SELECT count(*), sum(n), min(note) FROM copied_t").fetchone()
    assert found == (1000, 499_500, "é" * 50)


def test_no_batches_are_an_empty_table(engine):
    copy_batches(engine, "copied_t", SCHEMA, [], TableSection(source="t"), "t")
    assert engine.raw_sql("SELECT count(*) FROM copied_t").fetchone() == (0,)


@pytest.mark.parametrize(("cap", "after"), [("max_bytes", 3), ("max_field_bytes", 1)])
def test_what_is_beyond_a_cap_is_not_asked_for(engine, cap, after):
    taken = []
    limit = {"max_bytes": 2_500, "max_field_bytes": 99}[cap]
    section = TableSection.model_validate({"source": "t", cap: limit})
    with pytest.raises(DataRefused, match=cap):
        copy_batches(engine, "copied_t", SCHEMA, batches(taken), section, "t")
    assert len(taken) == after
