"""A small book in plain Python rows, and the way from it to features.

The contracts do not care how a ledger comes about: they take a function from a `Book` to an engine
and the ledger in it. `in_memory` hands the rows over as validated tables; `raw_files.FromFiles`
writes them to files and reads these as a project would.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends.sql import SQLBackend

from valuemodel.dataset import Dataset, DatasetBuilder
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.schemas import ACCOUNTS, TRANSACTIONS

Row = dict[str, Any]
EXTRA = {"fleet_size": "number", "channel": "category"}


def at(text: str) -> datetime:
    """Return an instant in the project's time zone."""
    return Cutoff.parse(text).at


@dataclass(frozen=True)
class Book:
    """Rows of transactions and of accounts, as a company would have them."""

    lines: tuple[Row, ...]
    accounts: tuple[Row, ...] | None = None

    def known_before(self, cutoff: Cutoff) -> Book:
        """Return only what existed before the cutoff: the future is not in the file."""
        lines = [row for row in self.lines if _known(row) < cutoff.at]
        accounts = self.accounts
        if accounts is not None:
            dated = (row for row in accounts if _held(row) < cutoff.at)
            accounts = tuple(dated)
        return Book(tuple(lines), accounts)

    def with_later(self, cutoff: Cutoff, change: Callable[[Row], Iterable[Row]]) -> Book:
        """Return the book with every row that is not yet known at the cutoff changed."""

        def rows(table: Iterable[Row], known: Callable[[Row], datetime]) -> tuple[Row, ...]:
            return tuple(
                new for row in table for new in ([row] if known(row) < cutoff.at else change(row))
            )

        accounts = None if self.accounts is None else rows(self.accounts, _held)
        return Book(rows(self.lines, _known), accounts)

    def shuffled(self, seed: int) -> Book:
        """Return the same rows in another order."""
        order = random.Random(seed)
        lines, accounts = list(self.lines), list(self.accounts or ())
        order.shuffle(lines)
        order.shuffle(accounts)
        return replace(self, lines=tuple(lines), accounts=tuple(accounts) or None)


def _known(row: Row) -> datetime:
    return max(row["time"], row["known_at"] or row["time"])


def _held(row: Row) -> datetime:
    return row["valid_from"] or at("0001-01-01")


LedgerFactory = Callable[[Book, int], tuple[SQLBackend, Ledger]]


def in_memory(book: Book, threads: int) -> tuple[SQLBackend, Ledger]:
    """Return an engine of so many threads and the book as validated tables."""
    connection = ibis.duckdb.connect(threads=threads)
    return connection, typed_ledger(book, connection)


def typed_ledger(book: Book, connection: SQLBackend) -> Ledger:
    """Return the book as validated tables; they live in memory, hence on any engine."""
    del connection
    times = [row["time"] for row in book.lines]
    first, last = min(times, default=at("2020-01-01")), max(times, default=at("2020-01-01"))
    midnight = last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    lines = [row | {"known_at": _known(row)} for row in book.lines]
    transactions = _table(lines, TRANSACTIONS.validated())
    accounts = None
    if book.accounts is not None:
        accounts = _table(book.accounts, ACCOUNTS.validated(extra=EXTRA))
    return Ledger(transactions, accounts, Cutoff(first), Cutoff(midnight))


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


def builder_for(
    book: Book, settings: Settings, make: LedgerFactory = in_memory, threads: int = 1
) -> DatasetBuilder:
    """Return a builder of the book on an engine of its own."""
    connection, ledger = make(book, threads)
    return DatasetBuilder(connection, ledger, settings)


def mismatches(one: Dataset, other: Dataset) -> list[str]:
    """Name the features that are not the same to the last bit; 'account_id' if the rows differ."""
    if not one.keys.equals(other.keys):
        return ["account_id"]
    return [name for name in one.X.columns if not _same(one.X[name], other.X[name])]


def _same(one: pd.Series, other: pd.Series) -> bool:
    if one.dtype == "float64":
        return one.to_numpy().tobytes() == other.to_numpy().tobytes()
    return one.equals(other)


def random_book(seed: int, accounts: int = 12, lines: int = 400) -> Book:
    """Return a book from 2019 to 2022 with refunds, late rows, moves and everything optional."""
    rng = random.Random(seed)
    names = [f"A{number:02d}" for number in range(accounts)]
    start = at("2019-01-01")
    found = [_random_line(rng, names, start) for _ in range(lines)]
    listed = [_random_account(rng, name, start) for name in [*names[2:], "new"] for _ in range(3)]
    return Book(tuple(found), tuple(listed))


def _random_line(rng: random.Random, names: list[str], start: datetime) -> Row:
    time = start + timedelta(
        days=rng.randrange(4 * 365), seconds=rng.choice([0, rng.randrange(86400)])
    )
    late = timedelta(days=rng.choice([0, 0, 0, rng.randrange(90)]))
    amount = Decimal(rng.randrange(-20_000, 100_000)) / 100
    return {
        "account_id": rng.choice(names),
        "time": time,
        "known_at": rng.choice([None, time + late]),
        "amount": amount,
        "cost": rng.choice([None, (amount * Decimal("0.6")).quantize(Decimal("0.0001"))]),
        "order_id": rng.choice([None, f"O{rng.randrange(200)}"]),
        "product_id": rng.choice([None, f"P{rng.randrange(12)}"]),
    }


def _random_account(rng: random.Random, name: str, start: datetime) -> Row:
    held = start + timedelta(days=rng.randrange(4 * 365))
    return {
        "account_id": name,
        "industry": rng.choice(["retail", "hospital", None]),
        "region": rng.choice(["NA", "EMEA"]),
        "country": rng.choice(["NA", "DE", "US"]),
        "employees": rng.choice([None, float(rng.randrange(5000))]),
        "brand_score": rng.random(),
        "reference_score": rng.random(),
        "reference_until": rng.choice([None, held + timedelta(days=rng.randrange(700))]),
        "addressable_seats": float(rng.randrange(900)),
        "fleet_size": float(rng.randrange(50)),
        "channel": rng.choice(["direct", "partner"]),
        "valid_from": rng.choice([None, held, held, held]),
    }
