"""A book as the files that a company would hand over, read as a project reads them."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from ibis.backends.sql import SQLBackend

from tests.contracts.harness import EXTRA, Book, Row
from valuemodel.io.engine import connect
from valuemodel.io.sources import open_ledger
from valuemodel.settings import EngineSection, Settings
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.record_rules import rules_of
from valuemodel.tables.schemas import TABLES


class FromFiles:
    """A way from a book to a ledger: one CSV file per table, all of it text, then `open_ledger`.

    Parameters
    ----------
    folder : Path
        Each book gets a folder of its own in it.
    forgets : collection of str
        Columns that no file has.
    value : mapping
        What ``[value]`` says beside the horizons.
    """

    def __init__(self, folder: Path, forgets: Collection[str] = (), **value: Any) -> None:
        self.folder = folder
        self.forgets = forgets
        self.value = value
        self.numbers = itertools.count()

    def __call__(self, book: Book, threads: int) -> tuple[SQLBackend, Ledger]:
        """Write the book, open it on an engine of so many threads."""
        folder = self.folder / str(next(self.numbers))
        folder.mkdir()
        for name, rows in book.tables.items():
            _write(folder / f"{name}.csv", self._columns(name, rows), rows)
        engine = EngineSection(memory_limit="500MB", threads=threads)
        connection = connect(engine, folder / "engine")
        return connection, open_ledger(connection, self.settings(book), folder).ledger

    def _columns(self, table: str, rows: Iterable[Row]) -> list[str]:
        """Return what any row says, and what must be in a file of this kind."""
        needed = {column.name for column in TABLES[table].columns if column.required}
        needed |= {"known_at"} if "known_at" in TABLES[table].names else set()
        said = needed.union(*rows) | (EXTRA.keys() if table == "accounts" else set())
        return [name for name in sorted(said) if name not in self.forgets]

    def settings(self, book: Book) -> Settings:
        """Say how to read the files; what a rule finds is set aside, nothing refuses the whole."""
        tables: dict[str, Any] = {
            name: {
                "source": f"{name}.csv",
                "limits": {rule.name: 1.0 for rule in rules_of(name)},
            }
            for name in book.tables
        }
        if "accounts" in tables:
            tables["accounts"]["coverage"] = 0.0
        document = {
            "project": {"name": "contracts"},
            "tables": tables,
            "value": {"horizons": ["1 year"]} | self.value,
            "features": {"extra": EXTRA if book.accounts is not None else {}},
        }
        return Settings.parse(document)


def _write(path: Path, names: Iterable[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_text(row.get(name)) for name in names] for row in rows)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
