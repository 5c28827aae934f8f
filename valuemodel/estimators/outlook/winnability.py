"""Winnability: how likely an account grows by the margin in the near horizon, or an open deal is won.

Its label is that of `valuemodel.labels.expansion`: value above past value by the margin of the settings,
or an opportunity won that stood open at the cutoff. It is the chance that the next months of work on an
account pay, as sales people mean it when they ask what can be won.

Why this way: growth is not the reverse of churn. What tells it ahead is use that grows, seats that are
full, users above them and what stands in the pipeline, and an account may well do both: grow where
it stays. So it has trees of its own, on all features. How sure they may be is learned on later cutoffs
than they saw: a slope of their log-odds there below 1 tempers them. A slope above 1 only says that the
trial had less to learn from than the whole has. And the level is left alone: how many accounts grow
against the months before is a matter of season, and that of the newest cutoffs is another one (on
Online Retail II, taking level and slope too raised the Brier score from 0.133 to 0.143).

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
from numpy.typing import NDArray

from valuemodel.estimators.boosting import (
    Grower,
    Sample,
    TreeSettings,
    contributions,
    from_text,
    raw_scores,
    to_text,
)
from valuemodel.estimators.churn.classifier import lacking_events
from valuemodel.estimators.churn.weights import fit_line
from valuemodel.estimators.horizon_estimator import HorizonEstimator, YesOrNo
from valuemodel.estimators.horizons import refuse_without_evidence
from valuemodel.estimators.inner_split import InnerSplit, inner_split
from valuemodel.estimators.link import LinkParts, sigmoid
from valuemodel.estimators.season import hide_season
from valuemodel.estimators.state import Array, State
from valuemodel.periods import Horizon

#: Fewer trees that learn faster than those of value: one near horizon, and most of it is noise.
TREES = TreeSettings(learning_rate=0.08, rounds=40, max_rounds=150, patience=15)

_SHARE = 0.5  # how far from "as it is" towards the slope of the later cutoffs
_STEPS = 30
_STILL = 1e-10


@dataclass(frozen=True)
class Chance:
    """The learned parts of one horizon: trees, and the line ``shift + slope x log-odds``."""

    trees: lgb.Booster
    shift: float
    slope: float

    def from_link(self, scores: Array) -> Array:
        """From the trees' log-odds, shape (1, n), to the probability."""
        return sigmoid(self.shift + self.slope * scores[0])


class WinnabilityClassifier(YesOrNo, HorizonEstimator):
    """LightGBM probability that an account grows or an open opportunity is won, calibrated.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default. An account model learns
        the near horizon alone, the shortest of the settings.
    trees : TreeSettings, optional
        How trees are grown.
    random_state : int
        Seed of row and column sampling.
    n_jobs : int, optional
        Threads; the result does not depend on them.

    Attributes
    ----------
    classes_ : ndarray
        0 (neither) and 1 (grew or won).
    chances_ : dict of str to Chance
        What was learned, per horizon.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"seats_used_share_90d": rng.uniform(0, 1, 600)})
    >>> y = pd.DataFrame({"3m": (X.seats_used_share_90d > 0.9).astype(float)})
    >>> model = WinnabilityClassifier(n_jobs=1).fit(X, y)
    >>> model.predict(pd.DataFrame({"seats_used_share_90d": [0.2, 0.99]}))
    array([0, 1])
    """

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
            1 where the account grew or an opportunity was won, else 0, one column per horizon label;
            NaN where the window is not complete.
        cutoffs : Series of shape (n,), optional
            The cutoff of each row; needed to choose the number of trees and to calibrate.

        Raises
        ------
        DataRefused
            If a horizon has fewer than 30 rows that grew, or 30 that did not; all of them are named.
        """
        matrix, targets = self._start_fit(X, y)
        reasons = {label: lacking_growth(targets[label]) for label in self.horizons_}
        refuse_without_evidence(reasons, "winnability")
        self.classes_ = np.array([0, 1])
        self.chances_ = {
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
    ) -> Chance:
        grew: Array = np.asarray(target, dtype=np.float64)
        known = ~np.isnan(grew)
        matrix = hide_season(matrix, self.encoder_.feature_names_in_, cutoffs, known)
        rounds, shift, slope = (self.trees or TREES).rounds, 0.0, 1.0
        split = inner_split(cutoffs, Horizon.parse(label), known)
        if split is not None and not any(lacking_growth(target[rows]) for rows in split):
            rounds, shift, slope = self._choose(matrix, grew, split)
        grown = self._grower().grow(Sample(matrix[known], grew[known]), rounds)
        return Chance(grown, shift, slope)

    def _choose(self, matrix: Array, grew: Array, split: InnerSplit) -> tuple[int, float, float]:
        """Choose the number of trees, and the line, on later rows than they are grown on."""
        sample = Sample(matrix[split.earlier], grew[split.earlier])
        later = Sample(matrix[split.later], grew[split.later])
        grower = self._grower()
        trial = grower.grow_until(sample, later)
        rounds = grower.within_bounds(trial.best_iteration)
        if rounds != trial.best_iteration:  # the slope of as many trees as there will be
            trial = grower.grow(sample, rounds)
        scores = raw_scores(trial, later.matrix, self.n_jobs)
        slope = 1.0 + _SHARE * (min(fit_line(scores, later.target)[1], 1.0) - 1.0)
        return rounds, _level(scores, slope), slope

    def _grower(self) -> Grower:
        trees = self.trees or TREES
        return Grower("binary", self.encoder_.categorical, trees, self.random_state, self.n_jobs)

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict all horizons from an encoded matrix of shape (n, p)."""
        return {
            label: chance.from_link(raw_scores(chance.trees, matrix, self.n_jobs)[None, :])
            for label, chance in self.chances_.items()
        }

    def predict_proba(self, X: pd.DataFrame) -> Array:
        """Probability of neither, and of growth or a win, in the tier horizon; shape (n, 2)."""
        chance = self._tier_prediction(X)
        return np.column_stack([1.0 - chance, chance])

    def predict(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """Return 1 where growth or a win in the tier horizon is likelier than not, else 0."""
        return (self._tier_prediction(X) > 0.5).astype(np.int64)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """Take a horizon apart: the trees' log-odds of growth."""
        chance = self.chances_[horizon]
        parts = contributions(chance.trees, matrix, self.n_jobs)[None, :, :]
        base = parts[:, 0, -1] if len(matrix) else np.zeros(1)
        return LinkParts(base, parts[:, :, :-1], chance.from_link)

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            trees=(self.trees or TREES).model_dump(),
            random_state=self.random_state,
            lines={label: [one.shift, one.slope] for label, one in self.chances_.items()},
        )
        texts = {label: to_text(chance.trees) for label, chance in self.chances_.items()}
        return State(kind=type(self).__name__, json=json, arrays={}, texts=texts)

    @classmethod
    def from_state(cls, state: State) -> WinnabilityClassifier:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(
            tier_horizon=json["tier_horizon"],
            trees=TreeSettings(**json["trees"]),
            random_state=json["random_state"],
        )
        model._start_from(json)
        model.classes_ = np.array([0, 1])
        model.chances_ = {
            label: Chance(from_text(state["texts"][label]), shift, slope)
            for label, (shift, slope) in json["lines"].items()
        }
        return model


def lacking_growth(target: pd.Series[float]) -> str:
    """Say why winnability cannot be learned from a target, or return an empty text.

    Examples
    --------
    >>> lacking_growth(pd.Series([1.0] * 3 + [0.0] * 40))
    '3 rows that grew, at least 30 are needed'
    """
    return lacking_events(target, gone="rows that grew", stayed="rows that did not grow")


def _level(scores: Array, slope: float) -> float:
    """Return the shift with which the slope leaves the mean probability where it was."""
    shift, mean = 0.0, float(sigmoid(scores).mean())
    for _ in range(_STEPS):
        chance = sigmoid(shift + slope * scores)
        step = (float(chance.mean()) - mean) / max(float((chance * (1.0 - chance)).mean()), 1e-9)
        shift -= min(max(step, -1.0), 1.0)
        if abs(step) < _STILL:
            break
    return shift
