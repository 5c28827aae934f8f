from __future__ import annotations

import ibis
import pytest

from tests.contracts.harness import Book, at, settings_for, typed_ledger
from valuemodel.features.terms import Contracts
from valuemodel.periods import Cutoff, Horizon
from valuemodel.snapshots.as_of import snapshot

CUTOFF = Cutoff.parse("2021-03-01")


def source_of(*rows):
    """Return the source of contracts; rows are a start and what it brings."""
    contracts = [
        {"account_id": "a", "contract_id": str(number), "start": at(start), "arr": arr}
        for number, (start, arr) in enumerate(rows)
    ]
    value = settings_for(["1 month"]).value
    tables = {"contracts": tuple(contracts)} if rows else {}
    book = Book((), None, tables)
    return Contracts(snapshot(typed_ledger(book, ibis.duckdb.connect()), value, CUTOFF))


def only(source, **columns):
    (found,) = source.aggregate(columns).to_pyarrow().to_pylist()
    return [found[name] for name in columns]


def test_a_sum_is_zero_of_nothing_and_missing_of_nothing_known():
    source = source_of(("2021-01-01", 7), ("2021-01-01", None), ("2021-02-01", None))
    january = source.table.start == at("2021-01-01")
    never = source.table.start == at("2020-01-01")
    sums = only(
        source,
        some=source.total("arr", january),
        none=source.total("arr", never),
        unknown=source.total("arr", ~january),
    )
    assert sums == [7, 0, None]


def test_what_is_earned_counts_the_days_of_a_window():
    source = source_of(("2021-02-20", 10))
    sums = only(
        source, past=source.earned(7, 0), all=source.earned(90, 0), next=source.earned(0, -3)
    )
    assert sums == [70, 90, 30]


def test_its_history_begins_with_the_first_contract():
    (row,) = source_of(("2021-02-20", 1), ("2021-01-30", 1)).history().to_pyarrow().to_pylist()
    assert row == {"days": 30}


def test_windows_ahead_follow_the_calendar():
    source = source_of(("2021-02-20", 1))
    assert [source.days(Horizon.parse(text)) for text in ("1 month", "1 year")] == [31, 365]


def test_a_book_without_contracts_has_no_such_source():
    with pytest.raises(ValueError, match="snapshot with contracts"):
        source_of()
