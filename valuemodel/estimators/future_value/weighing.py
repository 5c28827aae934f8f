"""How much each member of a blend is trusted: by out-of-time loss, shrunk towards trusting all alike.

Evidence is what members that were learned on earlier windows said of later rows, for every horizon that
has both. One set of weights serves all horizons of an estimator: the weights that make the blend's mean
relative loss over all of them smallest. Weights are not negative and sum to 1 (Breiman 1996); their
entropy is rewarded as if ten more accounts spoke for equal weights, so that a small book does not bet
on one member by luck.

The loss is Tweedie deviance: its minimum is the mean, so totals stay honest, and an account ten times
larger does not count a hundred times more. Where losses are more than a crumb of the money, squared
error in units of the money's own variance takes its place, which knows values below 0.

References
----------
Wolpert, Stacked Generalization, Neural Networks 5(2), 1992. Breiman, Stacked Regressions, Machine
Learning 24, 1996. Jorgensen, The Theory of Dispersion Models, 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from valuemodel.estimators.one_thread import one_thread
from valuemodel.estimators.state import Array

_POWER = 1.5
_SMALLEST = 1e-3  # of the mean: a forecast of nothing is no certainty
_PRIOR_ACCOUNTS = 10.0
_CRUMB = 0.01  # losses below this share of all money are passed over
_GENTLEST, _SHARPEST = 0.5, 1.6
_BEND_PRIOR = 1_000.0  # accounts that speak for no bend


@dataclass(frozen=True)
class Evidence:
    """What members said of later rows of one horizon, and what came.

    Parameters
    ----------
    horizon : str
        The label.
    truth : ndarray of shape (n,)
        Money.
    forecasts : ndarray of shape (n, m)
        One column per member; NaN where it says nothing of a row, or does not exist here.
    cutoffs : ndarray of shape (n,)
        The cutoff of each row.
    """

    horizon: str
    truth: Array
    forecasts: Array
    cutoffs: NDArray[np.datetime64]

    @property
    def accounts(self) -> float:
        """How many accounts speak: those of an average cutoff."""
        return len(self.truth) / max(len(np.unique(self.cutoffs)), 1)

    @property
    def sizes(self) -> Array:
        """How large each account is taken to be, whoever forecasts: the members' mean size."""
        speakers = np.maximum((~np.isnan(self.forecasts)).sum(axis=1), 1)
        found: Array = np.nansum(np.abs(self.forecasts), axis=1) / speakers
        return found

    def blended(self, weights: Array) -> Array:
        """Return the weighted mean of the members that speak of each row, shape (n,)."""
        return mean_of_speakers(self.forecasts, weights)


def mean_of_speakers(forecasts: Array, weights: Array) -> Array:
    """Return each row's weighted mean over the members that say something of it (are not NaN).

    Where those that speak have no weight, they count alike.

    Examples
    --------
    >>> said = np.array([[10.0, 20.0], [10.0, np.nan], [np.nan, 30.0]])
    >>> mean_of_speakers(said, np.array([0.5, 0.5])).tolist()
    [15.0, 10.0, 30.0]
    """
    own = shares_of_speakers(forecasts, weights)
    # einsum sums in one order whatever the number of threads or rows; BLAS does not
    found: Array = np.einsum("nm,nm->n", np.where(np.isnan(forecasts), 0.0, forecasts), own)
    return found


def shares_of_speakers(forecasts: Array, weights: Array) -> Array:
    """Return how far each member counts in each row, shape (n, m); rows sum to 1."""
    there = ~np.isnan(forecasts)
    own = there * weights
    own = np.where(own.sum(axis=1, keepdims=True) > 0, own, there)
    found: Array = own / np.maximum(own.sum(axis=1, keepdims=True), 1e-300)
    return found


def loss(truth: Array, forecast: Array, size: Array | None = None) -> float:
    """Return the mean deviance of forecasts, in units that do not depend on money.

    ``size`` is how large each account is taken to be where values may be negative, whoever forecasts.

    Examples
    --------
    >>> truth = np.array([0.0, 10.0, 50.0])
    >>> loss(truth, truth + 1.0) < loss(truth, np.full(3, 20.0))
    True
    """
    money = np.abs(truth).mean()
    if not money > 0:
        return 0.0
    came, said = truth / money, forecast / money
    if -came[came < 0].sum() > _CRUMB * np.abs(came).sum():
        own = np.ones(len(came)) if size is None else np.maximum(size / money, _SMALLEST)
        return float((np.square(came - said) / own**_POWER).mean())
    came, said = np.maximum(came, 0.0), np.maximum(said, _SMALLEST)
    parts = came ** (2 - _POWER) / ((1 - _POWER) * (2 - _POWER))
    parts = parts - came * said ** (1 - _POWER) / (1 - _POWER) + said ** (2 - _POWER) / (2 - _POWER)
    return float(2.0 * parts.mean())


def weigh(evidence: Sequence[Evidence], members: int) -> Array:
    """Return the weights of members, shape (m,); all alike without evidence.

    Examples
    --------
    >>> truth = np.array([5.0, 20.0, 80.0] * 100)
    >>> said = np.column_stack([truth, np.full(300, 35.0)])
    >>> days = np.zeros(300, dtype="datetime64[ns]")
    >>> weigh([Evidence("6m", truth, said, days)], 2).round(1)
    array([1., 0.])
    """
    told = [one for one in evidence if np.abs(one.truth).sum() > 0]
    if not told:
        return np.full(members, 1.0 / members)
    sizes = [one.sizes for one in told]
    naive = [
        loss(one.truth, np.full(len(one.truth), one.truth.mean()), size)
        for one, size in zip(told, sizes, strict=True)
    ]
    prior = _PRIOR_ACCOUNTS / max(one.accounts for one in told)

    def objective(logits: Array) -> float:
        own = _softmax(logits)
        losses = [
            loss(one.truth, one.blended(own), size) / max(scale, 1e-12)
            for one, size, scale in zip(told, sizes, naive, strict=True)
        ]
        entropy = float((own * np.log(np.maximum(own, 1e-12) * members)).sum())
        return float(np.mean(losses)) + prior * entropy

    with one_thread():
        found = minimize(objective, np.zeros(members), method="L-BFGS-B")  # type: ignore[no-untyped-call]
    return _softmax(found.x).round(6)


def bend_of(evidence: Evidence, weights: Array) -> float:
    """Return the power that brings the blend's spread to that of the truths, the level left aside.

    Trees and laws shrink forecasts towards the mean as far as what they learned from asks; later rows
    may ask for less or for more. The power is taken towards 1 as if a thousand accounts spoke for it.
    """
    blended = evidence.blended(weights)
    places = [evidence.cutoffs == at for at in np.unique(evidence.cutoffs)]
    places = [at for at in places if evidence.truth[at].sum() > 0 and (blended[at] > 0).any()]
    if not places:
        return 1.0

    def objective(power: float) -> float:
        total = 0.0
        for at in places:
            bent = np.maximum(blended[at], 0.0) ** power
            total += loss(evidence.truth[at], bent * (evidence.truth[at].sum() / bent.sum()))
        return total

    found = minimize_scalar(objective, bounds=(_GENTLEST, _SHARPEST), method="bounded")  # type: ignore[no-untyped-call]
    share = evidence.accounts / (evidence.accounts + _BEND_PRIOR)
    return round(1.0 + share * (float(found.x) - 1.0), 6)


def _softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max())
    found: Array = raised / raised.sum()
    return found
