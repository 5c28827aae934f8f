"""Gamma-Gamma: what a purchase is worth, given what earlier ones were worth on average.

The mean spend of a customer is shrunk towards that of all, the more so the fewer purchases there were.

References
----------
Fader, Hardie and Lee, RFM and CLV: Using Iso-Value Curves for Customer Base Analysis, Journal of
Marketing Research 42(4), 2005. Fader and Hardie, The Gamma-Gamma Model of Monetary Value, 2013.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln

from valuemodel.estimators.buy_till_you_die.distinct_rows import distinct_rows
from valuemodel.estimators.maximum_likelihood import (
    LikelihoodModel,
    checked_weights,
    refuse_without_names,
    weighed_sum,
)
from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused, UsageError

COLUMNS = ("frequency", "monetary_value")


class GammaGamma(LikelihoodModel):
    """Gamma-Gamma, by maximum likelihood.

    Parameters
    ----------
    penalty : float
        What the squared logarithms of the parameters take off the average log-likelihood.

    Attributes
    ----------
    p_, q_, v_ : float
        Shape of single purchases; shape and rate of what differs between customers.
    log_likelihood_ : float
    standard_errors_ : dict of str to float

    Examples
    --------
    >>> X = pd.DataFrame({"frequency": [1, 4, 2, 6], "monetary_value": [20.0, 35.0, 8.0, 30.0]})
    >>> GammaGamma(penalty=0.01).fit(X).predict(X).round(1).tolist()
    [25.5, 31.1, 20.5, 28.8]
    """

    names: ClassVar[tuple[str, ...]] = ("p", "q", "v")

    p_: float
    q_: float
    v_: float

    def fit(self, X: pd.DataFrame, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn the parameters from customers with a repeat purchase and a positive mean spend.

        Parameters
        ----------
        X : DataFrame of shape (n, 2 or more)
            ``frequency`` (repeat purchases) and ``monetary_value`` (their mean amount). Rows without
            a repeat, or whose mean is not positive, say nothing and are left out.
        y : ignored
        sample_weight : array of shape (n,), optional
            How often each row counts.

        Raises
        ------
        DataRefused
            If fewer than two rows are left.
        """
        del y
        x, mean = self._columns(X)
        used = (x > 0) & (mean > 0)
        if used.sum() < 2:
            problem = "too few customers with a repeat purchase and a positive mean spend"
            raise DataRefused(problem, received=f"{int(used.sum())} of {len(X)} rows")
        given = checked_weights(sample_weight, len(X))
        rows = distinct_rows((x[used], mean[used]), None if given is None else given[used])
        unit = float(np.average(rows.columns[1], weights=rows.weights))
        columns = (rows.columns[0], rows.columns[1] / unit)

        def log_likelihood(parameters: Array) -> tuple[float, Array]:
            values, gradients = _log_likelihood(columns, parameters)
            return weighed_sum(values, gradients, rows.weights)

        total = float(rows.weights.sum())
        start, units = np.array([3.0, 3.0, 1.0]), np.array([1.0, 1.0, unit])
        self._learn(log_likelihood, start, total, units)
        values, _ = _log_likelihood(rows.columns, self._own)
        self.log_likelihood_ = float(np.einsum("n,n->", values, rows.weights))
        self.n_features_in_ = len(COLUMNS)
        self.feature_names_in_ = np.array(COLUMNS, dtype=object)
        return self

    @property
    def mean_spend_(self) -> float:
        """The mean spend of all customers per purchase; infinite where q is not above 1."""
        return self.p_ * self.v_ / (self.q_ - 1) if self.q_ > 1 else np.inf

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the expected spend per purchase of each row, shape (n,).

        A customer without a repeat, or without a positive mean, gets the mean of all.

        Raises
        ------
        UsageError
            If the model is not fitted, or somebody needs the mean of all and it is infinite.
        """
        self._check_fitted()
        x, mean = self._columns(X)
        x = np.where(mean > 0, x, 0.0)
        below = self.p_ * x + self.q_ - 1
        if (below <= 0).any():
            problem = "the mean spend of all customers is infinite: q is not above 1"
            hint = "fit with a small penalty, or leave out who has no repeat purchase"
            raise UsageError(problem, received=f"q = {self.q_:.4g}", hint=hint)
        found: Array = self.p_ * (self.v_ + x * np.where(x > 0, mean, 0.0)) / below
        return found

    def _columns(self, X: pd.DataFrame) -> tuple[Array, Array]:
        refuse_without_names(X)
        absent = [name for name in COLUMNS if name not in X]
        if absent:
            problem = f"X lacks {', '.join(absent)}"
            raise UsageError(problem, received=", ".join(map(str, X.columns)))
        x, mean = (X[name].to_numpy(dtype=np.float64) for name in COLUMNS)
        wrong = ~np.isfinite(x) | (x < 0) | ((x > 0) & ~np.isfinite(mean))
        if wrong.any():
            first = int(wrong.argmax())
            problem = f"{int(wrong.sum())} rows are impossible"
            received = f"row {first}: frequency {x[first]:g}, monetary_value {mean[first]:g}"
            raise DataRefused(problem, received=received, hint="both must be finite numbers")
        return x, mean


def _log_likelihood(columns: tuple[Array, ...], parameters: Array) -> tuple[Array, Array]:
    """Return each row's log-likelihood (m,) and its gradient (3, m)."""
    p, q, v = parameters
    x, mean = columns
    spent = np.log(v + mean * x)
    values = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
    values += (p * x - 1) * np.log(mean) + p * x * np.log(x) - (p * x + q) * spent
    both = digamma(p * x + q)
    gradient = np.array(
        [
            x * (both - digamma(p * x) + np.log(mean) + np.log(x) - spent),
            both - digamma(q) + np.log(v) - spent,
            q / v - (p * x + q) / (v + mean * x),
        ]
    )
    return values, gradient
