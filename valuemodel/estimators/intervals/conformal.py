"""Intervals and quantiles of values, from what predictions missed out of time.

For rows that were predicted without having been learned from, each truth is divided by its
prediction's scale, |prediction| + a floor. Within a bin of the prediction these ratios are taken to
be exchangeable, so the k-th smallest of n bounds the next one with probability k / (n + 1), whatever
their law: split conformal prediction, Mondrian by the size of the prediction. Lower and upper bounds
are taken apart, since values have a heavy tail on one side.

Rows of one cutoff also share a factor (see `shock`): last winter's is not next summer's. Where the
cutoffs are given, each one's factor is divided out of its truths, and the ratios are spread by what
such factors are like, so that an interval is centred on its prediction and holds for a cutoff to come.

A sum of accounts errs by what each account misses on its own, which mostly cancels, and by the shared
factor, which does not. The first part gets the variance and skewness of its accounts, the second
Student's law over cutoffs; their half-widths are joined as those of independent parts.

Why this way: many accounts bring exactly nothing, which no law with a density can say; as a ratio
nothing stays nothing, a measure that cannot be negative gets no negative bound, and an account larger
than any seen gets an interval in proportion (and is said to lie outside what was learned). The
method is a sort and two divisions, so it stands here rather than in a dependency. What it promises
holds for accounts like those judged; a season that no cutoff has seen is not among them.

References
----------
Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005 (Mondrian predictors, 4.5).
Romano, Patterson and Candes, Conformalized Quantile Regression, NeurIPS 2019 (each side apart).
Bostrom, crepes: a Python Package for Conformal Regressors and Predictive Systems, COPA 2022.
Zou and Donner, Construction of Confidence Limits about Effect Measures, Statistics in Medicine 2008.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaincinv, ndtri

from valuemodel.estimators.intervals.residual_bins import Bin, bin_of, edges_of
from valuemodel.estimators.intervals.shock import CommonShock, shared_factors
from valuemodel.estimators.state import Array
from valuemodel.metrics.arrays import IntArray, paired

#: The fewest residuals whose smallest and largest still bound 95 %.
FEWEST_RESIDUALS = 39
_TINY = 1e-9
_NORMAL_BELOW = 1e-3


@dataclass(frozen=True)
class ConformalIntervals:
    """Intervals of one horizon's predictions, learned from out-of-time residuals.

    Parameters
    ----------
    edges : tuple of float
        The highest prediction of each bin but the last, in money.
    bins : tuple of Bin
        From the smallest predictions to the largest.
    floor : float
        What is added to a prediction's size to give its scale, in money.
    lowest, highest : float
        The range of predictions that was learned from, in money.
    shock : CommonShock
        What all accounts of a cutoff miss together.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> predicted = rng.lognormal(4, 1, 2_000)
    >>> truth = predicted * rng.lognormal(0, 0.5, 2_000) * (rng.random(2_000) < 0.95)
    >>> known = ConformalIntervals.learn(predicted, truth)
    >>> low, high = known.interval(np.array([100.0]), 0.80)
    >>> bool(30 < low[0] < 60), bool(150 < high[0] < 230)
    (True, True)
    >>> known.outside(np.array([100.0, 1e6])).tolist()
    [False, True]
    """

    edges: tuple[float, ...]
    bins: tuple[Bin, ...]
    floor: float
    lowest: float
    highest: float
    shock: CommonShock

    @classmethod
    def learn(
        cls,
        predicted: npt.ArrayLike,
        truth: npt.ArrayLike,
        cutoffs: npt.ArrayLike | pd.Series[Any] | None = None,
        window_days: float | None = None,
    ) -> ConformalIntervals | None:
        """Learn from out-of-time predictions and what came; None where they are too few.

        Parameters
        ----------
        predicted, truth : array of shape (n,)
            Money, of the same horizon; rows that the predicting model had not learned from.
        cutoffs : array of datetime64 of shape (n,), optional
            The cutoff of each row. Without them rows are taken to be exchangeable, which is exact for
            accounts of the same season and says nothing of the next one.
        window_days : float, optional
            The horizon's length, so that overlapping windows are not taken for independent ones.

        Raises
        ------
        UsageError
            If the arrays differ in length or hold a missing or infinite number.
        """
        if np.size(predicted) < FEWEST_RESIDUALS:
            return None
        came, said = paired(truth, predicted)
        floor = _floor(said, came)
        edges = edges_of(said)
        place, scale = bin_of(edges, said), np.abs(said) + floor
        shared, shock = np.ones(len(said)), CommonShock()
        if cutoffs is not None:
            factors, times, at = shared_factors(said, came, cutoffs)
            shared = factors[at]
            own = _own_variance(came / shared - said, said, scale, place, at)
            shock = CommonShock.learn(factors, times, window_days, own)
        own_ratios, errors = came / shared / scale, (came / shared - said) / scale
        bins = tuple(
            Bin.learn(own_ratios[rows], errors[rows], shock.spread)
            for rows in (place == number for number in range(len(edges) + 1))
        )
        return cls(edges, bins, floor, float(said.min()), float(said.max()), shock)

    def quantiles(self, predicted: npt.ArrayLike, levels: Sequence[float]) -> Array:
        """Return quantiles of what will come, shape (len(levels), n), never falling in the level.

        A level below one half is a lower bound that is missed at the most so often, one above it an
        upper bound (the rule of n + 1). A level beyond the outermost residual gets that residual.

        Parameters
        ----------
        predicted : array of shape (n,)
            Money.
        levels : sequence of float
            Between 0 and 1, both excluded.

        Raises
        ------
        UsageError
            If a level is not between 0 and 1.
        """
        said = np.asarray(predicted, dtype=np.float64)
        ratios = np.array([[each.at(level) for each in self.bins] for level in levels])
        if not len(levels):
            return np.empty((0, len(said)))
        found: Array = ratios[:, bin_of(self.edges, said)] * self._scale(said)
        return found

    def interval(self, predicted: npt.ArrayLike, coverage: float) -> tuple[Array, Array]:
        """Return low and high, in money; a prediction is never outside its own interval.

        As many are let to miss below as above. Where no one can be below, since a lump of accounts
        brings the same (mostly nothing), the upper bound takes all misses.

        Parameters
        ----------
        predicted : array of shape (n,)
            Money.
        coverage : float
            Which share of accounts shall lie inside, such as 0.80.
        """
        said = np.asarray(predicted, dtype=np.float64)
        ratios = np.array([each.bounds(1.0 - coverage) for each in self.bins])
        low, high = ratios[bin_of(self.edges, said)].T * self._scale(said)
        return np.minimum(low, said), np.maximum(high, said)

    def total(self, predicted: npt.ArrayLike, coverage: float) -> tuple[float, float]:
        """Return low and high of the sum of a set of accounts, in money.

        With one cutoff, or none, the shared factor is bounded by what is usual; see `shock`.

        Parameters
        ----------
        predicted : array of shape (n,)
            The predictions of the accounts of the set, at one cutoff.
        coverage : float
            Which share of sums shall lie inside.
        """
        said = np.asarray(predicted, dtype=np.float64)
        sums = float(said.sum())
        if not len(said):
            return 0.0, 0.0
        below, above = self._own_widths(said, coverage)
        shared, size = self.shock.half_width(coverage), float(np.abs(said).sum())
        lowest = sums - float(np.hypot(below, -np.expm1(-shared) * size))
        highest = sums + float(np.hypot(above, np.expm1(shared) * size))
        return lowest if self._may_be_negative else max(lowest, min(sums, 0.0)), highest

    def _own_widths(self, said: Array, coverage: float) -> tuple[float, float]:
        """Return how far a sum may lie below and above its mean by what accounts miss alone."""
        place, scale = bin_of(self.edges, said), self._scale(said)
        variance = np.array([each.variance for each in self.bins])[place]
        third = np.array([each.third for each in self.bins])[place]
        spread = float(np.sqrt((scale**2 * variance).sum()))
        if not spread > 0:
            return 0.0, 0.0
        skewness = float((scale**3 * third).sum()) / spread**3
        tail = (1.0 - coverage) / 2.0
        low, high = _skewed(tail, skewness), _skewed(1.0 - tail, skewness)
        return max(0.0, -low) * spread, max(0.0, high) * spread

    def outside(self, predicted: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return which predictions lie outside the range that was learned from."""
        said = np.asarray(predicted, dtype=np.float64)
        found: npt.NDArray[np.bool_] = (said < self.lowest) | (said > self.highest)
        return found

    @property
    def _may_be_negative(self) -> bool:
        return any(each.ratios[0] < 0 for each in self.bins)

    def _scale(self, said: Array) -> Array:
        return np.abs(said) + self.floor

    def to_json(self) -> dict[str, Any]:
        """Return what was learned as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> ConformalIntervals:
        """Rebuild it from `to_json`."""
        return cls(
            edges=tuple(json["edges"]),
            bins=tuple(Bin.from_json(each) for each in json["bins"]),
            floor=json["floor"],
            lowest=json["lowest"],
            highest=json["highest"],
            shock=CommonShock.from_json(json["shock"]),
        )


def _floor(said: Array, came: Array) -> float:
    """Return the size below which predictions do not differ in scale: the median one, if any."""
    for sizes in (np.abs(said), np.abs(came)):
        if (sizes > 0).any():
            return float(np.median(sizes[sizes > 0]))
    return 1.0


def _own_variance(missed: Array, said: Array, scale: Array, place: IntArray, at: IntArray) -> Array:
    """Return the variance of each cutoff's factor that its accounts explain on their own."""
    relative = missed / scale
    count = np.maximum(np.bincount(place), 1)
    mean = np.bincount(place, relative) / count
    variance = np.bincount(place, (relative - mean[place]) ** 2) / count
    size = np.maximum(np.bincount(at, np.abs(said)), _TINY)
    found: Array = np.bincount(at, scale**2 * variance[place]) / size**2
    return found


def _skewed(level: float, skewness: float) -> float:
    """Return a quantile of the shifted gamma law with mean 0, variance 1 and a skewness."""
    if abs(skewness) < _NORMAL_BELOW:
        return float(ndtri(level))
    shape = 4.0 / skewness**2
    chance = level if skewness > 0 else 1.0 - level
    return float((gammaincinv(shape, chance) - shape) / np.sqrt(shape) * np.sign(skewness))
