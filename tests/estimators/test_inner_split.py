"""Choices inside the training span are judged on later cutoffs whose past is really past."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.estimators.inner_split import inner_split
from valuemodel.periods import Cutoff, Horizon


def rows(months: list[int]) -> pd.Series:
    return pd.Series([pd.Timestamp("2020-01-01") + pd.DateOffset(months=m) for m in months])


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=40),
    st.integers(1, 12),
    st.randoms(use_true_random=False),
)
def test_no_earlier_window_reaches_into_the_later_cutoffs(months, length, random):
    cutoffs = rows(months)
    labelled = np.array([random.random() < 0.8 for _ in months])
    horizon = Horizon(length, "month")
    split = inner_split(cutoffs, horizon, labelled)
    if split is not None:
        first = cutoffs[split.later].min()
        ends = [horizon.after(Cutoff(t.to_pydatetime())).at for t in cutoffs[split.earlier]]
        assert ends
        assert max(ends) <= first
        assert not (split.earlier & split.later).any()
        assert labelled[split.earlier | split.later].all()


def test_too_short_a_history_is_not_split():
    labelled = np.ones(3, dtype=bool)
    assert inner_split(rows([0, 1, 2]), Horizon.parse("6 months"), labelled) is None
    assert inner_split(None, Horizon.parse("1 month"), labelled) is None


def test_the_newest_cutoffs_judge():
    split = inner_split(rows(list(range(24))), Horizon.parse("12 months"), np.ones(24, dtype=bool))
    assert split is not None
    assert split.later.nonzero()[0].tolist() == [21, 22, 23]
    assert split.earlier.nonzero()[0].tolist() == list(range(10))
