"""Contract terms as known at a cutoff: from when to when each holds, and what it brings.

One row of the contracts table is the terms of a contract from its ``start`` on; a later row of the
same contract (a renewal, a new price, more or fewer seats) follows it. Contracts that renew by
themselves go on term by term: a term of whole months repeats by the calendar, any other by its days.

Why this way: everything that is asked of contracts (what is in force, what a window brings, when an
account lapses) is asked of the same two ages, from and to, so that value, churn and features cannot
disagree. A row is known from the day it was signed, which may be long before it starts; that it was
cancelled is known from then on and not earlier, so each column is seen as it stood.
"""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Cutoff
from valuemodel.snapshots.ages import age_in_days
from valuemodel.snapshots.exact import exact

#: The age at which an open contract stops: later than any calendar knows.
OPEN = -1_000_000_000


def terms(contracts: ir.Table, known_before: Cutoff, origin: Cutoff) -> ir.Table:
    """Return the terms of all contracts, one row per account, contract and start.

    Parameters
    ----------
    contracts : ibis table
        The validated table.
    known_before : Cutoff
        Rows known at or after it are not there; a notice given at or after it is not seen. Of several
        rows for the same start, the one known last holds.
    origin : Cutoff
        The instant that ages and the next renewal are counted from.

    Returns
    -------
    ibis table
        ``account_id``, ``contract_id``, ``start``, ``stop`` (missing while open), ``end``, ``arr``,
        ``seats`` (both exact), ``auto_renew``, ``cancelled_at``, ``known_at``; ``signed``, when the
        first row for this start was known; ``from_age`` and ``to_age``, the ages of start and stop: a
        day of age a is covered if to_age < a <= from_age; ``followed``, whether the contract's next row takes over at the stop; ``since``, the start of
        the unbroken row of terms of this contract; and ``renewal``, the first instant from the origin
        on at which these terms end, or would if notice were given (the stop itself if it lies
        before; missing where there is no such day).

    Examples
    --------
    A year for 365, signed in December and renewed at twice the price:

    >>> from valuemodel.tables.schemas import CONTRACTS
    >>> import pyarrow as pa
    >>> rows = {"account_id": ["a", "a"], "contract_id": ["1", "1"], "arr": [365, 730]}
    >>> rows |= {"start": ["2021-01-01", "2022-01-01"], "end": ["2022-01-01", "2023-01-01"]}
    >>> rows |= {"known_at": ["2020-12-10", "2021-12-10"]}
    >>> kinds = CONTRACTS.validated()
    >>> table = ibis.memtable(pa.table(rows))
    >>> table = table.mutate(**{n: ibis.null() for n in kinds if n not in rows}).cast(kinds)
    >>> cutoff = Cutoff.parse("2022-01-11")
    >>> found = terms(table, cutoff, cutoff).order_by("start")
    >>> found.select("from_age", "to_age", "followed").to_pyarrow().to_pylist()[1]
    {'from_age': 10, 'to_age': -355, 'followed': False}
    >>> earned = (found.arr * earned_days(found, within=20, before=0)).sum() / 365
    >>> float(earned.to_pyarrow().as_py())
    30.0
    """
    rows = _stopped(_known(contracts, known_before), origin)
    rows = _unbroken(rows)
    return rows.select(
        "account_id",
        "contract_id",
        "start",
        "stop",
        "end",
        "arr",
        "seats",
        "auto_renew",
        "cancelled_at",
        "known_at",
        "signed",
        "followed",
        "since",
        from_age=age_in_days(rows.start, origin),
        to_age=age_in_days(rows.stop, origin).fill_null(ibis.literal(OPEN, "int32")),
        renewal=rows.auto_renew.ifelse(_earlier(rows.next_end, rows.stop), rows.stop),
    )


def earned_days(terms: ir.Table, within: int | Decimal, before: int | Decimal) -> ir.NumericColumn:
    """Return how many of the days ``before < age <= within`` each row of terms covers.

    The past window of n days is ``within=n, before=0``; the future one from the origin on, of n days,
    ``within=0, before=-n``. Ages are integers, or decimals where days are discounted.
    """
    kind = terms.from_age.type()
    first = ibis.least(terms.from_age, ibis.literal(within, kind))
    last = ibis.greatest(terms.to_age, ibis.literal(before, kind))
    return ibis.greatest(first - last, ibis.literal(0, kind))


def in_force(terms: ir.Table, at: Cutoff) -> ir.BooleanColumn:
    """Say of each row of terms whether it holds at the last instant before ``at``."""
    return (terms.start < at.at) & (terms.stop.isnull() | (terms.stop >= at.at))


def last_signed(terms: ir.Table, at: Cutoff) -> ir.BooleanColumn:
    """Say of each row of terms whether it is the last one signed of a contract in force at ``at``.

    It may begin later, if no gap lies in between: where it ends is when the contract is up for
    renewal.
    """
    running = terms.stop.isnull() | (terms.stop >= at.at)
    return ~terms.followed & (terms.since < at.at) & running


def _known(contracts: ir.Table, known_before: Cutoff) -> ir.Table:
    """Return the rows as they stood: of several for one start the one known last holds.

    Should two be known from the same instant, the choice is by their content, as it was then.
    """
    rows = contracts.filter(contracts.known_at < known_before.at)
    given = rows.cancelled_at < known_before.at
    rows = rows.mutate(
        cancelled_at=given.ifelse(rows.cancelled_at, ibis.null("timestamp(6)")),
        auto_renew=rows.auto_renew.fill_null(False) & rows.end.notnull(),  # noqa: FBT003
        seats=exact(rows.seats),
    )
    identity = ["account_id", "contract_id", "start"]
    content = sorted({*rows.columns} - {*identity, "known_at"})
    newest = [rows.known_at.desc(), *(rows[name].asc(nulls_first=True) for name in content)]
    ranked = rows.mutate(
        standing=ibis.row_number().over(ibis.window(group_by=identity, order_by=newest)),
        signed=rows.known_at.min().over(ibis.window(group_by=identity)),
    )
    return ranked.filter(ranked.standing == 0).drop("standing")


def _stopped(rows: ir.Table, origin: Cutoff) -> ir.Table:
    """Add ``stop`` and ``next_end``: when the terms end, and the first end of one from the origin on.

    They stop at the latest where the contract's next row begins. Those that renew by themselves stop
    at the first end of a term at or after the notice. A term is so many ``months`` if it ends where
    the calendar says, and so many ``days`` otherwise; terms end at whole multiples of it from ``base``.
    """
    start, end = rows.start, rows.end
    months = _month(end) - _month(start)
    by_calendar = (months > 0) & (start + _interval(months, "M") == end)
    days = ibis.greatest(_day(end) - _day(start), 1)
    rows = rows.mutate(months=by_calendar.ifelse(months, 0), days=by_calendar.ifelse(0, days))
    own = ibis.window(group_by=["account_id", "contract_id"], order_by="start")
    here = ibis.literal(origin.at).cast("timestamp(6)")
    # What a window function computes is computed once: nothing is folded into the steps behind it.
    rows = rows.mutate(
        next_start=rows.start.lead().over(own),
        base=(rows.months > 0).ifelse(rows.start, rows.end - _interval(rows.days, "D")),
        terms_by_notice=_terms_begun(rows, rows.cancelled_at),
        terms_by_origin=_terms_begun(rows, here),
    )
    notice = rows.cancelled_at
    by_notice = notice.isnull().ifelse(
        ibis.null("timestamp(6)"), _end_from(rows, rows.terms_by_notice, notice)
    )
    runs_until = rows.auto_renew.ifelse(by_notice, rows.end.coalesce(notice))
    return rows.mutate(
        stop=_earlier(runs_until, rows.next_start),
        next_end=_end_from(rows, rows.terms_by_origin, here),
    )


def _terms_begun(rows: ir.Table, at: ir.TimestampValue) -> ir.IntegerValue:
    """Return after how many terms an end lies in the month, or on the day, of an instant or before."""
    by_months = (_month(at) - _month(rows.end)) // rows.months.nullif(0)
    by_days = (_day(at) - _day(rows.end)) // rows.days.nullif(0)
    return ibis.greatest(by_months.coalesce(by_days) + 1, 1).cast("int32")


def _end_from(rows: ir.Table, terms: ir.IntegerValue, at: ir.TimestampValue) -> ir.TimestampValue:
    """Return the end after so many terms, or after one more if that lies before the instant."""

    def end(count: ir.IntegerValue) -> ir.TimestampValue:
        months = _interval(rows.months * count, "M")
        return rows.base + months + _interval(rows.days * count, "D")

    return (end(terms) < at).ifelse(end(terms + 1), end(terms))


def _unbroken(rows: ir.Table) -> ir.Table:
    """Add ``followed`` and ``since``; terms that were called off before they began follow nothing."""
    holds = rows.stop.isnull() | (rows.stop > rows.start)
    own = ibis.window(group_by=[rows.account_id, rows.contract_id, holds], order_by=rows.start)
    rows = rows.mutate(
        holds=holds,
        followed=(rows.start.lead().over(own) == rows.stop).fill_null(False),  # noqa: FBT003
        taken_over=(rows.stop.lag().over(own) == rows.start).fill_null(False),  # noqa: FBT003
    )
    so_far = ibis.window(
        group_by=["account_id", "contract_id", "holds"], order_by="start", preceding=(None, 0)
    )
    begins = rows.taken_over.ifelse(ibis.null("timestamp(6)"), rows.start)
    return rows.mutate(since=begins.max().over(so_far))


def _earlier(one: ir.TimestampValue, other: ir.TimestampValue) -> ir.TimestampValue:
    """Return the earlier of two instants; a missing one never comes."""
    return ibis.least(one.coalesce(other), other.coalesce(one))


def _month(time: ir.TimestampValue) -> ir.IntegerValue:
    return time.year().cast("int32") * 12 + time.month().cast("int32")


def _day(time: ir.TimestampValue) -> ir.IntegerValue:
    return time.date().epoch_days().cast("int32")


def _interval(count: ir.IntegerValue, unit: str) -> ir.IntervalValue:
    return count.cast("int32").as_interval(unit)
