"""Contributions of features in the unit that is shown: money and points of probability.

Models add up on inner scales (logarithms of odds or of money), and a blend on several of them; nobody
outside can read those. The shown prediction is a function of the inner scores, so each feature's part
of it is the integral of that function's slope along the straight path from the average account's scores
to this account's scores, times the feature's part of each score: the Aumann-Shapley value [1]_
(integrated gradients [2]_). A member of a blend is one score or two, so its features get their share of
the whole by the same rule, whatever its weight.

These parts add up to the prediction before calibration; what numerical integration leaves is spread in
proportion. What calibration changes after that, and what the model does last of all (keeping horizons
consistent, say), stand in parts of their own, so that every account's parts add up exactly.

It is an attribution: it says what the prediction is made of. It does not say what would happen if
somebody changed a feature.

Why this way: slopes are secants over the steps of the path. They need no derivative from the model,
telescope to the exact difference for one and for two scores, and survive a curve with corners or
steps, where a derivative would not. Calibration belongs to no feature: it corrects the level of all
accounts with a like prediction, so it is told apart rather than spread.

References
----------
.. [1] Aumann, Shapley (1974), *Values of Non-Atomic Games*.
.. [2] Sundararajan, Taly, Yan (2017), *Axiomatic Attribution for Deep Networks*, ICML.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from valuemodel.estimators.link import LinkParts

Floats = npt.NDArray[np.float64]

_STEPS = 16
_SMALLEST_STEP = 1e-6


@dataclass(frozen=True)
class ShownContributions:
    """Contributions in the shown unit; `total` is the prediction.

    Parameters
    ----------
    base : array (n,)
        The average account's prediction, before calibration.
    features : array (n, p + d)
        Each feature's part, then that of each column that the model makes itself.
    calibration : array (n,)
        What calibration changes; zero where the model has none.
    rest : array (n,)
        What the model does last of all: zero almost everywhere.
    """

    base: Floats
    features: Floats
    calibration: Floats
    rest: Floats

    @property
    def total(self) -> Floats:
        """The sum of all parts, shape (n,): the prediction as it is shown."""
        return np.asarray(self.base + self.features.sum(axis=1) + self.calibration + self.rest)


def average_parts(parts: LinkParts) -> Floats:
    """Return the average account's part of every score and feature, shape (k, p + d).

    Of each score only the accounts count that it speaks of: where different heads speak for different
    accounts, those of the others have no part in it.

    Examples
    --------
    >>> inner = np.array([[[1.0, 4.0], [3.0, 0.0], [0.0, 0.0]]])
    >>> average_parts(LinkParts(np.zeros(1), inner, lambda scores: scores[0]))
    array([[2., 2.]])
    """
    inner = np.asarray(parts.contributions, dtype=np.float64)
    spoken = np.maximum(inner.any(axis=2).sum(axis=1), 1)
    return np.asarray(inner.sum(axis=1) / spoken[:, None])


def centred(parts: LinkParts, average: Floats) -> LinkParts:
    """Tell parts from an average account: what it has of a feature goes from the parts to the base.

    Why this way: trees start at the mean of what they learned from, a law's forecast and past value
    start at nothing. Beside one another they would be told from different accounts; from the average
    of the book they are told from the same one, and what holds for the whole book (the month) is
    nobody's part.

    Examples
    --------
    >>> inner = np.array([[[1.0, 4.0], [3.0, 0.0]]])
    >>> parts = LinkParts(np.zeros(1), inner, lambda scores: scores[0])
    >>> moved = centred(parts, average_parts(parts))
    >>> moved.base, moved.contributions[0, 0], moved.scores[0]
    (array([4.]), array([-1.,  2.]), array([5., 3.]))
    """
    base, inner = parts.base + average.sum(axis=1), parts.contributions - average[:, None, :]
    return LinkParts(base, inner, parts.from_link, parts.derived, parts.calibrate)


def contributions_in_shown_unit(parts: LinkParts, shown: Floats) -> ShownContributions:
    """Split predictions into parts per feature that add up in the unit that is shown.

    Parameters
    ----------
    parts : LinkParts
        Scores of the average account, parts of the scores, and the way to the shown unit.
    shown : array (n,)
        The predictions as they are shown.

    Returns
    -------
    ShownContributions
        Money for a value, probability (0.03 is three points) for a churn risk.

    Examples
    --------
    >>> halves = np.array([[[0.5, 0.5]]])
    >>> parts = LinkParts(np.zeros(1), halves, lambda scores: np.exp(scores[0]))
    >>> split = contributions_in_shown_unit(parts, np.array([np.e]))
    >>> split.features.round(3).tolist(), split.rest.round(9).tolist()
    ([[0.859, 0.859]], [0.0])
    """
    inner = np.asarray(parts.contributions, dtype=np.float64)
    n = inner.shape[1]
    start = np.repeat(np.asarray(parts.base, dtype=np.float64)[:, None], n, axis=1)
    change = inner.sum(axis=2)
    slopes = _mean_slopes(parts.from_link, start, change)
    features = np.einsum("kn,knp->np", slopes, inner)
    base, reached = parts.from_link(start), parts.from_link(start + change)
    features = _spread(features, reached - base - features.sum(axis=1))
    calibrated = reached if parts.calibrate is None else parts.calibrate(reached)
    rest = np.asarray(shown, dtype=np.float64) - base - features.sum(axis=1)
    calibration = calibrated - reached
    return ShownContributions(base, features, calibration, rest - calibration)


def _mean_slopes(from_link: Callable[[Floats], Floats], start: Floats, change: Floats) -> Floats:
    """Average each score's secant slope along the path, with the other scores before and after."""
    steps = 1 if len(start) == 1 else _STEPS
    step = change / steps
    probe = np.where(np.abs(step) < _SMALLEST_STEP, _SMALLEST_STEP, step)
    slopes = np.zeros_like(start)
    here = start
    from_here = from_link(here)
    for number in range(1, steps + 1):
        there = start + number * step
        from_there = from_link(there)
        for k, size in enumerate(probe):
            # The score alone goes ahead of the others, then it alone comes after them.
            ahead, behind = here.copy(), there.copy()
            ahead[k] += size
            behind[k] -= size
            slopes[k] += (from_link(ahead) - from_here + from_there - from_link(behind)) / size
        here, from_here = there, from_there
    return np.asarray(slopes / (2 * steps))


def _spread(features: Floats, remainder: Floats) -> Floats:
    """Spread what integration left over, in proportion to the size of each part."""
    size = np.abs(features)
    total = size.sum(axis=1)
    weight = np.divide(remainder, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(features + size * weight[:, None], dtype=np.float64)
