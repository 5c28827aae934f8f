"""Maximum likelihood of positive parameters, with analytic gradients and standard errors.

Why this way: parameters are searched as logarithms, so none can leave its range and steps are relative;
gradients are given, so a fit takes some dozens of evaluations instead of hundreds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from sklearn.base import BaseEstimator

from valuemodel.estimators.not_fitted import NotFitted
from valuemodel.estimators.one_thread import one_thread
from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused, UsageError

#: Takes the parameters; returns the log-likelihood and its gradient by them.
LogLikelihood = Callable[[Array], tuple[float, Array]]

_LOWEST, _HIGHEST = np.log(1e-6), np.log(1e7)
_STEP = 1e-4  # of a logarithm, for the second derivative
#: Steps of Newton's method at the end, and how large they may be: further off it is another search.
_LAST_STEPS, _SMALL_STEP = 3, 0.01
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
    with one_thread():
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
    curve = _curvature(objective, found.x)
    parameters = np.exp(_polished(objective, found.x, curve))
    errors = parameters * _standard_errors(curve, rows)
    value, _ = log_likelihood(parameters)
    return Maximum(parameters, value, errors)


def _curvature(objective: Callable[[Array], tuple[float, Array]], logs: Array) -> Array:
    """Return the second derivatives by the logarithms, by differences of the gradient."""
    steps = _STEP * np.eye(len(logs))
    curve = np.array(
        [(objective(logs + step)[1] - objective(logs - step)[1]) / (2 * _STEP) for step in steps]
    )
    symmetric: Array = (curve + curve.T) / 2
    return symmetric


def _polished(
    objective: Callable[[Array], tuple[float, Array]], logs: Array, curve: Array
) -> Array:
    """Go the last, tiny way to the maximum by Newton's method, as far as the gradient gets flatter.

    A search stops where the value no longer changes in its last digit; where that is depends on the
    processor. A flat likelihood would show it in the seventh digit of a forecast.
    """
    slope = objective(logs)[1]
    for _ in range(_LAST_STEPS):
        try:
            step = np.linalg.solve(curve, slope)
        except np.linalg.LinAlgError:
            return logs
        nearer = logs - step
        if not np.abs(step).max() < _SMALL_STEP or (np.abs(nearer) > _HIGHEST).any():
            return logs
        flatter = objective(nearer)[1]
        if not np.abs(flatter).max() < np.abs(slope).max():
            return logs
        logs, slope = nearer, flatter
    return logs


def _standard_errors(curve: Array, rows: float) -> Array:
    """Return the standard errors of the logarithms from the second derivatives."""
    information = rows * curve
    try:
        variance = np.diag(np.linalg.inv(information))
    except np.linalg.LinAlgError:
        return np.full(len(curve), np.nan)
    found: Array = np.sqrt(np.where(variance > 0, variance, np.nan))
    return found


def refuse_without_names(X: object) -> None:
    """Raise UsageError if X is no DataFrame: columns are known by name, not by place."""
    if not isinstance(X, pd.DataFrame):
        problem = "X must be a DataFrame, so that columns have names"
        raise UsageError(problem, received=type(X).__name__)


def checked_weights(given: Any, rows: int) -> Array | None:
    """Return how often each row counts, shape (rows,), or None where each counts once."""
    if given is None:
        return None
    weights: Array = np.asarray(given, dtype=np.float64)
    if weights.shape != (rows,) or (weights < 0).any() or not weights.any():
        problem = "sample_weight must hold one weight per row, none below 0 and not all 0"
        raise UsageError(problem, received=f"{weights.shape} weights for {rows} rows")
    return weights


def weighed_sum(values: Array, gradients: Array, weights: Array) -> tuple[float, Array]:
    """Add up rows that count so often: values (n,) and gradients (k, n).

    In one order whatever the number of threads: BLAS adds long vectors up in another one on each.
    """
    return float(np.einsum("n,n->", values, weights)), np.einsum("kn,n->k", gradients, weights)


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

    @classmethod
    def with_parameters(cls, parameters: Mapping[str, float]) -> Self:
        """Return a law whose parameters are known, such as published ones or those of a stored model.

        Raises
        ------
        UsageError
            If they are not the law's parameters.
        """
        if set(parameters) != set(cls.names):
            problem = f"the parameters of {cls.__name__} are {', '.join(cls.names)}"
            raise UsageError(problem, received=", ".join(parameters))
        law = cls()
        for name in cls.names:
            setattr(law, f"{name}_", float(parameters[name]))
        return law

    @property
    def _own(self) -> Array:
        """The estimates, in order."""
        return np.array(list(self.parameters_.values()))

    def _learn(
        self, log_likelihood: LogLikelihood, start: Array, rows: float, units: Array | float = 1.0
    ) -> Maximum:
        """Search for the maximum, and keep it in the units that the rows are given in.

        What is searched beyond the named parameters is the caller's to keep.
        """
        found = maximise(log_likelihood, start, rows, self.penalty)
        count = len(self.names)
        for name, value in zip(self.names, found.parameters[:count] * units, strict=True):
            setattr(self, f"{name}_", float(value))
        errors = (found.standard_errors[:count] * units).tolist()
        self.standard_errors_ = dict(zip(self.names, errors, strict=True))
        return found

    def _check_fitted(self) -> None:
        if not hasattr(self, f"{self.names[0]}_"):
            raise NotFitted.of(type(self).__name__)
