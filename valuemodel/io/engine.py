"""The embedded engine: DuckDB behind Ibis, with its memory, threads and spill folder always set.

Why this way: DuckDB would take 80 % of the machine's memory and, without a spill folder, fail above
it; both are set here, in the one place that opens an engine. The database lies on disk, so that
books larger than memory have somewhere to go. Extensions are downloads, so they are off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.common.exceptions import TableNotFound

from valuemodel.exceptions import UsageError
from valuemodel.settings import EngineSection

DATABASE = "engine.duckdb"


class Engine(Backend):  # type: ignore[misc] # ibis ships no types
    """Ibis's DuckDB backend, where ibis 12 asks DuckDB 2 for what it no longer has."""

    def get_schema(
        self, table_name: str, *, catalog: str | None = None, database: str | None = None
    ) -> ibis.Schema:
        """Return the schema of a table, without the Arrow call that DuckDB 2 deprecates."""
        path = [part for part in (catalog, database, table_name) if part is not None]
        where = ".".join(identifier(part) for part in path)
        try:
            rows = self.con.execute(f"DESCRIBE {where}").fetchall()
        except duckdb.CatalogException:
            raise TableNotFound(table_name) from None
        read = self.compiler.type_mapper.from_string
        return ibis.schema({row[0]: read(row[1], nullable=row[2] == "YES") for row in rows})


def connect(engine: EngineSection, folder: Path) -> Engine:
    """Open the engine of one run in its own work folder.

    Parameters
    ----------
    engine : EngineSection
        The memory limit and the number of threads.
    folder : Path
        A folder of this run alone; made if need be. Holds the database and what spills.

    Returns
    -------
    ibis DuckDB backend
        Its session speaks UTC, so that no result depends on the host's zone.

    Raises
    ------
    UsageError
        If the folder cannot hold a database.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     connection = connect(EngineSection(memory_limit="1GB", threads=2), Path(folder))
    ...     connection.raw_sql("SELECT current_setting('threads')").fetchone()
    ...     connection.disconnect()
    (2,)
    """
    spill = folder / "spill"
    try:
        spill.mkdir(parents=True, exist_ok=True)
        (folder / DATABASE).unlink(missing_ok=True)
    except OSError as error:
        problem = f"the engine's work folder {folder} cannot be used"
        raise UsageError(problem, received=str(error), hint="choose another folder") from None
    options: dict[str, Any] = {
        "memory_limit": engine.memory_limit,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
        "allow_community_extensions": False,
        "preserve_insertion_order": False,
    }
    if engine.threads is not None:
        options["threads"] = engine.threads
    connection = Engine()
    connection.do_connect(folder / DATABASE, **options)
    connection.raw_sql("SET TimeZone = 'UTC'")
    return connection


def materialise(connection: Backend, name: str, table: ir.Table) -> ir.Table:
    """Write an expression to the engine as a table, in place of one of that name.

    Why not ``Backend.create_table``: with ``overwrite`` ibis 12 writes a statement that DuckDB 2
    cannot parse.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     connection = connect(EngineSection(), Path(folder))
    ...     one = materialise(connection, "one", ibis.range(3).unnest().name("n").as_table())
    ...     int(one.n.sum().to_pyarrow().as_py())
    ...     connection.disconnect()
    3
    """
    with steps_kept():
        query = connection.compile(table)
    connection.raw_sql(f"CREATE OR REPLACE TABLE {identifier(name)} AS {query}")
    return connection.table(name)


@contextmanager
def steps_kept() -> Iterator[None]:
    """Compile each projection as it stands, where one folded into the next would repeat it."""
    before = ibis.options.sql.fuse_selects
    ibis.options.sql.fuse_selects = False
    try:
        yield
    finally:
        ibis.options.sql.fuse_selects = before


def store(connection: Backend, name: str, rows: pa.Table) -> ir.Table:
    """Write Arrow rows to the engine as a table, in place of one of that name."""
    connection.con.register("stored_rows", rows)
    connection.raw_sql(f"CREATE OR REPLACE TABLE {identifier(name)} AS FROM stored_rows")
    connection.con.unregister("stored_rows")
    return connection.table(name)


def spill_folder(connection: Backend) -> Path:
    """Return the folder in which the engine may write what does not fit in memory."""
    row = connection.raw_sql("SELECT current_setting('temp_directory')").fetchone()
    return Path(str(row[0]))


def identifier(name: str) -> str:
    """Quote a name for SQL.

    Examples
    --------
    >>> identifier('a "b"; DROP TABLE t')
    '"a ""b""; DROP TABLE t"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL, where a statement cannot take it as a bound value.

    Examples
    --------
    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
