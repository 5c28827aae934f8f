"""Future value in two parts: will the account bring anything, and how much if it does.

Why this way: most books have a lump of accounts that bring nothing and a long tail of those that
do. One model of the mean would blur both; P(value > 0) and E(value | value > 0) are each well
understood. The second part starts at the account's own scale (see `scale`), so that large accounts
are predicted at their size. Losses and refunds enter as the mean of the values that are not
positive, usually small and negative. The total is not corrected by what it missed on the newest
cutoffs: with a year or two of history those are another season, and on real books the correction
did more harm than good.

References
----------
Cragg, Some Statistical Models for Limited Dependent Variables, Econometrica 1971 (two parts).
Jorgensen, The Theory of Dispersion Models, 1997 (Tweedie deviance).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin

from valuemodel.estimators.boosting import (
    Grower,
    Sample,
    TreeSettings,
    contributions,
    from_text,
    raw_scores,
    to_text,
)
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.horizons import refuse_without_evidence, rising
from valuemodel.estimators.inner_split import InnerSplit, inner_split
from valuemodel.estimators.link import LinkParts, sigmoid
from valuemodel.estimators.scale import Scale, scale_places
from valuemodel.estimators.season import hide_season
from valuemodel.estimators.state import Array, State
from valuemodel.periods import Horizon

FEWEST_ROWS = 100
FEWEST_POSITIVE = 30
_LARGEST_LOG = 30.0
SCALE_FEATURES = ("past_value_*",)


@dataclass(frozen=True)
class TwoPart:
    """The learned parts of one horizon.

    ``some`` gives logit P(value > 0); ``amount`` corrects log(``scale``); ``rest`` is the mean of
    the values that are not positive.
    """

    some: lgb.Booster
    amount: lgb.Booster
    scale: Scale
    rest: float

    def scores(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return logit P(value > 0) and log E(value | value > 0), shape (2, n)."""
        amount = raw_scores(self.amount, matrix, n_jobs) + self.scale.log(matrix)
        return np.stack([raw_scores(self.some, matrix, n_jobs), amount])

    def from_link(self, scores: Array) -> Array:
        """From the two scores to the expected value, in money."""
        chance = sigmoid(scores[0])
        amount = np.exp(np.minimum(scores[1], _LARGEST_LOG))
        value: Array = chance * amount + (1.0 - chance) * self.rest
        return value


class FutureValueRegressor(RegressorMixin, HorizonEstimator):
    """Two-part LightGBM model of the value that each account brings in each horizon.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    trees : TreeSettings, optional
        How trees are grown.
    scale_features : tuple of str
        Patterns of features in money that set an account's scale.
    random_state : int
        Seed of row and column sampling.
    n_jobs : int, optional
        Threads; the result does not depend on them.

    Attributes
    ----------
    parts_ : dict of str to TwoPart
        What was learned, per horizon.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> size = rng.lognormal(3, 1, 400)
    >>> X = pd.DataFrame({"past_value_6m": size, "recency_days": rng.uniform(0, 90, 400)})
    >>> y = pd.DataFrame({"6m": np.where(X.recency_days < 60, 2 * size, 0.0)})
    >>> model = FutureValueRegressor(trees=TreeSettings(rounds=150), n_jobs=1).fit(X, y)
    >>> rows = pd.DataFrame({"past_value_6m": [100.0, 100.0], "recency_days": [10.0, 80.0]})
    >>> bought, silent = model.predict(rows)
    >>> bool(150 < bought < 250), bool(silent < 20)
    (True, True)
    """

    def __init__(
        self,
        tier_horizon: str | None = None,
        trees: TreeSettings | None = None,
        scale_features: tuple[str, ...] = SCALE_FEATURES,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.tier_horizon = tier_horizon
        self.trees = trees
        self.scale_features = scale_features
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn every horizon in y.

        Parameters
        ----------
        X : DataFrame of shape (n, p)
            Features: numbers and text.
        y : DataFrame of shape (n, h)
            Value in money, one column per horizon label; NaN where the window is not complete.
        cutoffs : Series of shape (n,), optional
            The cutoff of each row. With a long enough history, the number of trees is chosen on the
            newest cutoffs, with earlier windows that ended before them.

        Raises
        ------
        DataRefused
            If a horizon has too few rows or too few positive values; all of them are named.
        """
        matrix, targets = self._start_fit(X, y)
        reasons = {label: lacking_value(targets[label]) for label in self.horizons_}
        refuse_without_evidence(reasons, "future value")
        self.parts_ = {
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
    ) -> TwoPart:
        value: Array = np.asarray(target, dtype=np.float64)
        known = ~np.isnan(value)
        matrix = hide_season(matrix, self.encoder_.feature_names_in_, cutoffs, known)
        trees = self.trees or TreeSettings()
        rounds = (trees.rounds, trees.rounds)
        split = inner_split(cutoffs, Horizon.parse(label), known)
        if split is not None and not any(lacking_value(target[rows]) for rows in split):
            rounds = self._choose(matrix, value, split)
        some, amount = self._samples(matrix[known], value[known])
        scale, start = self._scale(amount)
        return TwoPart(
            some=self._grower("binary").grow(some, rounds[0]),
            amount=self._grower("tweedie").grow(start, rounds[1]),
            scale=scale,
            rest=_mean_of_rest(value[known]),
        )

    def _choose(self, matrix: Array, value: Array, split: InnerSplit) -> tuple[int, int]:
        """Choose the numbers of trees on later rows than those they are grown on."""
        some, amount = self._samples(matrix[split.earlier], value[split.earlier])
        later_some, later_amount = self._samples(matrix[split.later], value[split.later])
        scale, start = self._scale(amount)
        later = Sample(later_amount.matrix, later_amount.target, scale.log(later_amount.matrix))
        return (
            self._grower("binary").best_rounds(some, later_some),
            self._grower("tweedie").best_rounds(start, later),
        )

    def _samples(self, matrix: Array, value: Array) -> tuple[Sample, Sample]:
        positive = value > 0
        some = Sample(matrix, positive.astype(np.float64))
        return some, Sample(matrix[positive], value[positive])

    def _scale(self, amount: Sample) -> tuple[Scale, Sample]:
        names = self.encoder_.feature_names_in_
        numbers = set(names) - set(self.encoder_.levels_)
        places = scale_places(names, self.scale_features, numbers)
        scale = Scale.learn(amount.matrix, amount.target, places)
        return scale, Sample(amount.matrix, amount.target, scale.log(amount.matrix))

    def _grower(self, objective: str) -> Grower:
        trees = self.trees or TreeSettings()
        return Grower(objective, self.encoder_.categorical, trees, self.random_state, self.n_jobs)

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict all horizons from an encoded matrix; longer ones never less than shorter ones."""
        parts = self.parts_.items()
        return rising({h: p.from_link(p.scores(matrix, self.n_jobs)) for h, p in parts})

    def predict(self, X: pd.DataFrame) -> Array:
        """Predict the value of the tier horizon in money, shape (n,)."""
        return self._tier_prediction(X)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """Take a horizon apart: logit P(value > 0) and log E(value | value > 0)."""
        part = self.parts_[horizon]
        some = contributions(part.some, matrix, self.n_jobs)
        amount = contributions(part.amount, matrix, self.n_jobs) + part.scale.contributions(matrix)
        stacked = np.stack([some, amount])
        base = stacked[:, 0, -1] if len(matrix) else np.zeros(2)
        return LinkParts(base, stacked[:, :, :-1], part.from_link)

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        learned = {
            label: {"scale": part.scale.to_json(), "rest": part.rest}
            for label, part in self.parts_.items()
        }
        texts = {}
        for label, part in self.parts_.items():
            texts[f"{label}.some"] = to_text(part.some)
            texts[f"{label}.amount"] = to_text(part.amount)
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            trees=(self.trees or TreeSettings()).model_dump(),
            scale_features=list(self.scale_features),
            random_state=self.random_state,
            parts=learned,
        )
        return State(kind=type(self).__name__, json=json, arrays={}, texts=texts)

    @classmethod
    def from_state(cls, state: State) -> FutureValueRegressor:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(
            tier_horizon=json["tier_horizon"],
            trees=TreeSettings(**json["trees"]),
            scale_features=tuple(json["scale_features"]),
            random_state=json["random_state"],
        )
        model._start_from(json)
        model.parts_ = {
            label: TwoPart(
                some=from_text(state["texts"][f"{label}.some"]),
                amount=from_text(state["texts"][f"{label}.amount"]),
                scale=Scale.from_json(learned["scale"]),
                rest=learned["rest"],
            )
            for label, learned in json["parts"].items()
        }
        return model


def lacking_value(target: pd.Series[float]) -> str:
    """Say why future value cannot be learned from a target, or return an empty text.

    Examples
    --------
    >>> lacking_value(pd.Series([float("nan")] * 3))
    'no complete window'
    """
    known = target.dropna()
    if known.empty:
        return "no complete window"
    if len(known) < FEWEST_ROWS:
        return f"{len(known)} rows with a complete window, at least {FEWEST_ROWS} are needed"
    positive = int((known > 0).sum())
    if positive < FEWEST_POSITIVE:
        return f"{positive} rows with a positive value, at least {FEWEST_POSITIVE} are needed"
    return ""


def _mean_of_rest(value: Array) -> float:
    rest = value[value <= 0]
    return float(rest.mean()) if len(rest) else 0.0
