"""What an account is worth so far, in the value measure of the settings.

``past_value_<h>`` mirrors the label ``value_<h>``: the same measure over the window of the same
length that ends where the label begins. It is the forecast that every model has to beat. Whatever the
value is made of, orders, contracts and cost to serve, is in it once; sizes of orders look at what was
bought outside contracts.
"""

from __future__ import annotations

from collections.abc import Sequence

from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.orders import Orders, as_number, ratio, share
from valuemodel.features.recency_frequency import WINDOWS
from valuemodel.periods import Horizon


def definitions(horizons: Sequence[Horizon]) -> tuple[Definition[Orders], ...]:
    """Return the features of money, with the past value of each horizon."""
    return (
        Definition(
            Feature(
                "value_total", "Value so far", "money", "more", "indirect", "Worth {value} so far"
            ),
            lambda orders: as_number(orders.value()),
            empty=0.0,
        ),
        *(_past_value(window, horizons) for window in _windows(horizons)),
        *(_past_value_before(horizon) for horizon in horizons),
    )


def of_orders(horizons: Sequence[Horizon]) -> tuple[Definition[Orders], ...]:
    """Return the features of single orders: their size, what came back, the margin."""
    del horizons
    return (*_order_size(), *_shares())


def of_contracts(horizons: Sequence[Horizon]) -> tuple[Definition[Orders], ...]:
    """Return how much of the value contracts bring, in a book that sells in both ways."""
    del horizons
    return (
        Definition(
            Feature(
                "contract_value_share_365d",
                "Share of its value under contract in the last 365 days",
                "share",
                "more",
                "yes",
                "Contracts brought {value} of its value in the last 365 days",
            ),
            lambda orders: share(orders.contracted(365), orders.before_service(365)),
            reach=Horizon(365, "day"),
        ),
    )


def of_service(horizons: Sequence[Horizon]) -> tuple[Definition[Orders], ...]:
    """Return what serving an account costs, however finance treats it."""
    del horizons
    return (
        Definition(
            Feature(
                "cost_to_serve_365d",
                "Cost to serve in the last 365 days",
                "money",
                "less",
                "yes",
                "Serving it cost {value} in the last 365 days",
            ),
            lambda orders: as_number(orders.served(365)),
            empty=0.0,
            reach=Horizon(365, "day"),
            records="costs",
        ),
        Definition(
            Feature(
                "cost_to_serve_share_365d",
                "Cost to serve against the value it eats into, last 365 days",
                "share",
                "less",
                "yes",
                "Serving it cost {value} of what it was worth in the last 365 days before that",
            ),
            lambda orders: share(orders.served(365), orders.before_service(365)),
            reach=Horizon(365, "day"),
            records="costs",
        ),
    )


def _windows(horizons: Sequence[Horizon]) -> list[Horizon]:
    """Return the fixed windows and those of the horizons; one with the same label is the same."""
    fixed = [Horizon(days, "day") for days in WINDOWS]
    return sorted({window.label: window for window in (*fixed, *horizons)}.values())


def _past_value(horizon: Horizon, own: Sequence[Horizon]) -> Definition[Orders]:
    """Sum a window; those of the settings' horizons are the baseline forecast, however short."""
    return Definition(
        Feature(
            f"past_value_{horizon.label}",
            f"Value in the last {horizon}",
            "money",
            "more",
            "indirect",
            f"Worth {{value}} in the last {horizon}",
        ),
        lambda orders: as_number(orders.value(orders.days(horizon))),
        empty=0.0,
        reach=None if horizon in own else horizon,
    )


def _past_value_before(horizon: Horizon) -> Definition[Orders]:
    return Definition(
        Feature(
            f"past_value_{horizon.label}_before",
            f"Value in the {horizon} before the last {horizon}",
            "money",
            "more",
            "no",
            f"Worth {{value}} in the {horizon} before the last {horizon}",
        ),
        lambda orders: as_number(orders.value(orders.days(horizon, 2), orders.days(horizon))),
        empty=0.0,
        reach=Horizon(2 * horizon.count, horizon.unit),
    )


def _order_size() -> tuple[Definition[Orders], ...]:
    return (
        Definition(
            Feature(
                "order_value_mean",
                "Average value per order so far",
                "money",
                "more",
                "indirect",
                "{value} per order so far",
            ),
            lambda orders: ratio(orders.traded(), orders.sales()),
        ),
        Definition(
            Feature(
                "order_value_mean_365d",
                "Average value per order in the last 365 days",
                "money",
                "more",
                "indirect",
                "{value} per order in the last 365 days",
            ),
            lambda orders: ratio(orders.traded(365), orders.sales(365)),
        ),
        Definition(
            Feature(
                "order_value_max_730d",
                "Largest order in the last 730 days",
                "money",
                "more",
                "indirect",
                "Largest order in the last 730 days: {value}",
            ),
            lambda orders: as_number(orders.largest(730)),
            reach=Horizon(730, "day"),
            records="transactions",
        ),
    )


def _shares() -> tuple[Definition[Orders], ...]:
    return (
        Definition(
            Feature(
                "refund_share_365d",
                "Share given back in the last 365 days",
                "share",
                "less",
                "yes",
                "Gave back {value} of what it bought in the last 365 days",
            ),
            lambda orders: share(orders.refunded(365), orders.bought(365)),
        ),
        Definition(
            Feature(
                "margin_share_365d",
                "Margin in the last 365 days, where the cost is known",
                "share",
                "more",
                "yes",
                "Margin of {value} in the last 365 days",
            ),
            lambda orders: share(orders.margin(365), orders.costed(365)),
        ),
    )
