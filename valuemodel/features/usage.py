"""How much an account uses what it has: level, breadth, trend, and seats used of seats owned.

Why this way: use is the best sign of the value that an account gets, and of what it will need next. A
row of the source may be a day, a month or a single session, so everything is counted from the days
and weeks that have any use. Users are the most that one row of a window says, because rows of
different products or days count the same people. What an account uses beyond its seats is a reason to
call; what lies idle is one too.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.orders import as_number, growth, ratio, share
from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.contracts import in_force
from valuemodel.snapshots.exact import exact
from valuemodel.snapshots.stacked import stacked

#: How many weeks of seven days activity is counted over.
WEEKS = (13, 52)


class Usage:
    """The use of each account, as a vocabulary of aggregates per account.

    Parameters
    ----------
    snapshot : Snapshot
        What was known; the terms of contracts, where there are any, give the seats.

    Notes
    -----
    ``table`` has four kinds of rows, each with its own columns: days of use (``age``, ``quantity``,
    ``users``), weeks of use (``week``, from 0), products used (``product_age``, the age of their last
    use) and terms in force (``seats``). Rows with a quantity of 0 are no use.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._rows = rows = snapshot.events("usage")
        used = rows.filter(rows.quantity > 0)
        days = used.group_by("account_id", "age").aggregate(
            quantity=exact(used.quantity).sum(), users=used.users.max()
        )
        weeks = days.select("account_id", week=(days.age - 1) // 7).distinct()
        named = used.filter(used.product_id.notnull())
        products = named.group_by("account_id", "product_id").aggregate(product_age=named.age.min())
        kinds = [days, weeks, products.drop("product_id")]
        if snapshot.terms is not None:
            holding = snapshot.terms.filter(in_force(snapshot.terms, snapshot.cutoff))
            kinds.append(holding.select("account_id", "seats"))
        self.table = stacked(*kinds)

    def aggregate(self, columns: dict[str, ir.Value]) -> ir.Table:
        """Return one row per account with the given aggregates."""
        return self.table.group_by("account_id").aggregate(**columns)

    def history(self) -> ir.Table:
        """Return one row with ``days``: how many days ago the first visible row of the book is."""
        return self._rows.aggregate(days=self._rows.age.max())

    def quantity(self, within: int, before: int = 0) -> ir.DecimalScalar:
        """Sum what was used on the days ``before < age <= within``, exactly."""
        total = self.table.quantity.sum(where=self._in(within, before))
        return total.fill_null(ibis.literal(0).cast(total.type()))

    def days(self, within: int, before: int = 0) -> ir.IntegerScalar:
        """Count the days ``before < age <= within`` with use."""
        return self._count(self._in(within, before))

    def weeks(self, within: int) -> ir.IntegerScalar:
        """Count the weeks with use, of the last so many."""
        return self._count(self.table.week < within)

    def products(self, within: int) -> ir.IntegerScalar:
        """Count the products used in the last so many days."""
        return self._count(self.table.product_age <= within)

    def users(self, within: int, before: int = 0) -> ir.FloatingScalar:
        """Return the most users that one row says; 0 without use, missing where none says any."""
        most = self.table.users.max(where=self._in(within, before))
        return (self.days(within, before) == 0).ifelse(0.0, most)

    def last(self) -> ir.IntegerScalar:
        """Return how many days ago the last use was."""
        return self.table.age.min()

    def seats(self) -> ir.FloatingScalar:
        """Return the seats of the contracts in force; missing where no contract says any."""
        return as_number(self.table.seats.sum())

    def _count(self, which: ir.BooleanColumn) -> ir.IntegerScalar:
        """Count some rows; where all are of another kind, Spark would say missing instead of 0."""
        return self.table.count(where=which).fill_null(0)

    def _in(self, within: int, before: int) -> ir.BooleanColumn:
        return (self.table.age > before) & (self.table.age <= within)


def definitions(horizons: Sequence[Horizon]) -> tuple[Definition[Usage], ...]:
    """Return the features of use; they do not depend on the horizons."""
    del horizons
    return (
        *(_quantity(days) for days in (30, 90, 365)),
        *(_days(days) for days in (30, 90)),
        *(_weeks(weeks) for weeks in WEEKS),
        *(_users(days) for days in (30, 90)),
        *(_products(days) for days in (90, 365)),
        *(_growth(days) for days in (30, 90)),
        Definition(
            Feature(
                "users_growth_90d",
                "Growth of users, last 90 days against the 90 before",
                "growth",
                "more",
                "indirect",
                "Users changed by {value} against the 90 days before",
            ),
            lambda usage: growth(usage.users(90), usage.users(180, 90)),
            reach=Horizon(180, "day"),
        ),
        Definition(
            Feature(
                "usage_recency_days",
                "Days since the last use",
                "days",
                "less",
                "indirect",
                "Last used {value} ago",
            ),
            lambda usage: usage.last(),
        ),
    )


def of_seats(horizons: Sequence[Horizon]) -> tuple[Definition[Usage], ...]:
    """Return the features of use against the seats that contracts give."""
    del horizons
    return (
        *(_seats_used(days) for days in (30, 90)),
        Definition(
            Feature(
                "seats_idle_90d",
                "Seats that nobody used in the last 90 days",
                "seats",
                "less",
                "yes",
                "Idle in the last 90 days: {value}",
            ),
            lambda usage: _excess(usage.seats(), usage.users(90)),
            reach=Horizon(90, "day"),
        ),
        Definition(
            Feature(
                "users_above_seats_90d",
                "Users above its seats in the last 90 days",
                "users",
                "more",
                "yes",
                "Above its seats in the last 90 days: {value}",
            ),
            lambda usage: _excess(usage.users(90), usage.seats()),
            reach=Horizon(90, "day"),
        ),
    )


def _quantity(days: int) -> Definition[Usage]:
    return Definition(
        Feature(
            f"usage_quantity_{days}d",
            f"How much it used in the last {days} days",
            "number",
            "more",
            "indirect",
            f"Quantity used in the last {days} days: {{value}}",
        ),
        lambda usage: as_number(usage.quantity(days)),
        empty=0.0,
        reach=Horizon(days, "day"),
    )


def _days(days: int) -> Definition[Usage]:
    return Definition(
        Feature(
            f"usage_days_{days}d",
            f"Days with use in the last {days} days",
            "days",
            "more",
            "indirect",
            f"Used it on {{value}} of the last {days}",
        ),
        lambda usage: usage.days(days),
        empty=0.0,
        reach=Horizon(days, "day"),
    )


def _weeks(weeks: int) -> Definition[Usage]:
    return Definition(
        Feature(
            f"usage_active_weeks_{weeks}",
            f"Share of the last {weeks} weeks with use",
            "share",
            "more",
            "indirect",
            f"Used it in {{value}} of the last {weeks} weeks",
        ),
        lambda usage: ratio(usage.weeks(weeks), ibis.literal(weeks)),
        empty=0.0,
        reach=Horizon(weeks, "week"),
    )


def _users(days: int) -> Definition[Usage]:
    return Definition(
        Feature(
            f"users_{days}d",
            f"Most users in the last {days} days",
            "users",
            "more",
            "indirect",
            f"Up to {{value}} in the last {days} days",
        ),
        lambda usage: usage.users(days),
        empty=0.0,
        reach=Horizon(days, "day"),
    )


def _products(days: int) -> Definition[Usage]:
    return Definition(
        Feature(
            f"products_used_{days}d",
            f"Different products used in the last {days} days",
            "products",
            "more",
            "yes",
            f"Used {{value}} in the last {days} days",
        ),
        lambda usage: usage.products(days),
        empty=0.0,
        reach=Horizon(days, "day"),
    )


def _growth(days: int) -> Definition[Usage]:
    return Definition(
        Feature(
            f"usage_growth_{days}d",
            f"Growth of use, last {days} days against the {days} before",
            "growth",
            "more",
            "indirect",
            f"Use changed by {{value}} against the {days} days before",
        ),
        lambda usage: growth(usage.quantity(days), usage.quantity(2 * days, days)),
        reach=Horizon(2 * days, "day"),
    )


def _seats_used(days: int) -> Definition[Usage]:
    return Definition(
        Feature(
            f"seats_used_share_{days}d",
            f"Seats used of seats owned, last {days} days",
            "share",
            "more",
            "yes",
            f"Used {{value}} of its seats in the last {days} days",
        ),
        lambda usage: share(usage.users(days), usage.seats()),
        reach=Horizon(days, "day"),
    )


def _excess(one: ir.FloatingValue, other: ir.FloatingValue) -> ir.FloatingValue:
    """Return by how much one is above the other: 0 where it is not, missing where one is."""
    return (one > other).ifelse(one - other, (one <= other).ifelse(0.0, ibis.null("float64")))
