"""A table of a real PostgreSQL server comes in exactly, in one snapshot, and as data only."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime

import pytest

from tests.postgres import PASSWORD
from valuemodel.exceptions import DataRefused, OutOfReach, SettingsError, UsageError
from valuemodel.io.engine import connect
from valuemodel.io.readers import read_source
from valuemodel.settings import EngineSection, TransactionsSection
from valuemodel.tables.raw import FILE, ROW
from valuemodel.tables.schemas import TRANSACTION_INPUTS, TRANSACTIONS

KNOWN = TRANSACTIONS.columns + TRANSACTION_INPUTS
ODD = 'odd "table"; DROP TABLE sales; --'


@pytest.fixture
def engine(tmp_path):
    connection = connect(EngineSection(threads=2), tmp_path / "work")
    yield connection
    connection.disconnect()


def read(engine, root, source, **declared):
    section = TransactionsSection.model_validate({"source": source} | declared)
    return read_source(engine, "transactions", section, KNOWN, root)


def rows(raw):
    return raw.table.order_by(ROW).to_pyarrow().to_pylist()


def sales(server, count=5):
    server.execute(
        "CREATE TABLE sales (id bigint, amount numeric)",
        f"INSERT INTO sales SELECT n, n + 0.10 FROM generate_series(1, {count}) n",
    )


def test_every_kind_of_column_arrives_as_what_it_is(postgres_server, engine, tmp_path):
    values = {
        "whole bigint": ("9007199254740993", 9007199254740993),
        "wide numeric": ("12345678901234567890.123456", "12345678901234567890.123456"),
        "scaled numeric(12, 2)": ("19.90", "19.90"),
        "price money": ("1234.5", "1234.50"),
        "real8 float8": ("0.1", 0.1),
        "day date": ("2024-02-29", date(2024, 2, 29)),
        "local timestamp": (
            "2024-03-01 10:00:00.25",
            datetime(2024, 3, 1, 10, 0, 0, 250_000),  # noqa: DTZ001
        ),
        "instant timestamptz": (
            "2024-03-01 10:00+02",
            datetime(2024, 3, 1, 8, tzinfo=UTC),
        ),
        "flag bool": ("true", True),
        "ident uuid": ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",) * 2,
        "note text": ("Müller  ", "Müller  "),
        "code char(4)": ("ab", "ab"),
        "kept json": ('{"a":  1}', '{"a":  1}'),
        "many int[]": ("{1,2}", "{1,2}"),
        "since day_of_book": ("2024-01-01", date(2024, 1, 1)),
    }
    postgres_server.execute(
        "CREATE DOMAIN day_of_book AS date",
        f"CREATE TABLE kinds ({', '.join(values)})",
        f"INSERT INTO kinds VALUES ({', '.join(repr(sent) for sent, _ in values.values())})",
        "INSERT INTO kinds (whole) VALUES (1)",
    )
    empty, full = rows(read(engine, tmp_path, postgres_server.source("kinds")))
    assert [full[name.split()[0]] for name in values] == [found for _, found in values.values()]
    assert {full[FILE], empty[FILE]} == {postgres_server.label("kinds")}
    assert (empty[ROW], full[ROW]) == (1, 2)
    assert set(empty.values()) == {1, None, postgres_server.label("kinds")}


def test_exact_numbers_are_written_as_the_table_declares(postgres_server, engine, tmp_path):
    """With a declared decimal comma, the text 1.5 would not be read as a number."""
    sales(postgres_server, 1)
    raw = read(engine, tmp_path, postgres_server.source("sales"), decimal=",", thousands=".")
    assert rows(raw)[0]["amount"] == "1,10"


def test_times_without_end_are_far_off_and_not_missing(postgres_server, engine, tmp_path):
    postgres_server.execute(
        "CREATE TABLE times (day date, at timestamptz)",
        "INSERT INTO times VALUES ('infinity', '-infinity'), ('0044-03-15 BC', '20000-01-01')",
    )
    found = rows(read(engine, tmp_path, postgres_server.source("times")))
    assert [(row["day"].year, row["at"].year) for row in found] == [(1, 9999), (9999, 1)]


def test_digest_and_places_follow_the_content_and_nothing_else(postgres_server, engine, tmp_path):
    server, source = postgres_server, postgres_server.source("sales")

    def state():
        raw = read(engine, tmp_path, source)
        return raw.files[0], [(row[ROW], row["id"], row["amount"]) for row in rows(raw)]

    sales(server)
    first = state()
    server.execute("UPDATE sales SET amount = amount WHERE id < 3", "VACUUM FULL sales")
    server.execute("DELETE FROM sales WHERE id = 4", "INSERT INTO sales VALUES (4, 4.10)")
    assert state() == first
    seen = {first[0].digest}
    for change in (
        "UPDATE sales SET amount = 5.11 WHERE id = 5",
        "INSERT INTO sales VALUES (5, 5.11)",
        "INSERT INTO sales VALUES (6, NULL)",
        "ALTER TABLE sales RENAME amount TO paid",
    ):
        server.execute(change)
        file = read(engine, tmp_path, source).files[0]
        assert file.digest not in seen
        seen.add(file.digest)
    assert file.name == server.label("sales")
    assert file.size > 0


def test_schemas_views_and_odd_names_are_only_names(postgres_server, engine, tmp_path):
    quoted = ODD.replace('"', '""')
    sales(postgres_server)
    postgres_server.execute(
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.sales AS SELECT 'other' AS id",
        "CREATE VIEW sold AS SELECT * FROM sales WHERE id > 3",
        "CREATE MATERIALIZED VIEW kept AS SELECT * FROM sales",
        f'CREATE TABLE "{quoted}" AS SELECT 1 AS "a""; DROP TABLE sales; --"',
    )

    def count(table):
        return len(rows(read(engine, tmp_path, postgres_server.source(table))))

    assert [count(name) for name in ("sales", "public.sales", "sold", "kept")] == [5, 5, 2, 5]
    assert rows(read(engine, tmp_path, postgres_server.source("crm.sales")))[0]["id"] == "other"
    coded = ODD.replace(" ", "%20").replace('"', "%22").replace(";", "%3B")
    assert count(coded) == 1
    assert count("sales") == 5


@pytest.mark.parametrize(
    "table", ["slaes", "sales%3B%20DROP%20TABLE%20sales", "sales%20WHERE%20id=1", "pg_shadow"]
)
def test_a_name_that_does_not_exist_is_refused(postgres_server, engine, tmp_path, table):
    sales(postgres_server)
    with pytest.raises(DataRefused, match="no such table") as refused:
        read(engine, tmp_path, postgres_server.source(table))
    assert "sales" in refused.value.hint
    assert len(rows(read(engine, tmp_path, postgres_server.source("sales")))) == 5


def test_nothing_can_be_written(postgres_server, engine, tmp_path):
    """Even a view that writes is stopped by the transaction."""
    sales(postgres_server)
    postgres_server.execute(
        "CREATE FUNCTION spoil() RETURNS bigint LANGUAGE sql AS "
        "'DELETE FROM sales; SELECT 1::bigint'",
        "CREATE VIEW spoiling AS SELECT spoil() AS id",
    )
    with pytest.raises(OutOfReach, match="read-only transaction"):
        read(engine, tmp_path, postgres_server.source("spoiling"))
    assert len(rows(read(engine, tmp_path, postgres_server.source("sales")))) == 5


def test_a_table_that_must_not_be_read_says_who_lacks_what(postgres_server, engine, tmp_path):
    sales(postgres_server)
    postgres_server.execute(
        "DROP ROLE IF EXISTS guest", f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'"
    )
    with pytest.raises(DataRefused, match=r"did you mean 'public\.sales'"):
        read(engine, tmp_path, postgres_server.source("sales", "guest"))
    postgres_server.execute("GRANT USAGE ON SCHEMA public TO guest")
    with pytest.raises(DataRefused, match="must not be read by the user 'guest'") as refused:
        read(engine, tmp_path, postgres_server.source("sales", "guest"))
    assert "GRANT SELECT" in refused.value.hint
    postgres_server.execute("GRANT SELECT ON sales TO guest")
    assert len(rows(read(engine, tmp_path, postgres_server.source("sales", "guest")))) == 5


def test_caps_hold_for_tables_too(postgres_server, engine, tmp_path):
    source = postgres_server.source("wide")
    postgres_server.execute(
        "CREATE TABLE wide AS SELECT n AS id, repeat('é', 20 * n) AS note "
        "FROM generate_series(1, 1000) n"
    )
    assert len(rows(read(engine, tmp_path, source))) == 1000
    with pytest.raises(DataRefused, match="more columns than max_columns = 1"):
        read(engine, tmp_path, source, max_columns=1)
    with pytest.raises(DataRefused, match="'note' is longer than max_field_bytes = 1,000"):
        read(engine, tmp_path, source, max_field_bytes=1_000)
    with pytest.raises(DataRefused, match="larger than max_bytes = 10,000"):
        read(engine, tmp_path, source, max_bytes=10_000)


def test_a_large_table_is_never_whole_in_memory(postgres_server, engine, tmp_path):
    """What is checked while it arrives is refused after few batches, not at the end."""
    postgres_server.execute(
        "CREATE VIEW endless AS SELECT a, b, repeat('x', 1000) AS note "
        "FROM generate_series(1, 10000) a, generate_series(1, 100000) b"
    )
    with pytest.raises(DataRefused, match="larger than max_bytes"):
        read(engine, tmp_path, postgres_server.source("endless"), max_bytes=50_000_000)


def test_a_server_that_is_away_is_out_of_reach(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    source = "postgresql://owner:${ENV:PGPASSWORD}@127.0.0.1:1/erp?table=sales&connect_timeout=2"
    with pytest.raises(OutOfReach, match="1/erp:sales cannot be reached") as away:
        read(engine, tmp_path, source)
    assert away.value.exit_code == 7
    assert "ry/p" not in str(away.value)


def test_wrong_secrets_and_options_are_mistakes_of_the_settings(
    postgres_server, engine, tmp_path, monkeypatch
):
    good = postgres_server.source("sales")
    for source in (good + "&sslmod=require", good.replace("/postgres?", "/none?")):
        with pytest.raises(SettingsError, match="does not accept"):
            read(engine, tmp_path, source)
    monkeypatch.setenv("PGPASSWORD", "wrong-canary")
    with pytest.raises(SettingsError, match="password authentication failed") as refused:
        read(engine, tmp_path, good)
    assert "canary" not in str(refused.value)


def test_a_missing_driver_is_named_with_what_installs_it(engine, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(UsageError, match=r"pip install 'valuemodel\[postgres\]'"):
        read(engine, tmp_path, "postgresql://localhost/erp?table=sales")


def test_two_tables_are_joined_by_name(postgres_server, engine, tmp_path):
    sales(postgres_server)
    postgres_server.execute("CREATE TABLE more AS SELECT 7.5::numeric AS amount, 'x' AS note")
    source = [postgres_server.source(name) for name in ("sales", "more")]
    raw = read(engine, tmp_path, source)
    assert raw.columns == ("id", "amount", "note")
    assert raw.table.count().to_pyarrow().as_py() == 6
