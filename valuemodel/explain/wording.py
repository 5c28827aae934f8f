"""How figures are said: money, shares, counts and horizons, in words a sales leader reads.

Why this way: reasons, tables and charts say the same figure the same way because they all ask here.
Money is shortened to two or three digits (a prediction has no more), the exact figure stays in the
stored tables; nothing here ever prints the scale a model works on inside.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from valuemodel.features.catalog import Feature, Unit
from valuemodel.periods import Horizon

_SYMBOLS: Mapping[str, str] = MappingProxyType(
    {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹", "KRW": "₩"}
)
_SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "m"), (1e3, "k"))
#: What is counted, one of it; the unit itself is the word for several.
_COUNTED: Mapping[str, str] = MappingProxyType(
    {
        "days": "day",
        "orders": "order",
        "products": "product",
        "contacts": "contact",
        "opportunities": "opportunity",
        "projects": "project",
        "contracts": "contract",
        "renewals": "renewal",
        "users": "user",
        "seats": "seat",
        "hours": "hour",
        "points": "point",
        "months": "month",
    }
)
_LONGEST_CATEGORY = 40
#: The nought behind the point in £62.0k, which says more than two digits do.
_THIRD_DIGIT = re.compile(r"(?<=\d\d)\.0(?=[a-z])")

NOT_KNOWN = "not known"

#: What the chance of churn is called, by the rule of the settings.
RISKS: Mapping[str, str] = MappingProxyType(
    {
        "inactivity": "risk of no purchase",
        "contract": "risk that the contract lapses",
        "both": "risk of leaving",
    }
)


def money(amount: float, currency: str) -> str:
    """Say an amount shortly, with its currency.

    Examples
    --------
    >>> money(1234.5, "GBP"), money(-56_700_000, "EUR"), money(0.4, "CHF"), money(999_999, "USD")
    ('£1.2k', '-€56.7m', 'CHF 0.40', '$1.0m')
    """
    if not math.isfinite(amount):
        return NOT_KNOWN
    return _mark(amount, currency) + _short(abs(amount))


def about_money(amount: float, currency: str) -> str:
    """Say the size of an amount that is only about right: two digits, no sign.

    Examples
    --------
    >>> about_money(-1234.5, "GBP"), about_money(229.2, "EUR"), about_money(61_700, "USD")
    ('about £1.2k', 'about €230', 'about $62k')
    """
    said = money(float(f"{abs(amount):.1e}"), currency)
    return f"about {_THIRD_DIGIT.sub('', said)}"


def full_money(amount: float, currency: str) -> str:
    """Say an amount to the cent, for titles and appendices.

    Examples
    --------
    >>> full_money(-1234.5, "GBP")
    '-£1,234.50'
    """
    if not math.isfinite(amount):
        return NOT_KNOWN
    return f"{_mark(amount, currency)}{abs(amount):,.2f}"


def share(value: float) -> str:
    """Say a share or a probability in per cent, without false precision.

    Examples
    --------
    >>> share(0.034), share(0.004), share(0.999), share(0.5)
    ('3%', '0.4%', '99.9%', '50%')
    """
    if not math.isfinite(value):
        return NOT_KNOWN
    percent = 100 * value
    near_edge = 0 < percent < 0.95 or 99.05 < percent < 100
    return f"{percent:.1f}%" if near_edge else f"{percent:.0f}%"


def points(difference: float) -> str:
    """Say a difference of probabilities in percentage points, without its sign.

    Examples
    --------
    >>> points(-0.034), points(0.01), points(0.0004)
    ('3 points', '1 point', 'less than 1 point')
    """
    size = round(abs(difference) * 100)
    if size == 0:
        return "less than 1 point"
    return f"{size} point{'' if size == 1 else 's'}"


def shown_value(value: object, feature: Feature, currency: str) -> str:
    """Say a feature's value in its unit.

    Examples
    --------
    >>> recency = Feature(
    ...     "recency",
    ...     "Days since the last order",
    ...     "days",
    ...     "less",
    ...     "indirect",
    ...     "Last order {value} ago",
    ... )
    >>> shown_value(19.0, recency, "GBP"), shown_value(float("nan"), recency, "GBP")
    ('19 days', 'not known')
    """
    if isinstance(value, str):
        cut = len(value) > _LONGEST_CATEGORY
        return value[: _LONGEST_CATEGORY - 1] + "…" if cut else value
    if not isinstance(value, int | float) or not math.isfinite(value):
        return NOT_KNOWN
    return _amount(float(value), feature.unit, currency)


def rhythm(X: pd.DataFrame) -> list[str]:
    """Say what a law of buying reads of each account: how often it bought, and when last.

    Examples
    --------
    >>> facts = {"purchase_days_total": [24.0, 1.0, 0.0], "recency_days": [19.0, 340.0, math.nan]}
    >>> rhythm(pd.DataFrame(facts))
    ['24 purchase days, the last 19 days ago', '1 purchase day, 340 days ago', 'no purchase yet']
    """
    if not {"purchase_days_total", "recency_days"} <= set(X.columns):
        return [NOT_KNOWN] * len(X)
    pairs = zip(X["purchase_days_total"].tolist(), X["recency_days"].tolist(), strict=True)
    return [_rhythm(bought, since) for bought, since in pairs]


def _rhythm(bought: float, since: float) -> str:
    if not (bought > 0 and math.isfinite(since)):
        return "no purchase yet"
    ago = f"{_amount(since, 'days', '')} ago"
    times = _amount(bought, "number", "")
    return f"1 purchase day, {ago}" if bought == 1 else f"{times} purchase days, the last {ago}"


def horizon_words(label: str) -> str:
    """Say a horizon's label in words.

    Examples
    --------
    >>> horizon_words("6m"), horizon_words("1y")
    ('6 months', '1 year')
    """
    return str(Horizon.parse(label))


def _amount(value: float, unit: Unit, currency: str) -> str:
    if unit == "money":
        return money(value, currency)
    if unit == "share":
        return share(value)
    if unit == "growth":
        return _growth(value)
    if unit == "yes_no":
        return "yes" if value else "no"
    number = f"{value:,.0f}" if abs(value) >= 10 else f"{value:.1f}".removesuffix(".0")
    one = _COUNTED.get(unit)
    return number if one is None else f"{number} {one if number == '1' else unit}"


def _growth(value: float) -> str:
    """Say (now - then) / (now + then) as the change that people know, now / then - 1."""
    return "more than +800%" if value > 0.8 else f"{(1 + value) / (1 - value) - 1:+.0%}"


def _mark(amount: float, currency: str) -> str:
    sign = "-" if round(amount, 2) < 0 else ""
    return sign + _SYMBOLS.get(currency, f"{currency} ")


def _short(size: float) -> str:
    for scale, name in _SCALES:
        if size >= scale * 0.9995:
            return (
                f"{size / scale:,.1f}{name}"
                if size < scale * 99.95
                else f"{size / scale:,.0f}{name}"
            )
    if size >= 99.5 or size == 0:
        return f"{size:.0f}"
    return f"{size:.2f}" if size < 1 else f"{size:.3g}"
