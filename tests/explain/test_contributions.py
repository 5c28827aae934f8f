"""Contributions add up in the shown unit, whatever the way from the inner scores to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.estimators.link import LinkParts, sigmoid
from valuemodel.explain.contributions import contributions_in_shown_unit

SHAPES = {
    "churn": (1, lambda scores: sigmoid(scores[0])),
    "value": (2, lambda scores: sigmoid(scores[0]) * np.exp(scores[1] + 6) - 3.0),
    "three scores": (3, lambda s: sigmoid(s[0]) * np.exp(s[1] + 5) + s[2] ** 2),
    "curve with corners": (1, lambda s: np.interp(s[0], [-1.0, 0.0, 1.0], [0.1, 0.4, 0.9])),
    "curve with steps": (1, lambda s: np.interp(s[0], [-1.0, 0.0, 1.0], [0.1, 0.4, 0.9]).round(1)),
}


def parts_of(shape: str, seed: int = 0, accounts: int = 300, features: int = 12) -> LinkParts:
    k, from_link = SHAPES[shape]
    draw = np.random.default_rng(seed)
    inner = draw.normal(0.0, 0.5, (k, accounts, features))
    return LinkParts(draw.normal(size=k), inner, from_link)


def gap(split, shown) -> float:
    total = split.base + split.features.sum(axis=1) + split.rest
    return float(np.max(np.abs(total - shown)) / max(np.max(np.abs(shown)), 1.0))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_account_adds_up(shape):
    parts = parts_of(shape)
    shown = parts.from_link(parts.scores)
    split = contributions_in_shown_unit(parts, shown)
    assert gap(split, shown) <= 1e-12
    assert np.max(np.abs(split.rest)) <= 1e-9 * np.max(np.abs(shown))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    shape=st.sampled_from(sorted(SHAPES)),
    seed=st.integers(0, 10_000),
    scale=st.floats(0.0, 6.0),
    capped=st.floats(0.5, 1.0),
)
def test_every_account_adds_up_whatever_the_model_says(shape, seed, scale, capped):
    parts = parts_of(shape, seed, accounts=20, features=5)
    parts = LinkParts(parts.base, parts.contributions * scale, parts.from_link)
    shown = capped * parts.from_link(parts.scores)
    assert gap(contributions_in_shown_unit(parts, shown), shown) <= 1e-6


def test_parts_are_the_integral_of_the_slope_along_the_path():
    parts = parts_of("value")
    split = contributions_in_shown_unit(parts, parts.from_link(parts.scores))
    nodes, weights = np.polynomial.legendre.leggauss(64)
    change, exact, step = parts.contributions.sum(axis=2), 0.0, 1e-5
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        at = parts.base[:, None] + node * change
        for k in range(2):
            nudge = np.eye(2)[k][:, None] * step
            slope = (parts.from_link(at + nudge) - parts.from_link(at - nudge)) / (2 * step)
            exact = exact + weight * slope[:, None] * parts.contributions[k]
    assert np.max(np.abs(split.features - exact)) <= 0.005 * np.max(np.abs(exact))


def test_a_feature_without_effect_gets_nothing_and_equal_features_get_the_same():
    inner = np.array([[[0.3, 0.0, 0.3]], [[0.1, 0.0, 0.1]]])
    parts = LinkParts(np.zeros(2), inner, SHAPES["value"][1])
    (row,) = contributions_in_shown_unit(parts, parts.from_link(parts.scores)).features
    assert row[1] == 0.0
    assert row[0] == pytest.approx(row[2], rel=1e-12)


def test_features_that_cancel_each_other_keep_their_sizes():
    parts = LinkParts(np.zeros(1), np.array([[[2.0, -2.0]]]), lambda s: np.exp(s[0]))
    (row,) = contributions_in_shown_unit(parts, np.array([1.0])).features
    assert row == pytest.approx([2.0, -2.0], rel=1e-4)


def test_what_the_model_does_after_its_scores_stands_apart():
    parts = parts_of("churn", accounts=3)
    reached = parts.from_link(parts.scores)
    split = contributions_in_shown_unit(parts, reached - np.array([0.0, 0.05, 0.0]))
    assert split.rest == pytest.approx([0.0, -0.05, 0.0], abs=1e-12)
