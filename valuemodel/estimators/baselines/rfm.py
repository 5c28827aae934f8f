"""The RFM score: what accounts equally recent, frequent and large brought, and nothing cleverer.

Accounts are cut into groups of equal size by money, by recency and by frequency; a cell is one group of
each. What was seen in a cell is little, so its mean is drawn towards that of the cells around it: all
accounts, then those of equal money, then of equal money and recency, then the cell.

Why this way: RFM is what direct marketing has ranked by since the sixties, and what a spreadsheet can do
(Fader, Hardie and Lee, Journal of Marketing Research 42(4), 2005, compare with it too). Nested means make
small cells harmless, and each step of the nesting is what one of the three adds, so that the prediction
takes itself apart.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from valuemodel.estimators.baselines.past import place_of
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.horizons import rising
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array, State

_STEPS = ("money", "recency", "frequency")


class RfmRegressor(RegressorMixin, HorizonEstimator):
    """Mean future value of the accounts in the same cell of money, recency and frequency.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    bins : int
        Into how many groups of equal size each of the three is cut.
    prior_rows : float
        How many rows with the mean of the enclosing cell are added to each cell.
    recency, frequency : str
        The features with the days since the last order, and the number of purchase days. The money is
        ``past_value_<h>`` of the longest horizon.

    Attributes
    ----------
    edges_ : dict of str to ndarray
        Where each of "money", "recency" and "frequency" is cut.
    means_ : dict of str to list of ndarray
        Per horizon the mean of all, and of the cells of one, two and three of them; the last group of
        each is for a missing value.
    stood_in_ : dict of str to str
        The horizons without a complete window, and what stands in for their values.

    Examples
    --------
    >>> X = pd.DataFrame({"past_value_6m": [10.0, 90.0] * 100, "recency_days": 5.0})
    >>> X["purchase_days_365d"] = 3.0
    >>> y = pd.DataFrame({"6m": [8.0, 60.0] * 100})
    >>> RfmRegressor(bins=2).fit(X, y).predict(X[:2]).round(1)
    array([ 8., 60.])
    """

    def __init__(
        self,
        tier_horizon: str | None = None,
        bins: int = 5,
        prior_rows: float = 10.0,
        recency: str = "recency_days",
        frequency: str = "purchase_days_365d",
    ) -> None:
        self.tier_horizon = tier_horizon
        self.bins = bins
        self.prior_rows = prior_rows
        self.recency = recency
        self.frequency = frequency

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn the cells and their means.

        A horizon without a complete window brings what the last one of its length brought in the
        cell, and `stood_in_` says so.

        Raises
        ------
        ModelRefused
            If X lacks one of the three features.
        """
        del cutoffs
        matrix, targets = self._start_fit(X, y)
        inner = np.linspace(0.0, 1.0, self.bins + 1)[1:-1]
        self.edges_: dict[str, Array] = {}
        for step, place in zip(_STEPS, self._places(), strict=True):
            seen = matrix[~np.isnan(matrix[:, place]), place]
            self.edges_[step] = np.unique(np.quantile(seen, inner)) if len(seen) else np.zeros(0)
        cells = self._cells(matrix)
        self.means_: dict[str, list[Array]] = {}
        self.stood_in_: dict[str, str] = {}
        for label in self.horizons_:
            value = targets[label].to_numpy(dtype=np.float64)
            if np.isnan(value).all():
                self.stood_in_[label] = "mean past value of a cell, no complete window"
                value = matrix[:, place_of(self.encoder_.feature_names_in_, f"past_value_{label}")]
            known = ~np.isnan(value)
            self.means_[label] = self._nested([each[known] for each in cells], value[known])
        return self

    def _nested(self, cells: list[NDArray[np.int64]], value: Array) -> list[Array]:
        """Return the mean of all, then of ever smaller cells, each drawn to the one around it."""
        groups = self.bins + 1
        means = [np.array([value.mean() if len(value) else 0.0])]
        for depth, cell in enumerate(cells, start=1):
            around = np.repeat(means[-1], groups)
            rows = np.bincount(cell, minlength=groups**depth)
            sums = np.bincount(cell, weights=value, minlength=groups**depth)
            means.append((sums + self.prior_rows * around) / (rows + self.prior_rows))
        return means

    def _places(self) -> list[int]:
        names = self.encoder_.feature_names_in_
        money = f"past_value_{self.horizons_[-1]}"
        return [place_of(names, wanted) for wanted in (money, self.recency, self.frequency)]

    def _cells(self, matrix: Array) -> list[NDArray[np.int64]]:
        """Return each row's cell by one, two and three of the features."""
        found: list[NDArray[np.int64]] = []
        cell = np.zeros(len(matrix), dtype=np.int64)
        for step, place in zip(_STEPS, self._places(), strict=True):
            column = matrix[:, place]
            group = np.searchsorted(self.edges_[step], column, side="left")
            group = np.where(np.isnan(column), self.bins, group)
            cell = cell * (self.bins + 1) + group.astype(np.int64)
            found.append(cell)
        return found

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict all horizons; a longer one never brings less where values are positive."""
        cell = self._cells(matrix)[-1]
        return rising({label: self.means_[label][-1][cell] for label in self.horizons_})

    def predict(self, X: pd.DataFrame) -> Array:
        """Predict the value of the tier horizon in money, shape (n,)."""
        return self._tier_prediction(X)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """Each feature adds what its step of the nesting adds."""
        means, cells = self.means_[horizon], self._cells(matrix)
        parts = np.zeros((1, len(matrix), matrix.shape[1]))
        reached = np.full(len(matrix), means[0][0])
        for place, cell, mean in zip(self._places(), cells, means[1:], strict=True):
            parts[0, :, place] = mean[cell] - reached
            reached = mean[cell]
        return LinkParts(means[0], parts, _only)

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            bins=self.bins,
            prior_rows=self.prior_rows,
            recency=self.recency,
            frequency=self.frequency,
            stood_in=self.stood_in_,
        )
        arrays = {f"{step}.edges": edges for step, edges in self.edges_.items()}
        for label, means in self.means_.items():
            arrays |= {f"{label}.means_{depth}": each for depth, each in enumerate(means)}
        return State(kind=type(self).__name__, json=json, arrays=arrays, texts={})

    @classmethod
    def from_state(cls, state: State) -> RfmRegressor:
        """Rebuild a fitted model from `to_state`."""
        json, arrays = state["json"], state["arrays"]
        model = cls(
            json["tier_horizon"],
            json["bins"],
            json["prior_rows"],
            json["recency"],
            json["frequency"],
        )
        model._start_from(json)
        model.stood_in_ = dict(json["stood_in"])
        model.edges_ = {step: arrays[f"{step}.edges"] for step in _STEPS}
        depths = range(len(_STEPS) + 1)
        model.means_ = {h: [arrays[f"{h}.means_{d}"] for d in depths] for h in model.horizons_}
        return model


def _only(scores: Array) -> Array:
    found: Array = scores[0]
    return found
