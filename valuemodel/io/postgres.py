"""A table of PostgreSQL into the engine: Arrow batches, one snapshot, names that are only names.

Why this way: the table is read in one read-only transaction that sees one state of it, and is never
whole in memory. The settings name a table or view, never a query: the name is compared with the
catalogue and quoted, so no text of a source becomes a statement. A table has no order, so rows are
numbered in the order of their content, and the digest is a sum over rows: both are the same as long
as the content is, however the server stores it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeAlias

import pyarrow as pa
from ibis.backends.duckdb import Backend

from valuemodel.exceptions import DataRefused, OutOfReach, SettingsError, UsageError, nearest
from valuemodel.io.batches import copy_batches
from valuemodel.io.caps import check_width
from valuemodel.io.csv_file import clean_header
from valuemodel.io.engine import identifier, literal
from valuemodel.io.parts import Part, Reading
from valuemodel.io.postgres_address import Address
from valuemodel.settings import TableSection
from valuemodel.tables.raw import ROW, SourceFile

Cursor: TypeAlias = Any

_SESSION = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL lock_timeout = '60s'",
)
_TABLES = """
    SELECT c.oid::int8, n.nspname::text, c.relname::text, pg_catalog.pg_table_is_visible(c.oid)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"""
_COLUMNS = """
    SELECT a.attname::text, coalesce(b.typname, t.typname)::text
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
    WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = {oid:d} ORDER BY a.attnum"""

_PLAIN = frozenset(("bool", "int2", "int4", "int8", "float4", "float8"))
_TIMES = frozenset(("date", "timestamp", "timestamptz"))
_EXACT = frozenset(("numeric", "money"))
#: Times beyond these, infinity among them, have no Arrow value; the rules of time set them aside.
_FIRST, _LAST = "0001-01-02", "9999-12-30"


def read_postgres(
    connection: Backend, name: str, declared: str, section: TableSection, reading: Reading
) -> None:
    """Copy a table or view of a PostgreSQL database into the engine.

    Numbers of exact types keep every digit; what Arrow has no type for arrives as text.

    Raises
    ------
    DataRefused
        If there is no such table, it must not be read, or it is larger than the caps.
    OutOfReach
        If the server cannot be reached, or breaks off.
    SettingsError
        If the address is none, or the server does not accept it.
    """
    address = Address.parse(declared)
    label = address.label
    arrived, copy = f"copied_arrived_{name}", f"copied_{name}_{len(reading.parts)}"
    with _transaction(address) as cursor:
        relation, columns = _found(cursor, address)
        check_width(len(columns), section, label)
        names, _ = clean_header(list(columns), label)
        listed = ", ".join(
            f"{_selected(column, kind, section)} AS {identifier(given)}"
            for (column, kind), given in zip(columns.items(), names, strict=True)
        )
        cursor.execute(f"SELECT {listed} FROM {relation}")  # noqa: S608
        reader = cursor.fetch_record_batch()
        schema = pa.schema([pa.field(field.name, field.type) for field in reader.schema])
        types = copy_batches(connection, arrived, schema, reader, section, label)
    exact = [given for given, kind in zip(names, columns.values(), strict=True) if kind in _EXACT]
    reading.files.append(_fingerprint(connection, arrived, types, label))
    _number(connection, arrived, copy, names, exact, section)
    source = {given: given for given in names}
    reading.parts.append(Part(label, copy, types, source, literal(label), ROW))


@contextmanager
def _transaction(address: Address) -> Iterator[Cursor]:
    """Open one read-only transaction that sees one state of the database."""
    try:
        from adbc_driver_manager import Error  # noqa: PLC0415 - an extra
        from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError:
        problem = "a PostgreSQL source needs its driver"
        raise UsageError(problem, hint="pip install 'valuemodel[postgres]'") from None
    try:
        connection = dbapi.connect(address.uri)
    except Error as error:
        raise _unreachable(address, address.said(error)) from None
    with closing(connection), closing(connection.cursor()) as cursor:
        try:
            for statement in _SESSION:
                cursor.execute(statement)
            yield cursor
        except (Error, OSError, pa.ArrowException) as error:
            raise _broken(address, address.said(error), getattr(error, "sqlstate", "")) from None


def _unreachable(address: Address, said: str) -> Exception:
    """Tell a server that is away from one that does not accept what the settings say."""
    refused = ("authentication failed", "no password supplied", "does not exist", "pg_hba.conf")
    if any(sign in said for sign in refused) or "Failed to connect: invalid" in said:
        problem = f"the server does not accept the address of {address.label}"
        hint = "check user, database and options, and the variable that holds the password"
        return SettingsError(problem, received=said, hint=hint)
    hint = "check host and port, and that the server is up, then run again"
    return OutOfReach(f"{address.label} cannot be reached", received=said, hint=hint)


def _broken(address: Address, said: str, state: str | None) -> Exception:
    if state == "42501":
        problem = f"{address.label} must not be read by the user {address.user!r}"
        hint = f"GRANT SELECT ON {address.table} TO {address.user or 'it'}, and USAGE on its schema"
        return DataRefused(problem, received=said, hint=hint)
    hint = "see what the server says, then run again"
    return OutOfReach(f"{address.label} could not be read to its end", received=said, hint=hint)


def _found(cursor: Cursor, address: Address) -> tuple[str, dict[str, str]]:
    """Return a table that exists, quoted, and the types of its columns."""
    cursor.execute(_TABLES)
    tables: dict[str, tuple[int, str]] = {}
    visible: dict[str, tuple[int, str]] = {}
    for oid, schema, table, seen in cursor.fetchall():
        one = (oid, f"{identifier(schema)}.{identifier(table)}")
        tables[f"{schema}.{table}"] = one
        if seen:
            visible[table] = one
    known = tables | visible
    if address.table not in known:
        problem = f"{address.label}: there is no such table"
        elsewhere = [full for full in sorted(tables) if full.endswith(f".{address.table}")]
        near = f"did you mean {elsewhere[0]!r}?" if elsewhere else nearest(address.table, known)
        hint = near or f"tables: {', '.join(sorted(tables)[:20]) or 'none'}"
        raise DataRefused(problem, received=f"table={address.table}", hint=hint)
    oid, relation = known[address.table]
    cursor.execute(_COLUMNS.format(oid=oid))
    return relation, dict(cursor.fetchall())


def _selected(column: str, kind: str, section: TableSection) -> str:
    """Return what is asked of the server for a column: its value, or its text up to the cap."""
    quoted = identifier(column)
    if kind in _PLAIN:
        return quoted
    if kind in _TIMES:
        bounded = f"least(greatest({quoted}, {kind} '{_FIRST}'), {kind} '{_LAST}')"
        return f"CASE WHEN {quoted} IS NOT NULL THEN {bounded} END"
    text = f"{quoted}::numeric::text" if kind == "money" else f"{quoted}::text"
    return f"left({text}, {section.max_field_bytes + 1})"


def _fingerprint(connection: Backend, table: str, types: dict[str, str], label: str) -> SourceFile:
    """Return the size of a table's content and its digest, whatever the order of its rows."""
    fields = []
    for name in types:
        text = f"CAST({identifier(name)} AS VARCHAR)"
        fields.append(f"coalesce(strlen({text}) || ':' || {text}, 'null')")
    words = ", ".join(
        f"sum(CAST('0x' || substr(digest, {start}, 16) AS UBIGINT))" for start in (1, 17, 33, 49)
    )
    found = connection.raw_sql(
        f"SELECT count(*), sum(strlen(content)), {words} FROM "  # noqa: S608
        f"(SELECT content, sha256(content) AS digest FROM "
        f"(SELECT concat_ws(',', {', '.join(fields)}) AS content FROM {table}))"
    ).fetchone()
    digest = hashlib.sha256(repr((list(types.items()), *found)).encode()).hexdigest()
    return SourceFile(label, int(found[1] or 0), digest)


def _number(
    connection: Backend,
    arrived: str,
    copy: str,
    names: list[str],
    exact: list[str],
    section: TableSection,
) -> None:
    """Give each row its place in the order of content; write exact numbers in the declared form."""
    respelled = "".join(
        f"replace({identifier(name)}, '.', {literal(section.decimal)}) AS {identifier(name)}, "
        for name in exact
    )
    order = ", ".join(identifier(name) for name in names)
    replaced = f"REPLACE ({respelled.removesuffix(', ')})" if exact else ""
    connection.raw_sql(
        f"CREATE OR REPLACE TABLE {copy} AS SELECT * {replaced}, "  # noqa: S608
        f"row_number() OVER (ORDER BY {order}) AS {ROW} FROM {arrived}"
    )
    connection.raw_sql(f"DROP TABLE {arrived}")
