"""A bin's order statistics bound the next ratio, as few of them as are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuemodel.estimators.intervals.residual_bins import (
    MOST_BINS,
    ROWS_PER_BIN,
    Bin,
    bin_of,
    edges_of,
)
from valuemodel.exceptions import UsageError


def learn(ratios, shared=0.0):
    ratios = np.asarray(ratios, dtype=float)
    return Bin.learn(ratios, ratios - 1.0, shared)


@given(st.lists(st.floats(-1e6, 1e6), min_size=39, max_size=150))
def test_all_ratios_are_kept_while_they_are_few(ratios):
    assert learn(ratios).ratios == tuple(sorted(ratios))


def test_levels_are_rounded_outward_and_many_ratios_are_thinned():
    few, many = learn(np.arange(1, 40)), learn(np.arange(1, 10_000))
    assert [few.at(level) for level in (0.025, 0.1, 0.5, 0.9, 0.975)] == [1, 4, 20, 36, 39]
    assert [few.at(level) for level in (0.11, 0.89)] == [4, 36]
    assert len(many.ratios) == 199
    assert [many.at(level) for level in (0.025, 0.1, 0.5, 0.9)] == [250, 1_000, 5_000, 9_000]


def test_a_lump_below_leaves_all_misses_to_the_upper_bound():
    lump = learn(np.r_[np.zeros(500), np.arange(1, 500)])
    low, high = lump.bounds(0.20)
    assert low == 0.0
    assert 298 <= high <= 306
    assert learn(np.arange(1, 1_000)).bounds(0.20) == (100.0, 900.0)


def test_a_shared_factor_spreads_ratios_but_not_what_is_nothing():
    ratios = np.r_[np.zeros(50), np.ones(150)]
    spread = learn(ratios, shared=0.3)
    assert spread.at(0.10) == 0.0
    assert 1.2 < spread.at(0.95) < 1.8
    assert learn(ratios).at(0.95) == 1.0
    assert learn(ratios, shared=1e-12).at(0.95) == pytest.approx(1.0)
    assert spread.variance == learn(ratios).variance


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0])
def test_a_level_is_a_share(level):
    with pytest.raises(UsageError, match="between 0 and 1"):
        learn(np.arange(50)).at(level)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=700))
def test_no_bin_is_small_and_equal_predictions_share_one(predictions):
    said = np.array(predictions, dtype=float)
    edges = edges_of(said)
    places = bin_of(edges, said)
    counts = np.bincount(places, minlength=len(edges) + 1)
    assert len(edges) < MOST_BINS
    assert not edges or counts.min() >= ROWS_PER_BIN
    assert all(len(set(places[said == one])) == 1 for one in set(predictions))


def test_predictions_beyond_all_bins_fall_into_the_outermost():
    edges = edges_of(np.arange(1_000.0))
    assert bin_of(edges, np.array([-5.0, 1e9])).tolist() == [0, len(edges)]
