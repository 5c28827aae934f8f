from __future__ import annotations

import pandas as pd

from valuemodel.tiers.coverage.routing import ROUTING_TYPES, routing


def frame_of(rows: list[tuple]) -> pd.DataFrame:
    columns = ["account_id", "tier", "previous_tier", "owner", "reviewer"]
    return pd.DataFrame(rows, columns=columns).astype("str")


BOOK = [
    ("b", "A", "B", "Ada", "Max"),
    ("a", "A", "A", "Ada", "Max"),
    ("c", "C", None, "Max", None),
    ("d", "D", "C", None, None),
]


def test_both_lines_get_every_account_of_theirs() -> None:
    table = routing(frame_of(BOOK))
    assert table[["person", "role", "account_id", "moved"]].values.tolist() == [
        ["Ada", "owner", "a", False],
        ["Ada", "owner", "b", True],
        ["Max", "owner", "c", False],
        ["Max", "reviewer", "a", False],
        ["Max", "reviewer", "b", True],
    ]


def test_who_is_owner_and_reviewer_finds_the_account_in_both_roles() -> None:
    table = routing(frame_of([("a", "A", "A", "Ada", "Ada")]))
    assert table["role"].tolist() == ["owner", "reviewer"]


def test_an_account_that_was_in_no_tier_before_has_not_moved() -> None:
    assert not routing(frame_of([("a", "A", None, "Ada", None)]))["moved"].any()


def test_without_people_the_table_keeps_its_columns() -> None:
    for rows in ([], [("a", "A", "A", None, None)]):
        table = routing(frame_of(rows))
        assert table.empty
        assert table.dtypes.astype(str).to_dict() == ROUTING_TYPES
