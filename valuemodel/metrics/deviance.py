"""A loss of money forecasts that is least for the mean, whales and losses included.

What is forecast is a mean, so the loss that chooses between forecasts must be least for the mean; the
absolute error is least for the median, which in a book where half of the accounts stay silent is
nothing at all. Of the losses that are (Bregman divergences), the squared error lets a few whales
decide, and the deviance of Poisson knows no refunds. This is the one whose curvature is that of the
Poisson deviance for large amounts and that of the squared error for small ones: its
second derivative is 1 / sqrt(x^2 + c^2), and the loss of a forecast m for a truth y is

    y (asinh(y/c) - asinh(m/c)) - sqrt(y^2 + c^2) + sqrt(m^2 + c^2).

Why this way: an account then weighs by its size, as it does in the total, and every real number may be
a truth or a forecast.

References
----------
Gneiting, Making and Evaluating Point Forecasts, JASA 106(494), 2011, theorem 7 (consistency).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from valuemodel.metrics.arrays import FloatArray, paired


def money_deviance(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> FloatArray:
    """Return each account's loss, without a unit: ``c`` is the mean size of the truths.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Truths and forecasts in money; both may be negative.

    Returns
    -------
    ndarray of shape (n,)
        0 where a forecast is exact, else positive; the mean over accounts is what to compare.

    Examples
    --------
    >>> truth = [0.0, 0.0, 0.0, 40.0]
    >>> losses = [money_deviance(truth, [level] * 4).mean() for level in (0.0, 5.0, 10.0, 15.0)]
    >>> int(np.argmin(losses))  # the mean of the truths is 10
    2
    >>> money_deviance([0.0, 5.0], [0.0, 5.0]).tolist()
    [0.0, 0.0]
    """
    truth, forecast = paired(y_true, y_pred)
    size = float(np.abs(truth).mean()) or 1.0
    y, m = truth / size, forecast / size
    gap = np.arcsinh(y) - np.arcsinh(m)
    loss: FloatArray = np.maximum(y * gap - np.hypot(y, 1.0) + np.hypot(m, 1.0), 0.0)
    return loss
