from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from valuemodel.exceptions import UsageError
from valuemodel.tiers.records.plays import LONGEST, plays, records

FRAME = pd.DataFrame(
    {
        "account_id": ["a", "b"],
        "tier": ["A", "B"],
        "play": ["4 x visit a year", None],
        "value": [1.5, np.nan],
        "orders": np.array([3, 4]),
        "close": pd.array([True, None], dtype="boolean"),
        "last_order": [pd.Timestamp("2026-01-01 10:00"), pd.NaT],
        "owner": np.array(["Ada", None], dtype=object),
    },
    index=[7, 3],
)


def test_without_a_function_of_the_project_the_play_is_that_of_the_tier() -> None:
    found = plays(FRAME, None)
    assert found.dropna().to_dict() == {7: "4 x visit a year"}
    assert found.name == "play"


def test_the_function_gets_one_account_as_plain_values() -> None:
    seen = list(records(FRAME))
    assert seen[0] == {
        "account_id": "a",
        "tier": "A",
        "play": "4 x visit a year",
        "value": 1.5,
        "orders": 3,
        "close": True,
        "last_order": "2026-01-01T10:00:00",
        "owner": "Ada",
    }
    assert {name for name, value in seen[1].items() if value is None} == {
        "play",
        "value",
        "close",
        "last_order",
        "owner",
    }
    assert json.loads(json.dumps(seen)) == seen


def test_what_the_function_does_to_its_record_stays_there() -> None:
    def careless(record):
        record["tier"] = "gone"
        record.clear()
        return "done"

    before = FRAME.copy()
    found = plays(FRAME, careless)
    pd.testing.assert_frame_equal(FRAME, before)
    assert found.to_dict() == {7: "done", 3: "done"}


def test_the_play_follows_the_rows_of_the_frame() -> None:
    many = pd.DataFrame({"account_id": [f"a{at}" for at in range(20_001)]})
    found = plays(many, lambda record: record["account_id"].upper())
    assert found.tolist() == many["account_id"].str.upper().tolist()


def fails(record):
    return record["no such column"]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (fails, "the play function fails failed on the account 'a'\n  received: KeyError"),
        (lambda _: None, "must return text, for the account 'a'\n  received: NoneType: None"),
        (lambda _: 5, "must return text, for the account 'a'\n  received: int: 5"),
        (lambda _: "x" * (LONGEST + 1), "the play of the account 'a' is longer than 2,000"),
    ],
)
def test_a_function_that_does_wrong_is_told_with_the_account(own, said) -> None:
    with pytest.raises(UsageError) as caught:
        plays(FRAME, own)
    assert said in str(caught.value)


def test_the_longest_text_and_the_empty_one_are_plays() -> None:
    texts = iter(["x" * LONGEST, ""])
    assert plays(FRAME, lambda _: next(texts)).str.len().tolist() == [LONGEST, 0]


def test_an_empty_book_has_no_plays() -> None:
    found = plays(FRAME.head(0), fails)
    assert found.empty
    assert found.dtype == "str"
