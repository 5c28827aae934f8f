from __future__ import annotations

from statistics import median

import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta

from tests.contracts.harness import Book, at, builder_for, random_book, settings_for
from tests.contracts.oracle import Account
from tests.contracts.oracle_contracts import terms_of, total
from valuemodel.periods import Cutoff
from valuemodel.tables.schemas import CONTRACTS, TREATMENTS

CUTOFF = Cutoff.parse("2021-02-01")


LATER = {
    "fit_score": "float64",
    "order_value": "float64",
    "arr_12m_ago": "float64",
    "seats": "float64",
    "seats_used": "float64",
    "renews_monthly": "boolean",
    "renewed": "boolean",
    "planned_12m": "float64",
    "ad_hoc_12m": "float64",
    "reactive_12m": "float64",
    "hours_12m": "float64",
    "last_planned": "datetime64[us]",
    "cost_cogs_12m": "float64",
    "cost_sales_and_marketing_12m": "float64",
    "cost_retention_12m": "float64",
    "usage_3m": "float64",
    "usage_3m_before": "float64",
    "open_opportunities": "float64",
    "pipeline_3m": "float64",
    "pipeline_12m": "float64",
    "pipeline_36m": "float64",
}

NOON = Cutoff.parse("2021-06-15 13:37:00.25")


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
            "fit_score": 0.4,
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
    assert (a["as_of"], a["fit_score"]) == (CUTOFF.at, 0.4)
    assert facts["fit_score"].isna().to_list() == [False, True]
    assert facts.loc["c", ["orders_12m", "past_value_1y"]].to_list() == [0, 0]


def test_an_expired_reference_is_not_shown():
    facts = facts_of(BOOK)
    assert pd.isna(facts.loc["a", "reference_score"])
    assert facts.loc["c", "reference_score"] == 0.5


def test_columns_of_tables_that_the_book_lacks_are_there_and_empty():
    facts = facts_of(Book(BOOK.lines))
    absent = ["arr", "renewal_date", "last_contact", "closeness", "closeness_automatic"]
    assert facts[[*absent, "closeness_manual", "owner"]].isna().all(axis=None)
    later = [name for name in LATER if name != "order_value"]
    assert facts[later].isna().all(axis=None)
    assert list(facts.columns) == list(facts_of(BOOK).columns)
    assert list(facts.columns)[-len(LATER) :] == list(LATER)
    whole = builder_for(random_book(seed=3), settings_for()).facts_at(NOON)
    assert facts[list(LATER)].dtypes.to_dict() == LATER == whole[list(LATER)].dtypes.to_dict()


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


def test_the_usual_order_is_the_median_of_two_years():
    orders = [
        line("a", "2021-01-10 09:00", 4) | {"order_id": "1"},
        line("a", "2021-01-10 17:00", 6) | {"order_id": "1"},
        line("a", "2021-01-11", 5) | {"order_id": "1"},
        line("a", "2021-01-12", 90) | {"order_id": "2"},
        line("a", "2021-01-12", -30) | {"order_id": "2"},
        line("a", "2019-02-01", 40) | {"order_id": "3"},
        line("a", "2019-01-31 23:59", 70_000) | {"order_id": "4"},
        line("a", "2020-12-01", -7) | {"order_id": "5"},
        line("b", "2019-01-01", 5),
        line("c", "2020-01-01", -5),
    ]
    # Of 10, 5, 60 and 40.
    found = facts_of(Book(tuple(orders)))["order_value"]
    assert found["a"] == 25
    assert found[["b", "c"]].isna().all()


def test_who_has_no_row_in_a_table_that_is_there_has_done_nothing_in_it():
    one = {"account_id": "x", "time": at("2021-01-20"), "known_at": None}
    others = {
        "interactions": (one | {"kind": "call", "initiative": "planned"},),
        "costs": (one | {"amount": 3, "treatment": "cogs"},),
        "usage": (one | {"quantity": 5.0},),
        "opportunities": (one | {"opportunity_id": "1", "stage": "lead", "value": 2},),
    }
    facts = facts_of(Book(BOOK.lines, None, others))
    unknown = ("order_value", "last_planned", "fit_score")
    of_contracts = ("arr_12m_ago", "seats", "seats_used", "renews_monthly", "renewed")
    counted = [name for name in LATER if name not in (*unknown, *of_contracts)]
    assert facts.loc["a", counted].to_list() == [0] * len(counted)
    assert facts.loc["x", ["planned_12m", "cost_cogs_12m", "usage_3m"]].to_list() == [1, 3, 5]
    # Nobody wrote down how long the call took.
    assert pd.isna(facts.loc["x", "hours_12m"])


class ByHand:
    """The later facts of an account once more, in loops over plain rows."""

    def __init__(self, book, name):
        self.account = Account(name, book, NOON.at, settings_for().value)
        self.terms = terms_of(book, name, NOON.at)
        self.now = [one for one in self.terms if one.holds(NOON.at)]

    def back(self, months):
        return NOON.at - relativedelta(months=months)

    def since(self, table, months):
        rows = self.account.rows(table)
        return [row for row in rows if row["time"] >= self.back(months)]

    def facts(self):
        return {
            "order_value": self.order_value(),
            **self.contracts(),
            **self.contacts(),
            **{
                f"cost_{one}_12m": sum(
                    row["amount"] for row in self.since("costs", 12) if row["treatment"] == one
                )
                for one in TREATMENTS
            },
            **self.usage(),
            **self.pipeline(),
        }

    def order_value(self):
        since, rows = self.back(24), self.account.orders.values()
        orders = [each for each in rows if each[0]["time"] >= since]
        amounts = [sum(row["amount"] for row in each) for each in orders]
        bought = [amount for amount in amounts if amount > 0]
        return median(bought) if bought else None

    def contracts(self):
        then = [one for one in self.terms if one.holds(self.back(12))]
        return {
            "arr_12m_ago": total(then, "arr") if then else None,
            "seats": total(self.now, "seats") if self.now else None,
            "renews_monthly": all(map(self.monthly, self.now)) if self.now else None,
            "renewed": any(map(self.renewed, self.now)) if self.now else None,
        }

    def monthly(self, one):
        row = one.row
        by_itself = row["auto_renew"] and row["end"] and not row["cancelled_at"]
        return bool(by_itself) and (row["end"].date() - row["start"].date()).days <= 31

    def renewed(self, one):
        of_it = [
            each.row for each in self.terms if each.row["contract_id"] == one.row["contract_id"]
        ]
        return any(row["end"] and row["end"] < NOON.at for row in of_it)

    def contacts(self):
        met = self.since("interactions", 12)
        hours = [row["hours"] for row in met if row["hours"] is not None]
        ever = self.account.rows("interactions")
        planned = [row["time"] for row in ever if row["initiative"] == "planned"]
        counts = {
            f"{name}_12m": sum(row["initiative"] == name for row in met)
            for name in ("planned", "ad_hoc", "reactive")
        }
        spent = {"hours_12m": None if met and not hours else sum(hours)}
        return counts | spent | {"last_planned": max(planned, default=None)}

    def usage(self):
        recent, both = (sum(row["quantity"] for row in self.since("usage", n)) for n in (3, 6))
        cutoff, days = NOON.at, relativedelta(days=90)
        used = [row for row in self.account.rows("usage") if row["quantity"] > 0]
        lately = [row["users"] for row in used if row["time"] >= cutoff - days]
        users = max((one for one in lately if one is not None), default=None if lately else 0)
        seats = (total(self.now, "seats") if self.now else None) or None
        share = None if users is None or seats is None else users / seats
        return {"usage_3m": recent, "usage_3m_before": both - recent, "seats_used": share}

    def pipeline(self):
        stands = {}
        for row in sorted(self.account.rows("opportunities"), key=lambda row: row["time"]):
            stands[row["opportunity_id"]] = row
        still = [row for row in stands.values() if row["stage"] not in ("won", "lost")]
        edges = [NOON.at + relativedelta(months=months) for months in (0, 3, 12, 36)]
        bands = {
            f"pipeline_{months}m": sum(
                row["value"] or 0
                for row in still
                if row["closed"] and since <= row["closed"] < until
            )
            for months, since, until in zip((3, 12, 36), edges, edges[1:], strict=False)
        }
        return {"open_opportunities": len(still)} | bands


WHOLE = random_book(seed=2, accounts=60, lines=1_200)


@pytest.fixture(scope="module")
def of_whole():
    """The facts of a random book of all tables."""
    return builder_for(WHOLE, settings_for()).facts_at(NOON)


def test_the_random_book_has_something_to_tell_of_every_fact(of_whole):
    numbers = of_whole[[name for name, kind in LATER.items() if kind == "float64"]]
    told = numbers.drop(columns="fit_score").fillna(0)
    assert (told.max() > 0).all()
    assert of_whole[["renews_monthly", "renewed"]].nunique().to_list() == [2, 2]


@pytest.fixture(scope="module")
def by_hand(of_whole):
    return [ByHand(WHOLE, account).facts() for account in of_whole["account_id"]]


@pytest.mark.parametrize("name", [name for name in LATER if name != "fit_score"])
def test_every_fact_is_what_loops_over_the_rows_say(of_whole, by_hand, name):
    told = zip(of_whole["account_id"], of_whole[name], by_hand, strict=True)
    for account, found, facts in told:
        expected = facts[name]
        if expected is None:
            assert pd.isna(found), account
        elif isinstance(expected, bool) or name == "last_planned":
            assert found == expected, account
        else:
            assert found == pytest.approx(float(expected)), account


def test_what_comes_later_and_the_order_of_rows_change_no_fact(of_whole):
    for book in (WHOLE.known_before(NOON), WHOLE.shuffled(1)):
        again = builder_for(book, settings_for()).facts_at(NOON)
        pd.testing.assert_frame_equal(again, of_whole)
