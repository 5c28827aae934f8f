"""Ids are compared as they are; what differs is named, never changed."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.tables.coverage import check_coverage


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
