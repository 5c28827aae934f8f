"""Silence by recency: the churn baseline, and what stands in where churn cannot be learned.

Why this way: how long ago the last order was is what everybody looks at first; a table of shares by
recency is the most that can be said from it, and needs no model.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.estimators.baselines.past import single_part
from valuemodel.estimators.horizon_estimator import RiskClassifier
from valuemodel.estimators.horizons import falling
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array, State


class RecencySilenceClassifier(RiskClassifier):
    """The share of silent accounts among those whose last order was equally long ago.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    bins : int
        Into how many equally large groups accounts are cut by recency.
    prior_rows : float
        How many rows with the share of all are added to each group, so that small ones do not
        promise 0 or 1.
    recency : str
        The feature with the days since the last order. Where X lacks it, or it is missing for an
        account, the share of all holds.

    Examples
    --------
    >>> X = pd.DataFrame({"recency_days": [1.0, 2.0, 100.0, 200.0] * 50})
    >>> y = pd.DataFrame({"3m": [0.0, 0.0, 1.0, 1.0] * 50})
    >>> model = RecencySilenceClassifier(bins=2).fit(X, y)
    >>> model.predict_proba(X[:3])[:, 1].round(2)
    array([0.05, 0.05, 0.95])
    """

    def __init__(
        self,
        tier_horizon: str | None = None,
        bins: int = 20,
        prior_rows: float = 10.0,
        recency: str = "recency_days",
    ) -> None:
        self.tier_horizon = tier_horizon
        self.bins = bins
        self.prior_rows = prior_rows
        self.recency = recency

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn the groups and their shares; a horizon without a complete window gets one half."""
        del cutoffs
        matrix, targets = self._start_fit(X, y)
        self.classes_ = np.array([0, 1])
        recency = self._recency(matrix)
        self.edges_: dict[str, Array] = {}
        self.shares_: dict[str, Array] = {}
        for label in self.horizons_:
            silent = targets[label].to_numpy(dtype=np.float64)
            known = ~np.isnan(silent)
            self._learn(label, recency[known], silent[known])
        return self

    def _learn(self, label: str, recency: Array, silent: Array) -> None:
        """Cut at quantiles; the last share is that of all, for accounts without a recency."""
        overall = float((silent.sum() + 1.0) / (len(silent) + 2.0))
        seen = recency[~np.isnan(recency)]
        inner = np.linspace(0.0, 1.0, self.bins + 1)[1:-1]
        edges = np.unique(np.quantile(seen, inner)) if len(seen) else np.zeros(0)
        groups = _groups(recency, edges)
        rows = np.bincount(groups, minlength=len(edges) + 2)
        events = np.bincount(groups, weights=silent, minlength=len(edges) + 2)
        shares = (events + self.prior_rows * overall) / (rows + self.prior_rows)
        self.edges_[label] = edges
        self.shares_[label] = np.append(shares[:-1], overall)

    def _recency(self, matrix: Array) -> Array:
        names = self.encoder_.feature_names_in_
        if self.recency not in names:
            return np.full(len(matrix), np.nan)
        found: Array = matrix[:, names.index(self.recency)]
        return found

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict silence in all horizons; never more for a longer one."""
        return falling({h: self._shares(matrix, h) for h in self.horizons_})

    def _shares(self, matrix: Array, label: str) -> Array:
        found: Array = self.shares_[label][_groups(self._recency(matrix), self.edges_[label])]
        return found

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """All of it comes from recency; the base is the share of all."""
        names = self.encoder_.feature_names_in_
        place = names.index(self.recency) if self.recency in names else 0
        average = float(self.shares_[horizon][-1])
        return single_part(self._shares(matrix, horizon), average, place, matrix.shape[1])

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            bins=self.bins,
            prior_rows=self.prior_rows,
            recency=self.recency,
        )
        arrays = {f"{h}.edges": edges for h, edges in self.edges_.items()}
        arrays |= {f"{h}.shares": shares for h, shares in self.shares_.items()}
        return State(kind=type(self).__name__, json=json, arrays=arrays, texts={})

    @classmethod
    def from_state(cls, state: State) -> RecencySilenceClassifier:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(json["tier_horizon"], json["bins"], json["prior_rows"], json["recency"])
        model._start_from(json)
        model.classes_ = np.array([0, 1])
        model.edges_ = {h: state["arrays"][f"{h}.edges"] for h in model.horizons_}
        model.shares_ = {h: state["arrays"][f"{h}.shares"] for h in model.horizons_}
        return model


def _groups(recency: Array, edges: Array) -> NDArray[np.int64]:
    """Return each row's group; the last one is for rows without a recency."""
    found = np.searchsorted(edges, recency, side="left")
    return np.where(np.isnan(recency), len(edges) + 1, found).astype(np.int64)
