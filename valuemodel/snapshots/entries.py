"""The entries of each account: everything that its value is made of, and what that comes to.

Orders, the terms of contracts and rows of cost lie one under the other, so that one aggregation gives
the value of an account over any days.

Why this way: what lies behind a cutoff and what lies ahead of it are summed by the same function, so
that a past value is the label of an earlier cutoff. A contract earns by whole days, a year having 365;
the sum is kept in 365ths, exactly, and divided in the very last step.
"""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from valuemodel.snapshots.contracts import earned_days
from valuemodel.snapshots.stacked import stacked

#: Contracts are priced by the year; what they earn is counted by the day.
DAYS_PER_YEAR = 365
_EVER = 1_000_000


def entries(rows: ir.Table, terms: ir.Table | None, costs: ir.Table | None) -> ir.Table:
    """Return the rows, the terms and the costs one under the other.

    Parameters
    ----------
    rows : ibis table
        Lines or orders with ``account_id``, ``age`` and ``value``; further columns stay.
    terms : ibis table or None
        Rows of terms (see `valuemodel.snapshots.contracts.terms`).
    costs : ibis table or None
        Rows of cost with ``account_id``, ``age``, ``amount`` and ``value``.

    Returns
    -------
    ibis table
        The columns of the rows; with terms, also ``arr``, ``from_age`` and ``to_age``; with costs,
        also ``traded`` (the value of a row that is no cost) and ``served`` (the amount of a cost).
        What a part does not have is missing there.
    """
    parts = [rows]
    if terms is not None:
        parts.append(terms.select("account_id", "arr", "from_age", "to_age"))
    if costs is not None:
        parts[0] = rows.mutate(traded=rows.value)
        parts.append(costs.select("account_id", "age", "value", served="amount"))
    return stacked(*parts) if parts[1:] else rows


def account_value(
    entries: ir.Table, within: int | None = None, before: int | Decimal = 0, of: str = "value"
) -> ir.NumericScalar:
    """Return what an account is worth over the days ``before < age <= within``.

    Parameters
    ----------
    entries : ibis table
        See `entries`.
    within, before : int, optional
        The ages between which it is summed; all of them by default. The future window of n days
        from the cutoff on is ``within=0, before=-n``.
    of : {"value", "traded"}
        What the rows count for: with the cost to serve, or before it.

    Returns
    -------
    ibis aggregate
        An exact decimal; where there are terms, a float64 that is rounded once.

    Examples
    --------
    Ten days ago an order of 30, and for the last five days a contract of 365 a year:

    >>> import pyarrow as pa
    >>> orders = ibis.memtable(pa.table({"account_id": ["a"], "age": [10], "value": [30]}))
    >>> terms = ibis.memtable(
    ...     pa.table({"account_id": ["a"], "arr": [365], "from_age": [5], "to_age": [-360]})
    ... ).cast({"arr": "decimal(18, 4)"})
    >>> whole = entries(orders.cast({"value": "decimal(18, 4)"}), terms, None)
    >>> found = [account_value(whole, 10), account_value(whole, 9), account_value(whole, 0, -7)]
    >>> [value.to_pyarrow().as_py() for value in found]
    [35.0, 5.0, 7.0]
    """
    sold = total(entries, of, within, before)
    if "arr" not in entries.columns:
        return sold
    whole = sold.cast(_sum_of(entries)) * DAYS_PER_YEAR
    return in_years(whole + earned(entries, within, before))


def in_years(in_365ths: ir.DecimalScalar) -> ir.FloatingScalar:
    """Divide what was summed in 365ths: the very last step."""
    return in_365ths.cast("float64") / float(DAYS_PER_YEAR)


def total(
    entries: ir.Table, column: str, within: int | None = None, before: int | Decimal = 0
) -> ir.DecimalScalar:
    """Sum a column of money over the days ``before < age <= within``, exactly."""

    def until(age: int | Decimal | None) -> ir.DecimalScalar:
        where = None if age is None else entries.age <= _like(entries.age, age)
        return entries[column].sum(where=where).fill_null(ibis.literal(0).cast(_sum_of(entries)))

    # A difference, because the engine computes equal parts once.
    return until(within) - until(before) if before else until(within)


def earned(
    entries: ir.Table, within: int | None = None, before: int | Decimal = 0
) -> ir.DecimalScalar:
    """Sum what contracts earn over the days ``before < age <= within``, exactly, in 365ths."""
    days = earned_days(entries, _EVER if within is None else within, before)
    kind = _sum_of(entries)
    return (entries.arr * days).sum().cast(kind).fill_null(ibis.literal(0).cast(kind))


def _sum_of(entries: ir.Table) -> str:
    """Return the type of a sum of money: wide enough for any book, with all the digits of its parts.

    It is so narrow that no engine cuts digits when it is multiplied by the days of a year, or put
    beside another sum.
    """
    return f"decimal(30, {entries.value.type().scale})"


def _like(age: ir.NumericColumn, bound: int | Decimal) -> ir.NumericScalar:
    """Return a bound of the type of the ages: integers, or decimals where days are discounted."""
    return ibis.literal(bound, age.type())
