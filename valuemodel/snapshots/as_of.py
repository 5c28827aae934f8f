"""What was known at a cutoff.

A row is visible only if it happened *and* could be known strictly before the cutoff. From there on
nobody needs to think of time again: every room above reads a `Snapshot`, never the ledger.

Why this way: time before the cutoff is counted in whole days, *ages*: age 1 is the last day before
the cutoff, age 2 the day before that. Windows of days, weeks, months and years all begin a whole
number of days before the cutoff, so a window is an exact comparison of small integers, on every
engine. Lines of one order on one day are taken together first: this one pass shrinks the table to a
third or less, and all sums over windows remain exact, also for an order id that is used for months.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff
from valuemodel.settings import ValueSection
from valuemodel.snapshots.ages import age_in_days
from valuemodel.snapshots.contracts import terms
from valuemodel.snapshots.measure import MONEY, cost_value, line_value
from valuemodel.tables.ledger import Ledger, Stages

#: The tables whose rows happen at a ``time``, beside the transactions.
EVENTS = ("usage", "interactions", "opportunities", "costs", "projects")


@dataclass(frozen=True)
class Snapshot:
    """What was known of the accounts at a cutoff.

    Parameters
    ----------
    cutoff : Cutoff
        The instant; everything here lies strictly before it.
    lines : ibis table
        The visible transaction lines, with ``age`` (days before the cutoff, from 1 on) and ``value``
        (what the line counts for in the value measure).
    accounts : ibis table or None
        One row per account, its attributes as they stood; ``known_since`` is the first visible
        ``valid_from``.
    terms : ibis table or None
        The contracts' terms (see `valuemodel.snapshots.contracts.terms`), ages counted from the cutoff;
        those that are signed and start later are there. None where the book has no contracts.
    usage, interactions, opportunities, costs, projects : ibis table or None
        The visible rows, with ``age``; None where the book has no such table. Costs also have
        ``value`` (what the row counts for in the value measure).
    stages : Stages
        In which stages an opportunity has ended.

    Examples
    --------
    See `snapshot`.
    """

    cutoff: Cutoff
    lines: ir.Table
    accounts: ir.Table | None
    terms: ir.Table | None = None
    usage: ir.Table | None = None
    interactions: ir.Table | None = None
    opportunities: ir.Table | None = None
    costs: ir.Table | None = None
    projects: ir.Table | None = None
    stages: Stages = field(default_factory=Stages)

    def events(self, table: str) -> ir.Table:
        """Return the visible rows of one of the tables of `EVENTS`, which the book must have.

        Raises
        ------
        UsageError
            If the book has no such table.
        """
        rows = getattr(self, table) if table in EVENTS else None
        if rows is None:
            problem = f"the book has no {table}"
            hint = f"declare [tables.{table}] in the settings, or leave out what reads it"
            raise UsageError(problem, received=f"a snapshot without {table}", hint=hint)
        return rows

    @property
    def orders(self) -> ir.Table:
        """One row per account, order and day; without an order id a day is one order.

        Columns: ``account_id``, ``order_id``, ``age``; the sums ``value`` (of the measure),
        ``amount``, ``bought`` (of positive amounts), ``cost``, ``costed`` (of amounts with a known
        cost), all decimal; ``purchase``, whether anything was bought; and where the book has contracts,
        ``sale``, whether anything was bought that none of them covers.
        """
        lines = self.lines
        zero = ibis.literal(0).cast(MONEY)
        sums = {
            "value": lines.value.sum(),
            "amount": lines.amount.sum(),
            "bought": (lines.amount > 0).ifelse(lines.amount, zero).sum(),
            "cost": lines.cost.sum(),
            "costed": lines.cost.notnull().ifelse(lines.amount, zero).sum(),
        }
        if self.terms is not None:
            covered = lines.under_contract.fill_null(False)  # noqa: FBT003
            sums["sold"] = ((lines.amount > 0) & ~covered).ifelse(lines.amount, zero).sum()
        # An order fits the type of a line; half as wide, it is summed in half the time.
        orders = lines.group_by("account_id", "order_id", "age").aggregate(
            **{name: total.cast(MONEY) for name, total in sums.items()}
        )
        orders = orders.mutate(purchase=orders.bought > 0)
        return orders if self.terms is None else orders.mutate(sale=orders.sold > 0).drop("sold")


def snapshot(ledger: Ledger, value: ValueSection, cutoff: Cutoff) -> Snapshot:
    """Return what was known at the cutoff.

    Parameters
    ----------
    ledger : Ledger
        The validated tables, with the future left in.
    value : ValueSection
        The value measure.
    cutoff : Cutoff
        Rows at or after it, or known at or after it, are not there.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.tables.schemas import TRANSACTIONS
    >>> rows = {"account_id": ["a", "a"], "time": ["2020-01-01 08:00", "2020-01-02"]}
    >>> rows |= {"known_at": rows["time"], "amount": [5.0, 7.0]}
    >>> kinds = TRANSACTIONS.validated()
    >>> table = ibis.memtable(pa.table(rows))
    >>> end = Cutoff.parse("2020-01-03")
    >>> table = table.mutate(**{n: ibis.null() for n in kinds if n not in rows})
    >>> ledger = Ledger(table.cast(kinds), None, Cutoff.parse("2020-01-01"), end)
    >>> value = ValueSection.model_validate({"horizons": ["1 year"]})
    >>> snapshot(ledger, value, Cutoff.parse("2020-01-02")).lines.age.to_pyarrow().to_pylist()
    [1]
    """
    lines = visible(ledger.transactions, cutoff)
    tables = {name: getattr(ledger, name) for name in EVENTS}
    events = {
        name: None if rows is None else visible(rows, cutoff) for name, rows in tables.items()
    }
    costs = events["costs"]
    if costs is not None:
        events["costs"] = costs.mutate(value=cost_value(costs, value))
    return Snapshot(
        cutoff,
        lines.mutate(value=line_value(lines, value, ledger.contracts)),
        None if ledger.accounts is None else accounts_as_of(ledger.accounts, cutoff),
        None if ledger.contracts is None else terms(ledger.contracts, cutoff, cutoff),
        **events,
        stages=ledger.stages,
    )


def visible(rows: ir.Table, cutoff: Cutoff) -> ir.Table:
    """Return the rows that happened and were known before the cutoff, with their ``age``."""
    known = rows.filter(rows.time < cutoff.at, rows.known_at < cutoff.at)
    return known.mutate(age=age_in_days(known.time, cutoff))


def accounts_as_of(accounts: ir.Table, cutoff: Cutoff) -> ir.Table:
    """Return one row per account: the latest that held before the cutoff.

    A row holds from its ``valid_from`` on until the next; rows without ``valid_from`` always hold,
    and give way to dated ones. Should two rows hold from the same instant, the choice is by their
    content, so that it does not depend on the order of rows. The score of a reference that has ended by
    the cutoff is missing.
    """
    known = accounts.filter(accounts.valid_from.isnull() | (accounts.valid_from < cutoff.at))
    content = [
        known[name].asc(nulls_first=True) for name in sorted({*known.columns} - {"valid_from"})
    ]
    newest = known.valid_from.desc(nulls_first=False)
    per_account = ibis.window(group_by=known.account_id, order_by=[newest, *content])
    whole = ibis.window(group_by=known.account_id)
    until = known.reference_until
    may_be_named = until.isnull() | (until > cutoff.at)
    ranked = known.mutate(
        standing=ibis.row_number().over(per_account),
        known_since=known.valid_from.min().over(whole),
        reference_score=may_be_named.ifelse(known.reference_score, ibis.null("float64")),
    )
    return ranked.filter(ranked.standing == 0).drop("standing")
