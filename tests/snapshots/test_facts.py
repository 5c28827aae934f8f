from __future__ import annotations

import pandas as pd

from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff
from valuemodel.tables.schemas import CONTRACTS

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


def test_columns_of_tables_that_the_book_lacks_are_there_and_empty():
    facts = facts_of(Book(BOOK.lines))
    absent = ["arr", "renewal_date", "last_contact", "closeness", "closeness_automatic"]
    assert facts[[*absent, "closeness_manual", "owner"]].isna().all(axis=None)
    assert list(facts.columns) == list(facts_of(BOOK).columns)


def contract(account, start, end, arr, contract_id="1", **more):
    row = dict.fromkeys(CONTRACTS.names) | {"account_id": account, "contract_id": contract_id}
    return row | {"start": at(start), "end": end and at(end), "arr": arr} | more


CONTRACTS_OF = (
    contract("a", "2020-03-01", "2021-03-01", 730),
    contract("a", "2021-03-01", "2022-03-01", 900, known_at=at("2021-01-15")),
    contract("a", "2021-01-22", "2021-06-01", 365, contract_id="2"),
    contract("d", "2019-01-01", "2020-01-01", 365),
    contract("e", "2020-12-01", None, None),
    contract("f", "2021-02-01", "2022-02-01", 1, known_at=at("2021-02-01")),
)


def test_facts_show_what_is_under_contract_and_when_it_is_up_for_renewal():
    facts = facts_of(Book(BOOK.lines, None, {"contracts": CONTRACTS_OF}))
    assert facts.index.to_list() == ["a", "d", "e"]
    # Its first contract is renewed already, so the second one is up first.
    assert facts.loc["a", ["arr", "renewal_date"]].to_list() == [1095, at("2021-06-01")]
    assert facts.loc["d", ["arr", "renewal_date"]].isna().all()
    assert facts.loc["e", ["arr", "renewal_date"]].isna().all()


def test_the_past_value_of_facts_is_that_of_the_features():
    costs = {"account_id": "a", "time": at("2021-01-20"), "known_at": None}
    costs = costs | {"amount": 3, "treatment": "cogs"}
    book = Book(BOOK.lines, None, {"contracts": CONTRACTS_OF, "costs": (costs,)})
    tables = {name: {"source": "a.csv"} for name in ("contracts", "costs")}
    settings = settings_for(["1 month"], tables=tables, value={"measure": "contribution"})
    builder = builder_for(
        Book(tuple(row | {"cost": 1} for row in book.lines), None, book.others), settings
    )
    facts, data = builder.facts_at(CUTOFF), builder.at(CUTOFF)
    assert facts.account_id.to_list() == data.keys.account_id.to_list()
    assert facts.past_value_1m.to_list() == data.X.past_value_1m.to_list()
    # Lines of 5 less 2 of cost, 31 days of 2 and 10 days of 1 under contract, and 3 to serve it.
    assert facts.past_value_1m[0] == 3 + 62 + 10 - 3
    assert facts.orders_12m.to_list() == [1, 0, 0]


def test_accounts_that_are_seen_in_any_table_have_facts():
    contact = {
        "account_id": "met",
        "time": at("2021-01-31 09:00"),
        "known_at": None,
        "kind": "call",
    }
    later = contact | {"account_id": "not yet", "time": at("2021-02-01")}
    facts = facts_of(Book(BOOK.lines, None, {"interactions": (contact, later)}))
    assert facts.index.to_list() == ["a", "met"]
    assert facts.loc["met", "last_contact"] == at("2021-01-31 09:00")
    assert facts.loc["met", "closeness"] > 0
    assert (facts.loc["a", "closeness"], facts.loc["met", "past_value_1y"]) == (0, 0)
