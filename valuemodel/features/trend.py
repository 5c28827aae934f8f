"""Whether an account grows or declines, when in the year it buys, and in how large lumps.

Growth is (now - then) / (|now| + |then|), which lies between -1 and 1 and has no outliers. The same
season of last year is the window of the label one year earlier: for seasonal buyers a better
forecast than the months just past.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.orders import Orders, as_number, growth, share
from valuemodel.periods import Horizon

SPANS = (90, 180, 365)
_YEAR = Horizon(1, "year")


def definitions(horizons: Sequence[Horizon]) -> tuple[Definition[Orders], ...]:
    """Return the trend of value, with the same season of last year for horizons below a year."""
    return (
        *(_value_growth(days) for days in SPANS),
        *(_last_year(horizon) for horizon in horizons if horizon.days < 365),
    )


def of_orders(horizons: Sequence[Horizon]) -> tuple[Definition[Orders], ...]:
    """Return the trend of orders, and how much hangs on one of them."""
    del horizons
    return (
        *(_order_growth(days) for days in SPANS),
        Definition(
            Feature(
                "lumpiness_730d",
                "Dependence on one large order in the last 730 days",
                "share",
                "less",
                "indirect",
                "Its largest order holds {value} more of its value than an even split would",
            ),
            _lumpiness,
            reach=Horizon(730, "day"),
            records="transactions",
        ),
    )


def _value_growth(days: int) -> Definition[Orders]:
    return Definition(
        Feature(
            f"value_growth_{days}d",
            f"Growth of value, last {days} days against the {days} before",
            "growth",
            "more",
            "indirect",
            f"Value changed by {{value}} against the {days} days before",
        ),
        lambda orders: growth(orders.value(days), orders.value(2 * days, days)),
        reach=Horizon(2 * days, "day"),
    )


def _order_growth(days: int) -> Definition[Orders]:
    return Definition(
        Feature(
            f"orders_growth_{days}d",
            f"Growth of orders, last {days} days against the {days} before",
            "growth",
            "more",
            "indirect",
            f"Orders changed by {{value}} against the {days} days before",
        ),
        lambda orders: growth(orders.purchases(days), orders.purchases(2 * days, days)),
        reach=Horizon(2 * days, "day"),
        records="transactions",
    )


def _last_year(horizon: Horizon) -> Definition[Orders]:
    def compute(orders: Orders) -> ir.FloatingValue:
        start = _YEAR.before(orders.cutoff)
        end = min(horizon.after(start), orders.cutoff)
        return as_number(
            orders.value((orders.cutoff.at - start.at).days, (orders.cutoff.at - end.at).days)
        )

    return Definition(
        Feature(
            f"past_value_{horizon.label}_last_year",
            f"Value in the same {horizon} of last year",
            "money",
            "more",
            "no",
            f"Worth {{value}} in the same {horizon} of last year",
        ),
        compute,
        empty=0.0,
        reach=_YEAR,
    )


def _lumpiness(orders: Orders) -> ir.FloatingValue:
    """Share of the largest sale in the value, less what an even split over the sales would give.

    What contracts bring is in the value and in no sale: the more of it recurs, the less is lumpy.
    """
    whole = orders.value(730)
    even = share(orders.traded(730), whole) / as_number(orders.sales(730)).nullif(0.0)
    return share(orders.largest(730), whole) - even
