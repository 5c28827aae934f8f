"""Churn risk: how likely an account stays silent through the whole horizon.

Why this way: a risk is used as a number (hours times money), so it must be a probability, not only
an order; and it must agree with itself, since nobody stays silent longer than for a while. So silence
is put together step by step, window after window (`steps`); each step is a blend of trees, a law
of buying and a simple line, weighed on later cutoffs (`blend`); and horizons that no snapshot has
complete windows for are stretched by the law (`stretch`), and named.

References
----------
Singer and Willett, It's About Time, Journal of Educational Statistics 18(2), 1993 (steps).
Platt, Probabilistic Outputs for Support Vector Machines, 1999 (calibration by a line in log-odds).
Fader, Hardie and Lee, "Counting Your Customers" the Easy Way, Marketing Science 24(2), 2005 (the law).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from valuemodel.estimators.boosting import Grower, TreeSettings
from valuemodel.estimators.buy_till_you_die.forecasts import LawForecasts
from valuemodel.estimators.churn.blend import Blend, BlendLearner, Judgement, Rows
from valuemodel.estimators.churn.members import WideNames
from valuemodel.estimators.churn.steps import (
    Chain,
    Step,
    column,
    given,
    lacking_events,
    plan_steps,
)
from valuemodel.estimators.churn.stretch import LawShift, Share, path_to, silence
from valuemodel.estimators.churn.weights import NO_LINE
from valuemodel.estimators.horizon_estimator import RiskClassifier
from valuemodel.estimators.horizons import falling, ordered, refuse_without_evidence, tier_label
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array, State
from valuemodel.periods import Horizon

__all__ = ["ChurnClassifier", "lacking_events"]

Part = Blend | LawShift | Share


class Book(NamedTuple):
    """What a classifier learns from: features by name, labels, cutoffs, and the law of them."""

    matrix: Array
    names: tuple[str, ...]
    targets: pd.DataFrame
    cutoffs: pd.Series[Any] | None
    law: LawForecasts | None

    def beside(self, law: LawForecasts | None) -> tuple[WideNames, Array]:
        """Return the features and the forecasts of a law side by side, each row's of its time."""
        if law is None:
            return WideNames(self.names), self.matrix
        wide = np.column_stack([self.matrix, law.of_training(self.matrix, self.cutoffs)])
        return WideNames((*self.names, *law.names)), wide

    def rows(self, step: Step, wide: Array) -> Rows:
        """Return what a step is learned from."""
        target: Array = np.asarray(given(self.targets, step.label, step.before), dtype=np.float64)
        times = None if self.cutoffs is None else pd.Series(self.cutoffs).reset_index(drop=True)
        return Rows(wide, target, times, column(self.targets, step.label).notna().to_numpy())


class ChurnClassifier(RiskClassifier):
    """Calibrated probability that an account buys nothing in each horizon.

    It never grows with the horizon, by construction: silence through a longer window is silence
    through the shorter one, times a probability.

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
    horizons : tuple of str, optional
        Labels of the horizons to predict; all columns of y by default. Other columns of y help to
        learn those.

    Attributes
    ----------
    classes_ : ndarray
        0 (buys) and 1 (silent).
    chain_ : Chain
        Which steps lead to which horizon.
    parts_ : list of Blend, LawShift or Share
        What was learned of each step.
    law_ : LawForecasts or None
        The law of buying, where the features tell one.
    stretched_ : dict of str to str
        Horizons that the law stretches, and from which shorter window.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"recency_days": rng.uniform(0, 200, 400)})
    >>> y = pd.DataFrame({"3m": (X.recency_days > 100).astype(float)})
    >>> model = ChurnClassifier(n_jobs=1).fit(X, y)
    >>> model.predict(pd.DataFrame({"recency_days": [5.0, 190.0]}))
    array([0, 1])
    """

    _learns = "churn risk"

    def __init__(
        self,
        tier_horizon: str | None = None,
        trees: TreeSettings | None = None,
        random_state: int = 0,
        n_jobs: int | None = None,
        horizons: tuple[str, ...] | None = None,
    ) -> None:
        self.tier_horizon = tier_horizon
        self.trees = trees
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.horizons = horizons

    def fit(self, X: pd.DataFrame, y: pd.DataFrame, cutoffs: pd.Series[Any] | None = None) -> Self:
        """Learn the steps to every wanted horizon.

        Parameters
        ----------
        X : DataFrame of shape (n, p)
            Features: numbers and text.
        y : DataFrame of shape (n, h)
            1 where the account stayed silent, else 0, one column per horizon label; NaN where the
            window is not complete. Rows without any label serve the law of buying.
        cutoffs : Series of shape (n,), optional
            The cutoff of each row; needed to weigh members, to choose the number of trees and to
            calibrate.

        Raises
        ------
        DataRefused
            If a wanted horizon has fewer than 30 silent or 30 buying accounts and cannot be stretched;
            all of them are named.
        """
        wanted = ordered(self.horizons or y.columns)
        tier_label(wanted, self.tier_horizon)
        matrix, targets = self._start_fit(X, y)
        names = self.encoder_.feature_names_in_
        law = LawForecasts.learn(matrix, names, cutoffs, ordered({*targets.columns, *wanted}))
        self.chain_ = plan_steps(targets, wanted, lawful=law is not None)
        refuse_without_evidence(self.chain_.lacking, self._learns)
        self.horizons_, self.classes_ = wanted, np.array([0, 1])
        self.stretched_ = dict(self.chain_.stretched)
        ends = tuple(step.label for step in self.chain_.steps)
        self.law_ = None if law is None else replace(law, horizons=ends)
        book = Book(matrix, tuple(names), targets, cutoffs, law)
        self.parts_ = self._learn_steps(book)
        return self

    def _learn_steps(self, book: Book) -> list[Part]:
        names, wide = book.beside(self.law_)
        learner, found = BlendLearner(names, self._grower()), list[Part]()
        for step in self.chain_.steps:
            rows, law = book.rows(step, wide), names.law(step)
            if step.way == "law" and law is not None:
                found.append(LawShift.learn(wide, *law))
            elif step.way == "share":
                found.append(Share.learn(rows.target))
            else:
                judged = learner.judge(step, rows)
                if judged is None and step.before is None:
                    judged = self._judged_shorter(book, step)
                found.append(learner.learn(step, rows, judged))
        return found

    def _judged_shorter(self, book: Book, step: Step) -> Judgement | None:
        """Judge members over the longest shorter window whose history suffices; its level is its own."""
        names, wide = book.beside(book.law)
        learner = BlendLearner(names, self._grower())
        ends = Horizon.parse(step.label)
        for label in reversed(ordered(book.targets.columns)):
            helper = Step(label, None)
            judged = (
                learner.judge(helper, book.rows(helper, wide))
                if Horizon.parse(label) < ends
                else None
            )
            if judged is not None:
                return judged._replace(line=NO_LINE)
        return None

    def _grower(self) -> Grower:
        trees = self.trees or TreeSettings()
        return Grower("binary", self.encoder_.categorical, trees, self.random_state, self.n_jobs)

    @property
    def _derived(self) -> tuple[str, ...]:
        return () if self.law_ is None else self.law_.names

    def _wide(self, matrix: Array) -> Array:
        if self.law_ is None:
            return matrix
        return np.column_stack([matrix, self.law_.of(matrix)])

    def predict_encoded(self, matrix: Array) -> dict[str, Array]:
        """Predict all horizons from an encoded matrix; they agree with one another."""
        wide = self._wide(matrix)
        found = silence(self.chain_.steps, [part.scores(wide) for part in self.parts_])
        return falling({label: found[label] for label in self.horizons_})  # a guard, no correction

    def link_parts_encoded(self, matrix: Array, horizon: str) -> LinkParts:
        """Take a horizon apart: the log-odds of the steps that lead to it.

        The line of each step is part of its log-odds, so nothing is left to calibrate.
        """
        places = path_to(self.chain_.steps, horizon)
        steps = [self.chain_.steps[place] for place in places]
        wide = self._wide(matrix)
        parts = np.stack([self.parts_[place].contributions(wide) for place in places])
        base = parts[:, 0, -1] if len(matrix) else np.zeros(len(places))

        def from_link(scores: Array) -> Array:
            return silence(steps, list(scores))[horizon]

        return LinkParts(base, parts[:, :, :-1], from_link, self._derived)

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = self._start_state(
            tier_horizon=self.tier_horizon,
            trees=(self.trees or TreeSettings()).model_dump(),
            random_state=self.random_state,
            wanted=None if self.horizons is None else list(self.horizons),
            steps=self.chain_.to_json(),
            stretched=self.stretched_,
            parts=[part.to_json() for part in self.parts_],
            law=None if self.law_ is None else self.law_.to_json(),
        )
        blends = zip(self.chain_.steps, self.parts_, strict=True)
        texts = {s.label: part.trees_text() for s, part in blends if isinstance(part, Blend)}
        return State(kind=type(self).__name__, json=json, arrays={}, texts=texts)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild a fitted model from `to_state`."""
        json = state["json"]
        model = cls(
            tier_horizon=json["tier_horizon"],
            trees=TreeSettings(**json["trees"]),
            random_state=json["random_state"],
            horizons=None if json["wanted"] is None else tuple(json["wanted"]),
        )
        model._start_from(json)
        model.classes_ = np.array([0, 1])
        model.law_ = None if json["law"] is None else LawForecasts.from_json(json["law"])
        model.stretched_ = dict(json["stretched"])
        model.chain_ = Chain.from_json(json["steps"], model.stretched_)
        parts = zip(model.chain_.steps, json["parts"], strict=True)
        model.parts_ = [_part(step, part, state["texts"].get(step.label)) for step, part in parts]
        return model


def _part(step: Step, json: dict[str, Any], trees: str | None) -> Blend | LawShift | Share:
    if trees is not None:
        return Blend.from_json(json, trees)
    return Share(**json) if step.way == "share" else LawShift(**json)
