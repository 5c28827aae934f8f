"""Lapses in discrete time: what may happen between one horizon and the next, given that it has not yet.

Each labelled account becomes one row per interval between consecutive horizons, as long as its contracts
hold, with what the interval means for it: where it begins, how long it is, and whether the next renewal
falls into it. One model of all these rows gives the hazard of every interval, and an account is still
there after a horizon with the product of what the hazards leave.

Why this way: survival can only fall, so a longer horizon never has the lower risk, whatever the
features; the same renewal says the same thing in whichever interval it falls, so that all horizons learn
from one another; and a snapshot whose long window is not over yet still tells of its short ones.

References
----------
Singer and Willett, It's About Time: Using Discrete-Time Survival Analysis to Study Duration and the
Timing of Events, Journal of Educational Statistics 18(2), 1993.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.estimators.lapse.renewal_law import CLOCKS, RenewalLaw
from valuemodel.estimators.state import Array
from valuemodel.periods import Horizon

_LEAST, _MOST = 1e-4, 0.99  # of what the law may say of an interval, before the trees correct it


class Interval(NamedTuple):
    """From the end of one horizon to that of the next, in days from the cutoff."""

    label: str
    start: float
    end: float


class Periods(NamedTuple):
    """Accounts under risk: place of the account's row, place of the interval, 1 if it lapsed in it."""

    rows: NDArray[np.int64]
    intervals: NDArray[np.int64]
    lapsed: Array

    def of(self, mask: NDArray[np.bool_]) -> Periods:
        """Return the periods of some of the accounts' rows."""
        kept = mask[self.rows]
        return Periods(self.rows[kept], self.intervals[kept], self.lapsed[kept])


def intervals_of(labels: Sequence[str]) -> tuple[Interval, ...]:
    """Return the intervals between horizons, given in order; a last day belongs to the next one.

    Examples
    --------
    >>> intervals_of(["3m", "6m"])
    (Interval(label='3m', start=0.0, end=91.0), Interval(label='6m', start=91.0, end=182.0))
    """
    ends = [float(math.floor(Horizon.parse(label).days)) for label in labels]
    return tuple(map(Interval, labels, [0.0, *ends[:-1]], ends))


def under_risk(targets: pd.DataFrame, intervals: Sequence[Interval]) -> Periods:
    """Return one period per account and interval, up to the one in which it lapsed or is not known.

    Parameters
    ----------
    targets : DataFrame
        1 where the account had lapsed by the end of the horizon, 0 where not, NaN where not known.
    intervals : sequence of Interval
        Their ends are columns of ``targets``.

    Examples
    --------
    >>> targets = pd.DataFrame({"3m": [0.0, 1.0, 0.0], "6m": [1.0, 1.0, float("nan")]})
    >>> periods = under_risk(targets, intervals_of(["3m", "6m"]))
    >>> periods.rows.tolist(), periods.intervals.tolist(), periods.lapsed.tolist()
    ([0, 1, 2, 0], [0, 0, 0, 1], [0.0, 1.0, 0.0, 1.0])
    """
    there = np.ones(len(targets), dtype=np.bool_)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], Array]] = []
    for place, interval in enumerate(intervals):
        lapsed = targets[interval.label].to_numpy(dtype=np.float64)
        rows = np.flatnonzero(there & ~np.isnan(lapsed))
        found.append((rows, np.full(len(rows), place), (lapsed[rows] > 0.5).astype(np.float64)))
        there &= lapsed < 0.5
    return Periods(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


@dataclass(frozen=True)
class PeriodColumns:
    """The columns of periods: the features, what the interval means, and what the law says of it.

    Parameters
    ----------
    intervals : tuple of Interval
        In order.
    clock : int
        The feature with the days until the renewal; -1 if there is none.
    law : RenewalLaw or None
        Where the trees start.

    Examples
    --------
    >>> columns = PeriodColumns(intervals_of(["3m", "6m"]), clock=0, law=None)
    >>> columns.of(np.array([[100.0], [np.nan]]), 1)
    array([[100.,  91.,  91.,   9.,   1.],
           [ nan,  91.,  91.,  nan,  nan]])
    """

    intervals: tuple[Interval, ...]
    clock: int
    law: RenewalLaw | None

    #: What stands beside the features: where and how long the interval is, and the renewal's place.
    added = 4

    @classmethod
    def reading(
        cls, names: Sequence[str], intervals: tuple[Interval, ...], law: RenewalLaw | None
    ) -> PeriodColumns:
        """Find the clock among the names of the features."""
        clock = next((list(names).index(name) for name in CLOCKS if name in names), -1)
        return cls(intervals, clock, law)

    def of(self, matrix: Array, place: int) -> Array:
        """Return the columns of one interval for all rows, shape (n, p + 4)."""
        _, start, end = self.intervals[place]
        due = matrix[:, self.clock] if self.clock >= 0 else np.full(len(matrix), np.nan)
        inside = np.where(np.isnan(due), np.nan, ((due >= start) & (due < end)).astype(np.float64))
        where = np.broadcast_to([start, end - start], (len(matrix), 2))
        return np.column_stack([matrix, where, due - start, inside])

    def start(self, matrix: Array, place: int) -> Array:
        """Return the law's log-odds of a lapse in one interval, shape (n,); 0 without a law."""
        if self.law is None:
            return np.zeros(len(matrix))
        label = self.intervals[place].label
        late = self.law.risk(matrix, label)
        early = self.law.risk(matrix, self.intervals[place - 1].label) if place else 0.0 * late
        hazard = np.clip((late - early) / np.maximum(1.0 - early, 1e-9), _LEAST, _MOST)
        found: Array = np.log(hazard) - np.log1p(-hazard)
        return found

    def of_periods(self, matrix: Array, periods: Periods) -> tuple[Array, Array]:
        """Return the columns and the starts of periods, shapes (m, p + 4) and (m,)."""
        wide = np.empty((len(periods.rows), matrix.shape[1] + self.added))
        start = np.empty(len(periods.rows))
        for place, here in self._each(periods):
            wide[here] = self.of(matrix[periods.rows[here]], place)
            start[here] = self.start(matrix[periods.rows[here]], place)
        return wide, start

    def _each(self, periods: Periods) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        for place in range(len(self.intervals)):
            yield place, periods.intervals == place


def lapse_by_end(odds: Sequence[Array]) -> Array:
    """Return the probability to have lapsed after intervals with these log-odds of a lapse.

    Examples
    --------
    >>> lapse_by_end([np.zeros(1), np.zeros(1)])
    array([0.75])
    """
    left = np.zeros_like(odds[0])
    for each in odds:
        left = left - np.logaddexp(0.0, each)
    found: Array = -np.expm1(left)
    return found
