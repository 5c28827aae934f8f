"""Ids are compared as they are; what differs is named, never changed."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.tables.coverage import check_coverage, orphans, valued_accounts


def ids(*names):
    return ibis.memtable(pa.table({"account_id": pa.array(names, type=pa.string())}))


def test_the_share_counts_accounts_not_rows():
    assert check_coverage(ids("a", "a", "a", "b"), ids("a", "a"), 0.5) == 0.5


def test_nothing_bought_is_nothing_missing():
    assert check_coverage(ids(), ids("a"), 1.0) == 1.0


def test_the_likeliest_repair_is_named():
    with pytest.raises(DataRefused, match="upper and lower case differ: without that 100"):
        check_coverage(ids("Ab", "Cd"), ids("aB", "cD"), 0.98)


def test_where_no_spelling_explains_it_the_mapping_is_questioned():
    with pytest.raises(DataRefused, match="check that both tables map the same account id"):
        check_coverage(ids("a", "b"), ids("x", "y"), 0.98)


def names(table):
    return sorted(table.to_pyarrow()["account_id"].to_pylist())


def test_accounts_have_value_by_buying_or_by_contract():
    assert names(valued_accounts(ids("a", "a"), ids("b", "a"))) == ["a", "b"]
    assert names(valued_accounts(ids("a", "a"), None)) == ["a"]


def test_orphans_neither_buy_nor_are_listed():
    rows = ids("a", "b", "c", "c", None)
    assert names(orphans(rows, ids("a"), None)) == ["b", "c", "c"]
    assert names(orphans(rows, ids("a"), ids("c"))) == ["b"]
