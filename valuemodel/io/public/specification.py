"""What a public data set is: where it comes from, how it is converted, what it must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.download import Downloader

Fetch = Callable[[Downloader, Path], Path]
Convert = Callable[[Path, Path], dict[str, pd.DataFrame]]


@dataclass(frozen=True)
class Expected:
    """What a published table is known to hold.

    Parameters
    ----------
    columns : tuple of str
        The columns, in order.
    rows : int
        How many rows were published.
    accounts : (column, count), optional
        How many different values a column has.
    period : (column, first, last), optional
        The first and the last day of a time column, as ISO dates.
    total : (column, sum), optional
        The sum of a column, in its own unit.
    tolerance : float, default 0
        The share by which counts and sums may differ: above 0 only for sources that are revised.
    """

    columns: tuple[str, ...]
    rows: int
    accounts: tuple[str, int] | None = None
    period: tuple[str, str, str] | None = None
    total: tuple[str, float] | None = None
    tolerance: float = 0.0

    def differences(self, frame: pd.DataFrame) -> list[str]:
        """List in words what differs; an empty list means that the table is as published.

        Examples
        --------
        >>> frame = pd.DataFrame({"id": ["a", "a", "b"], "paid": [1.0, 2.0, 3.5]})
        >>> Expected(("id", "paid"), 3, ("id", 2), total=("paid", 6.5)).differences(frame)
        []
        >>> Expected(("id", "paid"), 4, ("id", 2)).differences(frame)
        ['rows: 3, published 4']
        """
        if tuple(frame.columns) != self.columns:
            return [f"columns: {', '.join(frame.columns)}; published {', '.join(self.columns)}"]
        found: list[tuple[str, float, float, float]] = [("rows", len(frame), self.rows, 0.0)]
        if self.accounts is not None:
            column, count = self.accounts
            found.append((f"different {column}", frame[column].nunique(), count, 0.0))
        if self.total is not None:
            column, total = self.total
            # Half a cent covers what adding up many floats loses.
            found.append((f"sum of {column}", round(float(frame[column].sum()), 2), total, 0.005))
        differences = [
            f"{what}: {value:,}, published {published:,}"
            for what, value, published, slack in found
            if abs(value - published) > max(slack, self.tolerance * abs(published))
        ]
        return differences + self._outside_period(frame)

    def _outside_period(self, frame: pd.DataFrame) -> list[str]:
        if self.period is None or frame.empty:
            return []
        column, first, last = self.period
        days = frame[column].min().date().isoformat(), frame[column].max().date().isoformat()
        if days == (first, last):
            return []
        return [f"{column}: {days[0]} to {days[1]}, published {first} to {last}"]


@dataclass(frozen=True)
class PublicSet:
    """A public data set and its loader.

    Parameters
    ----------
    name : str
        The name on the command line; its settings are ``pipelines/<name>.toml``.
    title, licence, page : str
        What it is, the licence believed of the original, and where a person finds it.
    fetch : callable
        ``(downloader, workspace) -> original``: downloads the original as published.
    convert : callable
        ``(original, workspace) -> {relative path: table}``; also takes what a user downloaded.
    expected : mapping
        What each table must hold, by relative path.
    """

    name: str
    title: str
    licence: str
    page: str
    fetch: Fetch
    convert: Convert
    expected: Mapping[str, Expected]

    def verify(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Refuse tables that are not what was published; all differences are listed."""
        details = [
            f"{path}: {difference}"
            for path, expected in self.expected.items()
            for difference in expected.differences(tables[path])
        ]
        if details:
            problem = f"the original of {self.name} is not what was published"
            hint = f"look for the right edition at {self.page}, and hand it over with --from FILE"
            raise DataRefused(problem, received=self.title, hint=hint, details=details)
