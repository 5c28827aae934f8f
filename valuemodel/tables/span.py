"""The span of a book: its first event, and until when its value is complete.

Why this way: a label may only end where nothing more can come. A contract that is signed ahead begins
after everything that we know, so its start says nothing about how far the book reaches; that it was
signed does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir

from valuemodel.exceptions import DataRefused
from valuemodel.periods import Cutoff


@dataclass(frozen=True)
class Span:
    """The first and the last event that decide on value, and the first instant that may be lacking."""

    first: Cutoff
    last: Cutoff
    complete_until: Cutoff


def span_of(
    transactions: ir.Table,
    contracts: ir.Table | None,
    now: Cutoff | None = None,
    declared: Cutoff | None = None,
    bounds: Iterable[Cutoff | None] = (),
) -> Span:
    """Return the span of a book.

    Where there are transactions, they decide: from the first of them, until the day after the last.
    A book of contracts alone goes from the earliest start until the day after the latest signing or
    cancellation. A contract that was signed after it began, or that does not say when it was signed,
    counts by its start; and what lies after the clock is no event yet.

    Parameters
    ----------
    transactions, contracts : ibis table
        Validated; the transactions may be empty, the contracts missing.
    now : Cutoff, optional
        The clock.
    declared : Cutoff, optional
        Until when the table that decides is complete, instead of the day after its last event.
    bounds : iterable of Cutoff or None
        Until when other tables that make up value are complete, as far as it is declared: the
        earliest instant holds.

    Examples
    --------
    >>> import pyarrow as pa
    >>> none = ibis.memtable(pa.table({"time": pa.array([], pa.timestamp("us"))}))
    >>> day = datetime.fromisoformat
    >>> terms = {"start": [day("2024-01-01"), day("2025-01-01")]}
    >>> terms |= {"known_at": [day("2024-01-01"), day("2024-11-20")]}
    >>> terms |= {"cancelled_at": pa.array([None, None], pa.timestamp("us"))}
    >>> span_of(none, ibis.memtable(pa.table(terms))).complete_until
    Cutoff('2024-11-21')
    """
    first, last = _reach(transactions, transactions.time, transactions.time)
    if first is None and contracts is not None:
        first, last = _contracted(contracts, now)
    if first is None or last is None:
        problem = "the book has no event"
        raise DataRefused(problem, hint="declare transactions or contracts that have rows")
    midnight = datetime(last.year, last.month, last.day)  # noqa: DTZ001
    own = declared or Cutoff(midnight + timedelta(days=1))
    until = min([own, *(bound for bound in bounds if bound is not None)])
    return Span(Cutoff(first), Cutoff(last), until)


def _contracted(contracts: ir.Table, now: Cutoff | None) -> tuple[datetime | None, datetime | None]:
    signed = ibis.least(contracts.start, contracts.known_at)
    happened = [signed, contracts.cancelled_at]
    if now is not None:
        happened = [(when <= now.at).ifelse(when, ibis.null("timestamp(6)")) for when in happened]
    first, last = _reach(contracts, contracts.start, happened[0])
    _, cancelled = _reach(contracts, contracts.start, happened[1])
    return first, max((when for when in (last, cancelled) if when is not None), default=first)


def _reach(
    table: ir.Table, begins: ir.Value, happens: ir.Value
) -> tuple[datetime | None, datetime | None]:
    found = table.aggregate(first=begins.min(), last=happens.max()).to_pyarrow().to_pylist()[0]
    return found["first"], found["last"]
