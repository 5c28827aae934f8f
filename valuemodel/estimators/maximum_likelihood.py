"""Maximum likelihood of positive parameters, with analytic gradients and standard errors.

Why this way: parameters are searched as logarithms, so none can leave its range and steps are relative;
gradients are given, so a fit takes some dozens of evaluations instead of hundreds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator

from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused, UsageError

#: Takes the parameters; returns the log-likelihood and its gradient by them.
LogLikelihood = Callable[[Array], tuple[float, Array]]

_LOWEST, _HIGHEST = np.log(1e-6), np.log(1e7)
_STEP = 1e-4  # of a logarithm, for the second derivative
_FLAT = 1e-5  # a gradient per row below this is no slope


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood is highest.

    Parameters
    ----------
    parameters : ndarray of shape (k,)
        The estimates.
    log_likelihood : float
        At the estimates.
    standard_errors : ndarray of shape (k,)
        From the observed information; NaN where the likelihood is flat.
    """

    parameters: Array
    log_likelihood: float
    standard_errors: Array


def maximise(
    log_likelihood: LogLikelihood, start: Array, rows: float, penalty: float = 0.0
) -> Maximum:
    """Find the parameters that make the data likeliest.

    Parameters
    ----------
    log_likelihood : callable
        Of all rows together.
    start : ndarray of shape (k,)
        Positive values to begin with.
    rows : float
        How many rows there are: the search works with the average, whatever their number.
    penalty : float
        What the squared logarithms of the parameters take off the average log-likelihood.

    Raises
    ------
    DataRefused
        If no maximum is found: the data do not tell the parameters apart.

    Examples
    --------
    The rate of an exponential distribution whose 50 observations add up to 25:

    >>> def exponential(rate):
    ...     return float(50 * np.log(rate[0]) - 25 * rate[0]), 50 / rate - 25
    >>> found = maximise(exponential, np.ones(1), 50)
    >>> found.parameters.round(4), found.standard_errors.round(4)
    (array([2.]), array([0.2828]))
    """

    def objective(logs: Array) -> tuple[float, Array]:
        parameters = np.exp(logs)
        value, gradient = log_likelihood(parameters)
        if not np.isfinite(value):
            return np.inf, np.zeros_like(logs)
        shrink = penalty * logs
        return -value / rows + float(shrink @ logs), -gradient * parameters / rows + 2 * shrink

    bounds = [(_LOWEST, _HIGHEST)] * len(start)
    found = minimize(  # type: ignore[no-untyped-call]
        objective,
        np.log(start),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 1_000, "maxfun": 5_000, "ftol": 1e-15, "gtol": 1e-9},
    )
    inside = (found.x > _LOWEST + 1e-6) & (found.x < _HIGHEST - 1e-6)
    if not np.isfinite(found.fun) or np.abs(found.jac[inside]).max(initial=0.0) > _FLAT:
        problem = "the likelihood has no maximum that can be found"
        hint = "check frequency, recency and T; a small penalty keeps flat directions finite"
        raise DataRefused(problem, received=str(found.message), hint=hint)
    parameters = np.exp(found.x)
    errors = parameters * _standard_errors(objective, found.x, rows)
    value, _ = log_likelihood(parameters)
    return Maximum(parameters, value, errors)


def _standard_errors(
    objective: Callable[[Array], tuple[float, Array]], logs: Array, rows: float
) -> Array:
    """Return the standard errors of the logarithms, by differences of the gradient."""
    steps = _STEP * np.eye(len(logs))
    curve = np.array(
        [(objective(logs + step)[1] - objective(logs - step)[1]) / (2 * _STEP) for step in steps]
    )
    information = rows * (curve + curve.T) / 2
    try:
        variance = np.diag(np.linalg.inv(information))
    except np.linalg.LinAlgError:
        return np.full(len(logs), np.nan)
    found: Array = np.sqrt(np.where(variance > 0, variance, np.nan))
    return found


class LikelihoodModel(BaseEstimator):  # type: ignore[no-untyped-call]
    """A law whose named parameters are learned by maximum likelihood.

    Parameters
    ----------
    penalty : float
        What the squared logarithms of the parameters take off the average log-likelihood; 0 is
        maximum likelihood. A little keeps parameters finite where the data hardly tell them.

    Attributes
    ----------
    log_likelihood_ : float
        Of all rows, at the estimates, without the penalty.
    standard_errors_ : dict of str to float
        By parameter.
    """

    #: The names of the parameters, in order.
    names: ClassVar[tuple[str, ...]]

    log_likelihood_: float
    standard_errors_: dict[str, float]

    def __init__(self, penalty: float = 0.0) -> None:
        self.penalty = penalty

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)  # type: ignore[no-untyped-call]

    @property
    def parameters_(self) -> dict[str, float]:
        """The estimates by name."""
        return {name: getattr(self, f"{name}_") for name in self.names}

    @property
    def _own(self) -> Array:
        """The estimates, in order."""
        return np.array(list(self.parameters_.values()))

    def _learn(
        self, log_likelihood: LogLikelihood, start: Array, rows: float, units: Array | float = 1.0
    ) -> None:
        """Search for the maximum, and keep it in the units that the rows are given in."""
        found = maximise(log_likelihood, start, rows, self.penalty)
        for name, value in zip(self.names, found.parameters * units, strict=True):
            setattr(self, f"{name}_", float(value))
        errors = (found.standard_errors * units).tolist()
        self.standard_errors_ = dict(zip(self.names, errors, strict=True))

    def _check_fitted(self) -> None:
        if not hasattr(self, f"{self.names[0]}_"):
            problem = f"this {type(self).__name__} is not fitted"
            raise UsageError(problem, hint="call fit first")
