"""BG/NBD and its modification: after each purchase an account may leave, unobserved.

Purchases arrive as a Poisson process whose rate differs between customers by Gamma(r, alpha); after each
purchase a customer leaves with a probability that differs by Beta(a, b). In the BG/NBD nobody leaves
before the first repeat, so whoever never came back is certainly still there; the modified model
(MBG/NBD) lets them leave right after the first purchase too.

References
----------
Fader, Hardie and Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model,
Marketing Science 24(2), 2005. Batislam, Denizel and Filiztekin, Empirical Validation and Comparison of
Models for Customer Base Analysis, International Journal of Research in Marketing 24(3), 2007.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1

from valuemodel.estimators.buy_till_you_die.beta_quadrature import beta_nodes
from valuemodel.estimators.buy_till_you_die.covariates import CovariateModel
from valuemodel.estimators.buy_till_you_die.distinct_rows import DistinctRows
from valuemodel.estimators.buy_till_you_die.transaction_model import Parameters, ahead_of
from valuemodel.estimators.state import Array
from valuemodel.exceptions import UsageError

_SINGULAR = 1e-5  # where a is closer to 1 than this, its neighbours on both sides are taken


class BetaGeometric(CovariateModel):
    """What the two models share; they differ in when a customer may first leave."""

    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    times: ClassVar[frozenset[str]] = frozenset({"alpha"})
    leaving: ClassVar[Mapping[str, float]] = {"a": 1.0, "b": 1.0}

    r_: float
    alpha_: float
    a_: float
    b_: float

    #: Chances to leave that a customer without a repeat has survived.
    _first: ClassVar[int]

    def _survived(self, x: Array) -> Array:
        """Return how many chances to leave somebody who is still there has passed by."""
        return x + self._first

    def _may_be_gone(self, x: Array) -> NDArray[np.bool_]:
        """Return whether a customer had any chance to leave."""
        return self._survived(x) > 0

    def _log_likelihood(self, rows: DistinctRows, parameters: Parameters) -> tuple[Array, Array]:
        r, alpha, a, b = parameters
        x, recency, age = rows.columns[:3]
        survived = self._survived(x)
        to_now, to_last = np.log(alpha + age), np.log(alpha + recency)
        grown, growth = (_of_counts(of, x, r) for of in (gammaln, digamma))
        buying = grown - gammaln(r) + r * np.log(alpha) - (r + x) * to_now
        staying = _of_counts(partial(betaln, a), survived, b) - betaln(a, b)
        may, before = self._may_be_gone(x), np.maximum(survived - 1, 0.0)
        odds = np.log(a) - np.log(b + before) + (r + x) * (to_now - to_last)
        values = buying + staying + np.where(may, np.logaddexp(0.0, odds), 0.0)
        gone = np.where(may, expit(odds), 0.0)
        stay_all = digamma(a + b) - _of_counts(digamma, survived, a + b)
        gradient = np.array(
            [
                growth - digamma(r) + np.log(alpha) - to_now + gone * (to_now - to_last),
                r / alpha
                - (r + x) / (alpha + age)
                + gone * (r + x) * (1 / (alpha + age) - 1 / (alpha + recency)),
                stay_all + gone / a,
                stay_all + _of_counts(digamma, survived, b) - digamma(b) - gone / (b + before),
            ]
        )
        return values, gradient

    def _probability_alive(self, columns: tuple[Array, ...]) -> Array:
        x, recency, age = columns[:3]
        r, alpha, a, b = self._at(columns)
        before = np.maximum(self._survived(x) - 1, 0.0)
        odds = np.log(a) - np.log(b + before)
        odds = odds + (r + x) * (np.log(alpha + age) - np.log(alpha + recency))
        found: Array = np.where(self._may_be_gone(x), expit(-odds), 1.0)
        return found

    def probability_silent(self, X: pd.DataFrame, days: float) -> Array:
        """Return the probability that each row buys nothing in the next ``days``, shape (n,).

        Whoever has left buys nothing; of the others, the rate of buying is Gamma(r + x, alpha + T),
        so silence has the probability ``((alpha + T) / (alpha + T + t))^(r + x)``.
        """
        return self._by_row(X, lambda columns: self._silent(columns, ahead_of(days)))

    def _silent(self, columns: tuple[Array, ...], days: Array) -> Array:
        x, _, age = columns[:3]
        r, alpha, _, _ = self._at(columns)
        quiet = np.exp((r + x) * -np.log1p(days / (alpha + age)))
        found: Array = 1.0 - self._probability_alive(columns) * (1.0 - quiet)
        return found

    def _expected_purchases(self, columns: tuple[Array, ...], days: Array) -> Array:
        x, _, age = columns[:3]
        ahead = self._while_alive(x, age, days, self._at(columns))
        return self._probability_alive(columns) * ahead

    def _while_alive(self, x: Array, age: Array, days: Array, parameters: Parameters) -> Array:
        """Average ``(1 - (1 + p t / (alpha + T))^-(r + x)) / p`` over the chance p to leave."""
        r, alpha, a, b = parameters
        ahead = np.broadcast_to(days, x.shape) / (alpha + age)
        survived = self._survived(x)
        if np.ndim(a):
            return _in_closed_form(r + x, np.asarray(a), b + survived, ahead)
        found = np.empty(len(x))
        for frequency in np.unique(x):
            rows = x == frequency
            power, left = float(r + frequency), float(b + self._survived(frequency))
            found[rows] = _by_quadrature(power, float(a), left, ahead[rows])
        return found

    def expected_purchases_of_new(self, days: float | Array) -> Array:
        """Return how many repeats a customer makes on average in the days after the first purchase.

        Parameters
        ----------
        days : float or ndarray
            Lengths of time, in the unit of what was learned from.
        """
        lengths = np.atleast_1d(np.asarray(days, dtype=np.float64))
        nothing = np.zeros(len(lengths))
        still: Array = self._at_start() * self._while_alive(
            nothing, nothing, lengths, list(self._own)
        )
        return still if np.ndim(days) else still[0]

    def _at_start(self) -> float:
        """Return the probability to be there after the first purchase."""
        return float(self.b_ / (self.a_ + self.b_)) if self._first else 1.0


def _of_counts(
    function: Callable[[Array], Array], counts: Array, shift: Array | np.float64
) -> Array:
    """Compute a costly function of ``shift + count``: once for each count, where it can be shared."""
    most = int(counts.max(initial=0.0))
    if np.ndim(shift) or most > len(counts):
        return function(shift + counts)
    found: Array = function(shift + np.arange(most + 1.0))[counts.astype(np.intp)]
    return found


def _by_quadrature(power: float, a: float, b: float, ahead: Array) -> Array:
    """Average ``(1 - (1 + p ahead)^-power) / p`` over Beta(a, b)."""
    points, weights = beta_nodes(a, b)
    points = np.maximum(points, np.finfo(np.float64).tiny)
    grown = np.log1p(points * ahead[:, None])
    # einsum sums each row alike however many there are; BLAS does not
    found: Array = np.einsum("nk,k->n", -np.expm1(-power * grown) / points, weights)
    return found


def _in_closed_form(power: Array, a: Array, b: Array, ahead: Array) -> Array:
    """Return the same where a and b differ from row to row, and nodes would have to.

    ``(a + b - 1) / (a - 1) (1 - (1 - z)^(a - 1) F)`` with ``z = ahead / (1 + ahead)`` and
    ``F = 2F1(a + b - 1 - power, a - 1; a + b - 1; z)``: Euler's transformation of Fader, Hardie and
    Lee 2005, equation 10, whose terms stay small for heavy buyers. Near a = 1 it is the mean of
    both sides.
    """
    near = np.abs(a - 1.0) < _SINGULAR
    sides = [np.where(near, a + step, a) for step in (-2 * _SINGULAR, 2 * _SINGULAR)]
    found = _series(power, sides[0], b, ahead)
    if near.any():
        found = (found + _series(power, sides[1], b, ahead)) / 2.0
    for row in np.flatnonzero(~np.isfinite(found) | (found < 0.0)):
        found[row] = _by_quadrature(power[row], a[row], b[row], ahead[row : row + 1])[0]
    return found


def _series(power: Array, a: Array, b: Array, ahead: Array) -> Array:
    total = a + b - 1.0
    with np.errstate(all="ignore"):
        series = hyp2f1(total - power, a - 1.0, total, ahead / (1.0 + ahead))
        kept = np.exp(-(a - 1.0) * np.log1p(ahead)) * series
        found: Array = total / (a - 1.0) * (1.0 - kept)
    return found


class BetaGeoNBD(BetaGeometric):
    """BG/NBD: nobody leaves before the first repeat purchase.

    Parameters
    ----------
    penalty : float
        What the squared logarithms of the parameters take off the average log-likelihood.
    purchase_covariates, dropout_covariates : tuple of str
        Static covariates, as in `valuemodel.estimators.buy_till_you_die.covariates.CovariateModel`:
        ``alpha_i = alpha exp(-gamma1' z)``, ``a_i = a exp(gamma2' z)``, ``b_i = b exp(gamma3' z)``.

    Attributes
    ----------
    r_, alpha_ : float
        Shape and rate of the gamma distribution of purchase rates; ``alpha_`` is a time.
    a_, b_ : float
        Of the beta distribution of the probability to leave after a purchase.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame(
    ...     {
    ...         "frequency": [0, 0, 0, 1, 1, 2, 3, 5, 9],
    ...         "recency": [0, 0, 0, 12, 150, 170, 80, 160, 190],
    ...         "T": [200, 150, 90, 200, 180, 180, 200, 170, 200],
    ...     }
    ... )
    >>> model = BetaGeoNBD(penalty=0.01).fit(X)
    >>> model.expected_purchases(X, days=90).round(2).tolist()
    [0.33, 0.4, 0.55, 0.24, 0.59, 0.95, 0.73, 2.05, 3.1]
    """

    _first: ClassVar[int] = 0

    def probability_of_purchases(self, count: int, days: float) -> float:
        """Return the probability that a new customer makes so many repeats in the days ahead.

        Source: Fader, Hardie and Lee 2005, equation 8.
        """
        if count < 0 or days <= 0:
            problem = "a count of 0 or more and a time above 0 are needed"
            raise UsageError(problem, received=f"{count} purchases in {days} days")
        r, alpha, a, b = self.r_, self.alpha_, self.a_, self.b_
        steps = np.arange(count + 1)
        nbd = gammaln(r + steps) - gammaln(r) - gammaln(steps + 1) + r * np.log(alpha)
        nbd += steps * np.log(days) - (r + steps) * np.log(alpha + days)
        still = betaln(a, b + count) - betaln(a, b) + nbd[-1]
        if count == 0:
            return float(np.exp(still))
        left = betaln(a + 1, b + count - 1) - betaln(a, b)
        return float(np.exp(still) + np.exp(left) * max(1 - np.exp(nbd[:-1]).sum(), 0.0))


class ModifiedBetaGeoNBD(BetaGeometric):
    """MBG/NBD: a customer may leave right after the first purchase, too.

    Parameters
    ----------
    penalty : float
        What the squared logarithms of the parameters take off the average log-likelihood.
    purchase_covariates, dropout_covariates : tuple of str
        Static covariates, as in `valuemodel.estimators.buy_till_you_die.covariates.CovariateModel`:
        ``alpha_i = alpha exp(-gamma1' z)``, ``a_i = a exp(gamma2' z)``, ``b_i = b exp(gamma3' z)``.

    Attributes
    ----------
    r_, alpha_, a_, b_ : float
        As in `BetaGeoNBD`.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame(
    ...     {
    ...         "frequency": [0, 0, 0, 1, 1, 2, 3, 5, 9],
    ...         "recency": [0, 0, 0, 12, 150, 170, 80, 160, 190],
    ...         "T": [200, 150, 90, 200, 180, 180, 200, 170, 200],
    ...     }
    ... )
    >>> ModifiedBetaGeoNBD(penalty=0.01).fit(X).probability_alive(X).round(2).tolist()
    [0.35, 0.43, 0.56, 0.29, 0.84, 0.9, 0.51, 0.93, 0.95]
    """

    _first: ClassVar[int] = 1
