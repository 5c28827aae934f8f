from __future__ import annotations

import math

import pytest

from tests.features.worked import days_ago, features_of


@pytest.mark.parametrize("days", [90, 180, 365])
def test_growth_lies_between_all_gone_and_all_new(days):
    now, then = days_ago(days, 30), days_ago(days + 1, 10)
    name = f"value_growth_{days}d"
    assert features_of(now)[name] == 1
    assert features_of(then)[name] == -1
    assert features_of(now, then)[name] == 0.5
    assert features_of(now, then)[f"orders_growth_{days}d"] == 0
    assert math.isnan(features_of(days_ago(900))[name])


def test_the_same_season_of_last_year_is_the_window_of_the_label_a_year_earlier():
    found = features_of(
        days_ago(366, 1), days_ago(365, 10), days_ago(276, 100), days_ago(275, 1000)
    )
    assert found["past_value_3m_last_year"] == 110  # from 2021-01-01 to 2021-03-31


def test_horizons_of_a_year_have_no_second_name_for_their_past_value():
    found = features_of(days_ago(3), horizons=("6 months", "12 months", "1 year", "365 days"))
    seasons = [name for name in found.index if name.endswith("_last_year")]
    assert seasons == ["past_value_6m_last_year"]


def test_one_large_order_among_many_is_lumpy_and_even_orders_are_not():
    even = features_of(*(days_ago(day, 10) for day in (10, 20, 30, 40)))
    lumpy = features_of(days_ago(10, 70), *(days_ago(day, 10) for day in (20, 30, 40)))
    assert even["lumpiness_730d"] == 0
    assert math.isclose(lumpy["lumpiness_730d"], 0.7 - 0.25)
    assert math.isnan(features_of(days_ago(10, -5))["lumpiness_730d"])


def test_what_recurs_under_contract_lowers_how_lumpy_an_account_is():
    lines = (days_ago(10, 70), *(days_ago(day, 10) for day in (20, 30, 40)))
    start = days_ago(100)["time"]
    terms = {"account_id": "a", "contract_id": "1", "start": start, "arr": 365}
    only = {"groups": ["trend"], "extra": {}}
    mixed = features_of(*lines, tables={"contracts": (terms,)}, features=only)
    assert math.isclose(mixed["lumpiness_730d"], (70 - 25) / 200)
    single = features_of(days_ago(10, 50), tables={"contracts": (terms,)}, features=only)
    assert single["lumpiness_730d"] == 0
