"""The book by parents: every account at its top, circles refused, money conserved."""

from __future__ import annotations

from datetime import datetime

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import DataRefused
from valuemodel.tables.hierarchy import by_parent, first_parents, parents_only, top_parents


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def links(**parents):
    return pd.DataFrame({"account_id": list(parents), "parent_id": list(parents.values())})


def tops(frame):
    found = top_parents(frame)
    return dict(zip(found["account_id"], found["top_id"], strict=True))


def test_chains_are_followed_to_the_top():
    assert tops(links(a="b", b="c", d="c", c=None)) == {"a": "c", "b": "c", "d": "c"}


def test_an_account_that_is_its_own_parent_is_a_top():
    assert tops(links(a="a", b="a")) == {"b": "a"}


def test_a_circle_is_refused_and_shown():
    with pytest.raises(DataRefused, match="a -> b -> c -> a"):
        top_parents(links(x="a", a="b", b="c", c="a"))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_no_top_has_a_parent_and_all_are_reached(above):
    """Parents with a smaller number than their children make no circle."""
    parents = {f"a{n + 1}": f"a{min(p, n)}" for n, p in enumerate(above)}
    found = tops(links(**parents))
    assert set(found) == set(parents)
    assert all(top not in parents for top in found.values())


ACCOUNTS = ibis.memtable(
    pa.table(
        {
            "account_id": ["a", "a", "b", "c"],
            "parent_id": ["p", "q", "p", None],
            "name": ["Anna", "Anna", "Bob", "Cleo"],
            "valid_from": [at("2024-01-01"), at("2024-06-01"), at("2024-03-01"), None],
        }
    )
)


def test_the_first_parent_holds_and_moves_are_counted():
    found = {row["account_id"]: row for row in first_parents(ACCOUNTS).to_pyarrow().to_pylist()}
    assert (found["a"]["parent_id"], found["a"]["parents"]) == ("p", 2)
    assert (found["c"]["parent_id"], found["c"]["parents"]) == (None, 1)


def test_accounts_become_their_parents_and_totals_stay():
    rule = ibis.memtable(pa.table({"account_id": ["a", "b"], "top_id": ["p", "p"]}))
    sold = ibis.memtable(pa.table({"account_id": ["a", "b", "c", "z"], "amount": [1, 2, 4, 8]}))
    found = by_parent(sold, rule).to_pyarrow().to_pylist()
    assert sorted((row["account_id"], row["amount"]) for row in found) == [
        ("c", 4), ("p", 1), ("p", 2), ("z", 8),
    ]  # fmt: skip


def test_a_parent_without_a_row_gets_one_from_when_it_was_first_known():
    rule = ibis.memtable(pa.table({"account_id": ["a", "b"], "top_id": ["p", "p"]}))
    found = parents_only(ACCOUNTS, rule).to_pyarrow().to_pylist()
    assert {row["account_id"]: (row["name"], row["valid_from"]) for row in found} == {
        "c": ("Cleo", None),
        "p": (None, at("2024-01-01")),
    }


def test_contracts_of_two_children_do_not_become_one():
    rule = ibis.memtable(pa.table({"account_id": ["a", "b"], "top_id": ["p", "p"]}))
    rows = ibis.memtable(pa.table({"account_id": ["a", "b", "p"], "contract_id": ["1", "1", "1"]}))
    found = by_parent(rows, rule, ["contract_id"]).to_pyarrow().to_pylist()
    assert sorted((row["account_id"], row["contract_id"]) for row in found) == [
        ("p", "1"), ("p", "a/1"), ("p", "b/1"),
    ]  # fmt: skip
