"""What a row of the transactions must be: somebody, some time, some money.

Why this way: the rules stand in the order in which a person would ask, and money is exact from the
text on: a product of two decimals, not of two floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Cutoff, Horizon
from valuemodel.settings import Settings, TransactionsSection
from valuemodel.tables.parsing import (
    LARGEST_FACTOR,
    Parsed,
    as_flag,
    as_number,
    as_text,
    as_time,
    in_range,
)
from valuemodel.tables.raw import RawTable, map_columns, require_columns
from valuemodel.tables.schemas import IBIS_TYPES, TRANSACTION_INPUTS, TRANSACTIONS
from valuemodel.tables.validation import Judged, Rows, judge_texts, start

#: Times from here on are impossible whatever the clock says.
LATEST = Cutoff.parse("2200-01-01")

_MONEY = IBIS_TYPES["money"]
_FACTOR = "decimal(38, 6)"
_RATE = "decimal(38, 10)"


def judge_transactions(raw: RawTable, settings: Settings, now: Cutoff | None) -> Judged:
    """Judge the rows of the transactions.

    Parameters
    ----------
    raw : RawTable
        As read.
    settings : Settings
        The forms, rates, exclusions and the measure.
    now : Cutoff or None
        The clock; rows a day and more after it are impossible.

    Raises
    ------
    DataRefused
        If a required column is missing, or ids were damaged before they came here.
    SettingsError
        If the mapping or an exclusion names what is not there.
    """
    section = settings.tables.transactions
    mapped = map_columns(section, TRANSACTIONS.columns + TRANSACTION_INPUTS, raw.columns, raw.name)
    priced = _takes_product(section, mapped)
    needed = ("quantity", "unit_price") if priced else ("amount",)
    cost = ("cost",) if settings.value.measure == "margin" else ()
    require_columns(mapped, ("account_id", "time", *needed, *cost), raw.name)
    rows = start(raw, section, mapped, settings.project.timezone)
    judge_texts(rows, [TRANSACTIONS[name] for name in ("account_id", "order_id", "line_id")])
    judge_texts(rows, [TRANSACTIONS["product_id"]])
    rows.rule(rows.columns["account_id"].isnull(), "missing_account")
    _judge_time(rows, section, now)
    _judge_money(rows, section, settings, priced=priced)
    flag = rows.source("under_contract")
    if flag is not None:
        parsed = as_flag(flag, section)
        rows.rule(parsed.unreadable, "unreadable_flag")
        rows.keep(TRANSACTIONS["under_contract"], parsed.value)
    else:
        rows.keep(TRANSACTIONS["under_contract"], None)
    rows.columns = {name: rows.columns[name] for name in TRANSACTIONS.names}
    return rows.judged()


def _takes_product(section: TransactionsSection, mapped: Mapping[str, str]) -> bool:
    """Say whether the amount is quantity x unit price: the explicit mapping wins."""
    if "amount" in section.columns or not {"quantity", "unit_price"} <= set(mapped):
        return False
    return "amount" not in mapped or {"quantity", "unit_price"} <= set(section.columns)


def _judge_time(rows: Rows, section: TransactionsSection, now: Cutoff | None) -> None:
    parsed = as_time(rows.source("time"), section, rows.zone, rows.step)
    latest = LATEST if now is None else Cutoff(now.at + timedelta(days=1))
    rows.rule(parsed.missing, "missing_time")
    rows.rule(parsed.unreadable, "unreadable_time")
    rows.rule((parsed.value < section.earliest.at) | (parsed.value >= latest.at), "impossible_time")
    rows.repaired(parsed.repairs)
    rows.keep(TRANSACTIONS["time"], parsed.value)
    rows.keep(TRANSACTIONS["known_at"], _known_at(rows, section, parsed.value))


def _known_at(rows: Rows, section: TransactionsSection, time: ir.Value) -> ir.Value:
    """Return when a row became known: never before its event."""
    late = time if section.delay is None else time + _interval(section.delay)
    found = rows.source("known_at")
    if found is None:
        return late
    parsed = as_time(found, section, rows.zone, rows.step)
    rows.rule(parsed.unreadable, "unreadable_known_at")
    rows.repaired(
        {
            "known_at_taken_from_time": parsed.missing,
            "known_at_moved_to_time": parsed.value < time,
        }
    )
    return ibis.greatest(ibis.coalesce(parsed.value, late), time)


def _interval(delay: Horizon) -> ir.IntervalScalar:
    return ibis.interval(**{f"{delay.unit}s": delay.count})


def _judge_money(
    rows: Rows, section: TransactionsSection, settings: Settings, *, priced: bool
) -> None:
    own = settings.project.currency
    rate, unrated = _rate(rows, section, own)
    if priced:
        amount = _product(rows, section, own)
    else:
        amount = as_number(rows.source("amount"), section, currency=own, to=_MONEY, step=rows.step)
    amount = _converted(amount, rate)
    for test, name in (
        (amount.missing, "missing_amount"),
        (amount.unreadable, "unreadable_amount"),
        (amount.impossible, "impossible_amount"),
        *unrated,
    ):
        rows.rule(test, name)
    rows.repaired(amount.repairs)
    rows.keep(TRANSACTIONS["amount"], amount.value)
    found = rows.source("cost")
    if found is None:
        rows.keep(TRANSACTIONS["cost"], None)
        return
    cost = _converted(as_number(found, section, currency=own, to=_MONEY, step=rows.step), rate)
    if settings.value.measure == "margin":
        rows.rule(cost.missing, "missing_cost")
    rows.rule(cost.unusable, "unreadable_cost")
    rows.repaired(cost.repairs)
    rows.keep(TRANSACTIONS["cost"], cost.value)


def _product(rows: Rows, section: TransactionsSection, currency: str) -> Parsed:
    """Return quantity x unit price, exact to the last digit of both."""
    factors = [
        as_number(
            rows.source(name),
            section,
            currency=sign,
            to=_FACTOR,
            below=LARGEST_FACTOR,
            step=rows.step,
        )
        for name, sign in (("quantity", ""), ("unit_price", currency))
    ]
    quantity, price = factors
    missing = quantity.missing | price.missing
    unreadable = ~missing & (quantity.unreadable | price.unreadable)
    both = rows.step(quantity.value * price.value)
    product = in_range(missing, unreadable, both, _MONEY, step=rows.step)
    respelled = "respelled_number"
    found = [factor.repairs[respelled] for factor in factors if respelled in factor.repairs]
    repairs = product.repairs | ({respelled: ibis.or_(*found)} if found else {})
    return Parsed(product.value, missing, unreadable, product.impossible, repairs)


def _rate(
    rows: Rows, section: TransactionsSection, own: str
) -> tuple[ir.Value | None, list[tuple[ir.BooleanValue, str]]]:
    """Return each row's rate into the project's currency, and the rules of rows without one."""
    found = rows.source("currency")
    if found is None:
        return None, []
    currency = rows.step(as_text(found, section.null_values).strip().upper())
    rates = {own: Decimal(1)} | {name: Decimal(str(rate)) for name, rate in section.rates.items()}
    known = [
        (currency == name, ibis.literal(str(rate)).cast(_RATE)) for name, rate in rates.items()
    ]
    rate = rows.step(ibis.cases(*known, else_=ibis.null(_RATE)))
    rules = [
        (currency.isnull(), "missing_currency"),
        (rate.isnull(), "currency_without_rate"),
    ]
    rows.repaired({"converted_currency": currency != own})
    return rate, rules


def _converted(money: Parsed, rate: ir.Value | None) -> Parsed:
    if rate is None:
        return money
    value = (money.value.cast("decimal(38, 4)") * rate).try_cast(_MONEY)
    beyond = money.value.notnull() & rate.notnull() & value.isnull()
    return Parsed(value, money.missing, money.unreadable, money.impossible | beyond, money.repairs)
