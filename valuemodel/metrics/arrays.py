"""What every metric asks of its arrays, and the two orders it reads them in.

Why this way: a metric that quietly takes a missing prediction, or an order that depends on how rows
happened to lie, gives two people two figures. Both are settled here, once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from valuemodel.exceptions import UsageError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

GROUPS = 10
"""How many equal groups make a table by decile."""


def paired(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return truths and predictions as float arrays of one length.

    Raises
    ------
    UsageError
        If they are empty, not of one dimension and length, or hold a missing or infinite number.

    Examples
    --------
    >>> paired([1, 2], [3, 4.5])
    (array([1., 2.]), array([3. , 4.5]))
    """
    truth = np.asarray(y_true, dtype=np.float64)
    forecast = np.asarray(y_pred, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != forecast.shape or truth.size == 0:
        problem = "a metric needs truths and predictions of one length, at least one of each"
        raise UsageError(problem, received=f"shapes {truth.shape} and {forecast.shape}")
    bad = int((~np.isfinite(truth)).sum()), int((~np.isfinite(forecast)).sum())
    if any(bad):
        problem = "a metric needs finite numbers"
        hint = "leave out accounts whose window is not complete; never score a missing prediction"
        received = f"{bad[0]} truths and {bad[1]} predictions that are missing or infinite"
        raise UsageError(problem, received=received, hint=hint)
    return truth, forecast


def highest_first(scores: FloatArray, seed: int = 0) -> IntArray:
    """Return the positions of the scores, highest first, ties at random with a fixed seed.

    Examples
    --------
    >>> highest_first(np.array([1.0, 3.0, 2.0])).tolist()
    [1, 2, 0]
    """
    lot = np.random.default_rng(seed).random(scores.size)
    return np.lexsort((lot, -scores))


def tie_ends(ordered: FloatArray) -> IntArray:
    """Return the last position of every run of equal values in an ordered array.

    Examples
    --------
    >>> tie_ends(np.array([5.0, 5.0, 2.0])).tolist()
    [1, 2]
    """
    return np.append(np.flatnonzero(np.diff(ordered)), ordered.size - 1)


def ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Divide element by element; NaN where the divisor is not positive.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    positive = below > 0
    return np.where(positive, above / np.where(positive, below, 1.0), np.nan)
