"""The engine is bounded, spills, downloads nothing and does not depend on the host."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest
from ibis.common.exceptions import TableNotFound

from valuemodel.exceptions import UsageError
from valuemodel.io.engine import connect, identifier, literal, materialise, spill_folder, store
from valuemodel.settings import EngineSection


@pytest.fixture
def engine(tmp_path):
    connection = connect(EngineSection(memory_limit="200MB", threads=2), tmp_path / "work")
    yield connection
    connection.disconnect()


def setting(engine, name):
    return engine.raw_sql(f"SELECT current_setting('{name}')").fetchone()[0]


def test_memory_threads_spill_folder_and_zone_are_set(engine, tmp_path):
    assert setting(engine, "memory_limit") == "190.7 MiB"
    assert setting(engine, "threads") == 2
    assert spill_folder(engine) == tmp_path / "work" / "spill"
    assert setting(engine, "TimeZone") == "UTC"


def test_nothing_is_downloaded(engine):
    assert setting(engine, "autoinstall_known_extensions") is False
    assert setting(engine, "allow_community_extensions") is False


def test_more_than_memory_is_spilled(engine):
    """Sorting 40 million numbers needs more than 200 MB."""
    query = "SELECT max(n) FROM (SELECT hash(range) AS n FROM range(40000000) ORDER BY n)"
    assert engine.raw_sql(query).fetchone()[0] > 0


def test_a_stale_database_of_a_run_that_died_is_replaced(tmp_path):
    for _ in range(2):
        connection = connect(EngineSection(), tmp_path)
        store(connection, "left", pa.table({"x": [1]}))
        connection.con.close()
    connection = connect(EngineSection(), tmp_path)
    with pytest.raises(TableNotFound):
        connection.table("left")
    connection.disconnect()


def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="work folder"):
        connect(EngineSection(), tmp_path / "file")


def test_tables_are_replaced_and_known_by_their_types(engine):
    for size in (1, 3):
        rows = store(engine, "rows", pa.table({"x": list(range(size)), "a b": ["y"] * size}))
        doubled = materialise(engine, 'odd "name"', rows.mutate(x=rows.x * 2))
    assert doubled.to_pyarrow()["x"].to_pylist() == [0, 2, 4]
    assert doubled.schema() == ibis.schema({"x": "int64", "a b": "string"})


@pytest.mark.parametrize("name", ["plain", 'a"b', "a'b", "a; DROP TABLE t; --", "é\n"])
def test_names_and_texts_are_quoted(engine, name):
    row = engine.raw_sql(f"SELECT {literal(name)} AS {identifier(name)}")
    assert row.description[0][0] == name
    assert row.fetchone() == (name,)
