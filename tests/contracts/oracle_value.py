"""The value of an account once more, day by day, in plain Python: what it bought, what contracts
earned, what serving it cost.

Slow and simple on purpose; it shares no code with the package. Contracts are followed term by term and
earn on every single day; money is exact (`fractions.Fraction`) but for the discount.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

from dateutil.relativedelta import relativedelta

from tests.contracts.book import ALWAYS, Book, Row, known
from valuemodel.settings import ValueSection

DAY = timedelta(days=1)
YEAR = 365


@dataclass(frozen=True)
class Terms:
    """The terms of one contract from an instant until another; None while they are open."""

    start: datetime
    stop: datetime | None
    arr: Decimal

    def holds(self, day: datetime) -> bool:
        """Say whether the 24 hours from ``day`` on are earned: whether it holds at their end."""
        return self.start < day + DAY and (self.stop is None or self.stop >= day + DAY)


def terms_of(rows: list[Row]) -> Iterator[Terms]:
    """Return the terms of one account, of rows as they are known."""
    for contract in {row["contract_id"] for row in rows}:
        own = [row for row in rows if row["contract_id"] == contract]
        standing = {row["start"]: row for row in sorted(own, key=_later_known_last)}
        starts = [*sorted(standing), None]
        for start, following in pairwise(starts):
            stops = [at for at in (_runs_until(standing[start]), following) if at is not None]
            arr = standing[start].get("arr") or 0
            yield Terms(start, min(stops, default=None), Decimal(arr))


def _later_known_last(row: Row) -> Any:
    """Sort by when a row was known; of two known at once, the least by content comes last."""
    renews = bool(row.get("auto_renew")) and row.get("end") is not None
    content = (row.get("arr"), renews, row.get("cancelled_at"), row.get("end"), row.get("seats"))
    missing_least = [(value is not None, _ordered(value)) for value in content]
    return known("contracts", row), [(-there, -value) for there, value in missing_least]


def _ordered(value: Any) -> Fraction:
    if isinstance(value, datetime):
        return Fraction((value - ALWAYS) / timedelta(microseconds=1))
    return Fraction(value or 0)


def _runs_until(row: Row) -> datetime | None:
    """Return when the terms stop if no row follows."""
    end, notice = row.get("end"), row.get("cancelled_at")
    if not row.get("auto_renew") or end is None:
        return notice if end is None else end
    if notice is None:
        return None
    ends = _term_ends(row["start"], end)
    return next(at for at in ends if at >= notice)


def _term_ends(start: datetime, end: datetime) -> Iterator[datetime]:
    """Return the end of the first term, of the second, ...: by whole months, or by days."""
    months = 12 * (end.year - start.year) + end.month - start.month
    by_month = months > 0 and start + relativedelta(months=months) == end
    days = max((end.date() - start.date()).days, 1)
    for count in range(100_000):
        yield (
            start + relativedelta(months=months * (count + 1))
            if by_month
            else end + count * days * DAY
        )


class Worth:
    """What one account is worth, by what a book says; ``of`` the declared measure.

    Parameters
    ----------
    book : Book
        Everything that is known.
    name : str
        The account.
    value : ValueSection
        The measure.
    """

    def __init__(self, book: Book, name: str, value: ValueSection) -> None:
        def own(table: str) -> list[Row]:
            return [row for row in book.tables.get(table, ()) if row["account_id"] == name]

        self.value = value
        self.contracts = "contracts" in book.tables
        self.lines = own("transactions")
        self.costs = own("costs")
        self.terms = list(terms_of(own("contracts")))
        self.on = cache(self._on)

    def of_line(self, row: Row) -> Fraction | None:
        """Return what a line counts for; None where nobody knows."""
        if self.contracts and row.get("under_contract"):
            return Fraction(0)
        if self.value.refunds == "gross" and row["amount"] < 0:
            return Fraction(0)
        if self.value.measure == "revenue":
            return Fraction(row["amount"])
        return None if row.get("cost") is None else Fraction(row["amount"]) - Fraction(row["cost"])

    def of_cost(self, row: Row) -> Fraction:
        """Return what a row of cost takes off."""
        counts = self.value.measure == "contribution" and row["treatment"] in self.value.subtract
        return Fraction(row["amount"]) if counts else Fraction(0)

    def traded(self, since: datetime, until: datetime) -> Fraction:
        """Return what was bought in [since, until), outside contracts."""
        rows = (row for row in self.lines if since <= row["time"] < until)
        return sum((self.of_line(row) or Fraction(0) for row in rows), Fraction(0))

    def earned(self, since: datetime, until: datetime) -> Fraction:
        """Return what contracts earned in the days of [since, until)."""
        if not self.terms:
            return Fraction(0)
        return Fraction(sum((self.on(day) for day in _days(since, until)), Decimal(0))) / YEAR

    def _on(self, day: datetime) -> Decimal:
        """Return what contracts earn in the 24 hours from an instant on, in 365ths."""
        return sum((terms.arr for terms in self.terms if terms.holds(day)), Decimal(0))

    def subtracted(self, since: datetime, until: datetime) -> Fraction:
        """Return the cost to serve of [since, until) that the measure takes off."""
        rows = (row for row in self.costs if since <= row["time"] < until)
        return sum((self.of_cost(row) for row in rows), Fraction(0))

    def served(self, since: datetime, until: datetime) -> Fraction:
        """Return the whole cost to serve of [since, until)."""
        rows = (row for row in self.costs if since <= row["time"] < until)
        return sum((Fraction(row["amount"]) for row in rows), Fraction(0))

    def between(self, since: datetime, until: datetime) -> Fraction:
        """Return what the account is worth in [since, until)."""
        gross = self.traded(since, until) + self.earned(since, until)
        return gross - self.subtracted(since, until)

    def discounted(self, since: datetime, until: datetime) -> float:
        """Return it as it is worth at the beginning of the time; weights have ten digits."""
        growth = 1 + self.value.discount_rate
        return sum(
            float(self.between(day, day + DAY)) * round(growth ** (-later / YEAR), 10)
            for later, day in enumerate(_days(since, until))
        )


def _days(since: datetime, until: datetime) -> Iterator[datetime]:
    while since < until:
        yield since
        since += DAY
