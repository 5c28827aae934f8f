"""How recently, how often and how regularly an account buys.

The sufficient statistics of buy-till-you-die models (Fader, Hardie and Lee, 2005: recency,
frequency, age) and, beyond them, regularity: an account that is overdue by its own rhythm is a
warning long before it is silent by everybody's.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.orders import Orders, as_number, ratio
from valuemodel.periods import Horizon

WINDOWS = (30, 90, 180, 365, 730)


def definitions(horizons: Sequence[Horizon]) -> tuple[Definition[Orders], ...]:
    """Return the features of recency and frequency; they do not depend on the horizons."""
    del horizons
    return (*_recency(), *_frequency(), *_rhythm())


def _recency() -> tuple[Definition[Orders], ...]:
    return (
        Definition(
            Feature(
                "recency_days",
                "Days since the last order",
                "days",
                "less",
                "indirect",
                "Last order {value} ago",
            ),
            lambda orders: orders.last(),
        ),
        Definition(
            Feature(
                "tenure_days",
                "Days since the first order",
                "days",
                "more",
                "no",
                "First order {value} ago",
            ),
            lambda orders: orders.first(),
        ),
    )


def _frequency() -> tuple[Definition[Orders], ...]:
    return (
        Definition(
            Feature(
                "orders_total",
                "Orders so far",
                "orders",
                "more",
                "indirect",
                "{value} so far",
            ),
            lambda orders: orders.purchases(),
            empty=0,
        ),
        *(_orders_within(days) for days in WINDOWS),
        Definition(
            Feature(
                "purchase_days_total",
                "Days with an order so far",
                "days",
                "more",
                "indirect",
                "Bought on {value} so far",
            ),
            lambda orders: orders.purchase_days(),
            empty=0,
        ),
        *(_purchase_days_within(days) for days in WINDOWS),
    )


def _orders_within(days: int) -> Definition[Orders]:
    return Definition(
        Feature(
            f"orders_{days}d",
            f"Orders in the last {days} days",
            "orders",
            "more",
            "indirect",
            f"{{value}} in the last {days} days",
        ),
        lambda orders: orders.purchases(days),
        empty=0,
        reach=Horizon(days, "day"),
        records="transactions",
    )


def _purchase_days_within(days: int) -> Definition[Orders]:
    return Definition(
        Feature(
            f"purchase_days_{days}d",
            f"Days with an order in the last {days} days",
            "days",
            "more",
            "indirect",
            f"Bought on {{value}} of the last {days} days",
        ),
        lambda orders: orders.purchase_days(days),
        empty=0,
        reach=Horizon(days, "day"),
        records="transactions",
    )


def _rhythm() -> tuple[Definition[Orders], ...]:
    return (
        Definition(
            Feature(
                "gap_mean_days",
                "Usual time between purchase days",
                "days",
                "less",
                "indirect",
                "Usually buys every {value}",
            ),
            lambda orders: ratio(_span(orders), orders.purchase_days() - 1),
        ),
        Definition(
            Feature(
                "gap_variation",
                "Irregularity of buying",
                "share",
                "less",
                "indirect",
                "Time between orders varies by {value} of its average",
            ),
            _gap_variation,
        ),
        Definition(
            Feature(
                "recency_over_gap",
                "Time since the last order against the usual gap",
                "ratio",
                "less",
                "indirect",
                "Last order {value} usual gaps ago",
            ),
            lambda orders: ratio(orders.last() * (orders.purchase_days() - 1), _span(orders)),
        ),
        _active_share(12),
        _active_share(24),
    )


def _span(orders: Orders) -> ir.IntegerValue:
    return orders.first() - orders.last()


def _gap_variation(orders: Orders) -> ir.FloatingValue:
    """Divide deviation by mean, of at least two gaps: sqrt(n Σg² - (Σg)²) / Σg."""
    gaps, span = orders.purchase_days() - 1, _span(orders)
    spread = as_number(gaps * orders.squared_gaps() - span * span)
    return (gaps >= 2).ifelse(spread.sqrt() / as_number(span).nullif(0.0), ibis.null("float64"))


def _active_share(periods: int) -> Definition[Orders]:
    return Definition(
        Feature(
            f"active_share_{periods}",
            f"Share of the last {periods} months with an order",
            "share",
            "more",
            "indirect",
            f"Bought in {{value}} of the last {periods} months (of thirty days)",
        ),
        lambda orders: as_number(orders.active_periods(periods)) / float(periods),
        empty=0.0,
        reach=Horizon(30 * periods, "day"),
        records="transactions",
    )
