"""ARR rank: what is under contract today, times the share of a year that the horizon is.

Why this way: who sells subscriptions ranks accounts by annual recurring revenue; it knows nothing of
renewals, growth or what is bought beside the contract, and is hard to beat where little of that moves.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin

from valuemodel.estimators.baselines.past import place_of, single_part
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array, State
from valuemodel.periods import Horizon

_YEAR = Horizon(1, "year").days


class ArrRegressor(RegressorMixin, HorizonEstimator):
    """The annual recurring revenue in force, as if all of it stayed for the whole horizon.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    arr : str
        The feature with the money under contract in a year; a missing one counts as 0.

    Examples
    --------
    >>> X = pd.DataFrame({"arr": [1_200.0, float("nan")]})
    >>> ArrRegressor().fit(X, pd.DataFrame({"6m": [0.0, 0.0]})).predict(X)
    array([600.,   0.])
    """

    def __init__(self, tier_horizon: str | None = None, arr: str = "arr") -> None:
        self.tier_horizon = tier_horizon
        self.arr = arr

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn nothing but the average, which explanations start from; y names the horizons.

        Raises
        ------
        ModelRefused
            If X lacks the feature.
        """
        del cutoffs
        matrix, _ = self._start_fit(X, y)
        predicted = self.predict_encoded(matrix)
        self.average_ = {h: float(one.mean()) if len(one) else 0.0 for h, one in predicted.items()}
        return self

    def _place(self) -> int:
        return place_of(self.encoder_.feature_names_in_, self.arr)

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Return what the contracts in force bring in each horizon."""
        arr = np.nan_to_num(matrix[:, self._place()], nan=0.0)
        return {h: arr * (Horizon.parse(h).days / _YEAR) for h in self.horizons_}

    def predict(self, X: pd.DataFrame) -> Array:
        """Return what the contracts in force bring in the tier horizon, shape (n,)."""
        return self._tier_prediction(X)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """All of it comes from one feature."""
        predicted = self.predict_encoded(matrix)[horizon]
        return single_part(predicted, self.average_[horizon], self._place(), matrix.shape[1])

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(
            tier_horizon=self.tier_horizon, arr=self.arr, average=self.average_
        )
        return State(kind=type(self).__name__, json=json, arrays={}, texts={})

    @classmethod
    def from_state(cls, state: State) -> ArrRegressor:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(json["tier_horizon"], json["arr"])
        model._start_from(json)
        model.average_ = dict(json["average"])
        return model
