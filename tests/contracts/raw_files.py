"""A book as the files that a company would hand over, read as a project reads them."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ibis.backends.sql import SQLBackend

from tests.contracts.harness import EXTRA, Book, Row
from valuemodel.io.engine import connect
from valuemodel.io.sources import open_ledger
from valuemodel.settings import EngineSection, Settings
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.rules import ACCOUNT_RULES, TRANSACTION_RULES

LINES = ("account_id", "time", "known_at", "amount", "cost", "order_id", "product_id")


class FromFiles:
    """A way from a book to a ledger: one CSV file per table, all of it text, then `open_ledger`.

    Parameters
    ----------
    folder : Path
        Each book gets a folder of its own in it.
    columns : sequence of str
        What the file of sales has.
    """

    def __init__(self, folder: Path, columns: Sequence[str] = LINES) -> None:
        self.folder = folder
        self.columns = columns
        self.numbers = itertools.count()

    def __call__(self, book: Book, threads: int) -> tuple[SQLBackend, Ledger]:
        """Write the book, open it on an engine of so many threads."""
        folder = self.folder / str(next(self.numbers))
        folder.mkdir()
        _write(folder / "sales.csv", self.columns, book.lines)
        if book.accounts is not None:
            names = tuple(dict.fromkeys(name for row in book.accounts for name in row))
            _write(folder / "accounts.csv", (*names, *(EXTRA.keys() - names)), book.accounts)
        engine = EngineSection(memory_limit="500MB", threads=threads)
        connection = connect(engine, folder / "engine")
        return connection, open_ledger(connection, _settings(book), folder).ledger


def _write(path: Path, names: Iterable[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_text(row.get(name)) for name in names] for row in rows)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _settings(book: Book) -> Settings:
    """Say how to read the files; whatever a rule finds is set aside, nothing refuses the whole."""
    tables: dict[str, Any] = {
        "transactions": {
            "source": "sales.csv",
            "limits": {rule.name: 1.0 for rule in TRANSACTION_RULES} | {"scale_break": 1.0},
        }
    }
    if book.accounts is not None:
        tables["accounts"] = {
            "source": "accounts.csv",
            "limits": {rule.name: 1.0 for rule in ACCOUNT_RULES},
            "coverage": 0.0,
        }
    document = {
        "project": {"name": "contracts"},
        "tables": tables,
        "value": {"horizons": ["1 year"]},
        "features": {"extra": EXTRA if book.accounts is not None else {}},
    }
    return Settings.parse(document)
