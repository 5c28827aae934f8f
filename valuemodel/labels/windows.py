"""Label windows: which of them are complete, and the lines that fall into them.

A label of a window that has not ended yet is not a small label: it is no label. Windows end by the
instant until which transactions are complete, and by the instant whose knowledge may be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.types as ir

from valuemodel.periods import Cutoff, Horizon
from valuemodel.settings import ValueSection
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


def windows_from(cutoff: Cutoff, horizons: Sequence[Horizon], until: Cutoff) -> list[Window]:
    """Return the window of each horizon from the cutoff on; complete if it ends by ``until``."""
    ends = [horizon.after(cutoff) for horizon in horizons]
    return [
        Window(horizon, cutoff, end, complete=end <= until)
        for horizon, end in zip(horizons, ends, strict=True)
    ]


def future_lines(
    ledger: Ledger, value: ValueSection, cutoff: Cutoff, labels_until: Cutoff
) -> ir.Table:
    """Return the lines from the cutoff on that are known before ``labels_until``, with ``value``."""
    rows = ledger.transactions
    known = rows.filter(
        rows.time >= cutoff.at, rows.time < labels_until.at, rows.known_at < labels_until.at
    )
    return known.mutate(value=line_value(known, value))
