"""Label windows: which of them are complete, and what is known to have happened in them.

A label of a window that has not ended yet is not a small label: it is no label. Windows end by the
instant until which the tables are complete, and by the instant whose knowledge may be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import ibis.expr.types as ir

from valuemodel.periods import Cutoff, Horizon
from valuemodel.settings import ValueSection
from valuemodel.snapshots.contracts import terms
from valuemodel.snapshots.measure import line_value
from valuemodel.tables.ledger import Ledger


@dataclass(frozen=True)
class Window:
    """The label window [cutoff, cutoff + horizon) of one horizon.

    Parameters
    ----------
    horizon : Horizon
        Its length.
    start, end : Cutoff
        Its first instant, and the first instant after it.
    complete : bool
        Whether everything in it can be known.

    Examples
    --------
    >>> cutoff, until = Cutoff.parse("2011-01-01"), Cutoff.parse("2011-07-01")
    >>> horizons = [Horizon.parse("6 months"), Horizon.parse("1 year")]
    >>> [window.complete for window in windows_from(cutoff, horizons, until)]
    [True, False]
    """

    horizon: Horizon
    start: Cutoff
    end: Cutoff
    complete: bool

    def holds(self, time: ir.TimestampValue) -> ir.BooleanValue:
        """Whether an instant lies in the window: its first instant does, its end does not."""
        return (time >= self.start.at) & (time < self.end.at)

    @property
    def days(self) -> int:
        """How many days it has; a cutoff and the end of its window have the same time of day."""
        return (self.end.at - self.start.at).days


def windows_from(
    cutoff: Cutoff, horizons: Sequence[Horizon], until: Cutoff, grace: int = 0
) -> list[Window]:
    """Return the window of each horizon from the cutoff on.

    One is complete if it ends by ``until``, so many days of ``grace`` included.
    """
    ends = [horizon.after(cutoff) for horizon in horizons]
    return [
        Window(horizon, cutoff, end, complete=end.at + timedelta(days=grace) <= until.at)
        for horizon, end in zip(horizons, ends, strict=True)
    ]


@dataclass(frozen=True)
class Future:
    """What happened from a cutoff on, as far as it is known before ``labels_until``.

    Parameters
    ----------
    cutoff : Cutoff
        The first instant of all windows.
    lines : ibis table
        Transaction lines, with ``value`` (what the line counts for in the value measure).
    terms : ibis table or None
        All contract terms as they are then known, ages counted from the cutoff (see
        `valuemodel.snapshots.contracts.terms`); None where the book has no contracts.
    costs : ibis table or None
        Rows of the costs; None where the book has no such table.
    wins : ibis table or None
        Changes by which opportunities came to a stage of being won; None where the book has none.

    Examples
    --------
    See `future`.
    """

    cutoff: Cutoff
    lines: ir.Table
    terms: ir.Table | None
    costs: ir.Table | None
    wins: ir.Table | None = None


def future(ledger: Ledger, value: ValueSection, cutoff: Cutoff, labels_until: Cutoff) -> Future:
    """Return what labels may know: rows from the cutoff on that are known before ``labels_until``.

    Parameters
    ----------
    ledger : Ledger
        The validated tables.
    value : ValueSection
        The value measure.
    cutoff : Cutoff
        What happened before it is not there, but for contracts that still run.
    labels_until : Cutoff
        What happened, or was known, at or after it is not there.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.tables.schemas import TRANSACTIONS
    >>> rows = {"account_id": ["a", "a"], "time": ["2020-01-01", "2020-01-02 08:00"]}
    >>> rows |= {"known_at": rows["time"], "amount": [5.0, 7.0]}
    >>> kinds = TRANSACTIONS.validated()
    >>> table = ibis.memtable(pa.table(rows))
    >>> table = table.mutate(**{n: ibis.null() for n in kinds if n not in rows})
    >>> cutoff, end = Cutoff.parse("2020-01-02"), Cutoff.parse("2020-01-03")
    >>> ledger = Ledger(table.cast(kinds), None, cutoff, end)
    >>> value = ValueSection.model_validate({"horizons": ["1 day"]})
    >>> future(ledger, value, cutoff, end).lines.amount.cast("float64").to_pyarrow().to_pylist()
    [7.0]
    """
    lines = _between(ledger.transactions, cutoff, labels_until)
    contracts, costs, deals = ledger.contracts, ledger.costs, ledger.opportunities
    if deals is not None:
        deals = _between(deals, cutoff, labels_until)
        deals = deals.filter(deals.stage.isin(ledger.stages.won))
    return Future(
        cutoff,
        lines.mutate(value=line_value(lines, value, contracts)),
        None if contracts is None else terms(contracts, labels_until, cutoff),
        None if costs is None else _between(costs, cutoff, labels_until),
        deals,
    )


def _between(rows: ir.Table, cutoff: Cutoff, labels_until: Cutoff) -> ir.Table:
    return rows.filter(
        rows.time >= cutoff.at, rows.time < labels_until.at, rows.known_at < labels_until.at
    )
