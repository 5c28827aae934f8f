"""Where, inside the training span, choices are judged: on later cutoffs, purged.

Why this way: a number of trees chosen on rows of the same months is chosen for those months.
Windows of earlier rows must have ended before the first later cutoff, or the answer would leak
through overlapping windows (Lopez de Prado, Advances in Financial Machine Learning, 2018, ch. 7).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.periods import Cutoff, Horizon

Mask = NDArray[np.bool_]


class InnerSplit(NamedTuple):
    """Rows before and rows after; both are boolean masks over the training rows."""

    earlier: Mask
    later: Mask


def inner_split(
    cutoffs: pd.Series[Any] | None, horizon: Horizon, labelled: Mask, most: int = 3
) -> InnerSplit | None:
    """Split the labelled rows by time, purged; None where the history is too short for it.

    Parameters
    ----------
    cutoffs : Series of datetime64, or None
        The cutoff of each row.
    horizon : Horizon
        The length of the label window.
    labelled : ndarray of bool
        Rows whose window is complete.
    most : int
        How many of the newest cutoffs to judge on, if as many remain to learn from.

    Examples
    --------
    >>> cutoffs = pd.Series(pd.date_range("2020-01-01", periods=8, freq="MS"))
    >>> split = inner_split(cutoffs, Horizon.parse("3 months"), np.ones(8, dtype=bool))
    >>> [int(split.earlier.sum()), int(split.later.sum())]
    [3, 3]
    """
    if cutoffs is None:
        return None
    times = pd.Series(cutoffs).reset_index(drop=True)
    known = sorted(times[labelled].unique())
    best: InnerSplit | None = None
    for count in range(1, min(most, len(known)) + 1):
        first_later = known[-count]
        before = [t for t in known if _end(t, horizon) <= first_later]
        if len(before) < count:
            break
        later = labelled & (times >= first_later).to_numpy()
        best = InnerSplit(labelled & (times <= before[-1]).to_numpy(), later)
    return best


def _end(cutoff: Any, horizon: Horizon) -> pd.Timestamp:
    return pd.Timestamp(horizon.after(Cutoff(pd.Timestamp(cutoff).to_pydatetime())).at)
