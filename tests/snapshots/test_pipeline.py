"""What is open is what the latest visible change says, on the page and in the label alike."""

from __future__ import annotations

import random

from tests.contracts.harness import Book, builder_for, settings_for
from tests.features.whole_account import at, row
from tests.features.worked import CUTOFF, LONG_AGO
from valuemodel.snapshots.as_of import snapshot
from valuemodel.snapshots.pipeline import still_open


def change(days, stage="offer", name="1", **columns):
    return row("opportunities", days, opportunity_id=name, stage=stage, value=100, **columns)


def open_of(*rows):
    book = Book.of({"transactions": (LONG_AGO,), "opportunities": rows})
    builder = builder_for(book, settings_for(["1 year"]))
    known = snapshot(builder.ledger, builder.settings.value, CUTOFF)
    found = builder.connection.to_pyarrow(still_open(known)).to_pydict()
    return sorted(zip(found["account_id"], found["opportunity_id"], strict=True))


def test_open_is_what_is_neither_won_nor_lost():
    rows = [
        change(9, stage, name) for name, stage in zip("abc", ("won", "lost", "talks"), strict=True)
    ]
    assert open_of(*rows) == [("a", "c")]


def test_the_latest_visible_change_holds():
    rows = [change(9), change(5, "won"), change(9, name="2"), change(5, "won", "2", known_at=at(0))]
    rows += [change(9, "lost", "3"), change(4, name="3")]
    assert open_of(*rows) == [("a", "2"), ("a", "3")]


def test_the_order_of_rows_does_not_matter():
    rows = [change(9, stage, name) for name in "abc" for stage in ("won", "talks", "offer")]
    shuffled = rows[:]
    random.Random(1).shuffle(shuffled)
    assert open_of(*rows) == open_of(*shuffled)


def test_features_count_the_same_as_open():
    rows = [change(9, stage, name) for name in "abc" for stage in ("won", "talks", "offer")]
    book = Book.of({"transactions": (LONG_AGO,), "opportunities": tuple(rows)})
    chosen = settings_for(["1 year"], features={"groups": ["opportunities"], "extra": {}})
    data = builder_for(book, chosen).at(CUTOFF)
    counted = data.X.set_index(data.keys.account_id).pipeline_count
    assert counted.reindex(["a"]).fillna(0).item() == len(open_of(*rows))


def test_a_book_without_opportunities_has_none():
    builder = builder_for(Book.of({"transactions": (LONG_AGO,)}), settings_for(["1 year"]))
    assert still_open(snapshot(builder.ledger, builder.settings.value, CUTOFF)) is None
