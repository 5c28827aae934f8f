"""What any learned value must beat: past value, and average times retention.

Why this way: companies pick key accounts by last year's revenue, so that is the first champion; and
in steady books it is very hard to beat. The others are what spreadsheets and vendors offer.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin

from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array, State
from valuemodel.exceptions import ModelRefused
from valuemodel.periods import Horizon


class PastValueRegressor(RegressorMixin, HorizonEstimator):
    """The next horizon brings what the last one brought: the column ``past_value_<h>``.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.

    Examples
    --------
    >>> X = pd.DataFrame({"past_value_6m": [10.0, 30.0]})
    >>> y = pd.DataFrame({"6m": [0.0, 0.0]})
    >>> PastValueRegressor().fit(X, y).predict(X)
    array([10., 30.])
    """

    def __init__(self, tier_horizon: str | None = None) -> None:
        self.tier_horizon = tier_horizon

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn nothing but the average, which explanations start from; y names the horizons.

        Raises
        ------
        ModelRefused
            If X lacks ``past_value_<h>`` of a horizon.
        """
        del cutoffs
        matrix, _ = self._start_fit(X, y)
        self.average_ = {h: _mean(matrix[:, self._place(h)]) for h in self.horizons_}
        return self

    def _place(self, label: str) -> int:
        return place_of(self.encoder_.feature_names_in_, f"past_value_{label}")

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Return the past value of all horizons; a missing one is 0."""
        return {h: np.nan_to_num(matrix[:, self._place(h)], nan=0.0) for h in self.horizons_}

    def predict(self, X: pd.DataFrame) -> Array:
        """Return the past value over the tier horizon's length, shape (n,)."""
        return self._tier_prediction(X)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """All of it comes from one feature."""
        predicted = self.predict_encoded(matrix)[horizon]
        return single_part(predicted, self.average_[horizon], self._place(horizon), matrix.shape[1])

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(tier_horizon=self.tier_horizon, average=self.average_)
        return State(kind=type(self).__name__, json=json, arrays={}, texts={})

    @classmethod
    def from_state(cls, state: State) -> PastValueRegressor:
        """Rebuild a fitted model from `to_state`."""
        model = cls(tier_horizon=state["json"]["tier_horizon"])
        model._start_from(state["json"])
        model.average_ = dict(state["json"]["average"])
        return model


class AverageRetentionRegressor(RegressorMixin, HorizonEstimator):
    """Average value per day so far, times the horizon's length, times a retention rate.

    The average is taken over the longest past window in X, or over the time since the first order
    where that is shorter. The rate is learned: the share of accounts with a past that came back.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    tenure : str
        The feature with the days since the first order; not used where X lacks it.

    Examples
    --------
    >>> X = pd.DataFrame({"past_value_6m": [100.0, 60.0, 0.0], "tenure_days": [900.0, 90.0, 900.0]})
    >>> y = pd.DataFrame({"6m": [50.0, 0.0, 0.0]})
    >>> AverageRetentionRegressor().fit(X, y).predict(X).round(1)
    array([50. , 60.9,  0. ])
    """

    def __init__(self, tier_horizon: str | None = None, tenure: str = "tenure_days") -> None:
        self.tier_horizon = tier_horizon
        self.tenure = tenure

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn the retention rate of each horizon from its complete windows; 1 without any.

        Raises
        ------
        ModelRefused
            If X lacks ``past_value_<h>`` of the longest horizon.
        """
        del cutoffs
        matrix, targets = self._start_fit(X, y)
        per_day = self._per_day(matrix)
        self.retention_: dict[str, float] = {}
        self.average_: dict[str, float] = {}
        for label in self.horizons_:
            value = targets[label].to_numpy(dtype=np.float64)
            had = ~np.isnan(value) & (per_day > 0)
            kept = float((value[had] > 0).mean()) if had.any() else 1.0
            self.retention_[label] = kept
            self.average_[label] = _mean(per_day) * Horizon.parse(label).days * kept
        return self

    def _place(self) -> int:
        names = self.encoder_.feature_names_in_
        return place_of(names, f"past_value_{self.horizons_[-1]}")

    def _per_day(self, matrix: Array) -> Array:
        names = self.encoder_.feature_names_in_
        past = np.nan_to_num(matrix[:, self._place()], nan=0.0)
        days = np.full(len(matrix), Horizon.parse(self.horizons_[-1]).days)
        if self.tenure in names:
            tenure = np.nan_to_num(matrix[:, names.index(self.tenure)], nan=np.inf)
            days = np.minimum(days, np.maximum(tenure, 30.0))  # a first week is no average yet
        found: Array = past / days
        return found

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict all horizons from an encoded matrix."""
        per_day = self._per_day(matrix)
        return {h: per_day * (Horizon.parse(h).days * self.retention_[h]) for h in self.horizons_}

    def predict(self, X: pd.DataFrame) -> Array:
        """Predict the value of the tier horizon in money, shape (n,)."""
        return self._tier_prediction(X)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """All of it is put down to the past value."""
        predicted = self.predict_encoded(matrix)[horizon]
        return single_part(predicted, self.average_[horizon], self._place(), matrix.shape[1])

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            tenure=self.tenure,
            retention=self.retention_,
            average=self.average_,
        )
        return State(kind=type(self).__name__, json=json, arrays={}, texts={})

    @classmethod
    def from_state(cls, state: State) -> AverageRetentionRegressor:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(tier_horizon=json["tier_horizon"], tenure=json["tenure"])
        model._start_from(json)
        model.retention_, model.average_ = dict(json["retention"]), dict(json["average"])
        return model


def place_of(names: list[str], wanted: str) -> int:
    """Return a feature's place, or refuse by its name."""
    if wanted not in names:
        problem = f"the feature {wanted!r} is needed and not there"
        raise ModelRefused(problem, received=", ".join(names))
    return names.index(wanted)


def single_part(predicted: Array, average: float, place: int, features: int) -> LinkParts:
    """Put a whole prediction, less the average, down to one feature."""
    parts = np.zeros((1, len(predicted), features))
    parts[0, :, place] = predicted - average
    return LinkParts(np.array([average]), parts, _first_score)


def _first_score(scores: Array) -> Array:
    found: Array = scores[0]
    return found


def _mean(column: Array) -> float:
    return float(np.nan_to_num(column, nan=0.0).mean()) if len(column) else 0.0
