"""How many hours each account was in fact given after a cutoff, where contacts say how long they took.

Why this way: what a tier costs is people's time, and only what was really spent can be set beside the
value that really came. A contact without its hours is counted, not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from valuemodel.labels.windows import windows_from
from valuemodel.periods import Cutoff, Horizon
from valuemodel.snapshots.exact import exact

if TYPE_CHECKING:
    from ibis.backends.sql import SQLBackend

    from valuemodel.tables.ledger import Ledger

EFFORT_COLUMNS = ["cutoff", "account_id", "contacts", "timed", "hours"]


def effort(
    connection: SQLBackend,
    ledger: Ledger,
    cutoffs: Sequence[Cutoff],
    horizon: Horizon,
    labels_until: Cutoff,
) -> pd.DataFrame | None:
    """Add up the contacts of each account in the windows that were judged.

    Parameters
    ----------
    connection : ibis backend
        Where the ledger's tables lie.
    ledger : Ledger
        The validated tables.
    cutoffs : sequence of Cutoff
        The judged cutoffs; their windows are [cutoff, cutoff + horizon).
    horizon : Horizon
        The tier horizon.
    labels_until : Cutoff
        What happened or was known from then on is not there.

    Returns
    -------
    pandas.DataFrame or None
        Columns cutoff, account_id, contacts, timed (contacts whose hours are known) and hours;
        accounts without a contact have no row. None where the book has no interactions.
    """
    rows = ledger.interactions
    if rows is None:
        return None
    parts = []
    for cutoff in cutoffs:
        (window,) = windows_from(cutoff, [horizon], labels_until)
        known = rows.filter(window.holds(rows.time), rows.known_at < labels_until.at)
        sums = known.group_by("account_id").aggregate(
            contacts=known.count(),
            timed=known.hours.count(),
            hours=exact(known.hours).sum().cast("float64"),
        )
        found = connection.to_pyarrow(sums.order_by("account_id")).to_pandas()
        found["cutoff"] = pd.Series(cutoff.at, index=found.index, dtype="datetime64[us]")
        parts.append(found.fillna({"hours": 0.0})[EFFORT_COLUMNS])
    kinds = {"account_id": "str", "contacts": "int64", "timed": "int64", "hours": "float64"}
    whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=EFFORT_COLUMNS)
    return whole.astype(kinds)
