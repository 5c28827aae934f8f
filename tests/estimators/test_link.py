"""Link parts add up to the scores, and the logistic function is safe at both ends."""

from __future__ import annotations

import numpy as np

from valuemodel.estimators.link import LinkParts, joined, sigmoid


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


def test_rows_of_several_heads_keep_their_own_way_to_the_prediction():
    rng = np.random.default_rng(1)
    one = LinkParts(np.array([0.5]), rng.normal(size=(1, 3, 4)), lambda s: sigmoid(s[0]))
    two = LinkParts(np.array([1.0, 2.0]), rng.normal(size=(2, 2, 4)), lambda s: s[0] * s[1])
    first = np.array([True, False, True, False, True, False])
    second = np.array([False, True, False, True, False, False])
    both = joined([one, two], [first, second])
    found = both.from_link(both.scores)
    np.testing.assert_allclose(found[first], one.from_link(one.scores))
    np.testing.assert_allclose(found[second], two.from_link(two.scores))
    assert np.isnan(found[5])
    assert both.contributions.shape == (3, 6, 4)
