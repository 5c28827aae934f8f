"""A small book in plain Python rows, as a company would have them, and what of it existed when.

Visibility is written down here once more, row by row, from the contract of the tables; it shares no
code with the package.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from valuemodel.periods import Cutoff

Row = dict[str, Any]

#: Columns that are filled in after their row is known, and the column that says when.
FILLED_LATER = {
    "transactions": {"collected_at": "collected_at", "collected": "collected_at"},
    "contracts": {"cancelled_at": "cancelled_at"},
}
#: Tables without time: they hold whenever one looks.
UNDATED = ("credit", "capability_gaps")


def at(text: str) -> datetime:
    """Return an instant in the project's time zone."""
    return Cutoff.parse(text).at


ALWAYS = at("0001-01-01")


def known(table: str, row: Row) -> datetime:
    """Return the instant after which the row can be seen."""
    if table in UNDATED:
        return ALWAYS
    if table == "accounts":
        return row.get("valid_from") or ALWAYS
    if table == "contracts":  # its event is the signing, which may come before the start
        return row.get("known_at") or row["start"]
    return max(row["time"], row.get("known_at") or row["time"])


@dataclass(frozen=True)
class Book:
    """Rows of the tables; a table that is None, or not among the others, is not declared."""

    lines: tuple[Row, ...] | None = None
    accounts: tuple[Row, ...] | None = None
    others: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)

    @property
    def tables(self) -> dict[str, tuple[Row, ...]]:
        """The rows of every declared table, by its name in the contract."""
        first = {"transactions": self.lines, "accounts": self.accounts}
        return {name: rows for name, rows in first.items() if rows is not None} | dict(self.others)

    @classmethod
    def of(cls, tables: Mapping[str, Iterable[Row]]) -> Book:
        """Return the book with these tables; `tables` of it gives them back."""
        rows = {name: tuple(found) for name, found in tables.items()}
        return cls(rows.pop("transactions", None), rows.pop("accounts", None), rows)

    def known_before(self, cutoff: Cutoff) -> Book:
        """Return only what existed before the cutoff: the future is not in the files of that day."""
        return self._changed(
            lambda table, row: (
                [_as_filled_in(table, row, cutoff)] if known(table, row) < cutoff.at else []
            )
        )

    def with_later(self, cutoff: Cutoff, change: Callable[[Row], Iterable[Row]]) -> Book:
        """Return the book with every row that is not yet known at the cutoff changed."""
        return self._changed(
            lambda table, row: [row] if known(table, row) < cutoff.at else change(row)
        )

    def with_later_cells(self, cutoff: Cutoff, change: Callable[[Any], Any]) -> Book:
        """Return the book with every cell filled in at or after the cutoff changed, in known rows."""

        def changed(table: str, row: Row) -> list[Row]:
            blank = _as_filled_in(table, row, cutoff)
            later = {name: change(row[name]) for name in row if row[name] != blank[name]}
            return [row | (later if known(table, row) < cutoff.at else {})]

        return self._changed(changed)

    def shuffled(self, seed: int) -> Book:
        """Return the same rows in another order."""
        order = random.Random(seed)
        tables = {name: list(rows) for name, rows in self.tables.items()}
        for rows in tables.values():
            order.shuffle(rows)
        return Book.of(tables)

    def without(self, *names: str) -> Book:
        """Return the book without some of its tables."""
        return Book.of({name: rows for name, rows in self.tables.items() if name not in names})

    def _changed(self, change: Callable[[str, Row], Iterable[Row]]) -> Book:
        return Book.of(
            {
                name: [new for row in rows for new in change(name, row)]
                for name, rows in self.tables.items()
            }
        )


def _as_filled_in(table: str, row: Row, cutoff: Cutoff) -> Row:
    """Return the row as it stood: blank where it was filled in at or after the cutoff."""
    blank = {
        name: None
        for name, when in FILLED_LATER.get(table, {}).items()
        if row.get(when) is not None and row[when] >= cutoff.at and name in row
    }
    return row | blank
