"""What only files can do: hold text that is no row, and be read without a column that they have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.harness import builder_for, mismatches, random_book, settings_for
from tests.contracts.raw_files import LINES, FromFiles
from valuemodel.periods import Cutoff

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
        {"amount": "n/a", "employees": "many"},
        {"time": "soon", "valid_from": "31/12/99"},
        {"known_at": "?", "reference_until": "?"},
        {"account_id": 'x",\ny', "product_id": "\ufeff;\t'", "order_id": '"'},
        {"account_id": "", "amount": "1,5"},
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
    forgetful = FromFiles(tmp_path, [name for name in LINES if name != "known_at"])
    books = (BOOK, BOOK.known_before(CUTOFF))
    leaking, honest = (builder_for(book, SETTINGS, forgetful).at(CUTOFF) for book in books)
    assert "value_total" in mismatches(leaking, honest)
    assert "value_total" in mismatches(leaking, whole)
