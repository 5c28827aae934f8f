"""What only files can do: hold text that is no row, and be read without a column that they have."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.contracts.book import Book, known
from tests.contracts.harness import builder_for, mismatches, random_book, settings_for
from tests.contracts.poisons import huge
from tests.contracts.raw_files import FromFiles
from valuemodel.periods import Cutoff
from valuemodel.tables.schemas import TABLES

CUTOFF = Cutoff.parse("2021-01-31")
BOOK = random_book(seed=1)
SETTINGS = settings_for()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return builder_for(BOOK, SETTINGS, FromFiles(tmp_path_factory.mktemp("whole"))).at(CUTOFF)


def test_a_book_read_from_files_has_the_features_of_the_same_book_in_tables(tmp_path):
    versions = {(row["account_id"], row["valid_from"]): row for row in BOOK.accounts}
    book = replace(BOOK, accounts=tuple(versions.values()))
    tables, files = (builder_for(book, SETTINGS, *make) for make in ((), (FromFiles(tmp_path),)))
    assert mismatches(tables.at(CUTOFF), files.at(CUTOFF)) == []
    assert tables.ledger.complete_until == files.ledger.complete_until


@pytest.mark.parametrize(
    "garbage",
    [
        {"amount": "n/a", "employees": "many", "arr": "-1", "value": "?", "users": "few"},
        {"time": "soon", "valid_from": "31/12/99", "start": "soon", "end": "later", "closed": "?"},
        {"known_at": "?", "reference_until": "?", "cancelled_at": "no", "auto_renew": "perhaps"},
        {"account_id": 'x",\ny', "product_id": "\ufeff;\t'", "order_id": '"', "stage": '"'},
        {"account_id": "", "amount": "1,5", "treatment": "other", "rating": "11", "kind": ""},
    ],
    ids=str,
)
def test_text_that_cannot_be_read_after_the_cutoff_changes_no_bit(whole, tmp_path, garbage):
    poisoned = BOOK.with_later(
        CUTOFF, lambda row: [{name: garbage.get(name, row[name]) for name in row}]
    )
    assert poisoned != BOOK
    assert mismatches(whole, builder_for(poisoned, SETTINGS, FromFiles(tmp_path)).at(CUTOFF)) == []


def test_a_file_without_its_known_at_is_caught_by_the_truncation_check(whole, tmp_path):
    forgetful = FromFiles(tmp_path, ["known_at"])
    books = (BOOK, BOOK.known_before(CUTOFF))
    leaking, honest = (builder_for(book, SETTINGS, forgetful).at(CUTOFF) for book in books)
    assert "value_total" in mismatches(leaking, honest)
    assert "value_total" in mismatches(leaking, whole)


def leaks(tables, tmp_path, **said):
    """Name the features of a book of few tables that change when its future is cut off."""
    book = Book.of({"transactions": BOOK.lines} | tables)
    settings = settings_for(features={"extra": {}}, **said)
    make = FromFiles(tmp_path, **said.get("value", {}))
    books = (book, book.known_before(CUTOFF), book.with_later_cells(CUTOFF, lambda cell: None))
    whole, cut, never = (builder_for(one, settings, make).at(CUTOFF) for one in books)
    assert len(cut.X.columns) > 60
    return mismatches(whole, cut) + mismatches(whole, never)


@pytest.mark.parametrize("table", ["opportunities", "projects", "contracts", "transactions"])
def test_a_row_that_is_contradicted_later_stands_until_then(tmp_path, table):
    key = (*TABLES[table].key, "line_id", "order_id", "account_id", "time", "start")
    rows = []
    for number, row in enumerate(BOOK.tables[table]):
        named = row | ({"line_id": str(number)} if table == "transactions" else {})
        rows.append(named)
        if known(table, row) < CUTOFF.at:
            again = {name: value for name, value in named.items() if name in key}
            rows.append(huge(named)[0] | again | {"known_at": CUTOFF.at + timedelta(days=100)})
    assert leaks({table: rows}, tmp_path) == []


def test_a_contract_that_is_cancelled_before_it_begins_was_known_until_then(tmp_path):
    ahead = BOOK.others["contracts"][0] | {
        "contract_id": "C99",
        "known_at": CUTOFF.at - timedelta(days=40),
        "start": CUTOFF.at + timedelta(days=90),
        "end": CUTOFF.at + timedelta(days=455),
        "cancelled_at": CUTOFF.at + timedelta(days=20),
        "arr": Decimal(500),
    }
    assert leaks({"contracts": (*BOOK.others["contracts"], ahead)}, tmp_path) == []


@pytest.mark.parametrize("basis", ["booked", "collected"])
def test_what_is_not_billed_but_booked_or_collected_is_known_no_earlier(tmp_path, basis):
    assert leaks({}, tmp_path, value={"basis": basis}) == []
