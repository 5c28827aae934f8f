"""A small book in plain Python rows, and the way from it to features.

The contracts do not care how a ledger comes about: they take a function from a `Book` to an engine
and the ledger in it. `in_memory` hands the rows over as validated tables; `raw_files.FromFiles`
writes them to files and reads these as a project would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends.sql import SQLBackend

from tests.contracts.book import UNDATED, Book, Row, at, known
from tests.contracts.random_book import random_book
from valuemodel.dataset import Dataset, DatasetBuilder
from valuemodel.features.own import OwnFeature
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings, TablesSection
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.schemas import TABLES, TRANSACTIONS

__all__ = [
    "EXTRA",
    "Book",
    "LedgerFactory",
    "Row",
    "at",
    "builder_for",
    "in_memory",
    "mismatches",
    "random_book",
    "settings_for",
    "typed_ledger",
]

EXTRA = {"fleet_size": "number", "channel": "category"}
LedgerFactory = Callable[[Book, int], tuple[SQLBackend, Ledger]]


def in_memory(book: Book, threads: int) -> tuple[SQLBackend, Ledger]:
    """Return an engine of so many threads and the book as validated tables."""
    connection = ibis.duckdb.connect(threads=threads)
    return connection, typed_ledger(book, connection)


def typed_ledger(book: Book, connection: SQLBackend) -> Ledger:
    """Return the book as validated tables; they live in memory, hence on any engine."""
    del connection
    tables = {"transactions": _table((), TRANSACTIONS.validated())}
    for name, rows in book.tables.items():
        kinds = TABLES[name].validated(extra=EXTRA if name == "accounts" else None)
        tables[name] = _table((_as_validated(name, row) for row in rows), kinds)
    accounts = tables.pop("accounts", None)
    first, last = _span(book)
    midnight = last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    transactions = tables.pop("transactions")
    return Ledger(transactions, accounts, Cutoff(first), Cutoff(midnight), **tables)


def _as_validated(table: str, row: Row) -> Row:
    return row if table in (*UNDATED, "accounts") else row | {"known_at": known(table, row)}


def _span(book: Book) -> tuple[datetime, datetime]:
    """Return the first and the last event: sales, or without any whatever else happens."""
    happen = [row["time"] for row in book.lines or ()]
    if not happen:
        rest = {name: rows for name, rows in book.others.items() if name not in UNDATED}
        happen = [row.get("time") or row["start"] for rows in rest.values() for row in rows]
    return min(happen, default=at("2020-01-01")), max(happen, default=at("2020-01-01"))


_ARROW = {
    "string": pa.string(),
    "timestamp(6)": pa.timestamp("us"),
    "decimal(18, 4)": pa.decimal128(18, 4),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
}


def _table(rows: Iterable[Row], kinds: dict[str, str]) -> ibis.Table:
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in kinds.items()])
    return ibis.memtable(pa.Table.from_pylist(list(rows), schema=schema))


def settings_for(
    horizons: Iterable[str] = ("1 month", "26 weeks", "1 year"), **parts: Any
) -> Settings:
    """Return settings with the given horizons; sections can be added."""
    document: dict[str, Any] = {
        "project": {"name": "contracts"},
        "tables": {"transactions": {"source": "sales.csv"}},
        "value": {"horizons": list(horizons)},
        "features": {"extra": EXTRA},
    }
    for name, section in parts.items():
        document[name] = document.get(name, {}) | section
    return Settings.parse(document)


def declaring(settings: Settings, book: Book) -> Settings:
    """Return the settings with the tables that the book has, as a project would declare them."""
    said = settings.tables.declared
    tables = {name: said.get(name, {"source": f"{name}.csv"}) for name in book.tables}
    return settings.model_copy(update={"tables": TablesSection.model_validate(tables)})


def builder_for(
    book: Book,
    settings: Settings,
    make: LedgerFactory = in_memory,
    threads: int = 1,
    own: Sequence[OwnFeature] = (),
) -> DatasetBuilder:
    """Return a builder of the book, all its tables declared, on an engine of its own."""
    connection, ledger = make(book, threads)
    return DatasetBuilder(connection, ledger, declaring(settings, book), own)


def mismatches(one: Dataset, other: Dataset) -> list[str]:
    """Name the features that are not the same to the last bit; 'account_id' if the rows differ."""
    if not one.keys.equals(other.keys):
        return ["account_id"]
    return [name for name in one.X.columns if not _same(one.X[name], other.X[name])]


def _same(one: pd.Series, other: pd.Series) -> bool:
    if one.dtype == "float64":
        return one.to_numpy().tobytes() == other.to_numpy().tobytes()
    return one.equals(other)
