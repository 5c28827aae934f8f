"""Money is worth what the declared rate says, to the last digit, or nothing is said of it."""

from __future__ import annotations

from decimal import Decimal

import ibis
import pyarrow as pa

from valuemodel.settings import DatedSection
from valuemodel.tables.currency import converted, rate_into
from valuemodel.tables.parsing import as_number
from valuemodel.tables.raw import FILE, ROW, RawTable
from valuemodel.tables.validation import RULE, start


def judged(amounts, currencies=None, **rates):
    columns = {"amount": amounts} | ({"currency": currencies} if currencies else {})
    size = len(amounts)
    table = pa.table(columns | {FILE: ["t"] * size, ROW: list(range(size))})
    raw = RawTable("costs", ibis.memtable(table), None, ())
    section = DatedSection(source="t.csv", rates=rates)
    rows = start(raw, section, {name: name for name in columns}, "UTC")
    rate, rules = rate_into(rows, section.rates, "EUR")
    money = as_number(rows.source("amount"), section, to="decimal(18, 4)", step=rows.step)
    money = converted(money, rate)
    for test, name in rules:
        rows.rule(test, name)
    rows.rule(money.impossible, "impossible_amount")
    rows.columns["amount"] = money.value
    return rows.judged().table.order_by(ROW).to_pyarrow().to_pylist()


def test_without_a_column_all_money_is_the_projects():
    assert [row["amount"] for row in judged(["1.5"])] == [Decimal("1.5")]


def test_rates_are_exact_and_the_projects_currency_needs_none():
    found = judged(["100.01", "100.01", "3"], ["eur", " USD", "JPY"], USD=0.9, JPY=0.0061)
    assert [row["amount"] for row in found] == [
        Decimal("100.01"), Decimal("90.009"), Decimal("0.0183"),
    ]  # fmt: skip
    assert [row["repair converted_currency"] for row in found] == [False, True, True]


def test_money_of_unknown_worth_has_none():
    found = judged(["1", "1"], ["CHF", None])
    assert [row["amount"] for row in found] == [None, None]
    assert [row[RULE] for row in found] == ["currency_without_rate", "missing_currency"]


def test_money_that_grows_beyond_all_money_is_impossible():
    assert [row[RULE] for row in judged(["9e13"], ["USD"], USD=1e6)] == ["impossible_amount"]
