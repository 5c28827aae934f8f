from __future__ import annotations

import pandas as pd

from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff

CUTOFF = Cutoff.parse("2021-02-01")


def line(account, time, amount=1):
    return {"account_id": account, "time": at(time), "known_at": None, "amount": amount}


def facts_of(book):
    return builder_for(book, settings_for()).facts_at(CUTOFF).set_index("account_id")


BOOK = Book(
    (
        line("a", "2020-01-31 10:00", 5),
        line("a", "2021-01-10 17:30", 7),
        line("a", "2021-01-20", -2),
        line("b", "2021-02-01", 100),
    ),
    (
        {
            "account_id": "a",
            "valid_from": None,
            "owner": "Kim",
            "current_tier": "B",
            "region": "NA",
            "reference_score": 0.9,
            "reference_until": at("2021-02-01"),
        },
        {
            "account_id": "c",
            "valid_from": None,
            "owner": "Lee",
            "reference_score": 0.5,
            "reference_until": at("2021-02-02"),
        },
    ),
)


def test_facts_show_what_was_known_of_listed_and_buying_accounts():
    facts = facts_of(BOOK)
    assert facts.index.to_list() == ["a", "c"]
    a = facts.loc["a"]
    assert (a["owner"], a["current_tier"], a["region"]) == ("Kim", "B", "NA")
    assert (a["first_order"], a["last_order"]) == (at("2020-01-31 10:00"), at("2021-01-10 17:30"))
    assert (a["orders_12m"], a["past_value_1y"], a["past_value_1m"]) == (1, 5, 5)
    assert a["as_of"] == CUTOFF.at
    assert facts.loc["c", ["orders_12m", "past_value_1y"]].to_list() == [0, 0]


def test_an_expired_reference_is_not_shown():
    facts = facts_of(BOOK)
    assert pd.isna(facts.loc["a", "reference_score"])
    assert facts.loc["c", "reference_score"] == 0.5


def test_parts_that_do_not_exist_yet_are_empty_columns():
    facts = facts_of(Book(BOOK.lines))
    assert (
        facts[["arr", "renewal_date", "last_contact", "closeness", "owner"]].isna().all(axis=None)
    )
    assert list(facts.columns) == list(facts_of(BOOK).columns)
