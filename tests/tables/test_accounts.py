"""An account's row: texts as they are, numbers and dates read or set aside, extras along."""

from __future__ import annotations

from datetime import datetime

import ibis
import pyarrow as pa
import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.settings import Settings
from valuemodel.tables.accounts import accounts_columns, judge_accounts
from valuemodel.tables.raw import FILE, ROW, RawTable
from valuemodel.tables.validation import RULE


def judged(columns, extra=None, **section):
    size = len(next(iter(columns.values())))
    table = pa.table(columns | {FILE: ["a"] * size, ROW: list(range(size))})
    settings = Settings.parse(
        {
            "project": {"name": "t"},
            "tables": {
                "transactions": {"source": "t.csv"},
                "accounts": {"source": "a.csv"} | section,
            },
            "value": {"horizons": ["3 months"]},
            "features": {"extra": extra or {}},
        }
    )
    raw = RawTable("accounts", ibis.memtable(table), None, ())
    found = judge_accounts(raw, settings, settings.tables.accounts)
    return found.table.order_by(ROW).to_pyarrow().to_pylist(), accounts_columns(settings)


def test_words_that_look_like_nulls_are_regions():
    rows, _ = judged({"account_id": ["a", "b"], "region": ["NA", "None"]})
    assert [row["region"] for row in rows] == ["NA", "None"]


def test_numbers_and_dates_are_read_or_set_aside():
    rows, _ = judged(
        {
            "account_id": ["a", "b", "c", None],
            "employees": ["12", "a few", "", "1"],
            "valid_from": ["2024-01-01", "", "1.1.2024", ""],
        }
    )
    assert [row[RULE] for row in rows] == [
        None, "unreadable_number", "unreadable_time", "missing_account",
    ]  # fmt: skip
    assert (rows[0]["employees"], rows[0]["valid_from"]) == (
        12.0, datetime.fromisoformat("2024-01-01"),
    )  # fmt: skip


def test_extra_columns_come_along_by_their_own_name():
    rows, columns = judged(
        {"account_id": ["a"], "City": ["Ames"], "Seats": ["1,200"]},
        {"City": "category", "Seats": "number"},
        thousands=",",
    )
    assert (rows[0]["City"], rows[0]["Seats"]) == ("Ames", 1200.0)
    assert [column.name for column in columns][-2:] == ["City", "Seats"]


def test_an_extra_column_that_is_not_there_is_a_mistake():
    with pytest.raises(SettingsError, match="did you mean 'City'"):
        judged({"account_id": ["a"], "City": ["x"]}, {"Cty": "category"})


def test_an_extra_column_cannot_take_a_name_of_the_contract():
    with pytest.raises(SettingsError, match="map it instead"):
        judged({"account_id": ["a"], "Region": ["x"]}, {"Region": "category"})
