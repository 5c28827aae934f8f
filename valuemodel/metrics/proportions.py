"""Shares that were counted, and how sure they are.

References
----------
Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 1927.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from valuemodel.metrics.arrays import FloatArray

_Z = float(ndtri(0.975))


def wilson(share: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lower and the upper end of Wilson's 95 % interval of shares.

    Parameters
    ----------
    share : ndarray, shape (n,)
        Shares of what was counted.
    count : ndarray, shape (n,)
        How many were counted; where nobody was, the interval is NaN.

    Examples
    --------
    >>> low, high = wilson(np.array([0.5, 0.0, 0.0]), np.array([10.0, 10.0, 0.0]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.237, 0.0, nan], [0.763, 0.278, nan])
    """
    weight = _Z**2 / np.where(count > 0.0, count, np.nan)
    centre = (share + weight / 2.0) / (1.0 + weight)
    half = np.sqrt(share * (1.0 - share) * weight + weight**2 / 4.0) / (1.0 + weight)
    # At a share of 0 or 1 the interval ends there, whatever the last bits say.
    return np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)
