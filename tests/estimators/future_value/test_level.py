"""The season of the whole book comes from the law's own misses a year before, or from nowhere."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.estimators.future_value.level import Level, Miss, season_matters, seasonal_factors

MISSES = [
    Miss(day=15.0 + 30.4 * month, log_ratio=0.3 if month >= 8 else -0.1) for month in range(12)
]


def test_what_the_law_missed_a_year_ago_is_made_good():
    factors = seasonal_factors(MISSES, 0.0)
    assert factors[10] == pytest.approx(np.exp(0.3), rel=0.15)
    assert factors[3] == pytest.approx(np.exp(-0.1), rel=0.15)


def test_a_blend_that_is_below_the_law_is_brought_to_it():
    apart = np.log(seasonal_factors(MISSES, 0.4)) - np.log(seasonal_factors(MISSES, 0.0))
    assert 0.3 < apart.min() <= apart.max() <= 0.4


def test_nothing_is_done_without_a_miss_to_go_by():
    assert set(seasonal_factors([], 0.7)) == {1.0}


def test_a_law_that_failed_is_no_season():
    assert set(seasonal_factors([Miss(100.0, 2.4), Miss(130.0, -1.5)], 0.0)) == {1.0}


def test_one_cutoff_in_another_season_is_hardly_believed():
    factors = seasonal_factors([Miss(15.0, 0.5)], 0.0)
    assert factors[0] > 1.3
    assert factors[6] < 1.15


@pytest.mark.parametrize(
    ("horizon", "matters"),
    [("1m", True), ("3m", True), ("39w", True), ("12m", False), ("365d", False), ("3y", False)],
)
def test_whole_years_have_no_season(horizon, matters):
    assert season_matters(horizon) is matters


def test_each_row_gets_the_factor_of_its_own_month():
    level = Level(tuple(float(month) for month in range(1, 13)), place=1, month=6)
    matrix = np.array([[0.0, 1.0], [0.0, 12.0], [0.0, np.nan]])
    assert level.of(matrix).tolist() == [1.0, 12.0, 6.0]
    assert Level.from_json(level.to_json()) == level
