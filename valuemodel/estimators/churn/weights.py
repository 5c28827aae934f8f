"""How much each member counts, and how far its level is to be believed: from later cutoffs.

Why this way: members are weighed by their log loss on rows of later cutoffs than they were learned
from, in one mean of log-odds. What moves all accounts of one later cutoff alike, a season above all, is
taken out with a level for each cutoff: it says which months were looked at, not who is good. The
weights lean towards equal ones, which are hard to beat where evidence is small.

A line through the log-odds corrects the spread of their mean, half way: a mean of members that each know
something of their own is too mild. It corrects the level only as far as windows that do not overlap
agree on it. A shift seen in overlapping windows was seen once, and once may be the season: on a giftware
shop the shift that all winter cutoffs agreed on had gone by June.

References
----------
Platt, Probabilistic Outputs for Support Vector Machines, 1999 (calibration by a line in log-odds).
Ranjan and Gneiting, Combining Probability Forecasts, Journal of the Royal Statistical Society B 72, 2010
(means of forecasts are too mild).
Timmermann, Forecast Combinations, Handbook of Economic Forecasting 1, 2006 (shrinking to equal weights).
James and Stein, Estimation with Quadratic Loss, 1961.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from valuemodel.estimators.link import sigmoid
from valuemodel.estimators.one_thread import one_thread
from valuemodel.estimators.state import Array
from valuemodel.periods import Cutoff, Horizon

#: What a squared distance of 1 from equal weights must earn: log loss in all, and for each row. The first
#: keeps small books from betting on luck; the second is there because rows of few cutoffs are no witnesses
#: of times to come, however many they are.
_EARNED, _EARNED_PER_ROW = 30.0, 0.003
_SLOPE_COST = 0.001  # for each row; keeps the slope finite
_SLOPE_SHARE = 0.5  # how far from 1 towards the slope of the later cutoffs, in logarithms
_RIDGE = 1.0
_STEPS = 30


@dataclass(frozen=True)
class Line:
    """``center + shift + slope x (log-odds - center)``.

    Examples
    --------
    >>> Line(center=1.0, shift=0.5, slope=2.0).of(np.array([1.0, 2.0]))
    array([1.5, 3.5])
    """

    center: float = 0.0
    shift: float = 0.0
    slope: float = 1.0

    def of(self, scores: Array) -> Array:
        """Return corrected log-odds."""
        return self.center + self.shift + self.slope * (scores - self.center)

    @classmethod
    def agreed(
        cls, scores: Array, silent: Array, cutoffs: pd.Series[Any] | None, horizon: Horizon
    ) -> Line:
        """Return the line that later cutoffs speak for: its slope half way, its shift if confirmed.

        Parameters
        ----------
        scores, silent : ndarray of shape (n,)
            Log-odds, and what came.
        cutoffs : Series of datetime64, shape (n,), or None
            The cutoff of each row; without it nothing is known of agreement.
        horizon : Horizon
            The length of the windows.
        """
        if cutoffs is None:
            return cls()
        times = pd.Series(cutoffs).reset_index(drop=True)
        known, center = sorted(times.unique()), doubtful_center(scores)
        lines = {at: fit_line(scores[times == at], silent[times == at], center) for at in known}
        slope = float(np.mean([np.log(lines[at][1]) for at in known]))
        shift = _as_far_as_agreed([lines[at][0] for at in _apart(known, horizon)])
        return cls(center, shift, float(np.exp(_SLOPE_SHARE * slope)))

    def about(self, center: float) -> Line:
        """Return the line with the same shift and slope about another center."""
        return Line(center, self.shift, self.slope)


NO_LINE = Line()


def member_weights(scores: Array, silent: Array, cutoffs: pd.Series[Any] | None) -> Array:
    """Return the weight of each member: not below 0, 1 in sum.

    Parameters
    ----------
    scores : ndarray of shape (m, n)
        Each member's log-odds of rows later than those it was learned from.
    silent : ndarray of shape (n,)
        What came.
    cutoffs : Series of datetime64, shape (n,), or None
        The cutoff of each row; without it all are of one.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(0.0, 2.0, 4_000)
    >>> silent = (rng.random(4_000) < sigmoid(truth)).astype(float)
    >>> both = np.stack([truth, rng.normal(0.0, 2.0, 4_000)])
    >>> at = pd.Series(pd.Timestamp("2020-01-01"), index=range(4_000))
    >>> member_weights(both, silent, at).round(1).tolist()
    [1.0, 0.0]
    """
    members = len(scores)
    if members == 1:
        return np.ones(1)
    place = np.zeros(len(silent), dtype=np.int64)
    if cutoffs is not None:
        place = pd.factorize(pd.Series(cutoffs), sort=True)[0]
    groups, equal = int(place.max()) + 1, 1.0 / members
    strength = _EARNED_PER_ROW + _EARNED / len(silent)

    def loss(free: Array) -> tuple[float, Array]:
        weights, slope = _softmax(free[:members]), np.exp(free[members])
        mean = np.einsum("m,mn->n", weights, scores)
        odds = free[members + 1 :][place] + slope * mean
        error = (sigmoid(odds) - silent) / len(silent)
        value = float((np.logaddexp(0.0, odds) - silent * odds).mean())
        value += strength * float(((weights - equal) ** 2).sum()) + _SLOPE_COST * free[members] ** 2
        by_weight = slope * np.einsum("mn,n->m", scores, error)
        by_weight += 2.0 * strength * (weights - equal)
        by_free = weights * (by_weight - float(weights @ by_weight))
        by_slope = (
            slope * float(np.einsum("n,n->", mean, error)) + 2.0 * _SLOPE_COST * free[members]
        )
        by_level = np.bincount(place, weights=error, minlength=groups)
        return value, np.concatenate([by_free, [by_slope], by_level])

    start = np.zeros(members + 1 + groups)
    with one_thread():
        found = minimize(  # type: ignore[no-untyped-call]
            loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}
        )
    return _softmax(found.x[:members])


def recency_weights(cutoffs: pd.Series[Any] | None, rows: int, half_life: float) -> Array:
    """Return how much each row counts: half as much for every ``half_life`` days before the newest."""
    if cutoffs is None or not rows:
        return np.ones(rows)
    times = pd.Series(cutoffs)
    days = (times.max() - times).dt.total_seconds().to_numpy() / 86_400.0
    found: Array = 0.5 ** (days / half_life)
    return found


def doubtful_center(scores: Array) -> float:
    """Return the mean log-odds, each counting by how open the question is, ``p (1 - p)``.

    About it, a line's slope says nothing of its level: accounts that are as good as certain do not pull.

    Examples
    --------
    >>> round(doubtful_center(np.array([-1.0, 1.0, 20.0])), 3)
    0.0
    """
    chance = sigmoid(scores)
    weight = np.maximum(chance * (1.0 - chance), 1e-12)
    return float((weight * scores).sum() / weight.sum())


def fit_line(scores: Array, silent: Array, center: float = 0.0) -> tuple[float, float]:
    """Fit shift and slope of log-odds about a center by Newton's method; a ridge keeps them finite."""
    design = np.column_stack([np.ones(len(scores)), scores - center])
    usual = np.array([center, 1.0])
    beta, ridge = usual, np.diag([_RIDGE, _RIDGE])
    for _ in range(_STEPS):
        chance = sigmoid(np.einsum("nk,k->n", design, beta))
        slope = np.einsum("nk,n->k", design, chance - silent) + ridge @ (beta - usual)
        weight = chance * (1.0 - chance)
        curve = np.einsum("nk,nj->kj", design * weight[:, None], design) + ridge
        step = np.linalg.solve(curve, slope)
        beta = beta - np.clip(step, -1.0, 1.0)
        if float(np.abs(step).max()) < 1e-10:
            break
    return float(beta[0]) - center, max(float(beta[1]), 0.1)


def _apart(times: Sequence[Any], horizon: Horizon) -> list[Any]:
    """Return the newest cutoff, and before it those whose windows do not overlap the next one's."""
    found: list[Any] = []
    for at in reversed(times):
        end = horizon.after(Cutoff(pd.Timestamp(at).to_pydatetime())).at
        if not found or pd.Timestamp(end) <= pd.Timestamp(found[-1]):
            found.append(at)
    return found


def _as_far_as_agreed(seen: Sequence[float]) -> float:
    """Shrink a mean by how little those that it is the mean of agree; one alone agrees with nothing."""
    mean = float(np.mean(seen))
    if len(seen) < 2 or not mean:
        return 0.0
    noise = float(np.var(seen, ddof=1)) * (1.0 + 1.0 / len(seen))
    return mean * mean**2 / (mean**2 + noise)


def _softmax(free: Array) -> Array:
    found = np.exp(free - free.max())
    return np.asarray(found / found.sum())
