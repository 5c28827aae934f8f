"""No figure is made from missing numbers, and no order depends on how the rows lie."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.exceptions import UsageError
from valuemodel.metrics.arrays import highest_first, paired, ratio, tie_ends


@pytest.mark.parametrize(
    ("truth", "forecast", "message"),
    [
        ([1.0, 2.0], [1.0], "of one length"),
        ([], [], "at least one"),
        ([[1.0]], [[1.0]], "of one length"),
        ([1.0, np.nan], [1.0, 2.0], "finite numbers"),
        ([1.0, 2.0], [np.inf, 2.0], "finite numbers"),
    ],
)
def test_unusable_arrays_are_refused_with_what_was_received(truth, forecast, message):
    with pytest.raises(UsageError, match=message) as caught:
        paired(truth, forecast)
    assert caught.value.received


def test_the_same_seed_breaks_ties_the_same_way_and_another_one_differently():
    scores = np.zeros(50)
    assert highest_first(scores, 1).tolist() == highest_first(scores, 1).tolist()
    assert highest_first(scores, 1).tolist() != highest_first(scores, 2).tolist()


def test_ties_are_broken_without_favour_for_early_rows():
    scores = np.zeros(1_000)
    assert abs(float(highest_first(scores)[:500].mean()) - 499.5) < 30


def test_every_run_of_equal_values_ends_once():
    assert tie_ends(np.array([3.0])).tolist() == [0]
    assert tie_ends(np.array([3.0, 3.0, 3.0, 1.0, 0.0, 0.0])).tolist() == [2, 3, 5]


def test_a_share_of_nothing_is_not_a_number():
    assert np.isnan(ratio(np.array([1.0, 1.0]), np.array([0.0, -1.0]))).all()
