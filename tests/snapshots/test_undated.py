from __future__ import annotations

from tests.contracts.harness import Book, in_memory
from tests.features.worked import LONG_AGO
from valuemodel.snapshots.undated import CAPABILITY_GAPS, CREDIT, capability_gaps, credit

ROWS = {
    "credit": [
        {"account_id": "a", "owner": "ada", "share": 1.0},
        {"account_id": "a", "owner": "ben", "share": 0.5},
    ],
    "capability_gaps": [
        {"product_id": None, "segment": "retail", "horizon": "3 months", "gap": 0.25}
    ],
}


def test_the_tables_are_told_as_they_are():
    connection, ledger = in_memory(Book.of({"transactions": (LONG_AGO,), **ROWS}), 1)
    for part, name, kinds in (
        (credit, "credit", CREDIT),
        (capability_gaps, "capability_gaps", CAPABILITY_GAPS),
    ):
        found = connection.to_pyarrow(part(ledger)).to_pylist()
        assert sorted(map(str, found)) == sorted(map(str, ROWS[name]))
        assert [*found[0]] == [*kinds]


def test_a_book_without_them_has_nothing_to_say():
    _, ledger = in_memory(Book((LONG_AGO,)), 1)
    assert credit(ledger) is None
    assert capability_gaps(ledger) is None
