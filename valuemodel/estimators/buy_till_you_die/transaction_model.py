"""What all models of repeat buying share: frequency, recency and T in, expected purchases out.

``frequency`` counts repeat purchases (the first one starts the clock), ``recency`` is the age at the
last of them, ``T`` the age at the end of what is observed. All times are in days; any other unit does
as well, as long as it is the same throughout, and the parameters are then in that unit.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from valuemodel.estimators.buy_till_you_die.distinct_rows import DistinctRows, distinct_rows
from valuemodel.estimators.maximum_likelihood import (
    LikelihoodModel,
    Maximum,
    checked_weights,
    refuse_without_names,
    weighed_sum,
)
from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused, UsageError

COLUMNS = ("frequency", "recency", "T")

#: The parameters of a law, in order: one number for all rows, or one per row.
Parameters = Sequence[Array | np.float64]


class TransactionModel(LikelihoodModel):
    """A law of buying and leaving."""

    #: Which parameters are times.
    times: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def _log_likelihood(self, rows: DistinctRows, parameters: Parameters) -> tuple[Array, Array]:
        """Return each distinct row's log-likelihood (m,) and its gradient (k, m)."""

    @abstractmethod
    def _expected_purchases(self, columns: tuple[Array, ...], days: Array) -> Array:
        """Return the expected purchases of distinct rows over the days ahead."""

    @abstractmethod
    def _probability_alive(self, columns: tuple[Array, ...]) -> Array:
        """Return the probability that each distinct row has not left."""

    def fit(self, X: pd.DataFrame, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn the parameters.

        Parameters
        ----------
        X : DataFrame of shape (n, 3 or more)
            ``frequency``, ``recency`` and ``T``; other columns are passed over.
        y : ignored
        sample_weight : array of shape (n,), optional
            How often each row counts.

        Raises
        ------
        DataRefused
            If a row is impossible, with the first of them, or nobody ever bought again.
        """
        del y
        columns = self._columns(X)
        weights = checked_weights(sample_weight, len(X))
        if not (columns[0] > 0).any():
            problem = "nobody bought again, so nothing can be learned of buying"
            raise DataRefused(problem, received=f"{len(X)} rows with a frequency of 0")
        rows = distinct_rows(columns, weights)
        unit = self._unit(rows)
        scaled = DistinctRows(self._scaled(rows.columns, unit), rows.weights, rows.place)
        total = float(rows.weights.sum())

        def log_likelihood(parameters: Array) -> tuple[float, Array]:
            values, gradients = self._searched(scaled, parameters)
            return weighed_sum(values, gradients, rows.weights)

        units = np.array([unit if name in self.times else 1.0 for name in self.names])
        start = np.ones(len(self.names) + self._begin(rows))
        self._keep(self._learn(log_likelihood, start, total, units))
        values, _ = self._log_likelihood(rows, self._at(rows.columns))
        self.log_likelihood_ = float(np.einsum("n,n->", values, rows.weights))
        self.feature_names_in_ = np.array([*COLUMNS, *self._covariates], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        return self

    @property
    def _covariates(self) -> list[str]:
        """What else of X is read; see `valuemodel.estimators.buy_till_you_die.covariates`."""
        return []

    def _begin(self, rows: DistinctRows) -> int:
        """Prepare the search; return how many numbers are searched beside the parameters."""
        del rows
        return 0

    def _searched(self, rows: DistinctRows, searched: Array) -> tuple[Array, Array]:
        """Return likelihoods and gradients by all that is searched."""
        return self._log_likelihood(rows, list(searched))

    def _keep(self, found: Maximum) -> None:
        """Keep what was found beside the parameters."""

    def _at(self, columns: tuple[Array, ...]) -> Parameters:
        """Return the parameters that were learned, for distinct rows."""
        del columns
        return list(self._own)

    def expected_purchases(self, X: pd.DataFrame, days: float) -> Array:
        """Return how many purchases each row is expected to make in the next ``days``.

        Parameters
        ----------
        X : DataFrame
            As in `fit`.
        days : float
            The length of the window, in the unit of X; not below 0.

        Returns
        -------
        ndarray of shape (n,)
        """
        return self._by_row(X, lambda columns: self._expected_purchases(columns, ahead_of(days)))

    def predict(self, X: pd.DataFrame, days: float = 365.0) -> Array:
        """Return the expected purchases of the next ``days``; a year unless told."""
        return self.expected_purchases(X, days)

    def probability_alive(self, X: pd.DataFrame) -> Array:
        """Return the probability that each row has not left for good, shape (n,)."""
        return self._by_row(X, self._probability_alive)

    def _by_row(self, X: pd.DataFrame, of: Callable[[tuple[Array, ...]], Array]) -> Array:
        """Compute on the distinct rows, and give every row its value."""
        self._check_fitted()
        rows = distinct_rows(self._columns(X))
        return rows.expand(of(rows.columns))

    def _columns(self, X: pd.DataFrame) -> tuple[Array, ...]:
        """Return frequency, recency and T as floats, or say which row cannot be."""
        refuse_without_names(X)
        absent = [name for name in COLUMNS if name not in X]
        if absent:
            problem = f"X lacks {', '.join(absent)}"
            hint = "give frequency, recency and T, in days"
            raise UsageError(problem, received=", ".join(map(str, X.columns)), hint=hint)
        frequency, recency, age = (X[name].to_numpy(dtype=np.float64) for name in COLUMNS)
        finite = np.isfinite(frequency) & np.isfinite(recency) & np.isfinite(age)
        possible = (frequency >= 0) & (frequency == np.floor(frequency))
        possible &= (recency >= 0) & (recency <= age) & ((frequency > 0) | (recency == 0))
        wrong = ~(finite & possible & (self._least_age(frequency) <= age))
        if wrong.any():
            first = int(wrong.argmax())
            problem = f"{int(wrong.sum())} rows are impossible"
            received = (
                f"row {first}: frequency {frequency[first]:g}, "
                f"recency {recency[first]:g}, T {age[first]:g}"
            )
            hint = "frequency counts repeats, 0 <= recency <= T, and recency is 0 without a repeat"
            raise DataRefused(problem, received=received, hint=hint)
        return frequency, recency, age

    def _least_age(self, frequency: Array) -> Array:
        """Return the least T that a row must have."""
        return np.where(frequency > 0, np.finfo(np.float64).tiny, 0.0)

    def _unit(self, rows: DistinctRows) -> float:
        """Return the time that the search counts in: parameters of times are then near 1."""
        return max(float(np.average(rows.columns[2], weights=rows.weights)), 1e-12)

    def _scaled(self, columns: tuple[Array, ...], unit: float) -> tuple[Array, ...]:
        return columns[0], columns[1] / unit, columns[2] / unit, *columns[3:]


def ahead_of(days: float) -> Array:
    """Return the length of a window ahead, or refuse what is none."""
    if not np.isfinite(days) or days < 0:
        problem = "a window ahead is a number of days, not below 0"
        raise UsageError(problem, received=repr(days))
    return np.asarray(days, dtype=np.float64)
