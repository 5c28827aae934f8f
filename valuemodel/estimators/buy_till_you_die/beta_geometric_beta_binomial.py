"""BG/BB: in each period an account buys or not, and before each it may have left.

For business that has an occasion per period (a yearly budget, a monthly order), where the number of
occasions is known and a Poisson process has no meaning. The chance to buy differs between customers by
Beta(alpha, beta), the chance to leave before a period by Beta(gamma, delta).

References
----------
Fader, Hardie and Shang, Customer-Base Analysis in a Discrete-Time Noncontractual Setting, Marketing
Science 29(6), 2010.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma, logsumexp

from valuemodel.estimators.buy_till_you_die.distinct_rows import DistinctRows
from valuemodel.estimators.buy_till_you_die.transaction_model import (
    Parameters,
    TransactionModel,
)
from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused, UsageError


class BetaGeoBetaBinomial(TransactionModel):
    """BG/BB, by maximum likelihood; times count occasions, not days.

    ``frequency`` is the number of occasions with a purchase, ``recency`` the last of them (0 without
    one), ``T`` the number of occasions there were.

    Parameters
    ----------
    penalty : float
        What the squared logarithms of the parameters take off the average log-likelihood.

    Attributes
    ----------
    alpha_, beta_ : float
        Of the beta distribution of the chance to buy.
    gamma_, delta_ : float
        Of the beta distribution of the chance to leave before an occasion.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"frequency": [0, 3, 1, 6], "recency": [0, 4, 1, 6], "T": [6, 6, 6, 6]})
    >>> model = BetaGeoBetaBinomial(penalty=0.01).fit(X)
    >>> model.expected_purchases(X, days=5).round(2).tolist()
    [0.01, 0.68, 0.02, 3.63]
    """

    names: ClassVar[tuple[str, ...]] = ("alpha", "beta", "gamma", "delta")

    alpha_: float
    beta_: float
    gamma_: float
    delta_: float

    def _log_likelihood(self, rows: DistinctRows, parameters: Parameters) -> tuple[Array, Array]:
        alpha, beta, gamma, delta = parameters
        terms, slopes = _histories(rows.columns, parameters)
        values = logsumexp(terms, axis=1)
        shares = np.exp(terms - values[:, None])
        gradient = np.einsum("ij,kij->ki", shares, slopes)
        base = np.array(
            [
                digamma(alpha + beta) - digamma(alpha),
                digamma(alpha + beta) - digamma(beta),
                digamma(gamma + delta) - digamma(gamma),
                digamma(gamma + delta) - digamma(delta),
            ]
        )
        return values - betaln(alpha, beta) - betaln(gamma, delta), gradient + base[:, None]

    def _probability_alive(self, columns: tuple[Array, ...]) -> Array:
        """Return the probability to be there at the next occasion."""
        x, _, occasions = columns
        return np.exp(self._still(x, occasions, 1.0) - self._all(columns))

    def _expected_purchases(self, columns: tuple[Array, ...], days: Array) -> Array:
        """Add up, over the occasions ahead, the chances to be there and to buy."""
        if float(days) != np.floor(days):
            problem = "BG/BB counts whole occasions"
            raise UsageError(problem, received=repr(float(days)))
        x, _, occasions = columns
        history, total = self._all(columns), np.zeros(len(x))
        for ahead in np.arange(1.0, float(days) + 1):
            total += np.exp(self._still(x, occasions, float(ahead)) - history)
        found: Array = total * (self.alpha_ + x) / (self.alpha_ + self.beta_ + occasions)
        return found

    def _still(self, x: Array, occasions: Array, ahead: float) -> Array:
        """Return the log-probability of the history and of being there so many occasions later."""
        bought = betaln(self.alpha_ + x, self.beta_ + occasions - x)
        found: Array = bought + betaln(self.gamma_, self.delta_ + occasions + ahead)
        return found

    def _all(self, columns: tuple[Array, ...]) -> Array:
        found: Array = logsumexp(_histories(columns, self._at(columns))[0], axis=1)
        return found

    def _columns(self, X: pd.DataFrame) -> tuple[Array, ...]:
        frequency, recency, occasions = super()._columns(X)
        wrong = (frequency > recency) | (recency != np.floor(recency))
        wrong |= occasions != np.floor(occasions)
        if wrong.any():
            first = int(wrong.argmax())
            problem = f"{int(wrong.sum())} rows are impossible"
            received = (
                f"row {first}: {frequency[first]:g} purchases by occasion {recency[first]:g} "
                f"of {occasions[first]:g}"
            )
            hint = "recency and T count occasions, at most one purchase each"
            raise DataRefused(problem, received=received, hint=hint)
        return frequency, recency, occasions

    def _unit(self, rows: DistinctRows) -> float:
        del rows
        return 1.0


def _histories(columns: tuple[Array, ...], parameters: Parameters) -> tuple[Array, Array]:
    """Return the log-probability of each way the history can have come about, and its slopes.

    Column 0: still there after the last occasion. Column i + 1: left after i occasions without a
    purchase since the last one. Shapes (m, k) and (4, m, k); impossible ways have -inf and 0.
    """
    alpha, beta, gamma, delta = parameters
    x, recency, occasions = (column[:, None] for column in columns)
    quiet = np.arange(int((occasions - recency).max(initial=0)))[None, :]
    possible = quiet < occasions - recency
    tried = np.where(possible, recency - x + quiet, 0.0)
    lived = np.where(possible, recency + quiet, 0.0)
    failed = np.concatenate([occasions - x, tried], axis=1)
    stayed = np.concatenate([occasions, lived], axis=1)
    left = np.concatenate([np.zeros_like(x), np.ones_like(tried)], axis=1)
    terms = betaln(alpha + x, beta + failed) + betaln(gamma + left, delta + stayed)
    bought = digamma(alpha + beta + x + failed)
    living = digamma(gamma + delta + left + stayed)
    slopes = np.array(
        [
            digamma(alpha + x) - bought,
            digamma(beta + failed) - bought,
            digamma(gamma + left) - living,
            digamma(delta + stayed) - living,
        ]
    )
    there = np.concatenate([np.ones_like(x, dtype=bool), possible], axis=1)
    return np.where(there, terms, -np.inf), np.where(there, slopes, 0.0)
