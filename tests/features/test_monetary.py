from __future__ import annotations

import math
from decimal import Decimal

from tests.features.worked import days_ago, features_of


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
