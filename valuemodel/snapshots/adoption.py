"""Adoption: how much an account uses of what it has, as a person asks for it.

The last three months stand beside the three before, so that a change is seen without a model. Seats used
are the users of the last 90 days, of the seats that contracts in force give.

Why this way: users are the most that one row says, because rows of different products or days count the
same people; and an account that has seats and uses nothing uses none of them. Both are what
`valuemodel.features.usage` tells the models.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis.expr.types as ir

from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.contracts import in_force
from valuemodel.snapshots.exact import exact
from valuemodel.snapshots.stacked import stacked

#: Users of the last so many days fill the seats.
USERS_DAYS = 90

USED: Mapping[str, str] = MappingProxyType({"usage_3m": "float64", "usage_3m_before": "float64"})
SEATS: Mapping[str, str] = MappingProxyType({"seats_used": "float64"})


def used(snapshot: Snapshot) -> ir.Table | None:
    """Return how much each account used lately, one row per account with any; None without a table.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Returns
    -------
    ibis table or None
        ``account_id``, ``usage_3m`` (the quantity of the last 3 months) and ``usage_3m_before`` (of the
        3 months before).

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.periods import Cutoff
    >>> rows = {"account_id": ["a", "a"], "quantity": [5.0, 7.0]}
    >>> rows |= {"time": ["2021-02-01", "2021-05-01"]}
    >>> rows = ibis.memtable(pa.table(rows)).cast({"time": "timestamp(6)"})
    >>> known = Snapshot(Cutoff.parse("2021-07-01"), rows, None, usage=rows)
    >>> used(known).to_pyarrow().to_pylist()
    [{'account_id': 'a', 'usage_3m': 7.0, 'usage_3m_before': 5.0}]
    """
    rows = snapshot.usage
    if rows is None:
        return None
    quarter = Horizon(3, "month")
    since, before = (quarter.before(snapshot.cutoff, times).at for times in (1, 2))
    quantity, lately = exact(rows.quantity), rows.time >= since
    return rows.group_by("account_id").aggregate(
        usage_3m=_summed(quantity, lately),
        usage_3m_before=_summed(quantity, (rows.time >= before) & ~lately),
    )


def seats_used(snapshot: Snapshot) -> ir.Table | None:
    """Return the share of its seats that each account used lately; None without both tables.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Returns
    -------
    ibis table or None
        ``account_id`` and ``seats_used``, for accounts with seats in force or use: 0 where there are
        seats and no use, above 1 where more people use it than there are seats, missing where no
        contract in force gives a seat, or no row of use says how many people it was.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.periods import Cutoff
    >>> use = {"account_id": ["a"], "age": [5], "quantity": [9.0], "users": [4.0]}
    >>> held = {"account_id": ["a"], "seats": [10], "start": ["2021-01-01"], "stop": ["2022-01-01"]}
    >>> instants = dict.fromkeys(["start", "stop"], "timestamp(6)")
    >>> use, held = (ibis.memtable(pa.table(rows)) for rows in (use, held))
    >>> known = Snapshot(Cutoff.parse("2021-07-01"), use, None, held.cast(instants), use)
    >>> seats_used(known).to_pyarrow().to_pylist()
    [{'account_id': 'a', 'seats_used': 0.4}]
    """
    rows, terms = snapshot.usage, snapshot.terms
    if rows is None or terms is None:
        return None
    lately = rows.filter((rows.quantity > 0) & (rows.age <= USERS_DAYS))
    held = terms.filter(in_force(terms, snapshot.cutoff))
    both = stacked(lately.select("account_id", "age", "users"), held.select("account_id", "seats"))
    each = both.group_by("account_id").aggregate(
        users=(both.age.count() == 0).ifelse(0.0, both.users.max()),
        seats=both.seats.sum().cast("float64"),
    )
    return each.select(
        "account_id", seats_used=each.users / (each.seats > 0).ifelse(each.seats, None)
    )


def _summed(quantity: ir.DecimalColumn, where: ir.BooleanColumn) -> ir.FloatingScalar:
    """Sum some quantities exactly; nothing is 0."""
    return quantity.sum(where=where).cast("float64").fill_null(0.0)
