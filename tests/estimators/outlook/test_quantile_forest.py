"""Quantiles of a forest never cross, and are those of the rows that are alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.estimators.outlook.quantile_forest import (
    ForestShape,
    QuantileForest,
    _leaf_quantiles,
)

ONE = ForestShape(trees=10, n_jobs=1)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(2, 400),
    levels=st.lists(st.floats(0.01, 0.99), min_size=2, max_size=6, unique=True).map(sorted),
    ties=st.booleans(),
)
def test_quantiles_never_cross_whatever_the_rows(seed, rows, levels, ties):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, 3))
    matrix[rng.random(matrix.shape) < 0.2] = np.nan
    target = rng.standard_t(2, rows) * 10.0 ** rng.integers(-3, 6)
    target = np.round(target) if ties else target
    forest = QuantileForest.grow(matrix, target, tuple(levels), ONE, [])
    found = forest.predict(rng.normal(size=(50, 3)) * 3, 1)
    assert (np.diff(found, axis=1) >= 0).all()
    assert found.min() >= target.min() - 1e-9 * abs(target.min())
    assert found.max() <= target.max() + 1e-9 * abs(target.max())


def test_a_leaf_says_the_quantiles_of_its_rows():
    rng = np.random.default_rng(0)
    target, leaf = np.sort(rng.normal(size=200)), rng.integers(0, 4, 200)
    leaf[leaf == 2] = 3
    found = _leaf_quantiles(leaf, target, (0.1, 0.5, 0.9), 4)
    for number in (0, 1, 3):
        expected = np.quantile(target[leaf == number], (0.1, 0.5, 0.9))
        np.testing.assert_allclose(found[number], expected, rtol=1e-12)
    np.testing.assert_allclose(found[2], np.quantile(target, (0.1, 0.5, 0.9)))  # nobody is there


def test_a_spread_that_depends_on_the_row_is_found():
    rng = np.random.default_rng(1)
    matrix = rng.uniform(0, 1, (5_000, 2))
    target = rng.normal(0, 1, 5_000) * np.where(matrix[:, 0] < 0.5, 1.0, 4.0) + 3 * matrix[:, 0]
    low, high = QuantileForest.grow(matrix, target, (0.5, 0.9), ForestShape(n_jobs=1), []).predict(
        np.array([[0.2, 0.5], [0.8, 0.5]]), 1
    )
    calm, wild = low[1] - low[0], high[1] - high[0]
    assert calm == pytest.approx(1.28, abs=0.7)  # trees for the mean mix in some of the others
    assert wild == pytest.approx(4 * 1.28, abs=1.2)


def test_what_was_learned_survives_and_chunks_give_the_bytes_of_the_whole():
    rng = np.random.default_rng(2)
    matrix, target = rng.normal(size=(600, 3)), rng.normal(size=600)
    forest = QuantileForest.grow(matrix, target, (0.5, 0.9), ONE, [])
    again = QuantileForest.from_data(*forest.to_data())
    whole = forest.predict(matrix, 1)
    assert again.predict(matrix, 1).tobytes() == whole.tobytes()
    parts = [forest.predict(matrix[at : at + 100], 1) for at in range(0, 600, 100)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert forest.predict(matrix[:0], 1).shape == (0, 2)


def test_threads_change_nothing():
    rng = np.random.default_rng(3)
    matrix, target = rng.normal(size=(2_000, 4)), rng.normal(size=2_000)
    one, two = (
        QuantileForest.grow(matrix, target, (0.9,), ForestShape(trees=10, n_jobs=n), [])
        for n in (1, 2)
    )
    assert one.to_data()[0] == two.to_data()[0]
    assert one.leaves.tobytes() == two.leaves.tobytes()


def test_columns_that_say_nothing_give_one_answer():
    target = np.arange(200.0)
    forest = QuantileForest.grow(np.zeros((200, 1)), target, (0.5, 0.9), ONE, [])
    found = forest.predict(np.zeros((2, 1)), 1)
    np.testing.assert_allclose(found, [np.quantile(target, (0.5, 0.9))] * 2)
