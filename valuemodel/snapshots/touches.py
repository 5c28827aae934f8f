"""Touches: how often we met each account in the last 12 months, and by whose initiative (S31, S37).

`touch_facts` is one row per account; `touches` is one per account, kind and initiative, for plans that
promise so many visits or calls a year.

Why this way: planned, ad hoc and reactive contacts stand apart, because a plan can only be held against
what was planned. Hours that nobody wrote down are missing, not 0: a plan must not take a gap in the log
for time that nobody spent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import ibis.expr.types as ir

from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.exact import exact
from valuemodel.tables.schemas import INTERACTIONS

INITIATIVES = INTERACTIONS["initiative"].choices

TOUCH_FACTS: Mapping[str, str] = MappingProxyType(
    {f"{initiative}_12m": "float64" for initiative in INITIATIVES}
    | {"hours_12m": "float64", "last_planned": "timestamp(6)"}
)

TOUCHES: Mapping[str, str] = MappingProxyType(
    {
        "account_id": "string",
        "kind": "string",
        "initiative": "string",
        "touches": "float64",
        "hours": "float64",
        "last": "timestamp(6)",
    }
)


def touch_facts(snapshot: Snapshot) -> ir.Table | None:
    """Return what we did with each account, one row per account ever met; None without a table.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Returns
    -------
    ibis table or None
        ``account_id``; ``planned_12m``, ``ad_hoc_12m`` and ``reactive_12m``, how many contacts there
        were; ``hours_12m``, what all contacts of these 12 months took, whoever sought them (missing
        where there were some and none says its hours); ``last_planned``, the time of the last planned
        contact, however long ago.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.periods import Cutoff
    >>> rows = {"account_id": ["a"], "time": ["2021-05-01"], "hours": [1.5]}
    >>> rows |= {"kind": ["visit"], "initiative": ["planned"]}
    >>> rows = ibis.memtable(pa.table(rows)).cast({"time": "timestamp(6)"})
    >>> known = Snapshot(Cutoff.parse("2021-07-01"), rows, None, interactions=rows)
    >>> touch_facts(known).select(
    ...     "planned_12m", "reactive_12m", "hours_12m"
    ... ).to_pyarrow().to_pylist()
    [{'planned_12m': 1.0, 'reactive_12m': 0.0, 'hours_12m': 1.5}]
    """
    rows = snapshot.interactions
    if rows is None:
        return None
    lately = rows.time >= _since(snapshot)
    hours = exact(rows.hours).sum(where=lately).cast("float64")
    return rows.group_by("account_id").aggregate(
        **{
            f"{initiative}_12m": rows.count(where=lately & (rows.initiative == initiative))
            .cast("float64")
            .fill_null(0.0)
            for initiative in INITIATIVES
        },
        hours_12m=(rows.count(where=lately) == 0).ifelse(0.0, hours),
        last_planned=rows.time.max(where=rows.initiative == "planned"),
    )


def touches(snapshot: Snapshot) -> ir.Table | None:
    """Return the touches of the last 12 months by kind and initiative; None without a table.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Returns
    -------
    ibis table or None
        The columns of `TOUCHES`, one row per account, ``kind`` and ``initiative`` (missing where
        nobody said whose it was): ``touches``, how many; ``hours``, what those took that say so
        (missing where none does); ``last``, when the last one was.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.periods import Cutoff
    >>> rows = {"account_id": ["a"], "time": ["2021-05-01"], "hours": [1.5]}
    >>> rows |= {"kind": ["visit"], "initiative": ["planned"]}
    >>> rows = ibis.memtable(pa.table(rows)).cast({"time": "timestamp(6)"})
    >>> known = Snapshot(Cutoff.parse("2021-07-01"), rows, None, interactions=rows)
    >>> touches(known).drop("account_id", "last").to_pyarrow().to_pylist()
    [{'kind': 'visit', 'initiative': 'planned', 'touches': 1.0, 'hours': 1.5}]
    """
    rows = snapshot.interactions
    if rows is None:
        return None
    rows = rows.filter(rows.time >= _since(snapshot))
    each = rows.group_by("account_id", "kind", "initiative").aggregate(
        touches=rows.count(), hours=exact(rows.hours).sum(), last=rows.time.max()
    )
    return each.select(list(TOUCHES)).cast(TOUCHES)


def _since(snapshot: Snapshot) -> datetime:
    return Horizon(12, "month").before(snapshot.cutoff).at
