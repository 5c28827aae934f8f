"""What an account has under contract, as a person asks for it: how much, until when, and for how long.

What is in force brings so much a year and gives so many seats; beside it stands what was in force a year
ago, so that growth of contracts can be told without a model. A contract is *renewed* once it lives
beyond the first end that its terms named, by a later row or by itself. One that goes on month by month,
until somebody gives notice, has no renewal date worth planning by (S39).

Why this way: now and a year ago are both asked by `valuemodel.snapshots.contracts.in_force`, hence of the
last instant before, so that a contract which ends at the one counts there, and as lost at the other.
What nobody wrote down (a contract without an arr) is missing, not 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.contracts import in_force, last_signed

#: A term of at most so many days is a month.
MONTH_DAYS = 31

UNDER_CONTRACT: Mapping[str, str] = MappingProxyType(
    {
        "arr": "float64",
        "renewal_date": "timestamp(6)",
        "arr_12m_ago": "float64",
        "seats": "float64",
        "renews_monthly": "boolean",
        "renewed": "boolean",
    }
)


def under_contract(snapshot: Snapshot) -> ir.Table | None:
    """Return what contracts say of each account, one row per account with any; None without a table.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Returns
    -------
    ibis table or None
        ``account_id`` and the columns of `UNDER_CONTRACT`: ``arr`` and ``seats`` of what is in force,
        and ``arr_12m_ago`` of what was 12 months before the cutoff, as is known now (missing where
        nothing is, or nothing says so); ``renewal_date``, when the next contract is up for renewal;
        ``renews_monthly``, whether every contract in force renews itself after terms of at most
        `MONTH_DAYS` days, without notice given; ``renewed``, whether one in force is in a later term
        than its first (both missing where none is in force).

    Examples
    --------
    A month that goes on by itself, for the third time:

    >>> import pyarrow as pa
    >>> from valuemodel.periods import Cutoff
    >>> from valuemodel.snapshots.contracts import terms
    >>> from valuemodel.tables.schemas import CONTRACTS
    >>> rows = {"account_id": ["a"], "contract_id": ["1"], "arr": [120], "auto_renew": [True]}
    >>> rows |= {"start": ["2021-01-01"], "end": ["2021-02-01"], "known_at": ["2021-01-01"]}
    >>> kinds = CONTRACTS.validated()
    >>> table = ibis.memtable(pa.table(rows))
    >>> table = table.mutate(**{n: ibis.null() for n in kinds if n not in rows}).cast(kinds)
    >>> cutoff = Cutoff.parse("2021-03-15")
    >>> known = Snapshot(cutoff, table, None, terms=terms(table, cutoff, cutoff))
    >>> told = under_contract(known).select("arr", "renews_monthly", "renewed")
    >>> told.to_pyarrow().to_pylist()
    [{'arr': 120.0, 'renews_monthly': True, 'renewed': True}]
    """
    if snapshot.terms is None:
        return None
    cutoff, terms = snapshot.cutoff, _with_first_end(snapshot.terms)
    now, last = in_force(terms, cutoff), last_signed(terms, cutoff)
    then = in_force(terms, Horizon(12, "month").before(cutoff))
    return terms.group_by("account_id").aggregate(
        arr=terms.arr.sum(where=now).cast("float64"),
        renewal_date=terms.renewal.min(where=last),
        arr_12m_ago=terms.arr.sum(where=then).cast("float64"),
        seats=terms.seats.sum(where=now).cast("float64"),
        renews_monthly=_monthly(terms).all(where=now),
        renewed=(terms.first_end < cutoff.at).fill_null(False).any(where=now),  # noqa: FBT003
    )


def _with_first_end(terms: ir.Table) -> ir.Table:
    """Add the first end that any terms of the contract name, of those that hold at all."""
    holds = terms.stop.isnull() | (terms.stop > terms.start)
    own = ibis.window(group_by=[terms.account_id, terms.contract_id])
    ends = holds.ifelse(terms.end, ibis.null("timestamp(6)"))
    return terms.mutate(first_end=ends.min().over(own))


def _monthly(terms: ir.Table) -> ir.BooleanColumn:
    """Say which terms go on by themselves, a month at a time."""
    days = terms.end.date().epoch_days() - terms.start.date().epoch_days()
    month = (days <= MONTH_DAYS).fill_null(False)  # noqa: FBT003
    return terms.auto_renew & terms.cancelled_at.isnull() & month
