"""Accounts become intervals under risk, and chances of intervals become the risk of a horizon."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuemodel.estimators.lapse.hazard import (
    PeriodColumns,
    intervals_of,
    lapse_by_end,
    under_risk,
)
from valuemodel.estimators.lapse.renewal_law import RenewalLaw
from valuemodel.estimators.link import sigmoid


def test_intervals_touch_and_do_not_overlap():
    found = intervals_of(["1m", "3m", "12m"])
    assert found[0].start == 0.0
    assert [one.end for one in found[:-1]] == [one.start for one in found[1:]]


def test_nobody_is_under_risk_after_a_lapse_or_where_nothing_is_known():
    labels = {"3m": [1.0, 0.0, 0.0, np.nan], "6m": [1.0, 1.0, np.nan, 0.0]}
    labels["12m"] = [1.0, 1.0, 1.0, 0.0]
    periods = under_risk(pd.DataFrame(labels), intervals_of(["3m", "6m", "12m"]))
    found = list(zip(periods.rows, periods.intervals, periods.lapsed, strict=True))
    assert found == [(0, 0, 1.0), (1, 0, 0.0), (2, 0, 0.0), (1, 1, 1.0)]


def test_shares_of_intervals_give_back_the_share_of_the_horizon():
    rng = np.random.default_rng(0)
    day = rng.exponential(300.0, 5_000)
    labels = pd.DataFrame({h: (day < d).astype(float) for h, d in (("3m", 91), ("12m", 365))})
    periods = under_risk(labels, intervals_of(["3m", "12m"]))
    hazards = [periods.lapsed[periods.intervals == place].mean() for place in (0, 1)]
    odds = [np.array([np.log(h / (1 - h))]) for h in hazards]
    assert lapse_by_end(odds)[0] == pytest.approx(labels["12m"].mean(), abs=1e-9)


@given(st.lists(st.floats(-800.0, 800.0), min_size=1, max_size=8))
def test_the_risk_never_falls_whatever_the_hazards(scores):
    odds = [np.array([score]) for score in scores]
    found = [float(lapse_by_end(odds[: count + 1])[0]) for count in range(len(odds))]
    assert all(0.0 <= risk <= 1.0 for risk in found)
    assert found == sorted(found)


def test_the_renewal_is_placed_in_its_own_interval():
    columns = PeriodColumns.reading(["x", "days_to_renewal"], intervals_of(["3m", "6m"]), None)
    matrix = np.array([[1.0, 10.0], [1.0, 91.0], [1.0, np.nan]])
    np.testing.assert_array_equal(columns.of(matrix, 0)[:, -1], [1.0, 0.0, np.nan])
    np.testing.assert_array_equal(columns.of(matrix, 1)[:, -1], [0.0, 1.0, np.nan])
    assert columns.start(matrix, 0).tolist() == [0.0, 0.0, 0.0]


def test_periods_have_the_columns_of_their_interval():
    columns = PeriodColumns.reading(["days_to_renewal"], intervals_of(["3m", "6m"]), None)
    matrix = np.array([[100.0], [20.0]])
    targets = pd.DataFrame({"3m": [0.0, 1.0], "6m": [1.0, 1.0]})
    wide, start = columns.of_periods(matrix, under_risk(targets, columns.intervals))
    np.testing.assert_array_equal(wide[2], columns.of(matrix[:1], 1)[0])
    assert start.shape == (3,)


def test_without_a_clock_nothing_is_known_of_renewals():
    columns = PeriodColumns.reading(["x"], intervals_of(["3m"]), None)
    assert np.isnan(columns.of(np.ones((2, 1)), 0)[:, -2:]).all()


def test_the_laws_intervals_make_up_the_laws_horizon():
    rng = np.random.default_rng(0)
    days = rng.uniform(0.0, 365.0, 4_000)
    lapsed = ((days < 182) & (rng.random(4_000) < 0.3)).astype(float)
    names, matrix = ["days_to_renewal"], days[:, None]
    law = RenewalLaw.learn(matrix, names, lapsed, "6m")
    columns = PeriodColumns.reading(names, intervals_of(["3m", "6m"]), law)
    odds = [columns.start(matrix, place) for place in (0, 1)]
    assert (sigmoid(odds[0])[days < 91] > 0.2).all()
    np.testing.assert_allclose(lapse_by_end(odds), law.risk(matrix, "6m"), atol=5e-4)
