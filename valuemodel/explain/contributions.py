"""Contributions of features in the unit that is shown: money and points of probability.

Tree models add up on an inner scale (logarithms of odds or of money); nobody outside can read that.
The shown prediction is a smooth function of the inner scores, so each feature's part of it is the
integral of that function's slope along the straight path from the average account's scores to this
account's scores, times the feature's part of each score: the Aumann-Shapley value [1]_ (integrated
gradients [2]_). These parts add up to the prediction; what numerical integration leaves is spread in
proportion, and what the model does after its scores (keeping horizons consistent, say) stands in a row
of its own, so that every account's rows add up exactly.

Why this way: slopes are secants over the steps of the path. They need no derivative from the model,
telescope to the exact difference for one and for two scores, and survive a calibration curve with
corners or steps, where a derivative would not.

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
    """Contributions in the shown unit; ``base + features.sum(1) + rest`` is the prediction.

    Parameters
    ----------
    base : array (n,)
        The average account's prediction.
    features : array (n, p)
        Each feature's part.
    rest : array (n,)
        What the model does after its scores: zero almost everywhere.
    """

    base: Floats
    features: Floats
    rest: Floats


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
    rest = np.asarray(shown, dtype=np.float64) - base - features.sum(axis=1)
    return ShownContributions(base, features, rest)


def _mean_slopes(from_link: Callable[[Floats], Floats], start: Floats, change: Floats) -> Floats:
    """Average each score's secant slope along the path, with the other scores before and after."""
    steps = 1 if len(start) == 1 else _STEPS
    step = change / steps
    probe = np.where(np.abs(step) < _SMALLEST_STEP, _SMALLEST_STEP, step)
    slopes = np.zeros_like(start)
    for number in range(steps):
        here, there = start + number * step, start + (number + 1) * step
        for k in range(len(start)):
            for others in (here, there):
                low, high = others.copy(), others.copy()
                low[k], high[k] = here[k], here[k] + probe[k]
                slopes[k] += (from_link(high) - from_link(low)) / (2 * steps * probe[k])
    return slopes


def _spread(features: Floats, remainder: Floats) -> Floats:
    """Spread what integration left over, in proportion to the size of each part."""
    size = np.abs(features)
    total = size.sum(axis=1)
    weight = np.divide(remainder, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(features + size * weight[:, None], dtype=np.float64)
