from __future__ import annotations

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from tests.features.whole_account import at, group_of, row
from tests.features.worked import CUTOFF
from valuemodel.exceptions import UsageError
from valuemodel.features.usage import Usage
from valuemodel.snapshots.as_of import Snapshot

LONG_AGO = row("usage", 3000, "other", quantity=1.0)


def use(days, quantity=10.0, account="a", **columns):
    return row("usage", days, account, quantity=quantity, **columns)


def seats(count, days=100, account="a", **columns):
    number = columns.pop("contract", "1")
    return row("contracts", days, account, contract_id=number, seats=count, **columns)


def usage_of(*rows, contracts=None, others=(LONG_AGO,)):
    tables = {} if contracts is None else {"contracts": contracts}
    return group_of("usage", usage=(*rows, *others), **tables).loc["a"]


def test_the_level_is_the_quantity_of_each_window():
    found = usage_of(use(30, 0.1), use(29, 0.2), use(31, 5), use(90, 1), use(365, 2), use(366, 9))
    shown = found[["usage_quantity_30d", "usage_quantity_90d", "usage_quantity_365d"]]
    assert shown.to_list() == [0.3, 6.3, 8.3]


def test_days_and_weeks_with_use_are_counted_once():
    found = usage_of(use(1), use(1, product_id="p"), use(7), use(8), use(91), use(92))
    assert found[["usage_days_30d", "usage_days_90d"]].to_list() == [3, 3]
    assert found["usage_active_weeks_13"] == pytest.approx(3 / 13)
    assert found["usage_active_weeks_52"] == pytest.approx(4 / 52)


def test_users_are_the_most_that_one_row_says():
    found = usage_of(
        use(40, users=7.0), use(10, users=3.0), use(9, users=2.0), use(200, users=99.0)
    )
    assert found[["users_30d", "users_90d"]].to_list() == [3, 7]


def test_without_use_there_are_no_users_and_without_counting_them_they_are_unknown():
    found = usage_of(use(40))
    assert found["users_30d"] == 0
    assert pd.isna(found["users_90d"])


def test_breadth_counts_the_products_that_were_used():
    found = usage_of(
        use(5, product_id="p"), use(80, product_id="p"), use(90, product_id="q"),
        use(91, product_id="old"), use(3, quantity=0.0, product_id="never"), use(2),
    )  # fmt: skip
    assert found[["products_used_90d", "products_used_365d"]].to_list() == [2, 3]


def test_the_trend_compares_with_the_days_before():
    found = usage_of(use(10, 30, users=3.0), use(40, 10, users=1.0), use(100, 40, users=1.0))
    assert found["usage_growth_30d"] == 0.5
    assert found["usage_growth_90d"] == 0
    assert found["users_growth_90d"] == 0.5


def test_a_row_that_says_nothing_was_used_is_no_use():
    found = usage_of(use(5, quantity=0.0, users=4.0), use(44))
    assert found[["usage_recency_days", "usage_days_30d", "users_30d"]].to_list() == [44, 0, 0]


def test_seats_used_are_shares_of_the_seats_of_all_contracts_in_force():
    held = (seats(6.0), seats(4.0, contract="2"), seats(99.0, contract="3", end=at(1)))
    found = usage_of(use(5, users=4.0), use(60, users=8.0), contracts=held)
    assert found["seats_used_share_30d"] == 0.4
    assert found["seats_used_share_90d"] == 0.8
    assert found[["seats_idle_90d", "users_above_seats_90d"]].to_list() == [2, 0]


def test_more_users_than_seats_are_a_reason_to_call():
    found = usage_of(use(5, users=13.0), contracts=(seats(10.0),))
    assert found["seats_used_share_90d"] == 1.3
    assert found[["seats_idle_90d", "users_above_seats_90d"]].to_list() == [0, 3]


def test_seats_that_nobody_ever_used_are_idle():
    table = group_of("usage", usage=(LONG_AGO,), contracts=(seats(10.0),))
    shown = ["usage_quantity_90d", "users_90d", "seats_used_share_90d", "seats_idle_90d"]
    assert table.loc["a", shown].to_list() == [0, 0, 0, 10]


def test_seats_are_unknown_where_no_contract_says_any():
    found = usage_of(use(5, users=3.0), contracts=(seats(None), seats(5.0, account="b")))
    assert found.filter(regex="seats").isna().all()
    assert found["users_90d"] == 3


def test_a_book_without_contracts_has_no_features_of_seats():
    assert not [name for name in usage_of(use(5)).index if "seats" in name]


def test_windows_that_begin_before_the_records_of_use_are_missing():
    found = usage_of(use(5), others=(use(100, account="b"),))
    assert found["usage_quantity_90d"] == 10
    assert found[["usage_quantity_365d", "usage_growth_90d", "usage_active_weeks_52"]].isna().all()


def test_a_quantity_beyond_all_measure_breaks_nothing():
    assert usage_of(use(5, 1e300), use(6, 1e300))["usage_quantity_30d"] == 2e18


def test_a_source_says_which_table_the_book_lacks():
    lines = ibis.memtable(pa.table({"age": [1]}))
    with pytest.raises(UsageError, match="the book has no usage"):
        Usage(Snapshot(CUTOFF, lines, None))
