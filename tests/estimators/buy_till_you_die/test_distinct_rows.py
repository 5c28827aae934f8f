"""The distinct rows are the rows, counted."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from valuemodel.estimators.buy_till_you_die.distinct_rows import distinct_rows

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)), min_size=1)


@given(ROWS)
def test_every_row_is_found_again_and_no_distinct_row_twice(rows):
    columns = tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))
    found = distinct_rows(columns)
    for column, reduced in zip(columns, found.columns, strict=True):
        assert (found.expand(reduced) == column).all()
    assert len(set(zip(*found.columns, strict=True))) == len(found.weights) == len(set(rows))
    assert found.weights.sum() == len(rows)


@given(ROWS, st.integers(0, 100))
def test_weights_add_up_within_each_distinct_row(rows, seed):
    columns = tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))
    weights = np.random.default_rng(seed).uniform(0, 2, len(rows))
    found = distinct_rows(columns, weights)
    for number, total in enumerate(found.weights):
        assert np.isclose(total, weights[found.place == number].sum())
