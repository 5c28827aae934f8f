"""A sale: its money is exact, its currency known, its time possible, its known-at never too early."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings
from valuemodel.tables.raw import FILE, ROW, RawTable
from valuemodel.tables.schemas import TRANSACTIONS
from valuemodel.tables.transactions import judge_transactions
from valuemodel.tables.validation import RULE


@pytest.fixture(autouse=True)
def _steps_kept(monkeypatch):
    """Compile as the engine does: quickly."""
    monkeypatch.setattr(ibis.options.sql, "fuse_selects", False)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def judged(data, *, measure="revenue", basis="billed", contracts=False, now=None, **section):
    size = len(next(iter(data.values())))
    base = {"account_id": ["a"] * size, "time": ["2024-05-01"] * size}
    table = pa.table(base | data | {FILE: ["t"] * size, ROW: list(range(size))})
    settings = Settings.parse(
        {
            "project": {"name": "t", "currency": "EUR"},
            "tables": {"transactions": {"source": "t.csv"} | section}
            | ({"contracts": {"source": "c.csv"}} if contracts else {}),
            "value": {"horizons": ["3 months"], "measure": measure, "basis": basis},
        }
    )
    raw = RawTable("transactions", ibis.memtable(table), None, ())
    found = judge_transactions(raw, settings, settings.tables.transactions, now)
    return found.table.order_by(ROW).to_pyarrow().to_pylist()


def column(name, rows):
    return [row[name] for row in rows]


def test_a_product_of_quantity_and_price_is_exact():
    rows = judged({"quantity": ["3", "-2", "1000000"], "unit_price": ["0.1", "9.99", "0.000123"]})
    assert column("amount", rows) == [Decimal("0.3000"), Decimal("-19.9800"), Decimal("123.0000")]


@pytest.mark.parametrize(
    ("quantity", "price", "rule"),
    [
        ("", "1", "missing_amount"),
        ("1", "", "missing_amount"),
        ("one", "1", "unreadable_amount"),
        ("1", "1,5", "unreadable_amount"),
        ("1e13", "1", "impossible_amount"),
        ("1e11", "1e11", "impossible_amount"),
    ],
)
def test_a_bad_factor_is_a_bad_amount(quantity, price, rule):
    assert column(RULE, judged({"quantity": [quantity], "unit_price": [price]})) == [rule]


def test_the_mapped_amount_wins_over_a_product():
    both = {"amount": ["5"], "quantity": ["2"], "unit_price": ["3"]}
    assert column("amount", judged(both)) == [Decimal(5)]
    mapped = {"quantity": "quantity", "unit_price": "unit_price"}
    assert column("amount", judged(both, columns=mapped)) == [Decimal(6)]


def test_money_is_converted_by_the_declared_rates():
    rows = judged(
        {"amount": ["10", "10", "10", "10"], "currency": ["EUR", "usd ", "CHF", ""]},
        rates={"USD": 0.9},
    )
    assert column("amount", rows)[:2] == [Decimal(10), Decimal(9)]
    assert column(RULE, rows) == [None, None, "currency_without_rate", "missing_currency"]


def test_the_margin_needs_a_cost_and_the_revenue_does_not():
    rows = {"amount": ["10", "10", "10"], "cost": ["4", "", "x"]}
    assert column(RULE, judged(rows)) == [None, None, "unreadable_cost"]
    assert column(RULE, judged(rows, measure="margin")) == [None, "missing_cost", "unreadable_cost"]
    with pytest.raises(DataRefused, match="no column for cost"):
        judged({"amount": ["10"]}, measure="margin")


def test_a_row_of_the_day_after_the_clock_is_impossible():
    times = ["2024-05-01 12:00", "2024-05-02 11:59", "2024-05-02 12:00"]
    rows = judged(
        {"amount": ["1"] * 3, "time": times}, now=Cutoff.parse("2024-05-01 12:00"),
    )  # fmt: skip
    assert column(RULE, rows) == [None, None, "impossible_time"]


def test_a_row_before_the_earliest_is_impossible():
    rows = judged(
        {"amount": ["1", "1"], "time": ["1999-12-31", "2000-01-01"]}, earliest="2000-01-01"
    )
    assert column(RULE, rows) == ["impossible_time", None]


def test_known_at_is_filled_and_never_before_the_event():
    rows = judged(
        {"amount": ["1"] * 4, "known_at": ["2024-05-03", "2024-04-01", "", "soon"]},
        delay="2 days",
    )
    assert column("known_at", rows)[:3] == [at("2024-05-03"), at("2024-05-01"), at("2024-05-03")]
    assert column(RULE, rows)[3] == "unreadable_known_at"


def test_a_delay_says_when_rows_become_known():
    rows = judged({"amount": ["1"], "time": ["2024-01-31"]}, delay="1 month")
    assert column("known_at", rows) == [at("2024-02-29")]


def test_flags_are_read_or_set_aside():
    rows = judged({"amount": ["1"] * 3, "under_contract": ["yes", "", "perhaps"]})
    assert column("under_contract", rows) == [True, None, None]
    assert column(RULE, rows) == [None, None, "unreadable_flag"]


def test_columns_that_are_not_mapped_are_null_and_typed():
    rows = judged({"amount": ["1"]})
    assert {name for name in TRANSACTIONS.names if rows[0][name] is None} == {
        "cost", "order_id", "line_id", "product_id", "under_contract", "booked_at", "collected_at",
        "collected",
    }  # fmt: skip


def test_a_line_that_a_contract_brings_needs_no_cost():
    rows = {"amount": ["1"] * 3, "cost": [""] * 3, "under_contract": ["yes", "no", ""]}
    missing = "missing_cost"
    assert column(RULE, judged(rows, measure="margin")) == [missing] * 3
    assert column(RULE, judged(rows, measure="margin", contracts=True)) == [None, missing, missing]


@pytest.mark.parametrize("basis", ["booked", "collected"])
def test_a_basis_needs_its_column(basis):
    with pytest.raises(DataRefused, match=f"no column for {basis}_at"):
        judged({"amount": ["1"]}, basis=basis)


@pytest.mark.parametrize("name", ["booked_at", "collected_at"])
def test_days_of_order_and_payment_are_read_or_set_aside(name):
    times = ["2024-04-01", "", "soon", "1901-01-01", "2024-05-03"]
    rows = judged({"amount": ["1"] * 5, name: times}, now=Cutoff.parse("2024-05-01"))
    assert column(name, rows)[:2] == [at("2024-04-01"), None]
    assert column(RULE, rows) == [
        None, None, f"unreadable_{name}", f"impossible_{name}", f"impossible_{name}",
    ]  # fmt: skip


def test_no_more_is_paid_than_was_billed():
    amounts = ["10", "10", "10", "10", "-10", "-10", "-10", "0"]
    paid = ["10", "0", "", "10.01", "-10", "-11", "5", "x"]
    beyond, unreadable = "impossible_collected", "unreadable_collected"
    assert column(RULE, judged({"amount": amounts, "collected": paid})) == [
        None, None, None, beyond, None, beyond, beyond, unreadable,
    ]  # fmt: skip


def test_what_is_not_paid_yet_is_set_aside_only_where_payment_counts():
    rows = {"amount": ["1", "1"], "collected_at": ["2024-05-02", ""]}
    assert column(RULE, judged(rows)) == [None, None]
    assert column(RULE, judged(rows, basis="collected")) == [None, "not_collected_yet"]
