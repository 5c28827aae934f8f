"""How good quantiles are: do they hold their share, and how near do they lie.

Why this way: a quantile can hold its share by being wide everywhere, or lie near on average and be
beaten too often, so both figures stand side by side.
"""

from __future__ import annotations

import numpy as np

from valuemodel.metrics.arrays import FloatArray


def coverage(y_true: FloatArray, quantile: FloatArray) -> float:
    """Return the share of truths at or below their quantile; missing without a row.

    Examples
    --------
    >>> coverage(np.array([1.0, 2.0, 3.0, 9.0]), np.array([2.0, 2.0, 2.0, 9.0]))
    0.75
    """
    return float((y_true <= quantile).mean()) if len(y_true) else float("nan")


def pinball_loss(y_true: FloatArray, quantile: FloatArray, level: float) -> float:
    """Return the mean loss that the quantile of a level makes least, in the unit of the truths.

    A truth above its quantile costs ``level`` per unit, one below it ``1 - level``.

    References
    ----------
    Koenker and Bassett, Regression Quantiles, Econometrica 46, 1978, equation 3.1.

    Examples
    --------
    >>> round(pinball_loss(np.array([10.0, 0.0]), np.array([5.0, 5.0]), 0.9), 6)
    2.5
    """
    gap = y_true - quantile
    loss = np.maximum(level * gap, (level - 1.0) * gap)
    return float(loss.mean()) if len(loss) else float("nan")
