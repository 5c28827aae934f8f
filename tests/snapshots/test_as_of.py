from __future__ import annotations

import ibis

from tests.contracts.harness import Book, at, settings_for, typed_ledger
from valuemodel.periods import Cutoff
from valuemodel.snapshots.as_of import accounts_as_of, snapshot


def line(time, order=None, amount=1, **more):
    row = {"account_id": "a", "time": at(time), "known_at": None, "amount": amount}
    return row | {"order_id": order} | more


def taken(book, cutoff):
    value = settings_for(["1 month"]).value
    return snapshot(typed_ledger(book, ibis.duckdb.connect()), value, Cutoff.parse(cutoff))


def orders_of(book, cutoff):
    return taken(book, cutoff).orders.to_pyarrow().to_pylist()


def test_lines_of_one_order_on_one_day_are_one_order():
    lines = (line("2021-01-05 09:00", "1", 10), line("2021-01-05 09:01", "1", -4))
    (order,) = orders_of(Book(lines), "2021-02-01")
    assert (order["value"], order["bought"], order["purchase"]) == (6, 10, True)


def test_an_order_id_used_on_two_days_counts_on_each_so_that_windows_stay_exact():
    lines = (line("2021-01-05", "1"), line("2021-01-20", "1"))
    assert sorted(order["age"] for order in orders_of(Book(lines), "2021-02-01")) == [12, 27]


def test_without_an_order_id_a_day_is_one_order():
    lines = (line("2021-01-05 09:00"), line("2021-01-05 17:00"), line("2021-01-06"))
    assert len(orders_of(Book(lines), "2021-02-01")) == 2


def test_a_refund_that_stands_alone_is_no_purchase():
    (order,) = orders_of(Book((line("2021-01-05", "C1", -10),)), "2021-02-01")
    assert (order["purchase"], order["value"]) == (False, -10)


def test_one_row_per_account_whatever_the_order_of_equally_dated_rows():
    since = at("2021-01-01")
    rows = [{"account_id": "a", "valid_from": since, "region": region} for region in "xyz"]
    rows += [{"account_id": "b", "valid_from": None, "region": "w"}]
    found = []
    for accounts in (rows, rows[::-1]):
        ledger = typed_ledger(Book((line("2021-01-05"),), tuple(accounts)), ibis.duckdb.connect())
        table = accounts_as_of(ledger.accounts, Cutoff.parse("2021-02-01")).order_by("account_id")
        found.append(table.select("account_id", "region", "known_since").to_pyarrow().to_pylist())
    assert found[0] == found[1]
    assert [row["known_since"] for row in found[0]] == [since, None]


def test_a_snapshot_has_the_terms_of_contracts_only_where_the_book_has_contracts():
    signed = {"account_id": "a", "contract_id": "1", "start": at("2021-03-01")}
    known_at = {"known_at": at("2021-01-20")}
    book = Book((line("2021-01-05"),), None, {"contracts": (signed | known_at,)})
    (terms,) = taken(book, "2021-02-01").terms.to_pyarrow().to_pylist()
    assert (terms["start"], terms["from_age"]) == (at("2021-03-01"), -28)
    assert taken(book.without("contracts"), "2021-02-01").terms is None
