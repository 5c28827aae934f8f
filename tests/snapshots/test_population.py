from __future__ import annotations

import pytest

from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff


def line(account, time, amount=1):
    return {"account_id": account, "time": at(time), "known_at": None, "amount": amount}


BOOK = Book(
    (
        line("buyer", "2021-01-10"),
        line("long_ago", "2019-01-10"),
        line("only_refunds", "2021-01-10", -5),
        line("tomorrow", "2021-02-01"),
    ),
    (
        {"account_id": "listed", "valid_from": None},
        {"account_id": "dated", "valid_from": at("2020-06-01")},
        {"account_id": "dated", "valid_from": at("2020-01-01")},
        {"account_id": "dated_later", "valid_from": at("2021-02-01")},
        {"account_id": "buyer", "valid_from": None},
    ),
)
CUTOFF = Cutoff.parse("2021-02-01")


def test_everybody_with_a_visible_row_belongs():
    data = builder_for(BOOK, settings_for()).at(CUTOFF)
    assert data.keys.account_id.to_list() == ["buyer", "dated", "long_ago", "only_refunds"]


def test_accounts_without_a_visible_row_are_named_for_scoring():
    builder = builder_for(BOOK, settings_for())
    assert builder.newcomers_at(CUTOFF).keys["account_id"].to_list() == ["listed"]
    later = builder.newcomers_at(Cutoff.parse("2021-02-02"))
    assert later.keys["account_id"].to_list() == ["listed"]
    assert builder_for(Book(BOOK.lines), settings_for()).newcomers_at(CUTOFF) is None


@pytest.mark.parametrize(
    ("within", "members"),
    [("22 days", ["buyer"]), ("21 days", []), ("3 years", ["buyer", "long_ago"])],
)
def test_active_within_keeps_accounts_that_bought_in_that_time(within, members):
    settings = settings_for(population={"active_within": within})
    assert builder_for(BOOK, settings).at(CUTOFF).keys.account_id.to_list() == members


def test_an_account_is_known_since_its_first_visible_row():
    data = builder_for(BOOK, settings_for()).at(CUTOFF)
    ages = dict(zip(data.keys.account_id, data.X.account_age_days, strict=True))
    assert (ages["dated"], ages["buyer"]) == (397, 22)


def test_an_account_that_never_bought_has_no_orders_rather_than_unknown_ones():
    data = builder_for(BOOK, settings_for()).at(CUTOFF)
    dated = data.X[data.keys.account_id == "dated"].iloc[0]
    assert (dated["orders_total"], dated["past_value_1y"], dated["active_share_12"]) == (0, 0, 0)
    assert dated[["recency_days", "gap_mean_days", "products_365d"]].isna().all()


def event(account, time, **more):
    return {"account_id": account, "time": at(time), "known_at": None} | more


def contract(account, start, **more):
    return {"account_id": account, "contract_id": "1", "start": at(start)} | more


OTHERS = {
    "contracts": (
        contract("held", "2020-06-01", end=at("2021-01-10")),
        contract("signed", "2021-06-01", known_at=at("2021-01-20")),
        contract("corrected", "2021-06-01", known_at=at("2021-01-02")),
        contract("corrected", "2021-06-01", known_at=at("2021-01-30"), arr=5),
        contract("not signed", "2021-06-01", known_at=at("2021-02-01")),
        contract("known late", "2020-12-01", known_at=at("2021-01-31")),
    ),
    "usage": (event("uses", "2021-01-01", quantity=1.0), event("uses later", "2021-02-01")),
    "interactions": (event("met", "2021-01-01", kind="call"),),
    "opportunities": (event("offered", "2021-01-01", opportunity_id="1", stage="lead"),),
    "costs": (event("served", "2021-01-01", amount=1, treatment="cogs"),),
    "projects": (event("runs", "2021-01-01", project_id="1"),),
}


def test_a_visible_row_of_any_table_makes_an_account_one_of_us():
    data = builder_for(Book(BOOK.lines, None, OTHERS), settings_for()).at(CUTOFF)
    ages = dict(zip(data.keys.account_id, data.X.account_age_days, strict=True))
    others = {"uses", "met", "offered", "served", "runs"}
    held = {"held": 245, "signed": 12, "corrected": 30, "known late": 62}
    assert ages == {
        "buyer": 22,
        "long_ago": 753,
        "only_refunds": 22,
        **dict.fromkeys(others, 31),
        **held,
    }


def test_a_book_of_contracts_alone_has_its_holders_as_population():
    book = Book(None, None, {"contracts": OTHERS["contracts"]})
    data = builder_for(book, settings_for()).at(CUTOFF)
    assert data.keys.account_id.to_list() == ["corrected", "held", "known late", "signed"]


@pytest.mark.parametrize(
    ("within", "members"),
    [("22 days", ["buyer", "known late"]), ("23 days", ["buyer", "held", "known late"])],
)
def test_active_within_keeps_accounts_that_were_under_contract_in_that_time(within, members):
    settings = settings_for(population={"active_within": within})
    data = builder_for(Book(BOOK.lines, None, OTHERS), settings).at(CUTOFF)
    assert data.keys.account_id.to_list() == members
