"""The label of future value: what the measure comes to in the window. It may be negative.

Why this way: it is the past value of a later cutoff, by the same function over the same entries. With
a discount, money of a later day counts for less: a day k days after the cutoff weighs
(1 + rate)^(-k/365), as a decimal of ten digits, so that sums stay exact and do not depend on the order
of rows. What a contract earns by the day is then earned by shorter days, so the days of a window are
counted on a clock that runs slower and slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from itertools import accumulate

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from valuemodel.labels.windows import Future, Window
from valuemodel.settings import ValueSection
from valuemodel.snapshots.ages import age_in_days
from valuemodel.snapshots.entries import DAYS_PER_YEAR, account_value, entries
from valuemodel.snapshots.measure import cost_value

_DIGITS = Decimal("1e-10")
_WEIGHED = "decimal(28, 14)"


def future_value(future: Future, windows: Sequence[Window], value: ValueSection) -> ir.Table:
    """Return ``value_<h>`` of complete windows.

    Parameters
    ----------
    future : Future
        What happened from the cutoff on.
    windows : sequence of Window
        Windows that are not complete are passed over.
    value : ValueSection
        The value measure and the discount.

    Returns
    -------
    ibis table
        One row per account; the value of whoever is not in it, or has none in a window, is 0.
    """
    days = {w.horizon.label: (w.end.at - w.start.at).days for w in windows if w.complete}
    ends: dict[str, int | Decimal] = {label: -count for label, count in days.items()}
    rows, terms = _rows(future, value), future.terms
    if value.discount_rate and days:
        clock = weights(value.discount_rate, max(days.values()))
        ends = {label: -sum(clock[:count], Decimal(0)) for label, count in days.items()}
        ticks = _ticks(clock)
        rows = _weighed(rows, ticks)
        terms = None if terms is None else _on_clock(terms, ticks, len(clock))
    whole = entries(rows, terms, None)
    sums = {
        f"value_{label}": account_value(whole, within=0, before=end).cast("float64")
        for label, end in ends.items()
    }
    return whole.group_by("account_id").aggregate(**sums)


def _rows(future: Future, value: ValueSection) -> ir.Table:
    """Return what each line, and each row of cost, counts for on which day."""
    lines, costs = future.lines, future.costs
    rows = lines.select("account_id", "value", age=age_in_days(lines.time, future.cutoff))
    if costs is None:
        return rows
    age = age_in_days(costs.time, future.cutoff)
    return ibis.union(rows, costs.select("account_id", value=cost_value(costs, value), age=age))


def weights(rate: float, days: int) -> list[Decimal]:
    """Return what money counts for at the cutoff, by how many days later it comes.

    Examples
    --------
    >>> [str(weight) for weight in weights(0.08, 366)[::365]]
    ['1.0000000000', '0.9259259259']
    """
    with localcontext() as context:
        context.prec = 28
        growth = 1 + Decimal(str(rate))
        return [
            (growth ** (Decimal(-day) / DAYS_PER_YEAR)).quantize(_DIGITS) for day in range(days)
        ]


def _ticks(clock: Sequence[Decimal]) -> ir.Table:
    """Return by day its weight and how many discounted days have then passed."""
    elapsed = [Decimal(0), *accumulate(clock)]
    columns = {"day": range(len(elapsed)), "weight": [*clock, Decimal(0)], "elapsed": elapsed}
    kinds = {"day": pa.int32(), "weight": pa.decimal128(18, 10), "elapsed": pa.decimal128(18, 10)}
    return ibis.memtable(pa.table(columns, schema=pa.schema(list(kinds.items()))))


def _weighed(rows: ir.Table, ticks: ir.Table) -> ir.Table:
    """Return the rows with their money weighed, and their ages in discounted days.

    Order stays: of two days the later one has the lower age, on either clock. What comes after the
    last day of the clock weighs nothing.
    """
    found = rows.inner_join(ticks, ticks.day == -rows.age)
    value = (found.value * found.weight).cast(_WEIGHED)
    return found.select("account_id", value=value, age=-found.elapsed)


def _on_clock(terms: ir.Table, ticks: ir.Table, last: int) -> ir.Table:
    """Return the terms with the ages of their first and last day in discounted days."""
    ages = terms.select(
        "account_id",
        "arr",
        first=(-terms.from_age).clip(0, last).cast("int32"),
        after=(-terms.to_age).clip(0, last).cast("int32"),
    )
    begun = ages.join(ticks.select(first="day", begun="elapsed"), "first")
    found = begun.join(ticks.select(after="day", gone="elapsed"), "after")
    return found.select("account_id", "arr", from_age=-found.begun, to_age=-found.gone)
