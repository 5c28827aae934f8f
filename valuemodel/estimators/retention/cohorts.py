"""What is known of who renewed: whole cohorts from their start, or windows from wherever one stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused


@dataclass(frozen=True)
class Cohorts:
    """What a likelihood needs of cohorts: who left at which renewal, and who has not left yet.

    Parameters
    ----------
    left : ndarray of shape (k,)
        How many left at the first, second, ... renewal.
    staying : ndarray of shape (k + 1,)
        How many were last seen after 0, 1, 2, ... renewals, still there: they are censored.
    """

    left: Array
    staying: Array

    @property
    def customers(self) -> float:
        """How many there are in all."""
        return float(self.left.sum() + self.staying.sum())


@dataclass(frozen=True)
class Windows:
    """Customers that were watched over some renewals, grouped by where they stood.

    Parameters
    ----------
    behind : array of shape (n,)
        Renewals that a group had behind it; whole, not below 0.
    ahead : array of shape (n,)
        Renewals that fell inside its window; whole, at least 1.
    left, stayed : array of shape (n,)
        How many of the group were gone at the end of the window, and how many were not.

    Raises
    ------
    DataRefused
        If the groups do not correspond, cannot be, or hold nobody.

    Examples
    --------
    >>> Windows([0, 3], [1, 1], left=[10, 2], stayed=[40, 20]).customers
    72.0
    """

    behind: Array
    ahead: Array
    left: Array
    stayed: Array

    def __post_init__(self) -> None:
        for name in ("behind", "ahead", "left", "stayed"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        shapes = {self.behind.shape, self.ahead.shape, self.left.shape, self.stayed.shape}
        if len(shapes) > 1 or self.behind.ndim != 1:
            problem = "windows need one number of each kind per group"
            raise DataRefused(problem, received=" and ".join(map(str, sorted(shapes))))
        counts = np.concatenate([self.behind, self.ahead - 1])
        whole = bool((counts == np.floor(counts)).all())
        least = min(values.min(initial=0.0) for values in (counts, self.left, self.stayed))
        if not whole or least < 0 or not self.customers > 0:
            problem = "these are no windows over renewals"
            hint = "give whole renewals behind (from 0) and ahead (from 1), and who left or stayed"
            raise DataRefused(problem, received=f"{len(self.behind)} groups", hint=hint)

    @property
    def customers(self) -> float:
        """How many there are in all."""
        return float(self.left.sum() + self.stayed.sum())


def read_cohorts(survival: Any) -> Cohorts:
    """Read survival tables.

    Parameters
    ----------
    survival : array of shape (k + 1,) or (cohorts, k + 1), DataFrame or list of unequal lists
        Who is there at the start and after each renewal: counts, or shares that begin with 1. A
        cohort that has not been followed to the end has NaN from there on, or a shorter list.

    Raises
    ------
    DataRefused
        If a cohort grows, is negative, begins with nobody, or nobody was followed over a renewal.

    Examples
    --------
    >>> read_cohorts([[100, 80, 70], [50, 45]])
    Cohorts(left=array([25., 10.]), staying=array([ 0., 45., 70.]))
    """
    tables = _rows(survival)
    length = max((len(table) for table in tables), default=0)
    if length < 2:
        problem = "a survival table needs the start and one renewal at the least"
        raise DataRefused(problem, received=f"{len(tables)} cohorts of at most {length} values")
    left, staying = np.zeros(length - 1), np.zeros(length)
    for number, table in enumerate(tables):
        _check(table, number)
        left[: len(table) - 1] += table[:-1] - table[1:]
        staying[len(table) - 1] += table[-1]
    if not left.sum() and not staying[1:].sum():
        problem = "nobody was followed over a renewal"
        raise DataRefused(problem, received=f"{len(tables)} cohorts")
    return Cohorts(left, staying)


def _rows(survival: Any) -> list[Array]:
    """Return one array per cohort, cut where it ends."""
    values = survival if isinstance(survival, list | tuple) else np.asarray(survival)
    nested = len(values) > 0 and np.ndim(values[0]) > 0
    rows = [np.asarray(row, dtype=np.float64) for row in (values if nested else [values])]
    return [_seen(row) for row in rows]


def _seen(row: Array) -> Array:
    """Cut the unknown end off; what is unknown in between stays, and is refused."""
    known = np.flatnonzero(~np.isnan(row))
    return row[: known[-1] + 1] if len(known) else row[:0]


def _check(table: Array, number: int) -> None:
    good = len(table) > 0 and bool(np.isfinite(table).all()) and table[0] > 0 and table[-1] >= 0
    if not good or (np.diff(table) > 0).any():
        problem = f"cohort {number} is no survival table"
        hint = "give who is there at the start and after each renewal, never more than before"
        raise DataRefused(problem, received=np.array2string(table, threshold=8), hint=hint)
