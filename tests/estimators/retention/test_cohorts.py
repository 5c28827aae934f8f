"""Survival tables and windows are read as who left when, and who is still there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuemodel.estimators.retention.cohorts import Windows, read_cohorts
from valuemodel.exceptions import DataRefused

COUNTS = st.lists(st.integers(0, 40), min_size=2, max_size=6)


@given(st.lists(COUNTS, min_size=1, max_size=4))
def test_nobody_is_lost_between_leaving_and_staying(drops):
    tables = [list(np.cumsum(drop[::-1])[::-1] + 1) for drop in drops]
    found = read_cohorts(tables)
    assert found.customers == sum(table[0] for table in tables)
    assert found.staying.sum() == sum(table[-1] for table in tables)


def test_a_missing_end_and_a_shorter_list_say_the_same():
    ragged = read_cohorts([[100, 80, 70], [50, 45]])
    padded = read_cohorts(np.array([[100, 80, 70], [50, 45, np.nan]]))
    frame = read_cohorts(pd.DataFrame({0: [100, 50], 1: [80, 45], 2: [70, np.nan]}))
    for other in (padded, frame):
        assert (other.left == ragged.left).all()
        assert (other.staying == ragged.staying).all()


@pytest.mark.parametrize(
    "table",
    [[100, 110], [-1, -2], [0, 0], [100, np.nan, 50], [100, np.inf], [100], [], [[10], [20]]],
)
def test_what_is_no_survival_table_is_refused(table):
    with pytest.raises(DataRefused):
        read_cohorts(table)


@pytest.mark.parametrize(
    "groups",
    [
        ([0], [0], [1], [1]),
        ([-1], [1], [1], [1]),
        ([0.5], [1], [1], [1]),
        ([0], [1], [-1], [3]),
        ([0], [1], [0], [0]),
        ([np.nan], [1], [1], [1]),
        ([0, 1], [1], [1], [1]),
        ([], [], [], []),
    ],
)
def test_what_are_no_windows_is_refused(groups):
    with pytest.raises(DataRefused, match="windows"):
        Windows(*groups)
