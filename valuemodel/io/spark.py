"""Spark as the engine of features: the same expressions, where the book outgrows one machine.

Why this way: tables are read and judged once, by the embedded engine, which does that out of core;
what passed is handed over as Parquet, and Spark builds features, facts and labels from it. Whoever
starts a session stops it; one that is already there (a notebook's, a cluster's) is used and left.

Nothing here is needed where ``[engine] name`` is ``duckdb``: the library is imported on first use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from ibis.backends.sql import SQLBackend

from valuemodel.exceptions import UsageError
from valuemodel.io.engine import literal
from valuemodel.settings import SparkSection
from valuemodel.tables.ledger import Ledger

#: What every session of ours is given, unless the settings say otherwise.
_DEFAULTS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "8",
}
#: On one machine nothing of Spark is to be reached from outside.
_LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


def connect_spark(section: SparkSection, folder: Path) -> tuple[SQLBackend, Callable[[], None]]:
    """Open Spark behind Ibis.

    Parameters
    ----------
    section : SparkSection
        Where Spark runs, and further options of the session.
    folder : Path
        A folder of this run alone, for tables that Spark writes.

    Returns
    -------
    tuple
        The backend, whose session speaks UTC, and a function that ends what was begun here.

    Raises
    ------
    UsageError
        If PySpark is not installed, or no session can be opened (most often for want of Java 17).
    """
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

        from valuemodel.io.spark_dialect import SparkBackend  # noqa: PLC0415 - an extra
    except ImportError:
        problem = "engine.name = 'spark' needs PySpark, which is not installed"
        hint = "pip install 'valuemodel[spark]', or set engine.name to 'duckdb'"
        raise UsageError(problem, hint=hint) from None
    there = SparkSession.getActiveSession()
    session = there or _new_session(SparkSession.builder, section, folder)
    zone = str(session.conf.get("spark.sql.session.timeZone"))
    session.conf.set("spark.sql.session.timeZone", "UTC")

    def end() -> None:
        if there is None:
            session.stop()
        else:
            session.conf.set("spark.sql.session.timeZone", zone)

    SparkBackend.register_options()
    backend = SparkBackend()
    backend.do_connect(session)
    return backend, end


def _new_session(builder: Any, section: SparkSection, folder: Path) -> Any:
    local = _LOOPBACK if section.master.startswith("local") else {}
    own = {"spark.sql.warehouse.dir": str(folder / "warehouse")}
    builder = builder.master(section.master).appName("valuemodel")
    for name, value in (_DEFAULTS | local | own | section.options).items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:  # the JVM's failures share no class
        problem = f"no Spark session can be opened at {section.master}"
        said = str(error).strip().splitlines() or [type(error).__name__]
        hint = "Spark 4 needs Java 17 or newer (JAVA_HOME) and a master that answers"
        raise UsageError(problem, received=said[0], hint=hint) from None
    session.sparkContext.setLogLevel("ERROR")
    return session


def on_spark(ledger: Ledger, source: Backend, spark: SQLBackend, folder: Path) -> Ledger:
    """Return the ledger's tables in Spark.

    Parameters
    ----------
    ledger : Ledger
        The validated tables, lying in the embedded engine.
    source : ibis DuckDB backend
        That engine.
    spark : ibis PySpark backend
        From `connect_spark`.
    folder : Path
        Where the tables are written as Parquet; every executor must be able to read it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        field.name: _handed_over(field.name, table, source, spark, folder)
        for field in fields(ledger)
        if isinstance(table := getattr(ledger, field.name), ir.Table)
    }
    return replace(ledger, **tables)


def _handed_over(
    name: str, table: ir.Table, source: Backend, spark: SQLBackend, folder: Path
) -> ir.Table:
    """Write one table out of core, and let Spark read it."""
    path = folder / f"{name}.parquet"
    query = source.compile(table)
    source.raw_sql(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet)")
    return spark.read_parquet(str(path), table_name=f"ledger_{name}")
