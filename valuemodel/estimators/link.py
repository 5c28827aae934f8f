"""Link scores: where a prediction is a sum over features, and the way from there to money.

Why this way: trees add up on the log or logit scale; people read money and probabilities. A head
therefore hands out its linear scores and a smooth function from them to the prediction, and the
explanations integrate along the path from one to the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from valuemodel.estimators.state import Array


@dataclass(frozen=True)
class LinkParts:
    """A head's predictions for n accounts, taken apart on the link scale.

    Parameters
    ----------
    base : ndarray of shape (k,)
        Each linear score before anything is known of an account.
    contributions : ndarray of shape (k, n, p)
        What each feature adds to each score; features in the order of `feature_names_in_`.
    from_link : callable
        From scores of shape (k, n) to predictions of shape (n,); smooth.

    Examples
    --------
    >>> parts = LinkParts(np.zeros(1), np.ones((1, 3, 2)), lambda scores: np.exp(scores[0]))
    >>> parts.scores
    array([[2., 2., 2.]])
    """

    base: Array
    contributions: Array
    from_link: Callable[[Array], Array]

    @property
    def scores(self) -> Array:
        """The linear scores of each account, shape (k, n)."""
        summed: Array = self.contributions.sum(axis=2)
        return self.base[:, None] + summed


def sigmoid(score: Array) -> Array:
    """Return the logistic function, safe at both ends."""
    return 0.5 * (1.0 + np.tanh(0.5 * score))
