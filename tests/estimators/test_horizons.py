"""Horizons agree with one another by construction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from valuemodel.estimators.horizons import (
    falling,
    growing,
    ordered,
    refuse_without_evidence,
    rising,
    tier_label,
)
from valuemodel.exceptions import DataRefused, ValueModelError

LABELS = ["13w", "6m", "1y"]
money = arrays(np.float64, (3, 8), elements=st.floats(-1e6, 1e6))
chances = arrays(np.float64, (3, 8), elements=st.floats(0, 1))


def test_labels_are_ordered_by_length_not_by_letters():
    assert ordered(["1y", "90d", "13w", "6m"]) == ["90d", "13w", "6m", "1y"]


@given(money)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_positive_value_is_never_less_than_that_of_a_shorter_horizon(values):
    found = rising(dict(zip(LABELS, values, strict=True)))
    short, middle, long = (found[label] for label in LABELS)
    assert (middle >= short)[middle > 0].all()
    assert (long >= np.maximum(short, middle))[long > 0].all()
    assert np.array_equal(middle[middle <= 0], values[1][middle <= 0])
    assert np.array_equal(short, values[0])


@given(chances)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_silence_never_grows_with_the_horizon(values):
    found = falling(dict(zip(LABELS, values, strict=True)))
    short, middle, long = (found[label] for label in LABELS)
    assert (middle <= short).all()
    assert (long <= middle).all()
    assert np.array_equal(short, values[0])


@given(chances)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_lapse_never_grows_rarer_with_the_horizon(values):
    found = growing(dict(zip(LABELS, values, strict=True)))
    short, middle, long = (found[label] for label in LABELS)
    assert (middle >= short).all()
    assert (long >= middle).all()
    assert np.array_equal(short, values[0])
    again = growing(found)
    assert all(np.array_equal(again[label], found[label]) for label in LABELS)


def test_the_tier_horizon_is_the_one_asked_for_or_the_longest():
    assert tier_label(LABELS, None) == "1y"
    assert tier_label(LABELS, "6m") == "6m"
    with pytest.raises(ValueModelError, match="3m"):
        tier_label(LABELS, "3m")


def test_all_horizons_without_evidence_are_named():
    refuse_without_evidence({"6m": "", "1y": ""}, "churn risk")
    with pytest.raises(DataRefused) as caught:
        refuse_without_evidence({"6m": "3 rows", "1y": "no complete window"}, "churn risk")
    assert "3 rows" in str(caught.value)
    assert "no complete window" in str(caught.value)
