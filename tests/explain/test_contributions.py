"""Contributions add up in the shown unit, whatever the way from the inner scores to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.estimators.link import LinkParts, joined, sigmoid
from valuemodel.explain.contributions import (
    average_parts,
    centred,
    contributions_in_shown_unit,
)

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


def blend(scores):
    """Two parts, one in logarithms, one in money and a law: what a blend of future value does."""
    two_part = sigmoid(scores[0]) * np.exp(scores[1] + 4) - 3.0
    return (
        0.4 * two_part + 0.3 * np.exp(scores[2] + 4) + 0.2 * scores[3] * 50 + 0.1 * scores[4] * 80
    )


def by_tenths(predicted):
    """A calibration with corners at the edges and between tenths, where the slope changes at once."""
    edges = np.quantile(predicted, np.linspace(0, 1, 11)) if len(predicted) else np.zeros(11)
    return np.interp(predicted, edges, 1.3 * edges + np.arange(11) % 2)


SHAPES["blend"] = (5, blend)
CALIBRATIONS = {
    "none": None,
    "factor": lambda predicted: 1.4 * predicted,
    "corners": by_tenths,
    "steps": np.floor,
    "a floor": lambda predicted: np.maximum(predicted, 0.25),
}


def gap(split, shown) -> float:
    return float(np.max(np.abs(split.total - shown)) / max(np.max(np.abs(shown)), 1.0))


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
    calibration=st.sampled_from(sorted(CALIBRATIONS)),
    seed=st.integers(0, 10_000),
    scale=st.floats(0.0, 6.0),
    capped=st.floats(0.5, 1.0),
)
def test_every_account_adds_up_whatever_the_model_says(shape, calibration, seed, scale, capped):
    parts = parts_of(shape, seed, accounts=20, features=5)
    calibrate = CALIBRATIONS[calibration]
    parts = LinkParts(parts.base, parts.contributions * scale, parts.from_link, (), calibrate)
    reached = parts.from_link(parts.scores)
    shown = capped * (reached if calibrate is None else calibrate(reached))
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


@pytest.mark.parametrize("calibration", [name for name in CALIBRATIONS if name != "none"])
def test_calibration_stands_apart_and_leaves_the_features_as_they_are(calibration):
    parts, calibrate = parts_of("blend"), CALIBRATIONS[calibration]
    reached = parts.from_link(parts.scores)
    plain = contributions_in_shown_unit(parts, reached)
    calibrated = LinkParts(parts.base, parts.contributions, parts.from_link, (), calibrate)
    split = contributions_in_shown_unit(calibrated, calibrate(reached))
    np.testing.assert_array_equal(split.features, plain.features)
    np.testing.assert_allclose(split.calibration, calibrate(reached) - reached)
    assert np.max(np.abs(split.rest)) <= 1e-9 * np.max(np.abs(reached))
    assert not plain.calibration.any()


def test_members_of_a_blend_get_their_weight_of_the_whole():
    """Of 0.75 times one member and 0.25 times another, each on a scale of its own."""
    draw = np.random.default_rng(3)
    inner = np.zeros((2, 50, 4))
    inner[0, :, :2], inner[1, :, 2:] = draw.normal(size=(50, 2)), draw.normal(size=(50, 2))
    parts = LinkParts(np.zeros(2), inner, lambda s: 0.75 * np.exp(s[0]) + 0.25 * 100 * s[1])
    split = contributions_in_shown_unit(parts, parts.from_link(parts.scores))
    of_one, of_other = split.features[:, :2].sum(axis=1), split.features[:, 2:].sum(axis=1)
    np.testing.assert_allclose(of_one, 0.75 * (np.exp(parts.scores[0]) - 1), atol=1e-7)
    np.testing.assert_allclose(of_other, 0.25 * 100 * parts.scores[1], atol=1e-7)


def test_telling_parts_from_an_average_account_changes_no_prediction():
    parts = parts_of("blend")
    moved = centred(parts, average_parts(parts))
    np.testing.assert_allclose(moved.scores, parts.scores)
    np.testing.assert_allclose(moved.contributions.mean(axis=1), 0.0, atol=1e-12)
    shown = parts.from_link(parts.scores)
    assert gap(contributions_in_shown_unit(moved, shown), shown) <= 1e-12


def test_heads_that_speak_for_some_accounts_are_told_from_those_alone():
    one = LinkParts(np.zeros(1), np.array([[[1.0], [3.0]]]), lambda s: s[0])
    two = LinkParts(np.zeros(1), np.array([[[10.0], [30.0]]]), lambda s: 2 * s[0])
    both = joined(
        [one, two], [np.array([True, True, False, False]), np.array([False] * 2 + [True] * 2)]
    )
    split = contributions_in_shown_unit(
        centred(both, average_parts(both)), both.from_link(both.scores)
    )
    assert split.base.tolist() == [2.0, 2.0, 40.0, 40.0]
    assert split.features[:, 0].tolist() == pytest.approx([-1.0, 1.0, -20.0, 20.0])


def test_what_the_model_does_after_its_scores_stands_apart():
    parts = parts_of("churn", accounts=3)
    reached = parts.from_link(parts.scores)
    split = contributions_in_shown_unit(parts, reached - np.array([0.0, 0.05, 0.0]))
    assert split.rest == pytest.approx([0.0, -0.05, 0.0], abs=1e-12)
