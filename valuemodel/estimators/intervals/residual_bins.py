"""What accounts of one size of prediction brought, as ratios to their scale.

Why this way: the k-th smallest of n ratios bounds the next one with probability k / (n + 1), so a sorted
list is all there is to learn, and every half per cent of it all there is to keep.

References
----------
Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005 (Mondrian predictors, 4.5).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from valuemodel.estimators.state import Array
from valuemodel.exceptions import UsageError
from valuemodel.metrics.arrays import IntArray

ROWS_PER_BIN = 100
MOST_BINS = 20
#: How many order statistics are kept of a bin: every half per cent.
_KEPT = 199
_TINY = 1e-9
#: Points of the normal law that are equally likely.
_NODES = ndtri((np.arange(20) + 0.5) / 20)


@dataclass(frozen=True)
class Bin:
    """What accounts of one size of prediction brought, as ratios to their scale.

    Parameters
    ----------
    ratios : tuple of float
        Order statistics of truth / scale, ascending; at most every half per cent.
    variance, third : float
        Second and third central moment of (truth - prediction) / scale, over all of the bin, without
        the shared factor.
    """

    ratios: tuple[float, ...]
    variance: float
    third: float

    @classmethod
    def learn(cls, ratios: Array, errors: Array, shared: float) -> Bin:
        """Keep what is needed of a bin's rows.

        Parameters
        ----------
        ratios : ndarray of shape (n,)
            Truth / scale, without the shared factor of each cutoff.
        errors : ndarray of shape (n,)
            (Truth - prediction) / scale, likewise.
        shared : float
            The spread of the logarithm of shared factors; ratios are spread by a cutoff's to come.

        Examples
        --------
        >>> Bin.learn(np.arange(9.0), np.zeros(9), 0.0).at(0.1)
        0.0
        """
        centred = errors - errors.mean()
        kept = min(len(ratios), _KEPT)
        spread = np.outer(ratios, np.exp(shared * _NODES)).ravel() if shared > 0 else ratios
        in_order, step = np.sort(spread), np.arange(1, kept + 1)
        # Ranks are rounded outward, so that what is kept promises no more than what is left out.
        places = (len(in_order) + 1) * step
        outward = np.where(2 * step <= kept + 1, places // (kept + 1), -(-places // (kept + 1)))
        held = in_order[np.clip(outward, 1, len(in_order)) - 1]
        return cls(tuple(held.tolist()), float((centred**2).mean()), float((centred**3).mean()))

    def at(self, level: float) -> float:
        """Return the order statistic that bounds a level, rounding outward.

        Raises
        ------
        UsageError
            If the level is not between 0 and 1.
        """
        if not 0.0 < level < 1.0:
            problem = "a level lies between 0 and 1"
            raise UsageError(problem, received=str(level), hint="0.05 is the fifth percentile")
        count = len(self.ratios)
        rank = level * (count + 1)
        below, above = int(np.floor(rank + _TINY)), int(np.ceil(rank - _TINY))
        lower, upper = (self.ratios[min(max(at, 1), count) - 1] for at in (below, above))
        if level == 0.5:
            return (lower + upper) / 2.0
        return lower if level < 0.5 else upper

    def bounds(self, misses: float) -> tuple[float, float]:
        """Return a lower and an upper bound that together are missed at the most so often.

        Examples
        --------
        >>> Bin((0.0,) * 50 + (1.0,) * 40 + (2.0,) * 9, 0.0, 0.0).bounds(0.20)
        (0.0, 1.0)
        """
        low = self.at(misses / 2.0)
        below = (bisect_left(self.ratios, low) + 1) / (len(self.ratios) + 1)
        return low, self.at(1.0 - max(misses - below, misses / 2.0))

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> Bin:
        """Rebuild it from its fields."""
        return cls(tuple(json["ratios"]), json["variance"], json["third"])


def edges_of(said: Array) -> tuple[float, ...]:
    """Cut predictions into bins of about as many rows; equal predictions share a bin.

    Returns
    -------
    tuple of float
        The highest prediction of each bin but the last.

    Examples
    --------
    >>> edges_of(np.arange(300.0))
    (99.0, 199.0)
    """
    in_order, count = np.sort(said), len(said)
    wanted = max(1, min(MOST_BINS, count // ROWS_PER_BIN))
    ends = np.unique(in_order[np.arange(1, wanted) * count // wanted - 1])
    kept: list[float] = []
    start = 0
    for end, until in zip(ends, np.searchsorted(in_order, ends, side="right"), strict=True):
        if min(until - start, count - until) >= ROWS_PER_BIN:
            kept.append(float(end))
            start = int(until)
    return tuple(kept)


def bin_of(edges: tuple[float, ...], said: Array) -> IntArray:
    """Return the bin of each prediction; an edge belongs to the bin below it."""
    return np.searchsorted(np.array(edges), said, side="left")
