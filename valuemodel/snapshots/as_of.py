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

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Cutoff
from valuemodel.settings import ValueSection
from valuemodel.snapshots.measure import MONEY, line_value
from valuemodel.tables.ledger import Ledger

_EPOCH = date(1970, 1, 1)


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

    Examples
    --------
    See `snapshot`.
    """

    cutoff: Cutoff
    lines: ir.Table
    accounts: ir.Table | None

    @property
    def orders(self) -> ir.Table:
        """One row per account, order and day; without an order id a day is one order.

        Columns: ``account_id``, ``order_id``, ``age``; the sums ``value`` (of the measure),
        ``amount``, ``bought`` (of positive amounts), ``cost``, ``costed`` (of amounts with a known
        cost), all decimal; and ``purchase``, whether anything was bought.
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
        # An order fits the type of a line; half as wide, it is summed in half the time.
        orders = lines.group_by("account_id", "order_id", "age").aggregate(
            **{name: total.cast(MONEY) for name, total in sums.items()}
        )
        return orders.mutate(purchase=orders.bought > 0)


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
    rows = ledger.transactions
    visible = rows.filter(rows.time < cutoff.at, rows.known_at < cutoff.at)
    lines = visible.mutate(age=age_in_days(visible.time, cutoff), value=line_value(visible, value))
    accounts = None if ledger.accounts is None else accounts_as_of(ledger.accounts, cutoff)
    return Snapshot(cutoff, lines, accounts)


def age_in_days(time: ir.TimestampValue, cutoff: Cutoff) -> ir.IntegerValue:
    """Return how many days before the cutoff an earlier instant lies: 1 for the last 24 hours.

    Days begin at the cutoff's time of day, so that no day lies on both sides of it.
    """
    midnight = cutoff.at.replace(hour=0, minute=0, second=0, microsecond=0)
    past_midnight = cutoff.at - midnight
    if past_midnight:
        time = time - ibis.interval(past_midnight)
    days = (midnight.date() - _EPOCH).days
    return (days - time.date().epoch_days()).cast("int32")


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
