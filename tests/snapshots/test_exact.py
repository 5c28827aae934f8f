from __future__ import annotations

import math

import ibis
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.snapshots.exact import LARGEST, exact


def added(numbers):
    """Add the numbers up, as decimals."""
    table = ibis.memtable(pa.table({"n": pa.array(numbers, pa.float64())}))
    total = ibis.duckdb.connect().to_pyarrow(exact(table.n).sum())
    return total.as_py()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_a_sum_is_the_same_in_every_order_and_right(numbers, rng):
    total = added(numbers)
    assert math.isclose(total, math.fsum(numbers), rel_tol=1e-12, abs_tol=1e-6 * len(numbers))
    rng.shuffle(numbers)
    assert added(numbers) == total


def test_what_is_not_known_is_not_added():
    assert added([1.5, None]) == 1.5
    assert added([None]) is None


def test_what_is_beyond_measure_is_cut():
    assert math.isclose(added([1e300, math.inf, 1.0]), 2 * LARGEST)
