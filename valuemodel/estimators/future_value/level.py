"""The level of the whole book: what the season does to the total, read from the law's own misses.

A law of buying knows no season: what it misses in total at one cutoff, it misses again a year later. And
it needs no label, so what it would have said at every past cutoff is known (see
`buy_till_you_die.forecasts`). Its relative misses at past cutoffs, the ones in the same part of the year
first, correct its total for the month ahead; the blend's total is then brought to that of the law, as
far as such cutoffs exist.

Why this way: with a year or two of history the trees' level is the average of the seasons that they saw,
and no hold-out can tell, since what is held out is another season. Horizons of whole years hold every
season once, so there nothing is done; nor is anything where there is no law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from valuemodel.estimators.state import Array
from valuemodel.periods import Horizon

MONTHS = 12
_YEAR = 365.25
_NEAR_DAYS = 30.0  # cutoffs a month apart in the year say much the same of the season
_FAR = 0.05  # what a cutoff in another season counts
_PRIOR = 0.25  # cutoffs that speak for no season
_NO_SEASON = float(np.log(2.0))  # a law that is off by more has failed, whatever the season
_WHOLE = 0.05  # of a year: as good as a whole number of years


class Miss(NamedTuple):
    """What the law missed at a past cutoff: the day of the year, and log(truth / forecast)."""

    day: float
    log_ratio: float


@dataclass(frozen=True)
class Level:
    """A factor for the month in which a forecast begins.

    Parameters
    ----------
    factors : tuple of 12 floats
        January first.
    place : int, optional
        Where the month stands among the columns; without it, ``month`` holds for all rows.
    month : int
        The month of the newest cutoff learned from, 1 to 12.
    """

    factors: tuple[float, ...] = (1.0,) * MONTHS
    place: int | None = None
    month: int = 1

    def of(self, matrix: Array) -> Array:
        """Return each row's factor, shape (n,)."""
        known = np.full(len(matrix), float(self.month))
        if self.place is not None:
            known = np.where(np.isnan(matrix[:, self.place]), known, matrix[:, self.place])
        months = np.clip(known, 1, MONTHS).astype(np.int64)
        found: Array = np.asarray(self.factors)[months - 1]
        return found

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"factors": list(self.factors), "place": self.place, "month": self.month}

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> Level:
        """Rebuild it from `to_json`."""
        return cls(tuple(json["factors"]), json["place"], json["month"])


def season_matters(horizon: str) -> bool:
    """Return whether a window holds some seasons more often than others.

    Examples
    --------
    >>> season_matters("6m"), season_matters("12m"), season_matters("2y")
    (True, False, False)
    """
    years = Horizon.parse(horizon).days / _YEAR
    part = years - np.floor(years)
    return bool(_WHOLE < part < 1.0 - _WHOLE)


def seasonal_factors(misses: Sequence[Miss], against_law: float) -> tuple[float, ...]:
    """Return the factor of each month that brings a blend's total to the corrected law's.

    Parameters
    ----------
    misses : sequence of Miss
        Of past cutoffs with enough history behind them and a complete window ahead.
    against_law : float
        log(total of the law / total of the blend), at the newest cutoff.

    Examples
    --------
    >>> misses = [Miss(166.0, 0.2), Miss(349.0, -0.6)]
    >>> factors = seasonal_factors(misses, 0.0)
    >>> bool(factors[5] > 1.0), bool(factors[11] < 1.0)
    (True, True)
    """
    told = [miss for miss in misses if abs(miss.log_ratio) <= _NO_SEASON]
    if not told:
        return (1.0,) * MONTHS
    days = np.array([miss.day for miss in told])
    ratios = np.array([miss.log_ratio for miss in told])
    usual = float(ratios.mean())
    found = []
    for month in range(MONTHS):
        apart = np.abs(days - (month + 0.5) * _YEAR / MONTHS)
        apart = np.minimum(apart, _YEAR - apart)
        counts = _FAR + (1.0 - _FAR) * np.exp(-0.5 * (apart / _NEAR_DAYS) ** 2)
        weight = float(counts.sum()) + _PRIOR
        season = float((counts * (ratios - usual)).sum()) / weight
        trust = float(counts.sum()) / weight
        found.append(float(np.exp(trust * (usual + season + against_law))))
    return tuple(found)
