"""What a row of the transactions must be: somebody, some time, some money.

Why this way: the rules stand in the order in which a person would ask, and money is exact from the
text on: a product of two decimals, not of two floats.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Cutoff
from valuemodel.settings import Settings, TransactionsSection
from valuemodel.tables.basis import NEEDS
from valuemodel.tables.cleaning import Uniqueness
from valuemodel.tables.currency import converted, rate_into
from valuemodel.tables.parsing import (
    LARGEST_FACTOR,
    Parsed,
    as_flag,
    as_number,
    as_time,
    in_range,
)
from valuemodel.tables.raw import RawTable, map_columns, require_columns
from valuemodel.tables.rules import CONFLICTING_LINE, NOT_COLLECTED_YET, TRANSACTION_RULES
from valuemodel.tables.schemas import IBIS_TYPES, TRANSACTIONS
from valuemodel.tables.times import judge_time, known_from, known_repairs, latest
from valuemodel.tables.validation import Judged, Rows, judge_texts, start

_MONEY = IBIS_TYPES["money"]
_FACTOR = "decimal(38, 6)"
_LINES = Uniqueness(
    key=("account_id", "order_id", "line_id"),
    content=(
        *("time", "amount", "cost", "product_id", "under_contract"),
        *("booked_at", "collected_at", "collected"),
    ),
    first=("known_at",),
    conflict=CONFLICTING_LINE,
    where="line_id",
)


def judge_transactions(
    raw: RawTable, settings: Settings, section: TransactionsSection, now: Cutoff | None
) -> Judged:
    """Judge the rows of the transactions.

    Parameters
    ----------
    raw : RawTable
        As read.
    settings : Settings
        The project's, for its currency, zone and measure.
    section : TransactionsSection
        The forms, rates and exclusions.
    now : Cutoff or None
        The clock; rows a day and more after it are impossible.

    Raises
    ------
    DataRefused
        If a required column is missing, or ids were damaged before they came here.
    SettingsError
        If the mapping or an exclusion names what is not there.
    """
    mapped = map_columns(section, TRANSACTIONS.known, raw.columns, raw.name)
    priced = _takes_product(section, mapped)
    needed = ("quantity", "unit_price") if priced else ("amount",)
    cost = () if settings.value.measure == "revenue" else ("cost",)
    require_columns(
        mapped, ("account_id", "time", *needed, *cost, *NEEDS[settings.value.basis]), raw
    )
    rows = start(raw, section, mapped, settings.project.timezone)
    judge_texts(rows, [TRANSACTIONS[name] for name in TRANSACTIONS.ids])
    rows.rule(rows.columns["account_id"].isnull(), "missing_account")
    _judge_time(rows, section, now)
    _judge_flag(rows, section)
    _judge_money(rows, section, settings, priced=priced)
    for name in ("booked_at", "collected_at"):
        moment = judge_time(rows, name, latest(now)).value if name in mapped else None
        rows.keep(TRANSACTIONS[name], moment)
    if settings.value.basis == "collected":
        rows.rule(rows.columns["collected_at"].isnull(), NOT_COLLECTED_YET.name)
    rows.columns = {name: rows.columns[name] for name in TRANSACTIONS.names}
    unique = (_LINES,) if "line_id" in mapped else ()
    return rows.judged(TRANSACTION_RULES, TRANSACTIONS.money, unique)


def _takes_product(section: TransactionsSection, mapped: Mapping[str, str]) -> bool:
    """Say whether the amount is quantity x unit price: the explicit mapping wins."""
    if "amount" in section.columns or not {"quantity", "unit_price"} <= set(mapped):
        return False
    return "amount" not in mapped or {"quantity", "unit_price"} <= set(section.columns)


def _judge_time(rows: Rows, section: TransactionsSection, now: Cutoff | None) -> None:
    parsed = judge_time(rows, "time", latest(now))
    rows.rule(parsed.missing, "missing_time")
    rows.keep(TRANSACTIONS["time"], parsed.value)
    found = rows.source("known_at")
    own = None if found is None else as_time(found, section, rows.zone, rows.step)
    rows.keep(TRANSACTIONS["known_at"], known_from(parsed.value, own, section.delay))
    if own is not None:
        rows.rule(own.unreadable, "unreadable_known_at")
        rows.repaired(known_repairs(parsed.value, own, "time"))


def _judge_flag(rows: Rows, section: TransactionsSection) -> None:
    found = rows.source("under_contract")
    read = None if found is None else as_flag(found, section)
    if read is not None:
        rows.rule(read.unreadable, "unreadable_flag")
    rows.keep(TRANSACTIONS["under_contract"], None if read is None else read.value)


def _judge_money(
    rows: Rows, section: TransactionsSection, settings: Settings, *, priced: bool
) -> None:
    own = settings.project.currency
    rate, unrated = rate_into(rows, section.rates, own)
    if priced:
        amount = _product(rows, section, own)
    else:
        amount = as_number(rows.source("amount"), section, currency=own, to=_MONEY, step=rows.step)
    amount = converted(amount, rate)
    for test, name in (
        (amount.missing, "missing_amount"),
        (amount.unreadable, "unreadable_amount"),
        (amount.impossible, "impossible_amount"),
        *unrated,
    ):
        rows.rule(test, name)
    rows.repaired(amount.repairs)
    rows.keep(TRANSACTIONS["amount"], amount.value)
    cost = _part(rows, "cost", own, rate)
    if cost is not None and settings.value.measure != "revenue":
        counted = _counted(rows, settings)
        rows.rule(cost.missing & counted, "missing_cost")
    paid = _part(rows, "collected", own, rate)
    if paid is not None:
        # Signs are compared, not multiplied: the product of two amounts may not fit.
        other_sign = ((paid.value < 0) & (amount.value > 0)) | (
            (paid.value > 0) & (amount.value < 0)
        )
        beyond = (paid.value.abs() > amount.value.abs()) | other_sign
        rows.rule(beyond, "impossible_collected")


def _counted(rows: Rows, settings: Settings) -> ir.BooleanValue:
    """Say which lines count: those that a contract brings do not, so they need no cost."""
    if settings.tables.contracts is None:
        return ibis.literal(value=True)
    return ~rows.columns["under_contract"].fill_null(False)  # noqa: FBT003


def _part(rows: Rows, name: str, currency: str, rate: ir.Value | None) -> Parsed | None:
    """Read money of a line beside its amount, where it is mapped."""
    found = rows.source(name)
    if found is None:
        rows.keep(TRANSACTIONS[name], None)
        return None
    read = as_number(found, rows.section, currency=currency, to=_MONEY, step=rows.step)
    money = converted(read, rate)
    rows.rule(money.unusable, f"unreadable_{name}")
    rows.repaired(money.repairs)
    rows.keep(TRANSACTIONS[name], money.value)
    return money


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
