from __future__ import annotations

import pytest

from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff


def line(amount, cost=None, time="2021-01-05", covered=None):
    return {
        "account_id": "a", "time": at(time), "known_at": None, "amount": amount, "cost": cost,
        "under_contract": covered,
    }  # fmt: skip


def cost(amount, treatment, time="2021-01-20"):
    return {"account_id": "a", "time": at(time), "amount": amount, "treatment": treatment}


LINES = (line(100, 60), line(-30, -18), line(50), line(1000, 1, covered=True))
#: The records begin before and end after the windows that are looked at.
AROUND = (line(0, 0, "2020-01-01"), line(0, 0, "2021-04-01"))
COSTS = (cost(7, "cogs"), cost(100, "retention"), cost(20, "sales_and_marketing"))
CONTRACT = {
    "account_id": "a", "contract_id": "1", "start": at("2021-01-22"), "end": at("2021-12-31"),
    "arr": 365,
}  # fmt: skip


def worth(book, **value):
    """Return what the account was worth in January 2021; looking back and forward must agree."""
    tables = {"costs": {"source": "costs.csv"}}
    groups = {"groups": ["monetary"], "extra": {}}
    said = settings_for(["1 month"], value=value, tables=tables, features=groups)
    builder = builder_for(book, said)
    looked_back = builder.at(Cutoff.parse("2021-02-01")).X["past_value_1m"].item()
    until = Cutoff.parse("2021-03-01")
    looked_forward = builder.at(Cutoff.parse("2021-01-01"), labels_until=until).y["value_1m"].item()
    facts = builder.facts_at(Cutoff.parse("2021-02-01"))["past_value_1m"].item()
    assert looked_back == looked_forward == facts
    return looked_back


@pytest.mark.parametrize(
    ("measure", "refunds", "expected"),
    [
        ("revenue", "net", 1120.0),
        ("revenue", "gross", 1150.0),
        ("margin", "net", 1027.0),  # 40 - 12; a line without a cost has no known margin
        ("margin", "gross", 1039.0),
    ],
)
def test_without_contracts_every_line_counts(measure, refunds, expected):
    assert worth(Book((*AROUND, *LINES)), measure=measure, refunds=refunds) == expected


@pytest.mark.parametrize(
    ("measure", "refunds", "expected"),
    [
        ("revenue", "net", 130.0),
        ("revenue", "gross", 160.0),
        ("margin", "net", 38.0),
        ("margin", "gross", 50.0),
    ],
)
def test_what_a_contract_brings_counts_once_and_by_the_day(measure, refunds, expected):
    """Ten days of January at 365 a year, and beside them only what no contract covers."""
    book = Book((*AROUND, *LINES), None, {"contracts": (CONTRACT,)})
    assert worth(book, measure=measure, refunds=refunds) == expected


@pytest.mark.parametrize(
    ("subtract", "expected"),
    [
        (["cogs"], 31.0),
        (["cogs", "sales_and_marketing"], 11.0),
        (["cogs", "sales_and_marketing", "retention"], -89.0),
    ],
)
def test_a_contribution_is_net_of_the_treatments_that_are_subtracted(subtract, expected):
    book = Book((*AROUND, *LINES), None, {"contracts": (CONTRACT,), "costs": COSTS})
    assert worth(book, measure="contribution", subtract=subtract) == expected


def test_other_measures_know_no_cost_to_serve():
    book = Book((*AROUND, *LINES), None, {"costs": COSTS})
    assert worth(book, measure="margin") == 1027.0


def test_an_account_that_is_only_served_is_worth_less_than_nothing():
    book = Book(AROUND, None, {"costs": COSTS})
    assert worth(book, measure="contribution") == -7.0
