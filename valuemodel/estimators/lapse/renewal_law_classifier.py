"""Lapse by the law of renewals: the baseline that knows how often an account has renewed.

Why this way: each horizon is learned from windows of its own length, because a renewal that is near and
not signed yet is a worse sign than one that is far; the law carries what was learned to horizons whose
windows are not complete yet.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from valuemodel.estimators.baselines.past import single_part
from valuemodel.estimators.horizon_estimator import RiskClassifier
from valuemodel.estimators.horizons import growing
from valuemodel.estimators.lapse.renewal_law import CLOCKS, RenewalLaw
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array, State


class RenewalLawClassifier(RiskClassifier):
    """The probability to lapse in each horizon, by the law of renewals learned from its windows.

    A horizon without a complete window is spoken for by the law of the next shorter one.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    prior_rows : float
        How many rows are added to those without a renewal inside; see `RenewalLaw.learn`.

    Examples
    --------
    >>> X = pd.DataFrame({"days_to_renewal": [30.0, 60.0, 200.0, 300.0] * 50})
    >>> y = pd.DataFrame({"3m": [1.0, 0.0, 0.0, 0.0] * 50})
    >>> RenewalLawClassifier().fit(X, y).predict_proba(X[1:3])[:, 1].round(2)
    array([0.5, 0. ])
    """

    def __init__(self, tier_horizon: str | None = None, prior_rows: float = 10.0) -> None:
        self.tier_horizon = tier_horizon
        self.prior_rows = prior_rows

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn the laws; without any complete window every horizon gets one half."""
        del cutoffs
        matrix, targets = self._start_fit(X, y)
        self.classes_ = np.array([0, 1])
        names = self.encoder_.feature_names_in_
        self.laws_: dict[str, RenewalLaw] = {}
        self.average_: dict[str, float] = {}
        for label in self.horizons_:
            lapsed = targets[label].to_numpy(dtype=np.float64)
            law = RenewalLaw.learn(matrix, names, lapsed, label, self.prior_rows)
            if law is not None:
                self.laws_[label] = law
        for label, risk in self.predict_encoded(matrix).items():
            self.average_[label] = float(risk.mean())
        return self

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict lapses in all horizons; never less for a longer one."""
        return growing({label: self._risk(matrix, label) for label in self.horizons_})

    def _risk(self, matrix: Array, label: str) -> Array:
        law = self._law(label)
        return np.full(len(matrix), 0.5) if law is None else law.risk(matrix, label)

    def _law(self, label: str) -> RenewalLaw | None:
        """Return a horizon's law; else that of the next shorter one, or of any."""
        shorter = self.horizons_[: self.horizons_.index(label) + 1][::-1]
        order = [*shorter, *self.horizons_]
        return next((self.laws_[own] for own in order if own in self.laws_), None)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """All of it is put down to the clock; the base is the average risk."""
        names = self.encoder_.feature_names_in_
        place = next((names.index(clock) for clock in CLOCKS if clock in names), 0)
        risk = self._risk(matrix, horizon)
        return single_part(risk, self.average_[horizon], place, matrix.shape[1])

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            prior_rows=self.prior_rows,
            average=self.average_,
            laws={label: law.to_json() for label, law in self.laws_.items()},
        )
        return State(kind=type(self).__name__, json=json, arrays={}, texts={})

    @classmethod
    def from_state(cls, state: State) -> RenewalLawClassifier:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(json["tier_horizon"], json["prior_rows"])
        model._start_from(json)
        model.classes_ = np.array([0, 1])
        model.average_ = dict(json["average"])
        model.laws_ = {h: RenewalLaw.from_json(law) for h, law in json["laws"].items()}
        return model
