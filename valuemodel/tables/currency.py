"""Money in several currencies, converted by the rates that the settings declare.

Why this way: a rate is a decision of the company's finance, not of the day the model runs, so it is
declared once per table; without one the money is of unknown worth and never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from valuemodel.tables.parsing import Parsed, as_text
from valuemodel.tables.schemas import IBIS_TYPES
from valuemodel.tables.validation import Rows

_RATE = "decimal(38, 10)"


def rate_into(
    rows: Rows, rates: Mapping[str, float], own: str
) -> tuple[ir.Value | None, list[tuple[ir.BooleanValue, str]]]:
    """Return each row's rate into the project's currency, and the rules of rows without one.

    Parameters
    ----------
    rows : Rows
        With a column ``currency``, or without: then all money is in the project's.
    rates : mapping
        What one unit of a foreign currency is worth.
    own : str
        The project's currency.
    """
    found = rows.source("currency")
    if found is None:
        return None, []
    currency = rows.step(as_text(found, rows.section.null_values).strip().upper())
    known = {own: Decimal(1)} | {name: Decimal(str(rate)) for name, rate in rates.items()}
    cases = [
        (currency == name, ibis.literal(str(rate)).cast(_RATE)) for name, rate in known.items()
    ]
    rate = rows.step(ibis.cases(*cases, else_=ibis.null(_RATE)))
    rules = [
        (currency.isnull(), "missing_currency"),
        (rate.isnull(), "currency_without_rate"),
    ]
    rows.repaired({"converted_currency": currency != own})
    return rate, rules


def converted(money: Parsed, rate: ir.Value | None) -> Parsed:
    """Return money in the project's currency; where its rate is unknown there is none."""
    if rate is None:
        return money
    value = (money.value.cast("decimal(38, 4)") * rate).try_cast(IBIS_TYPES["money"])
    beyond = money.value.notnull() & rate.notnull() & value.isnull()
    return replace(money, value=value, impossible=money.impossible | beyond)
