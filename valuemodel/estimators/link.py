"""Link scores: where a prediction is a sum over features, and the way from there to money.

Why this way: trees add up on the log or logit scale; people read money and probabilities. A head
therefore hands out its linear scores and a smooth function from them to the prediction, and the
explanations integrate along the path from one to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valuemodel.estimators.state import Array


@dataclass(frozen=True)
class LinkParts:
    """A head's predictions for n accounts, taken apart on the link scale.

    Parameters
    ----------
    base : ndarray of shape (k,)
        Each linear score before anything is known of an account.
    contributions : ndarray of shape (k, n, p + d)
        What each feature adds to each score; features in the order of `feature_names_in_`, then the
        columns that the model makes itself.
    from_link : callable
        From scores of shape (k, n) to predictions of shape (n,); smooth.
    derived : tuple of str
        Names of the d columns that the model makes itself.
    calibrate : callable, optional
        From those predictions to calibrated ones, shape (n,); without it they are final.

    Examples
    --------
    >>> parts = LinkParts(np.zeros(1), np.ones((1, 3, 2)), lambda scores: np.exp(scores[0]))
    >>> parts.scores
    array([[2., 2., 2.]])
    """

    base: Array
    contributions: Array
    from_link: Callable[[Array], Array]
    derived: tuple[str, ...] = ()
    calibrate: Callable[[Array], Array] | None = None

    @property
    def scores(self) -> Array:
        """The linear scores of each account, shape (k, n)."""
        summed: Array = self.contributions.sum(axis=2)
        return self.base[:, None] + summed

    @property
    def predicted(self) -> Array:
        """The predictions that the scores lead to, calibrated, shape (n,)."""
        found = self.from_link(self.scores)
        return found if self.calibrate is None else self.calibrate(found)


def joined(parts: Sequence[LinkParts], rows: Sequence[NDArray[np.bool_]]) -> LinkParts:
    """Join the parts of rows that different heads speak for; each row keeps its own head's way.

    Every head has its scores to itself, and those of other rows stay at their base. Rows that no head
    speaks for have no prediction.

    Parameters
    ----------
    parts : sequence of LinkParts
        Of each head, for its own rows.
    rows : sequence of ndarray of bool
        Of each head, which of all rows are its own; no row is in two of them.

    Examples
    --------
    >>> one = LinkParts(np.zeros(1), np.full((1, 1, 2), 3.0), lambda scores: scores[0])
    >>> two = LinkParts(np.ones(1), np.full((1, 1, 2), 4.0), lambda scores: -scores[0])
    >>> both = joined([one, two], [np.array([True, False]), np.array([False, True])])
    >>> both.from_link(both.scores)
    array([ 6., -9.])
    """
    base = np.concatenate([part.base for part in parts])
    places = np.split(np.arange(len(base)), np.cumsum([len(part.base) for part in parts])[:-1])
    derived = tuple(dict.fromkeys(name for part in parts for name in part.derived))
    features = parts[0].contributions.shape[2] - len(parts[0].derived)
    contributions = np.zeros((len(base), len(rows[0]), features + len(derived)))
    for part, place, own in zip(parts, places, rows, strict=True):
        columns = [*range(features), *(features + derived.index(name) for name in part.derived)]
        contributions[np.ix_(place, np.flatnonzero(own), columns)] = part.contributions

    def from_link(scores: Array) -> Array:
        found = np.full(scores.shape[1], np.nan)
        for part, place, own in zip(parts, places, rows, strict=True):
            found[own] = part.from_link(scores[place][:, own])
        return found

    def calibrate(predicted: Array) -> Array:
        found = predicted.copy()
        for part, own in zip(parts, rows, strict=True):
            if part.calibrate is not None:
                found[own] = part.calibrate(predicted[own])
        return found

    any_calibrated = any(part.calibrate is not None for part in parts)
    return LinkParts(base, contributions, from_link, derived, calibrate if any_calibrated else None)


def sigmoid(score: Array) -> Array:
    """Return the logistic function, safe at both ends."""
    return 0.5 * (1.0 + np.tanh(0.5 * score))
