"""The contract terms of each account at a cutoff, and the words in which their features are written.

Why this way: all that is asked of contracts is read from one table of terms with two ages each, so one
aggregation gives every feature, whatever their number. Money and seats are decimals up to the last
step.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Cutoff, Horizon
from valuemodel.snapshots.ages import age_in_days
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.contracts import earned_days, last_signed


class Contracts:
    """The terms of each account's contracts, as a vocabulary of aggregates per account.

    Parameters
    ----------
    snapshot : Snapshot
        What was known; it has contracts.

    Notes
    -----
    ``table`` has the columns of `valuemodel.snapshots.contracts.terms`, for terms that hold at all,
    and, of the row before it in the same contract, ``before_arr``, ``before_seats``, ``before_end``
    and ``before_from_age``. ``now`` says whether the terms are in force; ``last`` whether they are the
    last ones signed without a gap of a contract that is; ``due`` in how many days these are up for
    renewal (0 for the first 24 hours), missing for a contract without an end.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        if snapshot.terms is None:
            problem = "the features of contracts need a snapshot with contracts"
            raise ValueError(problem)
        self.cutoff: Cutoff = snapshot.cutoff
        rows = snapshot.terms
        rows = rows.filter(rows.stop.isnull() | (rows.stop > rows.start))
        own = ibis.window(group_by=[rows.account_id, rows.contract_id], order_by=rows.start)
        before = {
            f"before_{name}": rows[name].lag().over(own)
            for name in ("arr", "seats", "end", "from_age")
        }
        last = last_signed(rows, self.cutoff)
        due = -age_in_days(rows.renewal, self.cutoff)
        self.table = rows.mutate(
            now=(rows.from_age > 0) & (rows.to_age <= 0),
            last=last,
            due=last.ifelse(due, ibis.null("int32")),
            **before,
        )

    def aggregate(self, columns: dict[str, ir.Value]) -> ir.Table:
        """Return one row per account with the given aggregates."""
        return self.table.group_by("account_id").aggregate(**columns)

    def history(self) -> ir.Table:
        """Return one row with ``days``: how many days ago the first contract of the book began."""
        return self.table.aggregate(days=self.table.from_age.max())

    def days(self, horizon: Horizon) -> int:
        """Return how many days the window of a horizon has that begins at the cutoff."""
        return (horizon.after(self.cutoff).at - self.cutoff.at).days

    def total(self, column: str, where: ir.BooleanColumn) -> ir.NumericScalar:
        """Sum a column of some terms: 0 without any, missing where it is not known of any."""
        found = self.table[column].sum(where=where)
        return (self.table.count(where=where) == 0).ifelse(0, found)

    def in_force(self, days_ago: int = 0) -> ir.BooleanColumn:
        """Say of each row of terms whether it held so many days before the cutoff."""
        return (self.table.from_age > days_ago) & (self.table.to_age <= days_ago)

    def earned(self, within: int, before: int) -> ir.NumericScalar:
        """Sum what is earned on the days ``before < age <= within``, in 365ths."""
        days = earned_days(self.table, within, before)
        found = (self.table.arr * days).sum(where=days > 0)
        return (self.table.count(where=days > 0) == 0).ifelse(0, found)
