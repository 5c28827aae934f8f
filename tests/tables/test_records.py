"""A row of any other table is read by its declaration: typed, repaired by name, or set aside."""

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
from valuemodel.tables.records import judge_records
from valuemodel.tables.schemas import TABLES
from valuemodel.tables.validation import RULE


@pytest.fixture(autouse=True)
def _steps_kept(monkeypatch):
    """Compile as the engine does: quickly."""
    monkeypatch.setattr(ibis.options.sql, "fuse_selects", False)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


REQUIRED = {
    "contracts": {"contract_id": "k", "start": "2024-01-01"},
    "usage": {"time": "2024-01-01", "quantity": "1"},
    "costs": {"time": "2024-01-01", "amount": "1", "treatment": "cogs"},
    "opportunities": {"opportunity_id": "o", "time": "2024-01-01", "stage": "won"},
    "capability_gaps": {"horizon": "1 year", "gap": "1"},
}


def judge(table, data, *, now=None, transactions=True, **section):
    size = len(next(iter(data.values())))
    account = {} if table == "capability_gaps" else {"account_id": "a"}
    columns = {name: [text] * size for name, text in (account | REQUIRED[table]).items()} | data
    rows = ibis.memtable(pa.table(columns | {FILE: ["t"] * size, ROW: list(range(size))}))
    tables = {"transactions": {"source": "t.csv"}} if transactions else {}
    tables |= {"contracts": {"source": "c.csv"}} | {table: {"source": "t.csv"} | section}
    settings = Settings.parse(
        {
            "project": {"name": "t", "currency": "EUR"},
            "tables": tables,
            "value": {"horizons": ["3 months"]},
        }
    )
    clock = None if now is None else Cutoff.parse(now)
    raw = RawTable(table, rows, None, ())
    return judge_records(raw, TABLES[table], settings, settings.tables.declared[table], clock)


def judged(table, data, **how):
    return judge(table, data, **how).table.order_by(ROW).to_pyarrow().to_pylist()


def column(name, rows):
    return [row[name] for row in rows]


@pytest.mark.parametrize("table", REQUIRED)
def test_columns_that_are_not_mapped_are_null_and_all_are_typed(table):
    row = next(iter(REQUIRED[table].items()))
    extra = {"segment": ["s"]} if table == "capability_gaps" else {}
    found = judge(table, {row[0]: [row[1]]} | extra).table
    kinds = {name: str(kind) for name, kind in found.schema().items()}
    assert {name: kinds[name] for name in TABLES[table].names} == TABLES[table].validated()
    one = found.to_pyarrow().to_pylist()[0]
    given = {"account_id", "known_at", *REQUIRED[table], *extra}
    assert one[RULE] is None
    assert {name for name in TABLES[table].names if one[name] is None} == (
        set(TABLES[table].names) - given
    )


def test_a_contract_is_known_when_it_was_signed_or_when_it_starts():
    rows = judged("contracts", {"known_at": ["2023-11-01", "2024-02-01", ""]}, delay="1 month")
    assert column("known_at", rows) == [at("2023-11-01"), at("2024-02-01"), at("2024-02-01")]
    assert column("repair known_at_taken_from_start", rows) == [False, False, True]


def test_a_contract_may_start_and_end_after_the_clock_but_not_be_signed_there():
    data = {
        "start": ["2025-01-01", "2025-01-01"],
        "end": ["2026-01-01", ""],
        "known_at": ["2024-05-01", "2024-09-01"],
    }
    rows = judged("contracts", data, now="2024-05-01")
    assert column(RULE, rows) == [None, "impossible_known_at"]


def test_what_must_have_happened_is_impossible_a_day_after_the_clock():
    rows = judged("usage", {"time": ["2024-05-01 12:00", "2024-05-02"]}, now="2024-05-01")
    assert column(RULE, rows) == [None, "impossible_time"]


def test_bounds_belong_to_the_range():
    rows = judged("capability_gaps", {"gap": ["0", "1", "1.01", "-0.01"], "segment": ["s"] * 4})
    assert column(RULE, rows) == [None, None, "impossible_gap", "impossible_gap"]


def test_a_missing_number_that_is_not_needed_is_none():
    rows = judged("contracts", {"arr": ["", "12.5"], "seats": ["3", ""]})
    assert column("arr", rows) == [None, Decimal("12.5")]
    assert column("seats", rows) == [3.0, None]
    assert column(RULE, rows) == [None, None]


def test_words_are_taken_in_any_letters_and_others_set_aside():
    texts = ["cogs", " COGS", "Sales and-Marketing", "rent"]
    rows = judged("costs", {"treatment": texts})
    assert column("treatment", rows)[:3] == ["cogs", "cogs", "sales_and_marketing"]
    assert column("repair respelled_treatment", rows) == [False, True, True, False]
    assert column(RULE, rows) == [None, None, None, "unknown_treatment"]


def test_money_is_converted_and_needs_a_currency_only_where_there_is_some():
    rows = judged(
        "opportunities",
        {"value": ["10", "10", "10", ""], "currency": ["USD", "CHF", "", ""]},
        rates={"USD": 0.5},
    )
    assert column("value", rows) == [Decimal(5), None, None, None]
    assert column(RULE, rows) == [None, "currency_without_rate", "missing_currency", None]


def test_contracts_alone_must_say_what_they_bring():
    with pytest.raises(DataRefused, match="no column for arr"):
        judge("contracts", {"seats": ["1"]}, transactions=False)
    assert judged("contracts", {"seats": ["1"]})[0][RULE] is None


def test_the_judge_says_what_else_is_asked_of_the_rows():
    contracts = judge("contracts", {"arr": ["1"]})
    assert (contracts.money, len(contracts.verdicts)) == ("arr", 1)
    assert judge("usage", {"users": ["1"]}).verdicts == ()
