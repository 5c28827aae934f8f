"""One table or view of a DuckDB file into the engine, without running anything it says.

Why this way: the file is attached read-only and the table's name is compared with those that exist,
so that a source text can never be a statement.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
from ibis.backends.duckdb import Backend

from valuemodel.exceptions import DataRefused, SettingsError, nearest
from valuemodel.io.caps import check_bytes, check_fields, check_width
from valuemodel.io.csv_file import clean_header
from valuemodel.io.engine import identifier, literal
from valuemodel.io.parts import Part, Reading, fingerprint, shown_as
from valuemodel.settings import TableSection
from valuemodel.tables.raw import ROW


def read_database(
    connection: Backend,
    name: str,
    source: str,
    section: TableSection,
    root: Path,
    reading: Reading,
) -> None:
    """Copy a table or view of a DuckDB file that is attached read-only, so that rows keep numbers."""
    url = urlsplit(source)
    wanted = parse_qs(url.query).get("table", [""])[0]
    if url.scheme != "duckdb" or not wanted:
        problem = f"a source of the kind {url.scheme}:// cannot be read"
        if url.scheme == "duckdb":
            problem = "a DuckDB source does not say its table"
        hint = "write duckdb:///data/book.duckdb?table=sales, postgresql://..., or a path"
        raise SettingsError(problem, hint=hint)
    path = root / url.path.removeprefix("/")
    if not path.is_file():
        problem = f"there is no DuckDB file {shown_as(path, root)}"
        raise DataRefused(problem, hint="relative paths start at the project's root")
    check_bytes(path.stat().st_size, section, shown_as(path, root))
    alias = f"source_{name}_{len(reading.parts)}"
    attach = f"ATTACH IF NOT EXISTS {literal(str(path))} AS {alias} (READ_ONLY, TYPE duckdb)"
    try:
        connection.raw_sql(attach)
    except duckdb.Error as error:
        problem = f"{shown_as(path, root)} cannot be opened as a DuckDB file"
        raise DataRefused(problem, received=str(error).splitlines()[0]) from None
    label = f"{shown_as(path, root)}:{wanted}"
    columns = _database_columns(connection, alias, wanted, label)
    check_width(len(columns), section, label)
    names, marked = clean_header(list(columns), label)
    reading.repair("byte_order_mark_removed", marked)
    reading.files.append(fingerprint(path, root))
    source_names = dict(zip(names, columns, strict=True))
    types = {name: columns[found] for name, found in source_names.items()}
    relation = f"{alias}.{'.'.join(identifier(part) for part in wanted.split('.', 1))}"
    copy = f"copied_{name}_{len(reading.parts)}"
    found = Part(label, relation, types, source_names, literal(label), ROW)
    check_fields(connection, found, section)
    connection.raw_sql(
        f"CREATE OR REPLACE TABLE {copy} AS "  # noqa: S608
        f"SELECT *, row_number() OVER () AS {ROW} FROM {relation}"
    )
    connection.raw_sql(f"DETACH {alias}")
    reading.parts.append(replace(found, relation=copy))


def _database_columns(connection: Backend, alias: str, wanted: str, label: str) -> dict[str, str]:
    """Return the column types of a table that exists; names are compared, never executed."""
    found = connection.con.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND NOT internal ORDER BY schema_name, table_name, column_index",
        [alias],
    ).fetchall()
    tables = {table if schema == "main" else f"{schema}.{table}" for schema, table, _, _ in found}
    if wanted not in tables:
        problem = f"{label}: there is no such table"
        hint = nearest(wanted, tables) or f"tables: {', '.join(sorted(tables)) or 'none'}"
        raise DataRefused(problem, received=f"table={wanted}", hint=hint)
    return {
        column: kind
        for schema, table, column, kind in found
        if wanted == (table if schema == "main" else f"{schema}.{table}")
    }
