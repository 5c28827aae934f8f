"""Future value of every horizon: a blend of trees, a law of buying and past value, weighed out of time.

What is learned, in order: the law of buying and spend at every cutoff (`buy_till_you_die.forecasts`), whose
forecasts are features and a member of their own; the members on earlier windows, and what they say of
later rows (`lessons`); how far each is trusted and how much their mean is bent (`weighing`); the
members once more on all rows; the level of the book (`level`); and from the same later rows the intervals
(`intervals`). Nothing of it looks beyond the rows that were given.

Why this way: each step is one idea with a paper behind it, and a step that has nothing to go by does
nothing. So one configuration serves a shop with two years of history, a wholesaler with five and a
cohort with nine months, which no single model does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin

from valuemodel.estimators.boosting import TreeSettings
from valuemodel.estimators.buy_till_you_die.forecasts import LawForecasts, derived_names
from valuemodel.estimators.future_value.blend import Blend
from valuemodel.estimators.future_value.lessons import Lessons, Trust
from valuemodel.estimators.future_value.members import MEMBERS, MemberName
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.horizons import ordered, refuse_without_evidence, rising, tier_label
from valuemodel.estimators.intervals.conformal import ConformalIntervals
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array, State
from valuemodel.periods import Horizon

FEWEST_ROWS = 100
FEWEST_POSITIVE = 30
SCALE_FEATURES = ("past_value_*", "btyd_value_*")


class FutureValueRegressor(RegressorMixin, HorizonEstimator):
    """The value that each account brings in each horizon, by a blend weighed out of time.

    Parameters
    ----------
    tier_horizon : str, optional
        Label of the horizon that `predict` is for; the longest by default.
    horizons : tuple of str, optional
        Labels of the horizons to predict; those of y by default. Further columns of y help: a horizon
        without a complete window is learned over the longest shorter one that has enough, and stretched.
    members : tuple of str
        Which members there may be, of `value_members.MEMBERS`.
    trees : TreeSettings, optional
        How trees are grown.
    scale_features : tuple of str
        Patterns of columns in money that set an account's scale; ``btyd_value_*`` is the law's forecast.
    random_state : int
        Seed of row and column sampling.
    n_jobs : int, optional
        Threads; the result does not depend on them.

    Attributes
    ----------
    blends_ : dict of str to Blend
        What was learned, per horizon.
    weights_ : dict of str to float
        How far each member is trusted.
    stretched_ : dict of str to str
        Horizons that were learned over a shorter one, and which.
    intervals_ : dict of str to ConformalIntervals or None
        What the blend missed out of time, per horizon.
    law_ : LawForecasts or None
        The law of buying, where there is one.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> size = rng.lognormal(3, 1, 400)
    >>> X = pd.DataFrame({"past_value_6m": size, "recency_days": rng.uniform(0, 90, 400)})
    >>> y = pd.DataFrame({"6m": np.where(X.recency_days < 60, 2 * size, 0.0)})
    >>> members = ("two_part", "tweedie")
    >>> trees = TreeSettings(rounds=150)
    >>> model = FutureValueRegressor(members=members, trees=trees, n_jobs=1).fit(X, y)
    >>> rows = pd.DataFrame({"past_value_6m": [100.0, 100.0], "recency_days": [10.0, 80.0]})
    >>> bought, silent = model.predict(rows)
    >>> bool(150 < bought < 250), bool(silent < 20)
    (True, True)
    """

    def __init__(
        self,
        tier_horizon: str | None = None,
        horizons: tuple[str, ...] | None = None,
        members: tuple[MemberName, ...] = MEMBERS,
        trees: TreeSettings | None = None,
        scale_features: tuple[str, ...] = SCALE_FEATURES,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.tier_horizon = tier_horizon
        self.horizons = horizons
        self.members = members
        self.trees = trees
        self.scale_features = scale_features
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn every wanted horizon.

        Parameters
        ----------
        X : DataFrame of shape (n, p)
            Features: numbers and text.
        y : DataFrame of shape (n, h)
            Value in money, one column per horizon label; NaN where the window is not complete. Rows
            without any label still tell the law of buying.
        cutoffs : Series of datetime64 of shape (n,), optional
            The cutoff of each row. Without them all rows are of one cutoff, members are trusted alike,
            and there are no intervals.

        Raises
        ------
        DataRefused
            If a horizon has too few rows or too few positive values, and no shorter one has enough;
            all of them are named.
        """
        matrix, targets = self._start_fit(X, y)
        wanted = ordered(self.horizons or self.horizons_)
        reasons = {label: lacking_value(targets[label]) for label in self.horizons_}
        known = [label for label, reason in reasons.items() if not reason]
        sources = {label: _source(label, known, targets) for label in wanted}
        lacking = {
            label: reasons.get(label, "no complete window")
            for label, source in sources.items()
            if source is None
        }
        refuse_without_evidence(lacking, "future value")
        self.horizons_ = wanted
        tier_label(wanted, self.tier_horizon)
        self.stretched_ = {h: s for h, s in sources.items() if s is not None and s != h}
        self._learn(matrix, targets, cutoffs, known)
        return self

    def _learn(
        self,
        matrix: Array,
        targets: pd.DataFrame,
        cutoffs: pd.Series[Any] | None,
        known: list[str],
    ) -> None:
        encoder, every = self.encoder_, ordered({*targets.columns, *self.horizons_})
        self.law_ = LawForecasts.learn(matrix, encoder.feature_names_in_, cutoffs, every)
        lessons = Lessons(
            matrix=matrix,
            names=tuple(encoder.feature_names_in_),
            numbers=frozenset(encoder.feature_names_in_) - frozenset(encoder.levels_),
            targets=targets,
            cutoffs=cutoffs,
            law=self.law_,
            members=tuple(self.members),
            scale_features=tuple(self.scale_features),
            trees=self.trees or TreeSettings(),
            seed=self.random_state,
            n_jobs=self.n_jobs,
        )
        least = Horizon.parse(self.horizons_[-1]).days / 4.0 - 5.0
        told = [label for label in known if Horizon.parse(label).days >= least]
        trust = lessons.trust(told or known, lacking_value)
        self.weights_ = trust.weights
        self.blends_ = {
            label: lessons.blend(label, self.stretched_.get(label, label), trust)
            for label in self.horizons_
        }
        self.intervals_ = {label: _intervals(label, trust) for label in self.horizons_}

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict all horizons from an encoded matrix; longer ones never less than shorter ones."""
        derived = None if self.law_ is None else self.law_.of(matrix)
        return rising(
            {
                label: blend.predict(self._columns(matrix, derived, label), self.n_jobs)
                for label, blend in self.blends_.items()
            }
        )

    def _derived(self, label: str) -> tuple[str, ...]:
        """Return the law's columns that a horizon's blend reads, in order."""
        if self.law_ is None:
            return ()
        learned = self.blends_[label].learned
        return derived_names([learned] if learned == label else [learned, label])

    def _columns(self, matrix: Array, derived: Array | None, label: str) -> Array:
        if derived is None or self.law_ is None:
            return matrix
        places = [self.law_.names.index(name) for name in self._derived(label)]
        return np.hstack([matrix, derived[:, places]])

    def predict(self, X: pd.DataFrame) -> Array:
        """Predict the value of the tier horizon in money, shape (n,)."""
        return self._tier_prediction(X)

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """Take a horizon apart, each member on its own link scale; see `Blend.link_parts`."""
        derived = None if self.law_ is None else self.law_.of(matrix)
        columns = self._columns(matrix, derived, horizon)
        return self.blends_[horizon].link_parts(columns, self._derived(horizon), self.n_jobs)

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        learned = self.intervals_.items()
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            wanted=None if self.horizons is None else list(self.horizons),
            members=list(self.members),
            trees=(self.trees or TreeSettings()).model_dump(),
            scale_features=list(self.scale_features),
            random_state=self.random_state,
            weights=self.weights_,
            stretched=self.stretched_,
            law=None if self.law_ is None else self.law_.to_json(),
            blends={label: blend.to_json() for label, blend in self.blends_.items()},
            intervals={h: None if each is None else each.to_json() for h, each in learned},
        )
        texts = {
            f"{label}.{part}": text
            for label, blend in self.blends_.items()
            for part, text in blend.texts().items()
        }
        return State(kind=type(self).__name__, json=json, arrays={}, texts=texts)

    @classmethod
    def from_state(cls, state: State) -> FutureValueRegressor:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(
            tier_horizon=json["tier_horizon"],
            horizons=None if json["wanted"] is None else tuple(json["wanted"]),
            members=tuple(json["members"]),
            trees=TreeSettings(**json["trees"]),
            scale_features=tuple(json["scale_features"]),
            random_state=json["random_state"],
        )
        model._start_from(json)
        model.weights_, model.stretched_ = dict(json["weights"]), dict(json["stretched"])
        model.law_ = None if json["law"] is None else LawForecasts.from_json(json["law"])
        model.blends_ = {
            label: Blend.from_parts(learned, _under(state["texts"], f"{label}."))
            for label, learned in json["blends"].items()
        }
        model.intervals_ = {
            label: None if learned is None else ConformalIntervals.from_json(learned)
            for label, learned in json["intervals"].items()
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


def _source(label: str, known: list[str], targets: pd.DataFrame) -> str | None:
    """Return which horizon is learned from: its own, or the shorter one that most rows tell of."""
    if label in known:
        return label
    shorter = [one for one in known if Horizon.parse(one) < Horizon.parse(label)]
    if not shorter:
        return None
    rows = {one: int(targets[one].notna().sum()) for one in shorter}
    return max(shorter, key=lambda one: (rows[one], Horizon.parse(one).days))


def _intervals(label: str, trust: Trust) -> ConformalIntervals | None:
    """Learn from later rows of the horizon, or of the longest shorter one that has some.

    The sum over a longer window varies less in proportion, so that a shorter one errs to the wide side.
    """
    judged = [one for one in trust.evidence if Horizon.parse(one) <= Horizon.parse(label)]
    if not judged:
        return None
    evidence = trust.evidence[ordered(judged)[-1]]
    said = trust.said(evidence)
    days = Horizon.parse(evidence.horizon).days
    return ConformalIntervals.learn(said, evidence.truth, evidence.cutoffs, days)


def _under(texts: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {k.removeprefix(prefix): text for k, text in texts.items() if k.startswith(prefix)}
