"""Arrow batches into the engine: counted as they come, so that memory and disk stay bounded.

Why this way: what does not lie in a file that the engine reads by itself arrives in batches, each
written and let go before the next is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends.duckdb import Backend

from valuemodel.io.caps import check_bytes, refuse_field
from valuemodel.io.engine import identifier
from valuemodel.settings import TableSection

Batch: TypeAlias = Any  # pyarrow ships no types


def copy_batches(
    connection: Backend,
    table: str,
    schema: pa.Schema,
    batches: Iterable[Batch],
    section: TableSection,
    file: str,
) -> dict[str, str]:
    """Write batches to the engine as a new table, and return its column types.

    Raises
    ------
    DataRefused
        If they are larger than the caps, one of their texts or all together.
    """
    _write(connection, f"CREATE OR REPLACE TABLE {table} AS FROM arriving", schema.empty_table())
    size = 0
    for batch in batches:
        size += batch.nbytes
        check_bytes(size, section, file)
        for name, column in zip(schema.names, batch.columns, strict=True):
            if pa.types.is_string(column.type):
                longest = pc.max(pc.binary_length(column)).as_py() or 0
                refuse_field(name, longest, section, file)
        _write(connection, f"INSERT INTO {table} FROM arriving", pa.Table.from_batches([batch]))
    described = connection.raw_sql(f"DESCRIBE {identifier(table)}").fetchall()
    return {str(row[0]): str(row[1]) for row in described}


def _write(connection: Backend, statement: str, rows: pa.Table) -> None:
    """Run a statement on some rows, beside whatever the connection itself is busy with."""
    with connection.con.cursor() as beside:
        beside.register("arriving", rows)
        beside.execute(statement)
