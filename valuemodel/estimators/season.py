"""When the season may be learned: only from a whole year of cutoffs.

Why this way: with less, every month seen stands for one stretch of the book's life, and trees would
take growth, or the beginning of the records, for a season. So the month is hidden from them, and a
forecast for a season that was never seen leans on nothing that only looks like one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.estimators.inner_split import Mask
from valuemodel.estimators.state import Array

#: The feature that says which part of the year lies ahead.
SEASON = "cutoff_month"
#: Four cutoffs three months apart cover a year.
WHOLE_YEAR_DAYS = 270


def hide_season(
    matrix: Array, names: Sequence[str], cutoffs: pd.Series[Any] | None, labelled: Mask
) -> Array:
    """Return the matrix with the season missing, unless its labelled cutoffs cover a year.

    Parameters
    ----------
    matrix : ndarray of shape (n, p)
        Encoded features.
    names : sequence of str
        Their names.
    cutoffs : Series of datetime64, or None
        The cutoff of each row.
    labelled : ndarray of bool
        Rows whose window is complete.

    Examples
    --------
    >>> months = pd.Series(pd.date_range("2020-01-01", periods=4, freq="MS"))
    >>> hide_season(np.ones((4, 1)), ["cutoff_month"], months, np.ones(4, dtype=bool)).ravel()
    array([nan, nan, nan, nan])
    """
    if SEASON not in names or not len(matrix):
        return matrix
    if cutoffs is not None:
        times = pd.Series(cutoffs).reset_index(drop=True)[labelled]
        if len(times) and (times.max() - times.min()).days >= WHOLE_YEAR_DAYS:
            return matrix
    hidden = matrix.copy()
    hidden[:, list(names).index(SEASON)] = np.nan
    return hidden
