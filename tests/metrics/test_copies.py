"""A figure of a resampled copy is the figure of its rows written out, for every metric there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.metrics.churn import CHURN_METRICS, CHURN_METRICS_OF
from valuemodel.metrics.copies import Copies
from valuemodel.metrics.value import VALUE_METRICS, VALUE_METRICS_OF

bounded = settings(max_examples=40, deadline=None, derandomize=True)
POINTS = VALUE_METRICS | CHURN_METRICS
RESAMPLED = {**VALUE_METRICS_OF, **CHURN_METRICS_OF}

#: Whether copies of an account may be torn apart by the end of a tenth: together in ours, each by
#: its own lot among written-out rows.
TORN = ("decile_mape", "top_decile_of_perfect", "top_decile_share")


def book(
    metric: str, seed: int, n: int, ties: bool, less: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Truths and predictions of the metric's kind, with many ties or with none."""
    generator = np.random.default_rng(seed)
    if metric in VALUE_METRICS:
        truth = generator.gamma(0.5, 80, n) * (generator.random(n) < 0.6) - less
        score = generator.integers(0, 4, n) * 10.0 if ties else generator.permutation(n) * 7.0
        return truth, score
    score = generator.integers(0, 4, n) / 4 if ties else generator.permutation(n) / n
    return (generator.random(n) < 0.4) * 1.0, score


def of_copies(metric: str, truth: np.ndarray, score: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return RESAMPLED[metric](Copies(truth, counts), Copies(score, counts))


def test_every_figure_has_its_interval():
    assert list(VALUE_METRICS_OF) == list(VALUE_METRICS)
    assert list(CHURN_METRICS_OF) == list(CHURN_METRICS)


@pytest.mark.parametrize("metric", list(POINTS))
@bounded
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), ties=st.booleans())
def test_where_everybody_occurs_once_it_is_the_plain_figure(metric, seed, n, ties):
    truth, score = book(metric, seed, n, ties, less=5.0)
    with np.errstate(invalid="ignore"):
        expected = POINTS[metric](truth, score)
    found = of_copies(metric, truth, score, np.ones((2, n)))
    assert found == pytest.approx([expected, expected], rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("metric", sorted(set(POINTS) - set(TORN)))
@bounded
@given(seed=st.integers(0, 10_000), n=st.integers(3, 40), ties=st.booleans())
def test_it_is_the_plain_figure_of_the_repeated_rows(metric, seed, n, ties):
    truth, score = book(metric, seed, n, ties, less=5.0)
    drawn = np.random.default_rng(seed + 1).integers(0, n, (3, n))
    counts = np.stack([np.bincount(draw, minlength=n) for draw in drawn]).astype(float)
    found = of_copies(metric, truth, score, counts)
    expected = [POINTS[metric](truth[draw], score[draw]) for draw in drawn]
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("metric", TORN)
def test_tenths_differ_from_those_of_repeated_rows_by_their_lots_alone(metric):
    truth, score = book(metric, 3, 200, ties=False)
    counts = np.random.default_rng(4).poisson(1.0, (5, 200)).astype(float)
    for draw, found in zip(counts, of_copies(metric, truth, score, counts), strict=True):
        rows = np.repeat(np.arange(200), draw.astype(int))
        tolerance = 0.1 if metric == "decile_mape" else 1e-9
        assert found == pytest.approx(POINTS[metric](truth[rows], score[rows]), rel=tolerance)


@pytest.mark.parametrize("metric", list(POINTS))
def test_a_book_in_which_everybody_occurs_twice_has_the_same_figures(metric):
    truth, score = book(metric, 5, 90, ties=False)
    twice = of_copies(metric, truth, score, np.full((1, 90), 2.0))
    assert twice[0] == pytest.approx(POINTS[metric](truth, score))


@pytest.mark.parametrize("metric", list(POINTS))
def test_copies_do_not_know_of_each_other(metric):
    truth, score = book(metric, 6, 50, ties=True)
    counts = np.random.default_rng(7).poisson(1.0, (4, 50)).astype(float)
    together = of_copies(metric, truth, score, counts)
    alone = [of_copies(metric, truth, score, draw[None, :])[0] for draw in counts]
    assert together == pytest.approx(alone, rel=1e-12)


def test_ranks_of_copies_share_places_as_the_repeated_rows_would():
    column = Copies(np.array([9.0, 5.0, 5.0]), np.array([[1.0, 2.0, 1.0]]))
    # Written out, highest first: 9 | 5 5 5, that is ranks 1 and 3, with a mean of 2.5.
    assert column.ranks.tolist() == [[-1.5, 0.5, 0.5]]
