from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.contracts.cases import CUTOFFS, NAMES, books
from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.labels.value import weights
from valuemodel.periods import Cutoff, Horizon

CUTOFF, UNTIL = Cutoff.parse("2021-01-01"), Cutoff.parse("2021-07-01")
#: One short group of features is enough to be told who is there.
LITTLE = {"groups": ["monetary"], "extra": {}}
COSTS = {"costs": {"source": "costs.csv"}}


def line(account, time, amount, **more):
    return {"account_id": account, "time": at(time), "known_at": None, "amount": amount} | more


def labels(book, horizons=("3 months", "6 months"), **value):
    """Return the labels of the book at the cutoff, by account."""
    said = settings_for(horizons, value=value, tables=COSTS, features=LITTLE)
    data = builder_for(book, said).at(CUTOFF, labels_until=UNTIL)
    return data.y.set_index(data.keys.account_id)


def test_future_value_is_the_net_sum_of_the_window_and_may_be_negative():
    lines = (
        line("buys", "2020-06-01", 1), line("buys", "2021-01-01", 70), line("buys", "2021-04-01", 5),
        line("returns", "2020-06-01", 50), line("returns", "2021-02-01", -50),
        line("silent", "2020-06-01", 1), line("other", "2021-12-01", 1),
    )  # fmt: skip
    found = labels(Book(lines))
    assert found.index.to_list() == ["buys", "returns", "silent"]
    assert found["value_3m"].to_list() == [70, -50, 0]
    assert found["value_6m"].to_list() == [75, -50, 0]


def test_contracts_covered_invoices_and_extra_orders_are_one_value():
    """90 days of a contract for 730 a year, its invoice, an order beside it, and what service cost."""
    lines = (
        line("a", "2020-06-01", 1), line("a", "2021-02-01", 730, under_contract=True),
        line("a", "2021-02-02", 50, under_contract=False), line("a", "2021-12-01", 1),
    )  # fmt: skip
    contract = {"account_id": "a", "contract_id": "1", "start": at("2020-03-01"), "arr": 730}
    cost = {"account_id": "a", "time": at("2021-03-31 23:00"), "amount": 30, "treatment": "cogs"}
    others = {"contracts": (contract,), "costs": (cost, cost | {"treatment": "retention"})}
    assert labels(Book(lines, None, others)).loc["a", "value_3m"] == 180 + 50
    margin = labels(Book(lines, None, others), measure="contribution")
    assert margin.loc["a", "value_3m"] == 180 - 30  # nobody knows the cost of the order


def test_a_renewal_that_is_signed_in_the_window_is_future_value():
    first = {
        "account_id": "a", "contract_id": "1", "start": at("2020-01-01"), "end": at("2021-01-11"),
        "arr": 365,
    }  # fmt: skip
    renewal = first | {"start": at("2021-01-11"), "end": at("2022-01-11"), "arr": 3650}
    signed = {"known_at": at("2021-01-08")}
    late = {"known_at": UNTIL.at}
    for known, expected in ((signed, 10 + 800), (late, 10)):
        book = Book((line("b", "2021-12-01", 1),), None, {"contracts": (first, renewal | known)})
        assert labels(book).loc["a", "value_3m"] == expected


def test_a_year_of_waiting_takes_the_rate_off_and_the_first_day_nothing():
    lines = tuple(line("a", time, 100) for time in ("2019-01-01", "2021-01-01", "2021-12-31"))
    lines += (line("a", "2022-01-01 08:00", 100), line("b", "2023-01-01", 1))
    said = settings_for(["366 days"], value={"discount_rate": 0.25}, features=LITTLE)
    data = builder_for(Book(lines), said).at(CUTOFF, labels_until=Cutoff.parse("2023-01-01"))
    assert data.X["past_value_366d"].item() == 0  # what is past is not discounted
    assert data.y["value_366d"].item() == pytest.approx(100 + 100 * 1.25 ** (-364 / 365) + 80)


def test_what_a_contract_earns_is_discounted_day_by_day():
    contract = {
        "account_id": "a", "contract_id": "1", "start": at("2020-01-01"), "end": at("2021-05-01"),
        "arr": Decimal("365.25"),
    }  # fmt: skip
    later = {"contract_id": "2", "start": at("2021-03-01"), "end": None}
    book = Book((line("b", "2021-12-01", 1),), None, {"contracts": (contract, contract | later)})
    found = labels(book, discount_rate=0.08).loc["a", "value_6m"]
    days = [*range(120), *range(59, 181)]  # until 1 May, and from 1 March to the end of the window
    exact = sum(Fraction("365.25") / 365 * Fraction(1.08 ** (-day / 365)) for day in days)
    assert math.isclose(found, exact, rel_tol=1e-9)


def test_small_money_keeps_its_digits_under_a_discount():
    contract = {"account_id": "a", "contract_id": "1", "start": CUTOFF.at, "arr": Decimal("0.73")}
    book = Book((line("b", "2021-12-01", 1),), None, {"contracts": (contract,)})
    listed = Book(book.lines, ({"account_id": "a", "valid_from": at("2020-01-01")},), book.others)
    found = labels(listed, discount_rate=0.5).loc["a", "value_3m"]
    assert math.isclose(found, sum(0.002 * 1.5 ** (-day / 365) for day in range(90)), rel_tol=1e-9)


@pytest.mark.parametrize("rate", [0.01, 0.08, 0.999])
def test_weights_are_powers_of_the_rate_to_ten_digits(rate):
    found = weights(rate, 3 * 365 + 1)
    assert found[0] == 1
    assert all(earlier > later for earlier, later in pairwise(found))
    for years in (1, 2, 3):
        exact = (1 + Fraction(str(rate))) ** -years
        assert abs(Fraction(found[365 * years]) - exact) <= Fraction(1, 2 * 10**10)


MEASURES = [
    {"measure": "revenue"},
    {"measure": "revenue", "refunds": "gross"},
    {"measure": "margin"},
    {"measure": "contribution", "subtract": ["cogs", "retention"]},
]

HORIZONS = [Horizon.parse(text) for text in ("30 days", "26 weeks", "1 year")]


@st.composite
def cases(draw):
    cutoff = draw(st.sampled_from(CUTOFFS))
    lacking = draw(st.sampled_from([(), ("contracts",), ("transactions",)]))
    return cutoff, draw(books(cutoff)).without(*lacking)


@pytest.mark.slow
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(case=cases(), measure=st.sampled_from(MEASURES), horizon=st.sampled_from(HORIZONS))
def test_the_label_is_the_past_value_of_a_later_cutoff_to_the_last_bit(case, measure, horizon):
    cutoff, book = case
    listed = tuple({"account_id": name, "valid_from": at("2015-01-01")} for name in NAMES)
    after = line("later", "2024-01-01", 1)
    alone = book.lines is None and "contracts" in book.others
    lines = None if alone else (*(book.lines or ()), after)
    book = Book(lines, listed, dict(book.others))
    said = settings_for([str(horizon)], value=measure, tables=COSTS, features=LITTLE)
    builder = builder_for(book, said)
    earlier = horizon.before(Cutoff(cutoff))
    end = horizon.after(earlier)  # the cutoff itself, but for ends of months
    assume(horizon.before(end) == earlier)
    past, future = builder.at(end), builder.at(earlier, labels_until=end)
    past = past.X[f"past_value_{horizon.label}"].set_axis(past.keys.account_id)
    label = future.y[f"value_{horizon.label}"].set_axis(future.keys.account_id)
    assert label[NAMES].equals(past[NAMES])
