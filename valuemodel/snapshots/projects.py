"""What each project did for the relationship: how close we were before it, and a year later (S10).

Closeness is the automatic part of `valuemodel.snapshots.closeness`, told as of two moments: when the
project began, and a year after that or at the cutoff, whichever comes first.

Why this way: a person's rating is given when somebody asks for it, not when a project begins, so only
the part that the log of contacts says can be told of any moment. A contact counts at a moment if it had
happened and was known by then, as at any cutoff; so what is told of a moment does not change later.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.closeness import DAYS, Contacts

#: How many months after its beginning a project is looked at again.
MONTHS_AFTER = 12

PROJECTS: Mapping[str, str] = MappingProxyType(
    {
        "account_id": "string",
        "project_id": "string",
        "name": "string",
        "time": "timestamp(6)",
        "amount": "float64",
        "closeness_before": "float64",
        "closeness_after": "float64",
    }
)


def projects(snapshot: Snapshot) -> ir.Table | None:
    """Return the projects that began before the cutoff, with closeness; None without a table.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Returns
    -------
    ibis table or None
        The columns of `PROJECTS`, one row per project: ``closeness_before``, from 0 to 100, as of its
        beginning, ``closeness_after`` as of a year later or the cutoff; both missing where the book has no
        interactions.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from valuemodel.periods import Cutoff
    >>> rows = {"account_id": ["a"], "project_id": ["p"], "name": ["roll-out"], "amount": [50]}
    >>> rows |= {"time": ["2021-05-01"]}
    >>> rows = ibis.memtable(pa.table(rows)).cast({"time": "timestamp(6)"})
    >>> known = Snapshot(Cutoff.parse("2021-07-01"), rows, None, projects=rows)
    >>> projects(known).select("project_id", "amount", "closeness_before").to_pyarrow().to_pylist()
    [{'project_id': 'p', 'amount': 50.0, 'closeness_before': None}]
    """
    rows = snapshot.projects
    if rows is None:
        return None
    instant = PROJECTS["time"]
    later = (rows.time + ibis.interval(months=MONTHS_AFTER)).cast(instant)
    here = ibis.literal(snapshot.cutoff.at).cast(instant)
    table = rows.mutate(before=rows.time.cast(instant), after=ibis.least(later, here))
    if snapshot.interactions is None:
        unknown = ibis.null("float64")
        table = table.mutate(closeness_before=unknown, closeness_after=unknown)
    else:
        moments = [table.select("account_id", moment=table[name]) for name in ("before", "after")]
        close = _closeness(snapshot.interactions, ibis.union(*moments, distinct=True))
        for name in ("before", "after"):
            table = _told(table, close, name)
    return table.select(list(PROJECTS)).cast(PROJECTS)


def _closeness(interactions: ir.Table, moments: ir.Table) -> ir.Table:
    """Return the automatic part of ``closeness`` of accounts at moments where it is not 0."""
    met = interactions.drop("age").inner_join(moments, "account_id")
    met = met.filter((met.time < met.moment) & (met.known_at < met.moment))
    met = met.mutate(age=_age_at(met.time, met.moment))
    # Older contacts earn nothing, and there are many more of them.
    contacts = Contacts(met.filter(met.age <= DAYS), by=("account_id", "moment"))
    return contacts.aggregate({"closeness": contacts.automatic()})


def _age_at(time: ir.TimestampColumn, moment: ir.TimestampColumn) -> ir.IntegerColumn:
    """Return how many days before a moment an earlier instant lies: 1 for the last 24 hours."""
    days = (moment.date().epoch_days() - time.date().epoch_days()).cast("int32")
    return days + (time + days.as_interval("D") < moment).cast("int32")


def _told(table: ir.Table, close: ir.Table, name: str) -> ir.Table:
    """Add the closeness of one of the moments; 0 where there was no contact in the year before."""
    close = close.rename(close_id="account_id")
    same = [table.account_id == close.close_id, table[name] == close.moment]
    joined = table.left_join(close, same).drop("close_id", "moment")
    column = {f"closeness_{name}": joined.closeness.fill_null(0.0)}
    return joined.mutate(**column).drop("closeness")
