from __future__ import annotations

import math

import pytest

from tests.features.worked import days_ago, features_of


def test_recency_and_tenure_count_days_since_the_last_and_the_first_order():
    found = features_of(days_ago(400), days_ago(17))
    assert (found["recency_days"], found["tenure_days"]) == (17, 400)


def test_a_refund_is_no_order():
    found = features_of(days_ago(400), days_ago(17, -10))
    assert (found["recency_days"], found["orders_total"]) == (400, 1)


def test_two_orders_of_one_day_are_two_orders_and_one_purchase_day():
    found = features_of(days_ago(20, order="1"), days_ago(20, order="2"))
    assert (found["orders_30d"], found["purchase_days_30d"]) == (2, 1)


@pytest.mark.parametrize("days", [30, 90, 180, 365, 730])
def test_a_window_holds_its_first_day_and_not_the_day_before(days):
    found = features_of(days_ago(days), days_ago(days + 1))
    assert (found[f"orders_{days}d"], found[f"purchase_days_{days}d"]) == (1, 1)


def test_rhythm_is_the_mean_and_the_relative_spread_of_gaps():
    found = features_of(days_ago(100), days_ago(90), days_ago(60), days_ago(60, order="x"))
    assert found["gap_mean_days"] == 20
    assert math.isclose(found["gap_variation"], 0.5)  # gaps of 10 and 30
    assert found["recency_over_gap"] == 3


def test_an_account_that_bought_every_tenth_day_is_perfectly_regular():
    found = features_of(*(days_ago(days) for days in range(5, 2000, 10)))
    assert (found["gap_mean_days"], found["gap_variation"]) == (10, 0)


def test_rhythm_is_unknown_where_there_are_too_few_gaps():
    once = features_of(days_ago(5))
    twice = features_of(days_ago(5), days_ago(9))
    assert once[["gap_mean_days", "gap_variation", "recency_over_gap"]].isna().all()
    assert math.isnan(twice["gap_variation"])


def test_active_share_counts_periods_of_thirty_days():
    found = features_of(days_ago(1), days_ago(30), days_ago(31), days_ago(360), days_ago(361))
    assert found["active_share_12"] == 3 / 12
    assert found["active_share_24"] == 4 / 24


def test_orders_of_many_years_ago_do_not_disturb_the_shares():
    found = features_of(days_ago(20_000), days_ago(721))
    assert (found["active_share_24"], found["orders_total"]) == (0, 2)
