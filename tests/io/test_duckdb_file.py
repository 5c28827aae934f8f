"""A DuckDB file is read as data: no name in it or in the settings is ever a statement."""

from __future__ import annotations

import duckdb
import pytest

from valuemodel.exceptions import DataRefused, SettingsError
from valuemodel.io.duckdb_file import read_database
from valuemodel.io.engine import connect
from valuemodel.io.parts import Reading, join_parts
from valuemodel.settings import EngineSection, TableSection
from valuemodel.tables.raw import FILE, ROW

SECTION = TableSection(source="")
ODD = 'odd "table"; DROP TABLE sales; --'


@pytest.fixture
def engine(tmp_path):
    with duckdb.connect(str(tmp_path / "it's.duckdb")) as file:
        file.execute("CREATE TABLE sales AS SELECT 'a' || range AS id, range AS n FROM range(5)")
        file.execute("CREATE VIEW sold AS SELECT * FROM sales WHERE n > 2")
        file.execute("CREATE SCHEMA crm")
        file.execute("CREATE TABLE crm.sales AS SELECT 'other' AS id")
        file.execute(f"""CREATE TABLE "{ODD.replace('"', '""')}" AS SELECT 1 AS "a;b" """)
    connection = connect(EngineSection(), tmp_path / "work")
    yield connection
    connection.disconnect()


def rows(engine, root, table):
    reading = Reading()
    source = f"duckdb:///it's.duckdb?table={table}"
    read_database(engine, "transactions", source, SECTION, root, reading)
    join_parts(engine, "raw", reading, {})
    return engine.raw_sql(f"SELECT * FROM raw ORDER BY {ROW}").fetch_df().to_dict("records")


def test_a_table_keeps_types_and_rows_have_places(engine, tmp_path):
    found = rows(engine, tmp_path, "sales")
    assert [(row["id"], row["n"], row[ROW]) for row in found] == [
        (f"a{number}", number, number + 1) for number in range(5)
    ]
    assert {row[FILE] for row in found} == {"it's.duckdb:sales"}


def test_a_view_and_a_table_of_a_schema_are_read(engine, tmp_path):
    assert [row["n"] for row in rows(engine, tmp_path, "sold")] == [3, 4]
    assert [row["id"] for row in rows(engine, tmp_path, "crm.sales")] == ["other"]


def test_an_odd_name_that_exists_is_only_a_name(engine, tmp_path):
    quoted = ODD.replace(" ", "%20").replace('"', "%22").replace(";", "%3B")
    assert [row["a;b"] for row in rows(engine, tmp_path, quoted)] == [1]
    assert len(rows(engine, tmp_path, "sales")) == 5


@pytest.mark.parametrize(
    "table", ["sale", "sales%3B%20DROP%20TABLE%20sales", "sales%20WHERE%20n%3D1", "main.sales%22"]
)
def test_a_name_that_does_not_exist_is_refused(engine, tmp_path, table):
    with pytest.raises(DataRefused, match="no such table"):
        rows(engine, tmp_path, table)
    assert len(rows(engine, tmp_path, "sales")) == 5


def test_the_file_is_not_written_to_and_is_let_go(engine, tmp_path):
    before = (tmp_path / "it's.duckdb").read_bytes()
    rows(engine, tmp_path, "sales")
    assert (tmp_path / "it's.duckdb").read_bytes() == before
    with duckdb.connect(str(tmp_path / "it's.duckdb")) as file:
        file.execute("CREATE TABLE more AS SELECT 1")


@pytest.mark.parametrize("source", ["duckdb:///a.duckdb", "mysql://host/db?table=t"])
def test_sources_of_another_kind_are_mistakes(engine, tmp_path, source):
    with pytest.raises(SettingsError, match="write duckdb:///"):
        read_database(engine, "transactions", source, SECTION, tmp_path, Reading())


def test_a_missing_or_foreign_file_is_refused(engine, tmp_path):
    with pytest.raises(DataRefused, match="no DuckDB file"):
        read_database(engine, "t", "duckdb:///none.duckdb?table=t", SECTION, tmp_path, Reading())
    (tmp_path / "text.duckdb").write_text("not a database " * 500)
    with pytest.raises(DataRefused, match="cannot be opened"):
        read_database(engine, "t", "duckdb:///text.duckdb?table=t", SECTION, tmp_path, Reading())
