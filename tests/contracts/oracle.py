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
from fractions import Fraction
from typing import Any

from dateutil.relativedelta import relativedelta

from tests.contracts.book import ALWAYS, Book, Row, known
from tests.contracts.oracle_value import Worth
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings, ValueSection

Number = float | None
DAY = timedelta(days=1)
#: More days than any book here is old.
EVER = 2_500
COMMON_YEAR = datetime.fromisoformat("2001-01-01")
#: Tables in which something happens at a time; contracts are signed.
EVENTS = ("transactions", "usage", "interactions", "opportunities", "costs", "projects")
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
    """Everything that was known of one account at a cutoff; ``book`` is what was known of all."""

    def __init__(self, name: str, book: Book, cutoff: datetime, value: ValueSection) -> None:
        self.name, self.cutoff = name, cutoff
        self.book = book.known_before(Cutoff(cutoff))
        self.worth = Worth(self.book, name, value)
        counted = [row for row in self.book.tables.get("costs", ()) if self.worth.of_cost(row)]
        began = [row["start"] for row in self.book.tables.get("contracts", ())]
        #: When the records of each table begin, and of all that value is made of.
        self.oldest = {table: self.times(table) for table in ("transactions", "costs")}
        made_of = [*self.oldest["transactions"], *began, *(row["time"] for row in counted)]
        self.oldest["value"] = made_of
        self.lines = self.rows("transactions")
        held = self.rows("accounts")
        self.dated = [row["valid_from"] for row in held if row["valid_from"]]
        self.profile = max(held, key=_since, default={})
        self.orders: dict[tuple[Any, int], list[Row]] = defaultdict(list)
        for row in self.lines:
            self.orders[row["order_id"], self.age(row["time"])].append(row)
        self.purchases = {
            key: rows for key, rows in self.orders.items() if any(r["amount"] > 0 for r in rows)
        }
        self.days = sorted({age for _, age in self.purchases}, reverse=True)

    def rows(self, table: str) -> list[Row]:
        """Return the account's rows of a table, as they stood; none where it is not declared."""
        found = self.book.tables.get(table, ())
        return [row for row in found if row["account_id"] == self.name]

    def times(self, table: str) -> list[datetime]:
        """Return when things happened in a table, to anybody."""
        return [row["time"] for row in self.book.tables.get(table, ())]

    @property
    def seen(self) -> list[datetime]:
        """When anything was first seen of the account: it belongs to the population if it was."""
        events = [row["time"] for table in EVENTS for row in self.rows(table)]
        signed = [known("contracts", row) for row in self.rows("contracts")]
        begun = [row["start"] for row in self.rows("contracts") if row["start"] < self.cutoff]
        return [*self.dated, *events, *signed, *begun]

    def age(self, time: datetime) -> int:
        """Count days before the cutoff; the last 24 hours are day 1."""
        return math.ceil((self.cutoff - time) / DAY)

    def within(self, since: datetime, until: datetime | None = None) -> list[Row]:
        """Return the lines of [since, until)."""
        return [row for row in self.lines if since <= row["time"] < (until or self.cutoff)]

    def back(self, days: int) -> datetime:
        """Return the instant so many days before the cutoff."""
        return self.cutoff - days * DAY

    def knows(self, since: datetime, records: str) -> bool:
        """Whether these records begin, for anybody, by the end of the window's first day."""
        return any(time < since + DAY for time in self.oldest[records])

    def value(self, days: int, before: int = 0) -> Fraction:
        """Return what it was worth in the days before < age <= days."""
        return self.worth.between(self.back(days), self.back(before))

    def sales(self, days: int) -> list[list[Row]]:
        """Return the purchases in which something was bought that no contract covers."""
        covered = self.worth.contracts
        return [
            rows
            for rows in self.bought(days)
            if any(r["amount"] > 0 and not (covered and r.get("under_contract")) for r in rows)
        ]

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


def order_values(a: Account, days: int) -> list[Fraction]:
    """Return what each sale is worth, where that is known."""
    worth = [[a.worth.of_line(row) for row in rows] for rows in a.sales(days)]
    return [sum(known) for lines in worth if (known := [v for v in lines if v is not None])]


def order_value_max(a: Account) -> Number:
    return max(map(float, order_values(a, 730)), default=None)


def order_value_mean(a: Account, days: int) -> Number:
    return divided(a.worth.traded(a.back(days), a.cutoff), len(a.sales(days)))


def share(part: Fraction, whole: Fraction) -> Number:
    return divided(part, whole) if whole > 0 else None


def contract_value_share(a: Account) -> Number:
    span = a.back(365), a.cutoff
    return share(a.worth.earned(*span), a.worth.earned(*span) + a.worth.traded(*span))


def cost_to_serve(a: Account) -> Number:
    return float(a.worth.served(a.back(365), a.cutoff))


def cost_to_serve_share(a: Account) -> Number:
    span = a.back(365), a.cutoff
    return share(a.worth.served(*span), a.worth.earned(*span) + a.worth.traded(*span))


def refund_share(a: Account) -> Number:
    lines = a.within(a.back(365))
    back = -money([row for row in lines if row["amount"] < 0])
    return divided(back, money([row for row in lines if row["amount"] > 0]))


def margin_share(a: Account) -> Number:
    lines = [row for row in a.within(a.back(365)) if row["cost"] is not None]
    if money(lines) <= 0:
        return None
    return divided(sum(row["amount"] - row["cost"] for row in lines), money(lines))


def growth(now: Fraction | int, then: Fraction | int) -> Number:
    return divided(now - then, abs(now) + abs(then))


def value_growth(a: Account, days: int) -> Number:
    return growth(a.value(days), a.value(2 * days, days))


def orders_growth(a: Account, days: int) -> Number:
    return growth(len(a.bought(days)), len(a.bought(2 * days, days)))


def last_year(a: Account, label: str) -> Number:
    start = a.cutoff - relativedelta(years=1)
    return float(a.worth.between(start, min(start + step(label), a.cutoff)))


def lumpiness(a: Account) -> Number:
    total, largest = a.value(730), max(order_values(a, 730), default=None)
    if largest is None or total <= 0:
        return None
    even = a.worth.traded(a.back(730), a.cutoff) / len(a.sales(730))
    return float((largest - even) / total)


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
    return max(a.age(time) for time in a.seen)


def reference(a: Account) -> Number:
    until = a.profile.get("reference_until")
    return None if until is not None and until <= a.cutoff else a.profile.get("reference_score")


def if_known(
    since: Callable[[Account], datetime],
    define: Callable[[Account], Any],
    records: str = "transactions",
) -> Callable[[Account], Any]:
    """Return the feature where the records go back so far; it is missing where they do not."""
    return lambda a: define(a) if a.knows(since(a), records) else None


def days_known(
    days: int,
    define: Callable[[Account, int], Any],
    span: int | None = None,
    records: str = "transactions",
) -> Callable[[Account], Any]:
    """Return the feature of so many days (or periods), known over the span it looks back."""
    back = days if span is None else span
    return if_known(lambda a: a.back(back), lambda a: define(a, days), records)


def span_known(
    span: int, define: Callable[[Account], Any], records: str = "transactions"
) -> Callable[[Account], Any]:
    """Return a feature that looks so many days back."""
    return if_known(lambda a: a.back(span), define, records)


def features(book: Book, settings: Settings, cutoff: datetime, account: str) -> dict[str, Any]:
    """Return the features of transactions, profile and season of one account, by name."""
    known_of = Account(account, book, cutoff, settings.value)
    labels = [horizon.label for horizon in settings.value.ordered]
    return {name: define(known_of) for name, define in definitions(labels).items()}


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
        "value_total": lambda a: float(a.value(EVER)),
        "order_value_mean": lambda a: order_value_mean(a, EVER),
        "order_value_mean_365d": lambda a: order_value_mean(a, 365),
        "order_value_max_730d": span_known(730, order_value_max),
        "contract_value_share_365d": span_known(365, contract_value_share, "value"),
        "cost_to_serve_365d": span_known(365, cost_to_serve, "costs"),
        "cost_to_serve_share_365d": span_known(365, cost_to_serve_share, "costs"),
        "refund_share_365d": refund_share,
        "margin_share_365d": margin_share,
        "lumpiness_730d": span_known(730, lumpiness),
        "products_730d": days_known(730, products),
        "products_365d": days_known(365, products),
        "products_new_180d": span_known(730, products_new),
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
        found[f"value_growth_{days}d"] = days_known(days, value_growth, 2 * days, "value")
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
            days, lambda a, days: float(a.value(days)), records="value"
        ),
    }


def _of_horizon(label: str) -> dict[str, Callable[[Account], Any]]:
    found: dict[str, Callable[[Account], Any]] = {
        f"past_value_{label}": lambda a: float(a.worth.between(a.cutoff - step(label), a.cutoff)),
        f"past_value_{label}_before": if_known(
            lambda a: a.cutoff - step(label, 2),
            lambda a: float(a.worth.between(a.cutoff - step(label, 2), a.cutoff - step(label))),
            "value",
        ),
    }
    if COMMON_YEAR + step(label) < COMMON_YEAR + relativedelta(years=1):
        found[f"past_value_{label}_last_year"] = if_known(
            lambda a: a.cutoff - relativedelta(years=1), lambda a: last_year(a, label), "value"
        )
    return found


def labels(
    book: Book, settings: Settings, cutoff: datetime, until: datetime, account: str
) -> dict[str, float]:
    """Return the value and the silence of each window, complete or not, known before ``until``."""
    then = book.known_before(Cutoff(until))
    worth = Worth(then, account, settings.value)
    found: dict[str, float] = {}
    for horizon in settings.value.ordered:
        end = cutoff + step(horizon.label)
        inside = [row["amount"] for row in worth.lines if cutoff <= row["time"] < end]
        found[f"value_{horizon.label}"] = worth.discounted(cutoff, end)
        found[f"churn_{horizon.label}"] = float(not any(amount > 0 for amount in inside))
    return found
