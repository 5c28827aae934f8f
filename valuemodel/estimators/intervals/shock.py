"""What all accounts of one cutoff miss together: a season, a market, a level that is off.

At each cutoff, the money that came over the money predicted is one draw of it, here as a logarithm.
Windows that overlap share what happened, so that draws of neighbouring cutoffs count for less: two are
taken to be as much alike as the part of their length that they share, which gives the degrees of
freedom (Satterthwaite's). What the accounts' own misses explain of the draws is taken off.

Why this way: a sum of thousands of accounts averages their own misses away, and what remains is what
they share. It can only be learned from one figure per cutoff, and a few months' cutoffs are hardly more
than one draw. So for sums it starts from what is usual, a fifth of the total, worth two cutoffs; with one
cutoff, that bounds the sum. It says nothing of which way the next one goes.

References
----------
Satterthwaite, An Approximate Distribution of Estimates of Variance Components, Biometrics 1946.
Hansen and Hodrick, Forward Exchange Rates as Optimal Predictors, Journal of Political Economy 1980
(errors of overlapping windows).
Gelman et al., Bayesian Data Analysis, 3rd edition 2013, section 2.6 (the scaled prior of a variance).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from valuemodel.estimators.state import Array

#: The usual spread of the logarithm, and how many cutoffs that knowledge is worth.
USUAL_SPREAD = 0.20
USUAL_FREEDOM = 2.0
_LOWEST, _HIGHEST = 0.2, 5.0


@dataclass(frozen=True)
class CommonShock:
    """The logarithm of the factor that all accounts of a cutoff share; 0 is expected.

    Parameters
    ----------
    cutoffs : int
        How many cutoffs it was seen at; 0 where nothing is known of cutoffs.
    spread : float
        The root mean square over cutoffs, less what accounts explain on their own.
    freedom : float
        How many cutoffs without overlap they are worth.
    """

    cutoffs: int = 0
    spread: float = 0.0
    freedom: float = 0.0

    @classmethod
    def learn(
        cls,
        factors: Array,
        times: npt.NDArray[np.datetime64],
        window_days: float | None = None,
        own: Array | None = None,
    ) -> CommonShock:
        """Learn it from the factors of past cutoffs.

        Parameters
        ----------
        factors : ndarray of shape (k,)
            What came over what was predicted, at each cutoff.
        times : ndarray of datetime64 of shape (k,)
            The cutoffs.
        window_days : float, optional
            The length of the windows. Without it they are taken not to overlap.
        own : ndarray of shape (k,), optional
            The variance of each factor that accounts explain on their own.

        Examples
        --------
        >>> times = np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[us]")
        >>> CommonShock.learn(np.array([1.1, 1.1]), times, 365.0)
        CommonShock(cutoffs=2, spread=0.0953..., freedom=2.0)
        >>> round(CommonShock.learn(np.array([1.1, 1.1]), times, 730.0).freedom, 1)
        1.6
        """
        count = len(factors)
        if not count:
            return cls()
        days = (times - times.min()) / np.timedelta64(1, "D")
        apart = np.abs(days[:, None] - days[None, :])
        alike = np.maximum(0.0, 1.0 - apart / window_days) if window_days else apart == 0.0
        explained = 0.0 if own is None else float(own.mean())
        seen = float((np.log(factors) ** 2).mean()) - explained
        return cls(count, float(np.sqrt(max(seen, 0.0))), count**2 / float((alike**2).sum()))

    def half_width(self, coverage: float) -> float:
        """Return how far the next logarithm may lie from 0, starting from what is usual."""
        freedom = USUAL_FREEDOM + self.freedom
        seen = self.freedom * self.spread**2
        spread = np.sqrt((USUAL_FREEDOM * USUAL_SPREAD**2 + seen) / freedom)
        return float(stdtrit(freedom, (1.0 + coverage) / 2.0) * spread)

    def to_json(self) -> dict[str, Any]:
        """Return what was learned as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> CommonShock:
        """Rebuild it from `to_json`."""
        return cls(**json)


def shared_factors(
    predicted: Array, truth: Array, cutoffs: npt.ArrayLike | pd.Series[Any]
) -> tuple[Array, npt.NDArray[np.datetime64], npt.NDArray[np.int64]]:
    """Return each cutoff's factor and time, and which of them every row belongs to.

    A factor is 1 + the sum of misses over the sum of sizes, between a fifth and five.

    Examples
    --------
    >>> at = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-01", "2021-01-01"]))
    >>> shared_factors(np.array([10.0, 10.0, 5.0]), np.array([0.0, 30.0, 5.0]), at)[0]
    array([1.5, 1. ])
    """
    times, place = np.unique(np.asarray(cutoffs, dtype="datetime64[us]"), return_inverse=True)
    missed = np.bincount(place, truth - predicted, len(times))
    size = np.bincount(place, np.abs(predicted), len(times))
    relative = np.divide(missed, size, out=np.zeros(len(times)), where=size > 0)
    return np.clip(1.0 + relative, _LOWEST, _HIGHEST), times, place
