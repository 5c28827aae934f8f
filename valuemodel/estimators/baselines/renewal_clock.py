"""Lapse by the renewal clock: the baseline of contract churn, and what stands in for it.

Why this way: a contract can hardly lapse in a window in which nothing ends, so whether the next renewal
falls inside it is what everybody looks at first; two shares are the most that can be said from it.
"""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.estimators.baselines.past import single_part
from valuemodel.estimators.horizon_estimator import RiskClassifier
from valuemodel.estimators.horizons import growing
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array, State
from valuemodel.periods import Horizon

_INSIDE, _OUTSIDE, _UNKNOWN = range(3)


class RenewalClockClassifier(RiskClassifier):
    """The share that lapsed among accounts whose next renewal falls inside the window, or outside.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    prior_rows : float
        How many rows with the share of all are added to each group, so that small ones do not
        promise 0 or 1.
    clock : str
        The feature with the days until the next renewal. Accounts without one, such as those whose
        contracts run until they are cancelled, are a group of their own; so are all of them where X
        lacks it.

    Examples
    --------
    >>> X = pd.DataFrame({"days_to_renewal": [30.0, 60.0, 200.0, 300.0] * 50})
    >>> y = pd.DataFrame({"3m": [1.0, 0.0, 0.0, 0.0] * 50})
    >>> RenewalClockClassifier().fit(X, y).predict_proba(X[1:3])[:, 1].round(2)
    array([0.48, 0.02])
    """

    def __init__(
        self,
        tier_horizon: str | None = None,
        prior_rows: float = 10.0,
        clock: str = "days_to_renewal",
    ) -> None:
        self.tier_horizon = tier_horizon
        self.prior_rows = prior_rows
        self.clock = clock

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn the shares; a horizon without a complete window gets one half."""
        del cutoffs
        matrix, targets = self._start_fit(X, y)
        self.classes_ = np.array([0, 1])
        self.shares_: dict[str, Array] = {}
        self.average_: dict[str, float] = {}
        for label in self.horizons_:
            lapsed = targets[label].to_numpy(dtype=np.float64)
            known = ~np.isnan(lapsed)
            overall = float((lapsed[known].sum() + 1.0) / (known.sum() + 2.0))
            groups = self._groups(matrix[known], label)
            rows = np.bincount(groups, minlength=3)
            events = np.bincount(groups, weights=lapsed[known], minlength=3)
            self.shares_[label] = (events + self.prior_rows * overall) / (rows + self.prior_rows)
            self.average_[label] = overall
        return self

    def _groups(self, matrix: Array, label: str) -> NDArray[np.int64]:
        """Return each row's group: the renewal at the very end of a window belongs to the next."""
        names = self.encoder_.feature_names_in_
        if self.clock not in names:
            return np.full(len(matrix), _UNKNOWN, dtype=np.int64)
        days = matrix[:, names.index(self.clock)]
        found = np.where(days < math.floor(Horizon.parse(label).days), _INSIDE, _OUTSIDE)
        return np.where(np.isnan(days), _UNKNOWN, found).astype(np.int64)

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict lapses in all horizons; never less for a longer one."""
        return growing({h: self.shares_[h][self._groups(matrix, h)] for h in self.horizons_})

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """All of it comes from the renewal clock; the base is the share of all."""
        names = self.encoder_.feature_names_in_
        place = names.index(self.clock) if self.clock in names else 0
        predicted = self.shares_[horizon][self._groups(matrix, horizon)]
        return single_part(predicted, self.average_[horizon], place, matrix.shape[1])

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            prior_rows=self.prior_rows,
            clock=self.clock,
            average=self.average_,
        )
        arrays = {f"{h}.shares": shares for h, shares in self.shares_.items()}
        return State(kind=type(self).__name__, json=json, arrays=arrays, texts={})

    @classmethod
    def from_state(cls, state: State) -> RenewalClockClassifier:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(json["tier_horizon"], json["prior_rows"], json["clock"])
        model._start_from(json)
        model.classes_ = np.array([0, 1])
        model.average_ = dict(json["average"])
        model.shares_ = {h: state["arrays"][f"{h}.shares"] for h in model.horizons_}
        return model
