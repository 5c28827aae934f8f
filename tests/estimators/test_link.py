"""Link parts add up to the scores, and the logistic function is safe at both ends."""

from __future__ import annotations

import numpy as np

from valuemodel.estimators.link import LinkParts, sigmoid


def test_scores_are_base_plus_contributions():
    rng = np.random.default_rng(0)
    contributions = rng.normal(size=(2, 5, 3))
    parts = LinkParts(np.array([1.0, -1.0]), contributions, lambda scores: scores[0])
    for score, base in enumerate((1.0, -1.0)):
        for row in range(5):
            assert np.isclose(parts.scores[score, row], base + sum(contributions[score, row]))


def test_no_accounts_have_no_scores():
    assert LinkParts(np.zeros(2), np.zeros((2, 0, 3)), lambda s: s[0]).scores.shape == (2, 0)


def test_the_logistic_function_never_overflows():
    with np.errstate(all="raise"):
        found = sigmoid(np.array([-1e6, -1.0, 0.0, 1.0, 1e6]))
    assert np.allclose(found, [0.0, 0.26894142, 0.5, 0.73105858, 1.0])
