"""Churn risk: how likely an account stays silent through the whole horizon.

Why this way: a risk is used as a number (hours times money), so it must be a probability, not only
an order. Trees give the order; a line through their log-odds, learned on later cutoffs than the
trees saw, brings the level back; both are smooth, so the risk can be explained in points.

References
----------
Platt, Probabilistic Outputs for Support Vector Machines, 1999 (calibration by a line in log-odds).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import pandas as pd

from valuemodel.estimators.boosting import (
    Grower,
    Sample,
    TreeSettings,
    contributions,
    from_text,
    raw_scores,
    to_text,
)
from valuemodel.estimators.horizon_estimator import RiskClassifier
from valuemodel.estimators.horizons import falling, refuse_without_evidence
from valuemodel.estimators.inner_split import InnerSplit, inner_split
from valuemodel.estimators.link import LinkParts, sigmoid
from valuemodel.estimators.season import hide_season
from valuemodel.estimators.state import Array, State
from valuemodel.periods import Horizon

FEWEST_EVENTS = 30
_CALIBRATION_SHARE = 0.5  # how far from "as it is" towards the line of the later cutoffs
_STEPS = 30


@dataclass(frozen=True)
class Risk:
    """The learned parts of one horizon: trees, and the line ``shift + slope x log-odds``."""

    trees: lgb.Booster
    shift: float
    slope: float

    def from_link(self, scores: Array) -> Array:
        """From the trees' log-odds, shape (1, n), to the probability."""
        return sigmoid(self.shift + self.slope * scores[0])


class ChurnClassifier(RiskClassifier):
    """LightGBM probability that an account buys nothing in each horizon, calibrated out of time.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    trees : TreeSettings, optional
        How trees are grown.
    random_state : int
        Seed of row and column sampling.
    n_jobs : int, optional
        Threads; the result does not depend on them.

    Attributes
    ----------
    classes_ : ndarray
        0 (buys) and 1 (silent).
    risks_ : dict of str to Risk
        What was learned, per horizon.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"recency_days": rng.uniform(0, 200, 400)})
    >>> y = pd.DataFrame({"3m": (X.recency_days > 100).astype(float)})
    >>> model = ChurnClassifier(n_jobs=1).fit(X, y)
    >>> model.predict_proba(pd.DataFrame({"recency_days": [5.0, 190.0]})).round(1)
    array([[1., 0.],
           [0., 1.]])
    """

    _learns = "churn risk"

    def __init__(
        self,
        tier_horizon: str | None = None,
        trees: TreeSettings | None = None,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.tier_horizon = tier_horizon
        self.trees = trees
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn every horizon in y.

        Parameters
        ----------
        X : DataFrame of shape (n, p)
            Features: numbers and text.
        y : DataFrame of shape (n, h)
            1 where the account stayed silent, else 0, one column per horizon label; NaN where the
            window is not complete.
        cutoffs : Series of shape (n,), optional
            The cutoff of each row; needed to choose the number of trees and to calibrate.

        Raises
        ------
        DataRefused
            If a horizon has fewer than 30 silent or 30 buying accounts; all of them are named.
        """
        matrix, targets = self._start_fit(X, y)
        reasons = {label: self._lacking(targets[label]) for label in self.horizons_}
        refuse_without_evidence(reasons, self._learns)
        self.classes_ = np.array([0, 1])
        self.risks_ = {
            label: self._fit_horizon(matrix, targets[label], label, cutoffs)
            for label in self.horizons_
        }
        return self

    def _fit_horizon(
        self,
        matrix: Array,
        target: pd.Series[float],
        label: str,
        cutoffs: pd.Series[Any] | None,
    ) -> Risk:
        silent: Array = np.asarray(target, dtype=np.float64)
        known = ~np.isnan(silent)
        matrix = hide_season(matrix, self.encoder_.feature_names_in_, cutoffs, known)
        rounds, shift, slope = (self.trees or TreeSettings()).rounds, 0.0, 1.0
        split = inner_split(cutoffs, Horizon.parse(label), known)
        if split is not None and not any(self._lacking(target[rows]) for rows in split):
            rounds, shift, slope = self._choose(matrix, silent, split)
        trees = self._grower().grow(Sample(matrix[known], silent[known]), rounds)
        return Risk(trees, shift, slope)

    def _choose(self, matrix: Array, silent: Array, split: InnerSplit) -> tuple[int, float, float]:
        """Choose the number of trees on later rows, and calibrate on them."""
        earlier = Sample(matrix[split.earlier], silent[split.earlier])
        later = Sample(matrix[split.later], silent[split.later])
        trees = self._grower().grow_until(earlier, later)
        shift, slope = _line(raw_scores(trees, later.matrix, self.n_jobs), later.target)
        share = _CALIBRATION_SHARE
        return (
            self._grower().within_bounds(trees.best_iteration),
            share * shift,
            1.0 + share * (slope - 1.0),
        )

    def _grower(self) -> Grower:
        trees = self.trees or TreeSettings()
        return Grower("binary", self.encoder_.categorical, trees, self.random_state, self.n_jobs)

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict all horizons from an encoded matrix; they agree with one another."""
        risks = self.risks_.items()
        return self._agreeing(
            {h: r.from_link(raw_scores(r.trees, matrix, self.n_jobs)[None, :]) for h, r in risks}
        )

    @staticmethod
    def _agreeing(probabilities: dict[str, Array]) -> dict[str, Array]:
        """Make silence in a longer window never likelier."""
        return falling(probabilities)

    @staticmethod
    def _lacking(target: pd.Series[float]) -> str:
        return lacking_events(target)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """Take a horizon apart: the trees' log-odds of churn."""
        risk = self.risks_[horizon]
        parts = contributions(risk.trees, matrix, self.n_jobs)[None, :, :]
        base = parts[:, 0, -1] if len(matrix) else np.zeros(1)
        return LinkParts(base, parts[:, :, :-1], risk.from_link)

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            trees=(self.trees or TreeSettings()).model_dump(),
            random_state=self.random_state,
            lines={label: [risk.shift, risk.slope] for label, risk in self.risks_.items()},
        )
        texts = {h: to_text(risk.trees) for h, risk in self.risks_.items()}
        return State(kind=type(self).__name__, json=json, arrays={}, texts=texts)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(
            tier_horizon=json["tier_horizon"],
            trees=TreeSettings(**json["trees"]),
            random_state=json["random_state"],
        )
        model._start_from(json)
        model.classes_ = np.array([0, 1])
        model.risks_ = {
            label: Risk(from_text(state["texts"][label]), shift, slope)
            for label, (shift, slope) in json["lines"].items()
        }
        return model


def lacking_events(
    target: pd.Series[float], gone: str = "silent rows", stayed: str = "rows that bought"
) -> str:
    """Say why churn cannot be learned from a target, or return an empty text.

    ``gone`` and ``stayed`` are what rows at 1 and at 0 are called.

    Examples
    --------
    >>> lacking_events(pd.Series([1.0] * 40 + [0.0] * 3))
    '3 rows that bought, at least 30 are needed'
    """
    known = target.dropna()
    if known.empty:
        return "no complete window"
    events = int((known > 0.5).sum())
    for count, what in ((events, gone), (len(known) - events, stayed)):
        if count < FEWEST_EVENTS:
            return f"{count} {what}, at least {FEWEST_EVENTS} are needed"
    return ""


def _line(scores: Array, silent: Array) -> tuple[float, float]:
    """Fit shift and slope of the log-odds by Newton's method; a weak ridge keeps them finite."""
    design = np.column_stack([np.ones(len(scores)), scores])
    beta = np.array([0.0, 1.0])
    ridge = np.diag([1.0, 1.0])
    for _ in range(_STEPS):
        chance = sigmoid(design @ beta)
        slope = design.T @ (chance - silent) + ridge @ (beta - np.array([0.0, 1.0]))
        curve = design.T @ (design * (chance * (1.0 - chance))[:, None]) + ridge
        step = np.linalg.solve(curve, slope)
        beta = beta - np.clip(step, -1.0, 1.0)
        if float(np.abs(step).max()) < 1e-10:
            break
    return float(beta[0]), max(float(beta[1]), 0.1)
