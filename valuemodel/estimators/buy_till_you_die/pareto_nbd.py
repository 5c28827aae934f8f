"""Pareto/NBD: purchases as a Poisson process, and a lifetime of its own, both unobserved.

Purchase rates differ between customers by Gamma(r, alpha), rates of leaving by Gamma(s, beta).

Why this way: the likelihood is usually written with the Gauss hypergeometric function, whose terms
overflow for heavy buyers and long lives. What it stands for is the integral over the unseen time of
leaving, ``A = integral from t_x to T of (alpha + u)^-(r + x) (beta + u)^-(s + 1) du``. In the
logarithm of ``min(alpha, beta) + u`` its integrand is log-concave and smooth, so a fixed Gauss-Legendre
rule over the stretch where it matters gives it to rounding, and its derivatives with it.

References
----------
Schmittlein, Morrison and Colombo, Counting Your Customers: Who Are They and What Will They Do Next?,
Management Science 33(1), 1987. Fader and Hardie, A Note on Deriving the Pareto/NBD Model and Related
Expressions, 2005.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, NamedTuple

import numpy as np
from scipy.special import digamma, expit, gammaln

from valuemodel.estimators.buy_till_you_die.covariates import CovariateModel
from valuemodel.estimators.buy_till_you_die.distinct_rows import DistinctRows
from valuemodel.estimators.buy_till_you_die.transaction_model import Parameters
from valuemodel.estimators.state import Array

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_NEGLIGIBLE = 38.0  # of a logarithm: below the rounding of what it is added to
_HALVINGS = 12
_CHUNK = 50_000  # distinct rows at a time, to bound memory


class _Leaving(NamedTuple):
    """The logarithm of the integral A, and its derivatives by r, alpha, s and beta."""

    log: Array
    gradient: Array


class ParetoNBD(CovariateModel):
    """Pareto/NBD, by maximum likelihood.

    Parameters
    ----------
    penalty : float
        What the squared logarithms of the parameters take off the average log-likelihood.
    purchase_covariates, dropout_covariates : tuple of str
        Static covariates, as in `valuemodel.estimators.buy_till_you_die.covariates.CovariateModel`:
        ``alpha_i = alpha exp(-gamma1' z)``, ``beta_i = beta exp(-gamma2' z)``.

    Attributes
    ----------
    r_, alpha_ : float
        Shape and rate of the gamma distribution of purchase rates; ``alpha_`` is a time.
    s_, beta_ : float
        The same of the rates of leaving; ``beta_`` is a time.

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
    >>> model = ParetoNBD(penalty=0.01).fit(X)
    >>> model.probability_alive(X).round(2).tolist()
    [0.49, 0.6, 0.75, 0.38, 0.95, 0.99, 0.56, 0.98, 0.98]
    """

    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    times: ClassVar[frozenset[str]] = frozenset({"alpha", "beta"})
    leaving: ClassVar[Mapping[str, float]] = {"beta": -1.0}

    r_: float
    alpha_: float
    s_: float
    beta_: float

    def _log_likelihood(self, rows: DistinctRows, parameters: Parameters) -> tuple[Array, Array]:
        pieces = [_of_rows(*piece) for piece in _pieces(rows.columns, parameters)]
        values, gradients = zip(*pieces, strict=True)
        return np.concatenate(values), np.concatenate(gradients, axis=1)

    def _probability_alive(self, columns: tuple[Array, ...]) -> Array:
        x, _, age = columns[:3]
        r, alpha, s, beta = own = self._at(columns)
        gone = np.concatenate([_leaving(*piece).log for piece in _pieces(columns, own)])
        odds = np.log(s) + s * np.log(beta + age) + (r + x) * np.log(alpha + age) + gone
        found: Array = expit(-odds)
        return found

    def _expected_purchases(self, columns: tuple[Array, ...], days: Array) -> Array:
        x, _, age = columns[:3]
        r, alpha, s, beta = self._at(columns)
        rate = self._probability_alive(columns) * (r + x) / (alpha + age)
        found: Array = rate * _time_left(s, beta, age, days)
        return found

    def expected_purchases_of_new(self, days: float | Array) -> Array:
        """Return how many repeats a customer makes on average in the days after the first purchase."""
        lengths = np.asarray(days, dtype=np.float64)
        r, alpha, s, beta = self._own
        found: Array = r / alpha * _time_left(s, beta, np.zeros_like(lengths), lengths)
        return found


def _time_left(s: Array | np.float64, beta: Array | np.float64, age: Array, days: Array) -> Array:
    """Return the expected time until leaving or the window's end, of those still there.

    ``(beta + T) (1 - q^(s - 1)) / (s - 1)`` with ``q = (beta + T) / (beta + T + days)``, which
    has a limit where s = 1.
    """
    shrink = np.log(beta + age) - np.log(beta + age + days)
    power = float(s) - 1.0
    periods = -shrink if abs(power) < 1e-12 else -np.expm1(power * shrink) / power
    found: Array = (beta + age) * periods
    return found


def _pieces(
    columns: tuple[Array, ...], parameters: Parameters
) -> Iterator[tuple[tuple[Array, ...], Parameters]]:
    """Cut rows, and the parameters that differ between them, into chunks."""
    for at in range(0, len(columns[0]), _CHUNK):
        rows = slice(at, at + _CHUNK)
        own = [value[rows] if isinstance(value, np.ndarray) else value for value in parameters]
        yield tuple(column[rows] for column in columns[:3]), own


def _of_rows(columns: tuple[Array, ...], parameters: Parameters) -> tuple[Array, Array]:
    """Return log-likelihoods and gradients: still there, or gone since some instant."""
    r, alpha, s, beta = parameters
    x, _, age = columns
    still = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    left = _leaving(columns, parameters)
    gone = np.log(s) + left.log
    values = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    values += np.logaddexp(still, gone)
    share = expit(gone - still)
    of_still = [
        -np.log(alpha + age),
        -(r + x) / (alpha + age),
        -np.log(beta + age),
        -s / (beta + age),
    ]
    own = np.zeros(len(x))
    of_gone = left.gradient + np.array([own, own, own + 1 / s, own])
    first = np.array(
        [
            digamma(r + x) - digamma(r) + np.log(alpha),
            own + r / alpha,
            own + np.log(beta),
            own + s / beta,
        ]
    )
    return values, first + (1 - share) * np.array(of_still) + share * of_gone


def _leaving(columns: tuple[Array, ...], parameters: Parameters) -> _Leaving:
    """Integrate over the unseen time of leaving between the last purchase and now."""
    r, alpha, s, beta = parameters
    x, recency, age = columns
    least = np.minimum(alpha, beta)
    start, power = least + recency, r + x

    def height(w: Array, *, deep: bool) -> tuple[Array, Array, Array]:
        begin, exponent, more, rest = (
            value[:, None] if deep and np.ndim(value) else value
            for value in (start, power, alpha - least, beta - least)
        )
        until = begin * np.exp(w)  # least + u
        first, second = np.log(until + more), np.log(until + rest)
        return -exponent * first - (s + 1) * second + np.log(until), first, second

    widest = np.log(least + age) - np.log(start)
    end = _where_it_matters(lambda w: height(w, deep=False)[0], widest)
    w = end[:, None] * (_POINTS + 1) / 2
    logs, first, second = height(w, deep=True)
    highest = logs.max(axis=1, keepdims=True)
    terms = np.exp(logs - highest) * _WEIGHTS
    total = terms.sum(axis=1)
    with np.errstate(divide="ignore"):
        log = highest[:, 0] + np.log(total) + np.log(end / 2)
    weights = terms / total[:, None]
    gradient = np.array(
        [
            -(weights * first).sum(axis=1),
            -power * (weights * np.exp(-first)).sum(axis=1),
            -(weights * second).sum(axis=1),
            -(s + 1) * (weights * np.exp(-second)).sum(axis=1),
        ]
    )
    return _Leaving(log, gradient)


def _where_it_matters(height: Callable[[Array], Array], widest: Array) -> Array:
    """Return how far the integrand is worth integrating: it is log-concave, so it falls for good."""
    low, high = np.zeros_like(widest), widest.copy()
    floor = height(low) - _NEGLIGIBLE
    inside = height(high) >= floor
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = height(middle) >= floor
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(inside, widest, high)
