from __future__ import annotations

import math
from decimal import Decimal

from tests.contracts.harness import Book, builder_for, settings_for
from tests.features.worked import CUTOFF, days_ago, features_of

ONLY = {"groups": ["monetary", "trend"], "extra": {}}


def contract(days, arr, account="a", **more):
    """Return an open contract that began so many days before the cutoff."""
    start = days_ago(days)["time"]
    return {"account_id": account, "contract_id": "1", "start": start, "arr": arr} | more


def served(days, amount, treatment, account="a"):
    """Return what it cost to serve the account so many days before the cutoff."""
    row = {"account_id": account, "amount": amount, "treatment": treatment}
    return row | {"time": days_ago(days)["time"]}


def test_past_values_lie_window_by_window_before_the_cutoff():
    found = features_of(days_ago(92, 1), days_ago(93, 10), days_ago(184, 100), days_ago(185, 1000))
    assert found["past_value_3m"] == 1  # since 2021-10-01
    assert found["past_value_3m_before"] == 110  # since 2021-07-01
    assert found["past_value_1y"] == found["value_total"] == 1111


def test_cents_add_up_exactly():
    found = features_of(*(days_ago(day, Decimal("0.1")) for day in range(1, 31)))
    assert found["past_value_30d"] == 3.0


def test_orders_are_averaged_and_the_largest_is_known():
    lines = (days_ago(10, 5, "1"), days_ago(10, 7, "1"), days_ago(400, 2, "2"), days_ago(800, 99))
    found = features_of(*lines)
    assert found["order_value_mean"] == 113 / 3
    assert found["order_value_mean_365d"] == found["order_value_max_730d"] == 12


def test_the_share_given_back_compares_refunds_with_purchases():
    assert features_of(days_ago(10, 80), days_ago(9, -20))["refund_share_365d"] == 0.25
    assert math.isnan(features_of(days_ago(9, -20))["refund_share_365d"])


def test_the_margin_is_taken_over_lines_with_a_known_cost():
    found = features_of(days_ago(10, 80, cost=60), days_ago(9, 1000))
    assert found["margin_share_365d"] == 0.25
    assert math.isnan(features_of(days_ago(10))["margin_share_365d"])


def test_the_value_is_made_of_orders_and_contracts_each_counted_once():
    lines = (days_ago(30, 100), days_ago(10, 3650) | {"under_contract": True})
    found = features_of(*lines, tables={"contracts": (contract(40, 3650),)}, features=ONLY)
    assert found["past_value_90d"] == found["value_total"] == 100 + 400
    assert found["past_value_30d"] == 100 + 300
    assert found["contract_value_share_365d"] == 0.8


def test_the_size_of_orders_is_that_of_what_no_contract_covers():
    lines = (days_ago(30, 100), days_ago(10, 3650) | {"under_contract": True})
    found = features_of(*lines, tables={"contracts": (contract(40, 3650),)}, features=ONLY)
    sizes = ["order_value_mean", "order_value_mean_365d", "order_value_max_730d"]
    assert found[sizes].to_list() == [100, 100, 100]


def test_cost_to_serve_is_told_whole_and_subtracted_as_finance_treats_it():
    tables = {"costs": (served(20, 30, "cogs"), served(10, 50, "retention"))}
    tables["costs"] += (served(900, 1, "cogs", account="other"),)
    sold = days_ago(30, 200, cost=100)
    revenue = features_of(sold, tables=tables, features=ONLY)
    assert revenue[["past_value_90d", "cost_to_serve_365d"]].to_list() == [200, 80]
    assert revenue["cost_to_serve_share_365d"] == 0.4
    value = {"measure": "contribution", "subtract": ["retention"]}
    net = features_of(sold, tables=tables, features=ONLY, value=value)
    assert net[["past_value_90d", "cost_to_serve_365d"]].to_list() == [100 - 50, 80]
    assert net["cost_to_serve_share_365d"] == 0.8


def test_the_cost_to_serve_of_a_year_is_unknown_while_costs_are_recorded_for_less():
    lately = {"costs": (served(100, 30, "cogs"),)}
    found = features_of(days_ago(30, 200), tables=lately, features=ONLY)
    assert found[["cost_to_serve_365d", "cost_to_serve_share_365d"]].isna().all()
    assert found["past_value_365d"] == 200


def test_a_book_of_contracts_alone_has_values_and_no_orders():
    book = Book(None, None, {"contracts": (contract(730, 365), contract(5, 730, account="b"))})
    data = builder_for(book, settings_for(["3 months", "1 year"], features=ONLY)).at(CUTOFF)
    assert data.X["past_value_3m"].to_list() == [92, 10]
    assert data.X["past_value_1y_before"].isna().all()  # a leap year ago, there were no records
    assert data.X["past_value_730d"].to_list() == [730, 10]
    assert data.X["value_growth_365d"].to_list() == [0, 1]
    assert not [name for name in data.X.columns if "order" in name or "share" in name]
