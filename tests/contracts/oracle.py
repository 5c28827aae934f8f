"""The features once more, from their written definition, in plain Python loops over rows.

Slow and simple on purpose; it shares no code with the package. Windows are compared as instants
(never as counts of days), months come from dateutil, money is `decimal.Decimal`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta

Row = dict[str, Any]
Number = float | None
DAY = timedelta(days=1)
COMMON_YEAR = datetime.fromisoformat("2001-01-01")
ALWAYS = datetime.fromisoformat("0001-01-01")
STEPS = {
    "d": lambda n: relativedelta(days=n),
    "w": lambda n: relativedelta(weeks=n),
    "m": lambda n: relativedelta(months=n),
    "y": lambda n: relativedelta(years=n),
}


def step(label: str, times: int = 1) -> relativedelta:
    """Return the length of a horizon such as '6m'."""
    return STEPS[label[-1]](int(label[:-1]) * times)


def _since(row: Row) -> datetime:
    return row["valid_from"] or ALWAYS


class Account:
    """Everything that was known of one account at a cutoff."""

    def __init__(self, name: str, book: list[Row], accounts: list[Row], cutoff: datetime) -> None:
        self.cutoff = cutoff
        visible = [
            row
            for row in book
            if row["time"] < cutoff and (row["known_at"] is None or row["known_at"] < cutoff)
        ]
        self.oldest = min((row["time"] for row in visible), default=None)
        self.lines = [row for row in visible if row["account_id"] == name]
        versions = [row for row in accounts if row["account_id"] == name]
        held = [row for row in versions if not row["valid_from"] or row["valid_from"] < cutoff]
        self.dated = [row["valid_from"] for row in held if row["valid_from"]]
        self.profile = max(held, key=_since, default={})
        self.orders: dict[tuple[Any, int], list[Row]] = defaultdict(list)
        for row in self.lines:
            self.orders[row["order_id"], self.age(row["time"])].append(row)
        self.purchases = {
            key: rows for key, rows in self.orders.items() if any(r["amount"] > 0 for r in rows)
        }
        self.days = sorted({age for _, age in self.purchases}, reverse=True)

    @property
    def visible(self) -> bool:
        """Whether the account belongs to the population."""
        return bool(self.lines or self.dated)

    def age(self, time: datetime) -> int:
        """Count days before the cutoff; the last 24 hours are day 1."""
        return math.ceil((self.cutoff - time) / DAY)

    def within(self, since: datetime, until: datetime | None = None) -> list[Row]:
        """Return the lines of [since, until)."""
        return [row for row in self.lines if since <= row["time"] < (until or self.cutoff)]

    def back(self, days: int) -> datetime:
        """Return the instant so many days before the cutoff."""
        return self.cutoff - days * DAY

    def knows(self, since: datetime) -> bool:
        """Whether the records of the whole book begin by the end of the window's first day."""
        return self.oldest is not None and self.oldest < since + DAY

    def bought(self, days: int, before: int = 0) -> list[list[Row]]:
        """Return the purchases of the last so many days."""
        return [rows for (_, age), rows in self.purchases.items() if before < age <= days]


def money(lines: list[Row]) -> Decimal:
    """Add up the amounts."""
    return sum((row["amount"] for row in lines), Decimal(0))


def divided(part: Decimal | float, whole: Decimal | float) -> Number:
    """Divide, or say that it cannot be done."""
    return float(part) / float(whole) if whole else None


def recency(a: Account) -> Number:
    return min(a.days) if a.days else None


def tenure(a: Account) -> Number:
    return max(a.days) if a.days else None


def gaps(a: Account) -> list[int]:
    return [earlier - later for earlier, later in zip(a.days, a.days[1:], strict=False)]


def gap_mean(a: Account) -> Number:
    return sum(gaps(a)) / len(gaps(a)) if gaps(a) else None


def gap_variation(a: Account) -> Number:
    if len(gaps(a)) < 2:
        return None
    mean = gap_mean(a) or 0.0
    return math.sqrt(sum((gap - mean) ** 2 for gap in gaps(a)) / len(gaps(a))) / mean


def recency_over_gap(a: Account) -> Number:
    return (recency(a) or 0) / (gap_mean(a) or 1) if gaps(a) else None


def active_share(a: Account, periods: int) -> Number:
    active = 0
    for period in range(periods):
        newest, oldest = 30 * period, 30 * (period + 1)
        active += any(newest < age <= oldest for age in a.days)
    return active / periods


def order_value_max(a: Account) -> Number:
    return max((float(money(rows)) for rows in a.bought(730)), default=None)


def refund_share(a: Account) -> Number:
    lines = a.within(a.back(365))
    back = -money([row for row in lines if row["amount"] < 0])
    return divided(back, money([row for row in lines if row["amount"] > 0]))


def margin_share(a: Account) -> Number:
    lines = [row for row in a.within(a.back(365)) if row["cost"] is not None]
    if money(lines) <= 0:
        return None
    return divided(sum(row["amount"] - row["cost"] for row in lines), money(lines))


def growth(now: Decimal | int, then: Decimal | int) -> Number:
    return divided(now - then, abs(now) + abs(then))


def value_growth(a: Account, days: int) -> Number:
    now, then = a.within(a.back(days)), a.within(a.back(2 * days), a.back(days))
    return growth(money(now), money(then))


def orders_growth(a: Account, days: int) -> Number:
    return growth(len(a.bought(days)), len(a.bought(2 * days, days)))


def last_year(a: Account, label: str) -> Number:
    start = a.cutoff - relativedelta(years=1)
    return float(money(a.within(start, min(start + step(label), a.cutoff))))


def lumpiness(a: Account) -> Number:
    total, largest = money(a.within(a.back(730))), order_value_max(a)
    if largest is None or total <= 0:
        return None
    return largest / float(total) - 1 / len(a.bought(730))


def product_lines(a: Account, days: int) -> list[Row]:
    lines = a.within(a.back(days))
    return [row for row in lines if row["product_id"] is not None and row["amount"] > 0]


def products(a: Account, days: int) -> Number:
    found = {row["product_id"] for row in product_lines(a, days)}
    return len(found) if product_lines(a, 730) else None


def products_new(a: Account) -> Number:
    before = {row["product_id"] for row in product_lines(a, 730) if row["time"] < a.back(180)}
    now = {row["product_id"] for row in product_lines(a, 180)}
    return len(now - before) if product_lines(a, 730) else None


def top_product_share(a: Account) -> Number:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in product_lines(a, 365):
        sums[row["product_id"]] += row["amount"]
    return divided(max(sums.values()), sum(sums.values())) if sums else None


def account_age(a: Account) -> Number:
    return max(a.age(time) for time in [*a.dated, *(row["time"] for row in a.lines)])


def reference(a: Account) -> Number:
    until = a.profile.get("reference_until")
    return None if until is not None and until <= a.cutoff else a.profile.get("reference_score")


def known(
    since: Callable[[Account], datetime], define: Callable[[Account], Any]
) -> Callable[[Account], Any]:
    """Return the feature where the records go back so far; it is missing where they do not."""
    return lambda a: define(a) if a.knows(since(a)) else None


def days_known(
    days: int, define: Callable[[Account, int], Any], span: int | None = None
) -> Callable[[Account], Any]:
    """Return the feature of so many days (or periods), known over the span it looks back."""
    return known(lambda a: a.back(days if span is None else span), lambda a: define(a, days))


def definitions(labels: list[str]) -> dict[str, Callable[[Account], Any]]:
    """Return the oracle of every feature, by name, for the horizons with these labels."""
    found: dict[str, Callable[[Account], Any]] = {
        "recency_days": recency,
        "tenure_days": tenure,
        "orders_total": lambda a: len(a.purchases),
        "purchase_days_total": lambda a: len(a.days),
        "gap_mean_days": gap_mean,
        "gap_variation": gap_variation,
        "recency_over_gap": recency_over_gap,
        "active_share_12": days_known(12, active_share, 360),
        "active_share_24": days_known(24, active_share, 720),
        "value_total": lambda a: float(money(a.lines)),
        "order_value_mean": lambda a: divided(money(a.lines), len(a.purchases)),
        "order_value_mean_365d": lambda a: divided(
            money(a.within(a.back(365))), len(a.bought(365))
        ),
        "order_value_max_730d": order_value_max,
        "refund_share_365d": refund_share,
        "margin_share_365d": margin_share,
        "lumpiness_730d": lumpiness,
        "products_730d": lambda a: products(a, 730),
        "products_365d": lambda a: products(a, 365),
        "products_new_180d": products_new,
        "top_product_share_365d": top_product_share,
        "account_age_days": account_age,
        "reference_score": reference,
        "cutoff_month": lambda a: a.cutoff.month,
    }
    for name in ("industry", "region", "country", "employees", "brand_score"):
        found[name] = lambda a, name=name: a.profile.get(name)
    for name in ("addressable_seats", "fleet_size", "channel"):
        found[name] = lambda a, name=name: a.profile.get(name)
    for days in (30, 90, 180, 365, 730):
        found |= _of_window(days)
    for days in (90, 180, 365):
        found[f"value_growth_{days}d"] = days_known(days, value_growth, 2 * days)
        found[f"orders_growth_{days}d"] = days_known(days, orders_growth, 2 * days)
    for label in labels:
        found |= _of_horizon(label)
    return found


def _of_window(days: int) -> dict[str, Callable[[Account], Any]]:
    return {
        f"orders_{days}d": days_known(days, lambda a, days: len(a.bought(days))),
        f"purchase_days_{days}d": days_known(
            days, lambda a, days: sum(age <= days for age in a.days)
        ),
        f"past_value_{days}d": days_known(
            days, lambda a, days: float(money(a.within(a.back(days))))
        ),
    }


def _of_horizon(label: str) -> dict[str, Callable[[Account], Any]]:
    found: dict[str, Callable[[Account], Any]] = {
        f"past_value_{label}": lambda a: float(money(a.within(a.cutoff - step(label)))),
        f"past_value_{label}_before": known(
            lambda a: a.cutoff - step(label, 2),
            lambda a: float(money(a.within(a.cutoff - step(label, 2), a.cutoff - step(label)))),
        ),
    }
    if COMMON_YEAR + step(label) < COMMON_YEAR + relativedelta(years=1):
        found[f"past_value_{label}_last_year"] = known(
            lambda a: a.cutoff - relativedelta(years=1), lambda a: last_year(a, label)
        )
    return found


def future(lines: list[Row], cutoff: datetime, label: str, until: datetime) -> tuple[float, float]:
    """Return the value and the silence of the window [cutoff, cutoff + horizon)."""
    inside = [
        row["amount"]
        for row in lines
        if cutoff <= row["time"] < cutoff + step(label)
        and (row["known_at"] is None or row["known_at"] < until)
    ]
    return float(sum(inside, Decimal(0))), float(not any(amount > 0 for amount in inside))
