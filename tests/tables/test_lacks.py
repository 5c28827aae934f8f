"""Whatever a book lacks is said, with what it costs; a whole book lacks nothing."""

from __future__ import annotations

import pytest

from valuemodel.tables.lacks import COLUMN_COSTS, TABLE_COSTS, lacking
from valuemodel.tables.schemas import TABLES

WHOLE = {name: schema.names for name, schema in TABLES.items()}


def without(table, *columns):
    return WHOLE | {table: [name for name in WHOLE[table] if name not in columns]}


def test_a_whole_book_lacks_nothing():
    assert lacking(WHOLE) == ()


def test_every_cost_is_that_of_a_table_or_column_of_the_contract():
    assert set(TABLE_COSTS) == set(TABLES)
    for table, costs in COLUMN_COSTS.items():
        assert {name for names in costs for name in names} <= set(TABLES[table].names)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_that_is_not_declared_is_named_with_its_cost(table):
    book = {name: columns for name, columns in WHOLE.items() if name != table}
    assert lacking(book) == (f"no {table.replace('_', ' ')}: {TABLE_COSTS[table]}",)


@pytest.mark.parametrize(
    ("table", "columns"),
    [(table, names) for table, costs in COLUMN_COSTS.items() for names in costs],
)
def test_every_column_that_matters_is_named_with_its_cost(table, columns):
    cost = COLUMN_COSTS[table][columns]
    assert lacking(without(table, *columns)) == (f"no {', '.join(columns)} in {table}: {cost}",)


def test_what_a_contract_covers_may_count_twice_only_beside_contracts():
    book = without("transactions", "under_contract")
    assert lacking(book) == (
        "no under_contract in transactions: what a contract covers may count twice",
    )
    del book["contracts"]
    assert not any("under_contract" in sentence for sentence in lacking(book))


def test_rows_that_count_as_known_at_once_are_said_in_one_sentence():
    book = without("usage", "known_at") | {
        "costs": [name for name in WHOLE["costs"] if name != "known_at"]
    }
    assert lacking(book) == ("no known_at or delay in usage, costs: rows count as known at once",)
    assert lacking(book, delayed=["costs"])[0].startswith("no known_at or delay in usage:")
