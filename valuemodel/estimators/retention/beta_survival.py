"""Shifted beta-geometric and beta-discrete-Weibull: who is still there after each renewal.

Each customer leaves at a renewal with a probability of its own, Beta(alpha, beta) over customers. In the
shifted beta-geometric (sBG) that probability stays the same for life, and retention rises only because
the weak ones leave first; in the beta-discrete-Weibull (BdW) it also changes with age, by the power c:
``S(t) = B(alpha, beta + t^c) / B(alpha, beta)``. The sBG is the BdW with c = 1.

References
----------
Fader and Hardie, How to Project Customer Retention, Journal of Interactive Marketing 21(1), 2007.
Fader, Hardie, Liu, Davin and Steenburgh, "How to Project Customer Retention" Revisited: The Role of
Duration Dependence, Journal of Interactive Marketing 43, 2018.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import betaln, digamma

from valuemodel.estimators.maximum_likelihood import LikelihoodModel
from valuemodel.estimators.retention.cohorts import Cohorts, Windows, read_cohorts
from valuemodel.estimators.state import Array
from valuemodel.exceptions import UsageError


class BetaSurvival(LikelihoodModel):
    """What the two models share.

    Parameters
    ----------
    penalty : float
        What the squared logarithms of the parameters take off the average log-likelihood.

    Attributes
    ----------
    alpha_, beta_ : float
        Of the beta distribution of the probability to leave at a renewal.
    log_likelihood_ : float
        Of all customers; per customer where the tables hold shares.
    standard_errors_ : dict of str to float
        By parameter; only counts give them, shares leave out how many customers there were.
    """

    alpha_: float
    beta_: float

    @abstractmethod
    def _power(self, parameters: Array) -> float:
        """Return c."""

    def fit(self, survival: Any, y: Any = None) -> Self:
        """Learn from survival tables.

        Parameters
        ----------
        survival : array of shape (k + 1,) or (cohorts, k + 1), or list of lists
            See `valuemodel.estimators.retention.cohorts.read_cohorts`.
        y : ignored

        Raises
        ------
        DataRefused
            If a table cannot be, or does not tell the parameters apart.
        """
        del y
        cohorts = read_cohorts(survival)

        def log_likelihood(parameters: Array) -> tuple[float, Array]:
            return _log_likelihood(cohorts, parameters, self._power(parameters))

        self._learn(log_likelihood, np.ones(len(self.names)), cohorts.customers)
        self.log_likelihood_ = log_likelihood(self._own)[0]
        return self

    def fit_windows(self, windows: Windows) -> Self:
        """Learn from customers that were watched over some renewals, from wherever they stood.

        Unlike a cohort, nobody need have been seen from the start, and where several renewals passed
        it need not be known at which of them a customer left.

        Raises
        ------
        DataRefused
            If the windows do not tell the parameters apart; a little `penalty` keeps them finite.

        Examples
        --------
        >>> watched = Windows([0, 1, 2], [1, 1, 1], left=[37, 18, 9], stayed=[63, 82, 91])
        >>> ShiftedBetaGeometric().fit_windows(watched).retention([1, 2, 3]).round(2)
        array([0.63, 0.84, 0.9 ])
        """

        def log_likelihood(parameters: Array) -> tuple[float, Array]:
            return _of_windows(windows, parameters, self._power(parameters))

        self._learn(log_likelihood, np.ones(len(self.names)), windows.customers)
        self.log_likelihood_ = log_likelihood(self._own)[0]
        return self

    def survival(self, renewals: Any, survived: Any = 0) -> Array:
        """Return the probability to be there after so many more renewals.

        Parameters
        ----------
        renewals : array of shape (n,)
            How many renewals ahead.
        survived : array of shape (n,) or number
            How many renewals the customer has behind it.
        """
        ahead, behind = self._counts(renewals), self._counts(survived)
        found: Array = np.exp(self._log_survival(behind + ahead) - self._log_survival(behind))
        return found

    def retention(self, renewal: Any) -> Array:
        """Return the probability to renew at the first, second, ... renewal, once it is reached."""
        number = self._counts(renewal)
        return self.survival(np.ones_like(number), np.maximum(number - 1, 0))

    def remaining_periods(
        self, periods: int, survived: Any = 0, discount_rate: float = 0.0
    ) -> Array:
        """Return how many of the next periods a customer is expected to be there and to pay for.

        Parameters
        ----------
        periods : int
            How many periods ahead; the first begins with the next renewal.
        survived : array of shape (n,) or number
            How many renewals the customer has behind it.
        discount_rate : float
            What one period of waiting takes off.
        """
        behind = np.atleast_1d(self._counts(survived)).astype(np.float64)
        total = np.zeros(len(behind))
        for ahead in range(1, periods + 1):
            total += (
                self.survival(np.full(len(behind), ahead), behind) / (1 + discount_rate) ** ahead
            )
        return total

    def _log_survival(self, renewals: Array) -> Array:
        power = self._power(self._own)
        age = np.asarray(renewals, dtype=np.float64) ** power
        found: Array = betaln(self.alpha_, self.beta_ + age) - betaln(self.alpha_, self.beta_)
        return found

    def _counts(self, renewals: Any) -> Array:
        self._check_fitted()
        counts = np.asarray(renewals, dtype=np.float64)
        if (counts < 0).any() or (counts != np.floor(counts)).any():
            problem = "renewals are whole numbers, not below 0"
            raise UsageError(problem, received=np.array2string(counts, threshold=8))
        return counts


class ShiftedBetaGeometric(BetaSurvival):
    """sBG: the probability to leave at a renewal stays the same for life.

    Parameters
    ----------
    penalty : float
        What the squared logarithms of the parameters take off the average log-likelihood.

    Examples
    --------
    The "High End" customers of Fader and Hardie (2007), seven years:

    >>> shares = [1, 0.869, 0.743, 0.653, 0.593, 0.551, 0.517, 0.491]
    >>> model = ShiftedBetaGeometric().fit(shares)
    >>> round(model.alpha_, 3), round(model.beta_, 3)
    (0.668, 3.806)
    >>> model.survival([8, 12]).round(3)
    array([0.46 , 0.378])
    """

    names: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    def _power(self, parameters: Array) -> float:
        del parameters
        return 1.0


class BetaDiscreteWeibull(BetaSurvival):
    """BdW: the probability to leave at a renewal also changes with age.

    Parameters
    ----------
    penalty : float
        What the squared logarithms of the parameters take off the average log-likelihood.

    Attributes
    ----------
    c_ : float
        Above 1, customers leave more readily the longer they have been there; below 1, less.

    Examples
    --------
    >>> model = BetaDiscreteWeibull().fit([1, 0.869, 0.743, 0.653, 0.593])
    >>> round(model.alpha_, 4), round(model.beta_, 4), round(model.c_, 4)
    (0.2593, 1.7226, 1.5844)
    """

    names: ClassVar[tuple[str, ...]] = ("alpha", "beta", "c")

    c_: float

    def _power(self, parameters: Array) -> float:
        return float(parameters[2])


#: An age that is still a number; survival is long over by then.
_OLDEST = 1e300
#: A chance to leave that is still a number, also after any count is divided by it.
_RAREST = 1e-280


def _log_likelihood(cohorts: Cohorts, parameters: Array, power: float) -> tuple[float, Array]:
    """Return the log-likelihood and its gradient by alpha, beta (and c, where it is one)."""
    renewals = np.arange(len(cohorts.staying), dtype=np.float64)
    log_alive, slopes = _alive(renewals, parameters, power)
    alive = np.exp(log_alive)
    gone = np.maximum(alive[:-1] - alive[1:], _RAREST)
    of_gone = (alive[:-1] * slopes[:, :-1] - alive[1:] * slopes[:, 1:]) / gone
    value = cohorts.left @ np.log(gone) + cohorts.staying @ log_alive
    return float(value), of_gone @ cohorts.left + slopes @ cohorts.staying


def _of_windows(windows: Windows, parameters: Array, power: float) -> tuple[float, Array]:
    """Return the same for windows: S(k + m) / S(k) to stay, the rest of 1 to leave."""
    start, slopes_at_start = _alive(windows.behind, parameters, power)
    end, slopes_at_end = _alive(windows.behind + windows.ahead, parameters, power)
    kept, slopes = end - start, slopes_at_end - slopes_at_start
    gone = np.maximum(-np.expm1(kept), _RAREST)
    value = windows.stayed @ kept + windows.left @ np.log(gone)
    return float(value), slopes @ (windows.stayed - windows.left * np.exp(kept) / gone)


def _alive(renewals: Array, parameters: Array, power: float) -> tuple[Array, Array]:
    """Return the logarithms of survival, and their gradients by the parameters."""
    alpha, beta = parameters[:2]
    # A search may try a power that no age can be raised to; what is as old as that has left.
    with np.errstate(over="ignore"):
        age = np.minimum(renewals**power, _OLDEST)
    log_alive = betaln(alpha, beta + age) - betaln(alpha, beta)
    both, lived = digamma(alpha + beta + age), digamma(beta + age)
    logs = np.log(np.maximum(renewals, 1.0))
    slopes = np.array(
        [
            digamma(alpha + beta) - both,
            lived - both - digamma(beta) + digamma(alpha + beta),
            (lived - both) * age * logs,
        ]
    )
    return log_alive, slopes[: len(parameters)]
