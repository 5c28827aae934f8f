from __future__ import annotations

import random

import pytest

from tests.contracts.harness import Book, builder_for, settings_for
from tests.features.whole_account import row
from tests.features.worked import CUTOFF, LONG_AGO
from valuemodel.features.white_space import COLUMNS, MOST, OF_GROUP


def bought(account, product, amount=10, days=30):
    return row("transactions", days, account, amount=amount, product_id=product)


def white_space_of(*lines, accounts=None):
    tables = {"transactions": (*lines, LONG_AGO)}
    if accounts is not None:
        tables["accounts"] = accounts
    chosen = settings_for(["1 year"], features={"groups": ["peers"], "extra": {}})
    return builder_for(Book.of(tables), chosen).white_space_at(CUTOFF)


def names(count, prefix="a"):
    return [f"{prefix}{number:02d}" for number in range(count)]


def test_what_peers_have_and_an_account_lacks_is_told_with_what_it_brings():
    lines = [bought(name, "all") for name in names(10)]
    lines += [bought(name, "some", 100 + 10 * place) for place, name in enumerate(names(6))]
    found = white_space_of(*lines)
    assert list(found.columns) == ["account_id", "as_of", *list(COLUMNS)[1:]]
    assert found["account_id"].unique().tolist() == [*names(10)[6:], LONG_AGO["account_id"]]
    told = found[found["account_id"] == "a07"]
    assert told["product_id"].to_list() == ["some"]
    # six of ten peers have it; the middle of 100 ... 150 is 125
    shown = told[["rank", "peers", "peers_owning", "usual_spend", "expected_value"]]
    assert shown.iloc[0].to_list() == [1, 10, 0.6, 125, 75]
    assert (found["as_of"] == CUTOFF.at).all()


def test_the_most_promising_come_first_and_few_of_them():
    products = {f"p{number}": 10 * (number + 1) for number in range(6)}
    lines = [bought(name, p, money) for name in names(9) for p, money in products.items()]
    found = white_space_of(*lines, bought("new", "else"))
    told = found[found["account_id"] == "new"]
    assert told["product_id"].to_list() == ["p5", "p4", "p3"]
    assert told["rank"].to_list() == list(range(1, MOST + 1))


def test_rare_products_and_those_that_few_have_do_not_count():
    lines = [bought(name, "all") for name in names(100)]
    lines += [bought(name, "one in twelve") for name in names(8)]
    assert set(white_space_of(*lines)["product_id"]) == {"all"}  # told to who is no peer
    few = [bought(name, "of four") for name in names(4)]
    assert white_space_of(*few, bought("b", "else")).empty


def test_peers_are_those_of_the_same_industry():
    firms = dict.fromkeys(names(25, "s"), "steel") | dict.fromkeys(names(25, "t"), "toys")
    accounts = [
        {"account_id": name, "industry": industry, "valid_from": None}
        for name, industry in firms.items()
    ]
    lines = [bought(name, "ore", 50) for name in names(24, "s")]
    lines += [bought(name, "dolls", 20) for name in names(24, "t")]
    lines += [bought(name, "paper") for name in firms]
    found = white_space_of(*lines, accounts=accounts)
    assert found[found["account_id"] == "s24"]["product_id"].to_list() == ["ore"]
    assert found[found["account_id"] == "t24"]["product_id"].to_list() == ["dolls"]


def test_what_was_bought_too_long_ago_is_neither_had_nor_lacked():
    lines = [bought(name, "all") for name in names(9)]
    lines += [bought("a00", "old", days=731), bought("lapsed", "all", days=731)]
    found = white_space_of(*lines)
    assert set(found["product_id"]) == {"all"}
    assert "lapsed" in found["account_id"].to_list()


def test_a_product_that_brings_nothing_any_more_is_not_told():
    lines = [bought(name, "all") for name in names(9)]
    lines += [bought(name, "faded", days=500) for name in names(8)]
    assert "faded" not in set(white_space_of(*lines)["product_id"])


def test_without_products_there_is_an_empty_table_with_all_columns():
    found = white_space_of(row("transactions", 30, "a", amount=10))
    assert found.empty
    assert list(found.columns) == ["account_id", "as_of", *list(COLUMNS)[1:]]


def test_the_table_does_not_depend_on_the_order_of_rows():
    lines = [bought(name, f"p{place % 3}", 10) for place, name in enumerate(names(30))]
    shuffled = lines[:]
    random.Random(0).shuffle(shuffled)
    assert white_space_of(*lines).equals(white_space_of(*shuffled))


def test_however_many_products_there_are_few_are_looked_at():
    lines = [bought(name, f"p{p:02d}") for name in names(6) for p in range(OF_GROUP + 5)]
    # who has the first twenty by name, all worth the same, is told nothing of the rest
    some = [bought("b", f"p{p:02d}") for p in range(OF_GROUP)]
    found = white_space_of(*lines, *some)
    assert "b" not in set(found["account_id"])


def test_nothing_from_the_cutoff_on_is_counted():
    lines = [bought(name, "all") for name in names(9)] + [bought("b", "else")]
    later = [bought(name, "later", days=days) for name in names(9) for days in (0, -3)]
    assert white_space_of(*lines).equals(white_space_of(*lines, *later))


@pytest.mark.parametrize("column", ["rank", "peers", "peers_owning", "usual_spend"])
def test_figures_are_numbers(column):
    found = white_space_of(*(bought(name, "all") for name in names(9)), bought("b", "else"))
    assert found[column].dtype == "float64"
