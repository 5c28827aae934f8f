"""Columns are found by the mapping or by their own name, and what is missing is named."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from valuemodel.exceptions import DataRefused, SettingsError
from valuemodel.settings import TransactionsSection
from valuemodel.tables.raw import RawTable, map_columns, require_columns
from valuemodel.tables.schemas import TRANSACTION_INPUTS, TRANSACTIONS

KNOWN = TRANSACTIONS.columns + TRANSACTION_INPUTS


def mapped(found, **columns):
    section = TransactionsSection(source="t.csv", columns=columns)
    return map_columns(section, KNOWN, found, "transactions")


def test_a_column_of_the_contracts_name_needs_no_mapping():
    assert mapped(("time", "Customer", "more"), account_id="Customer") == {
        "time": "time",
        "account_id": "Customer",
    }


def test_the_mapping_wins_over_the_name():
    assert mapped(("amount", "net"), amount="net") == {"amount": "net"}


def test_a_name_that_the_contract_does_not_know_is_a_mistake():
    with pytest.raises(SettingsError, match="acount_id: did you mean 'account_id'"):
        mapped(("Customer",), acount_id="Customer")


def test_a_source_column_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(DataRefused, match="did you mean 'Customer ID'"):
        mapped(("Customer ID", "time"), account_id="CustomerID")


def test_required_columns_are_named_with_what_there_is_and_the_way_to_map_them():
    rows = ibis.memtable(pa.table({"Customer": ["a"], "x": [1]}))
    raw = RawTable("transactions", rows, None, ())
    with pytest.raises(DataRefused, match="no column for account_id, time") as refused:
        require_columns({"amount": "x"}, ("account_id", "time", "amount"), raw)
    assert refused.value.received == "columns Customer, x"
    assert 'account_id = "name in the source", time = ' in refused.value.hint
