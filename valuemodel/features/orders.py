"""The orders of each account at a cutoff, and the few words in which features are written.

Why this way: every feature of orders is one expression over counts, sums and extremes of one table,
so all of them together are a single aggregation: one pass, whatever their number. Equal parts are
computed once by the engine. Counts, days and money are integers and decimals up to the last step.
What else an account's value is made of, contracts and cost to serve, lies under the orders in the
same table, so that the value is one sum too.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis.expr.operations import udf

from valuemodel.periods import Cutoff, Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.entries import account_value, earned, entries, in_years, total

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
    stand alone count as money, never as purchases. A *sale* is a purchase that no contract covers.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.cutoff: Cutoff = snapshot.cutoff
        self._lines, self._terms, self._costs = snapshot.lines, snapshot.terms, snapshot.costs
        orders = snapshot.orders
        none = ibis.null("int32")
        orders = orders.mutate(
            purchased=orders.purchase.ifelse(orders.age, none),
            **({} if self._terms is None else {"sold": orders.sale.ifelse(orders.age, none)}),
        )
        # Refunds come first, without an age; so the gap of the first purchase is missing.
        oldest_first = orders.purchased.desc(nulls_first=True)
        previous = orders.purchased.lag().over(
            ibis.window(group_by=orders.account_id, order_by=oldest_first)
        )
        gap = (previous - orders.purchased).cast("int64")
        period = ibis.least((orders.purchased - 1) // PERIOD_DAYS, PERIODS)
        orders = orders.mutate(
            day=(gap == 0).fill_null(False).ifelse(none, orders.purchased),  # noqa: FBT003
            squared_gap=gap * gap,
            period=ibis.literal(1, type="int64") << period,
        )
        self.table = entries(orders, self._terms, self._costs)
        self._sold = self.table.purchased if self._terms is None else self.table.sold
        self._traded = "value" if self._costs is None else "traded"

    def aggregate(self, columns: dict[str, ir.Value]) -> ir.Table:
        """Return one row per account with the given aggregates."""
        return self.table.group_by("account_id").aggregate(**columns)

    def history(self) -> ir.Table:
        """Return one row with ``days``: how many days ago what the value is made of began.

        Beside it, how many days ago the records of each table began: ``transactions``, and where the
        book has them ``contracts`` and ``costs``. 0 where there are none yet.
        """
        lines, terms, costs = self._lines, self._terms, self._costs
        row = lines.aggregate(transactions=lines.age.max().fill_null(0))
        made_of = ["transactions"]
        if terms is not None:
            row = row.cross_join(terms.aggregate(contracts=terms.from_age.max().fill_null(0)))
            made_of.append("contracts")
        if costs is not None:
            counted = costs.age.max(where=costs.value != 0).fill_null(0)
            row = row.cross_join(
                costs.aggregate(costs=costs.age.max().fill_null(0), subtracted=counted)
            )
            made_of.append("subtracted")
        return row.mutate(days=ibis.greatest(*(row[name] for name in made_of)))

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

    def sales(self, within: int | None = None) -> ir.IntegerScalar:
        """Count the purchases of the last ``within`` days that no contract covers."""
        return self._count(self._sold, within)

    def value(self, within: int | None = None, before: int = 0) -> ir.NumericScalar:
        """Sum the value measure over the days ``before < age <= within``, exactly.

        That is what was traded and what contracts earned, less the cost to serve that counts.
        """
        return account_value(self.table, within, before)

    def traded(self, within: int | None = None) -> ir.DecimalScalar:
        """Sum the value measure of what was bought in the last ``within`` days, outside contracts."""
        return total(self.table, self._traded, within)

    def contracted(self, within: int) -> ir.FloatingScalar:
        """Return what contracts earned in the last ``within`` days; for books that have some."""
        return in_years(earned(self.table, within))

    def served(self, within: int) -> ir.DecimalScalar:
        """Sum the cost to serve of the last ``within`` days, however treated; for books that have it."""
        return total(self.table, "served", within)

    def before_service(self, within: int) -> ir.NumericScalar:
        """Sum the value measure of the last ``within`` days before any cost to serve."""
        return account_value(self.table, within, of=self._traded)

    def bought(self, within: int | None = None) -> ir.DecimalScalar:
        """Sum the positive amounts of the last ``within`` days."""
        return total(self.table, "bought", within)

    def refunded(self, within: int | None = None) -> ir.DecimalScalar:
        """Sum what was given back in the last ``within`` days, as a positive amount."""
        return self.bought(within) - total(self.table, "amount", within)

    def largest(self, within: int) -> ir.DecimalScalar:
        """Return the value of the largest sale of the last ``within`` days."""
        return self.table.value.max(where=self._sold <= within)

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
        return self.costed(within) - total(self.table, "cost", within)

    def costed(self, within: int) -> ir.DecimalScalar:
        """Sum the amount of lines with a known cost, of the last ``within`` days."""
        return total(self.table, "costed", within)

    def _count(self, ages: ir.IntegerColumn, within: int | None) -> ir.IntegerScalar:
        if within is None:
            return ages.count()
        # Where all ages are missing, Spark would count to missing instead of 0.
        return self.table.count(where=ages <= within).fill_null(0)


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
