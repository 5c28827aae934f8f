"""The orders of each account at a cutoff, and the few words in which features are written.

Why this way: every feature of orders is one expression over counts, sums and extremes of one table,
so all of them together are a single aggregation: one pass, whatever their number. Equal parts are
computed once by the engine. Counts, days and money are integers and decimals up to the last step.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis.expr.operations import udf

from valuemodel.periods import Cutoff, Horizon
from valuemodel.snapshots.as_of import Snapshot

#: Activity is remembered per period of thirty days, up to two years back.
PERIOD_DAYS, PERIODS = 30, 24


@udf.scalar.builtin(name="bit_count")  # type: ignore[untyped-decorator]
def _bit_count(mask: int) -> int:  # type: ignore[empty-body]
    """Count the bits that are set: DuckDB and Spark both call it so."""


class Orders:
    """The orders of a snapshot, as a vocabulary of aggregates per account.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Notes
    -----
    A *purchase* is an order in which something was bought (some positive amount); refunds that
    stand alone count as money, never as purchases.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.cutoff: Cutoff = snapshot.cutoff
        orders = snapshot.orders
        none = ibis.null("int32")
        orders = orders.mutate(purchased=orders.purchase.ifelse(orders.age, none))
        # Refunds come first, without an age; so the gap of the first purchase is missing.
        oldest_first = orders.purchased.desc(nulls_first=True)
        previous = orders.purchased.lag().over(
            ibis.window(group_by=orders.account_id, order_by=oldest_first)
        )
        gap = (previous - orders.purchased).cast("int64")
        period = ibis.least((orders.purchased - 1) // PERIOD_DAYS, PERIODS)
        self.table = orders.mutate(
            day=(gap == 0).fill_null(False).ifelse(none, orders.purchased),  # noqa: FBT003
            squared_gap=gap * gap,
            period=ibis.literal(1, type="int64") << period,
        )

    def aggregate(self, columns: dict[str, ir.Value]) -> ir.Table:
        """Return one row per account with the given aggregates."""
        return self.table.group_by("account_id").aggregate(**columns)

    def days(self, horizon: Horizon, times: int = 1) -> int:
        """Return how many days before the cutoff the window of so many horizons begins."""
        return (self.cutoff.at - horizon.before(self.cutoff, times).at).days

    def purchases(self, within: int | None = None, before: int = 0) -> ir.IntegerScalar:
        """Count the purchases of the days ``before < age <= within``."""
        total = self._count(self.table.purchased, within)
        return total - self._count(self.table.purchased, before) if before else total

    def purchase_days(self, within: int | None = None) -> ir.IntegerScalar:
        """Count the days with a purchase, the last ``within`` days."""
        return self._count(self.table.day, within)

    def value(self, within: int | None = None, before: int = 0) -> ir.DecimalScalar:
        """Sum the value measure over the days ``before < age <= within``, exactly."""
        total = self._sum(self.table.value, within)
        return total - self._sum(self.table.value, before) if before else total

    def bought(self, within: int | None = None) -> ir.DecimalScalar:
        """Sum the positive amounts of the last ``within`` days."""
        return self._sum(self.table.bought, within)

    def refunded(self, within: int | None = None) -> ir.DecimalScalar:
        """Sum what was given back in the last ``within`` days, as a positive amount."""
        return self.bought(within) - self._sum(self.table.amount, within)

    def largest(self, within: int) -> ir.DecimalScalar:
        """Return the value of the largest purchase of the last ``within`` days."""
        return self.table.value.max(where=self.table.purchased <= within)

    def last(self) -> ir.IntegerScalar:
        """Return how many days ago the last purchase was."""
        return self.table.purchased.min()

    def first(self) -> ir.IntegerScalar:
        """Return how many days ago the first purchase was."""
        return self.table.purchased.max()

    def squared_gaps(self) -> ir.IntegerScalar:
        """Sum the squared gaps between purchase days, in days²."""
        return self.table.squared_gap.sum()

    def active_periods(self, periods: int) -> ir.IntegerScalar:
        """Count the periods of thirty days, of the last so many, that have a purchase."""
        mask = self.table.period.bit_or().fill_null(0)
        return _bit_count(mask & ((1 << periods) - 1))

    def margin(self, within: int) -> ir.DecimalScalar:
        """Sum the margin of lines with a known cost, of the last ``within`` days."""
        return self.costed(within) - self._sum(self.table.cost, within)

    def costed(self, within: int) -> ir.DecimalScalar:
        """Sum the amount of lines with a known cost, of the last ``within`` days."""
        return self._sum(self.table.costed, within)

    def _count(self, ages: ir.IntegerColumn, within: int | None) -> ir.IntegerScalar:
        return ages.count() if within is None else self.table.count(where=ages <= within)

    def _sum(self, column: ir.DecimalColumn, within: int | None) -> ir.DecimalScalar:
        where = None if within is None else self.table.age <= within
        return column.sum(where=where).fill_null(ibis.literal(0).cast("decimal(38, 4)"))


def as_number(value: ir.NumericValue) -> ir.FloatingValue:
    """Leave exact arithmetic: the very last step, or the one before a division."""
    return value.cast("float64")


def ratio(part: ir.NumericValue, whole: ir.NumericValue) -> ir.FloatingValue:
    """Divide two exact figures; missing where the whole is zero."""
    return as_number(part) / as_number(whole).nullif(0.0)


def share(part: ir.NumericValue, whole: ir.NumericValue) -> ir.FloatingValue:
    """Divide two exact figures; missing where the whole is not positive."""
    return (whole > 0).ifelse(ratio(part, whole), ibis.null("float64"))


def growth(now: ir.NumericValue, then: ir.NumericValue) -> ir.FloatingValue:
    """Return (now - then) / (abs(now) + abs(then)): from -1, all gone, to 1, all new."""
    now, then = as_number(now), as_number(then)
    return (now - then) / (now.abs() + then.abs()).nullif(0.0)
