"""All heads of an account, promoted together: value and churn risk for every horizon.

Why this way: a horizon whose windows are not complete yet, or that too little is known of, must not
stop the others, and must not guess silently. It falls back to a baseline, and says so in a tag that
travels with the predictions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from valuemodel.estimators.churn import lacking_events
from valuemodel.estimators.definitions import Recipe, estimator_from_state
from valuemodel.estimators.encoding import FeatureEncoder
from valuemodel.estimators.future_value import lacking_value
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.horizons import falling, ordered, rising
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array, State, nested, part
from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff, Horizon

Target = Literal["value", "churn"]
TARGETS: tuple[Target, ...] = ("value", "churn")


class LearningTable(Protocol):
    """What is learned from: a `valuemodel.dataset.Dataset` with labels."""

    @property
    def X(self) -> pd.DataFrame:  # noqa: N802 - the field's name
        """Features, one row per account and cutoff."""
        ...

    @property
    def y(self) -> pd.DataFrame | None:
        """``value_<h>`` and ``churn_<h>``; NaN where the window is not complete."""
        ...

    @property
    def keys(self) -> pd.DataFrame:
        """``account_id`` and ``cutoff``."""
        ...


@dataclass(frozen=True)
class Head:
    """One horizon of one target: which estimator, which of its horizons, and why if not its own."""

    estimator: str
    learned: str
    tag: str = ""


@dataclass(frozen=True)
class AccountModel:
    """Fitted heads of all horizons, as one model.

    Parameters
    ----------
    name : str
        The recipe it was fitted by, such as "lightgbm" or "past_value".
    horizons : tuple of str
        Labels of the horizons, shortest first.
    tier_horizon : str
        The label that tiers are cut on.
    trained_until : Cutoff
        Nothing from this instant on was used.
    estimators : mapping of str to HorizonEstimator
        Fitted on the same features.
    heads : mapping of (target, horizon) to Head
        Which estimator speaks for which column.
    """

    name: str
    horizons: tuple[str, ...]
    tier_horizon: str
    trained_until: Cutoff
    estimators: Mapping[str, HorizonEstimator]
    heads: Mapping[tuple[Target, str], Head] = field(default_factory=dict)

    @property
    def _encoder(self) -> FeatureEncoder:
        return next(iter(self.estimators.values())).encoder_

    @property
    def feature_names(self) -> list[str]:
        """The features, in the order in which they were learned."""
        return list(self._encoder.feature_names_in_)

    @property
    def feature_kinds(self) -> dict[str, str]:
        """Each feature's kind, "number" or "category"."""
        return self._encoder.kinds

    @property
    def output_names(self) -> list[str]:
        """The columns that `predict` returns, in order."""
        return [f"{target}_{label}" for target in TARGETS for label in self.horizons]

    @property
    def tags(self) -> dict[str, str]:
        """Per horizon label, what stands in for a model there and why; empty where none does."""
        found = {}
        for label in self.horizons:
            said = [self.heads[target, label].tag for target in TARGETS]
            if any(said):
                found[label] = "; ".join(text for text in said if text)
        return found

    def newly_missing(self, X: pd.DataFrame) -> list[str]:
        """Name the features that had values in training and have next to none now."""
        return self._encoder.newly_missing(X)

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predict ``value_<h>`` in money and ``churn_<h>`` as a probability, for every horizon.

        Raises
        ------
        ModelRefused
            If the features are not those that were learned from.
        """
        matrix = self._encoder.transform(X)
        by_estimator = {n: e.predict_encoded(matrix) for n, e in self.estimators.items()}
        columns: dict[str, Array] = {}
        for target in TARGETS:
            heads = {label: self.heads[target, label] for label in self.horizons}
            found = {label: by_estimator[h.estimator][h.learned] for label, h in heads.items()}
            for label, predicted in self._agreeing(target, found).items():
                columns[f"{target}_{label}"] = predicted
        return pd.DataFrame({name: columns[name] for name in self.output_names}, index=X.index)

    def _agreeing(self, target: Target, found: dict[str, Array]) -> dict[str, Array]:
        """Make horizons agree where several estimators speak; each agrees within itself already."""
        if len({self.heads[target, label].estimator for label in self.horizons}) == 1:
            return falling(found) if target == "churn" else found
        return rising(found) if target == "value" else falling(found)

    def link_parts(self, target: Target, X: pd.DataFrame, horizon: str | None = None) -> LinkParts:
        """Take the predictions of a target apart; for the tier horizon unless another is named."""
        label = self.tier_horizon if horizon is None else horizon
        if (target, label) not in self.heads:
            problem = f"the model has no {target} of horizon {label!r}"
            raise UsageError(problem, received=", ".join(self.horizons))
        head = self.heads[target, label]
        return self.estimators[head.estimator].link_parts(X, head.learned)

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = {
            "name": self.name,
            "horizons": list(self.horizons),
            "tier_horizon": self.tier_horizon,
            "trained_until": self.trained_until.text,
            "heads": [
                [target, label, head.estimator, head.learned, head.tag]
                for (target, label), head in self.heads.items()
            ],
        }
        parts = {name: estimator.to_state() for name, estimator in self.estimators.items()}
        return nested(parts, type(self).__name__, json)

    @classmethod
    def from_state(cls, state: State) -> AccountModel:
        """Rebuild a model from `to_state`."""
        json = state["json"]
        names = list(json["parts"])
        return cls(
            name=json["name"],
            horizons=tuple(json["horizons"]),
            tier_horizon=json["tier_horizon"],
            trained_until=Cutoff.parse(json["trained_until"]),
            estimators={name: estimator_from_state(part(state, name)) for name in names},
            heads={(t, label): Head(name, own, tag) for t, label, name, own, tag in json["heads"]},
        )


def fit_account_model(
    recipe: Recipe,
    dataset: LearningTable,
    *,
    horizons: Sequence[Horizon],
    tier_horizon: Horizon,
    as_of: Cutoff,
    n_jobs: int | None = None,
) -> AccountModel:
    """Fit all heads of a recipe; a horizon that cannot be learned falls back, tagged.

    Parameters
    ----------
    recipe : Recipe
        The heads and their fallbacks.
    dataset : Dataset
        Rolling snapshots with labels. ``churn_<h>`` of shorter helper horizons may lie beside those
        of the settings; see `helper_horizons`.
    horizons, tier_horizon
        The horizons of the settings, and the one that tiers are cut on.
    as_of : Cutoff
        The model's `trained_until`.
    n_jobs : int, optional
        Threads; the result does not depend on them.

    Raises
    ------
    UsageError
        If the dataset has no labels.
    """
    if dataset.y is None or not len(dataset.X):
        problem = "there is nothing to learn from"
        hint = "build snapshots with labels_until, even where no window is complete"
        raise UsageError(problem, received=f"{len(dataset.X)} rows", hint=hint)
    labels = tuple(ordered(horizon.label for horizon in horizons))
    heads: dict[tuple[Target, str], Head] = {}
    estimators: dict[str, HorizonEstimator] = {}
    for target in TARGETS:
        plan = _plan(recipe, target, labels, dataset.y)
        heads |= {(target, label): head for label, head in plan.items()}
        sections = {"value": recipe.value, "churn": recipe.churn}
        stand_ins = {"value": recipe.fallback_value, "churn": recipe.fallback_churn}
        for name, section in (
            (target, sections[target]),
            (f"{target}_fallback", stand_ins[target]),
        ):
            wanted = ordered({head.learned for head in plan.values() if head.estimator == name})
            if wanted:
                y = pd.DataFrame({h: _target(dataset.y, target, h) for h in wanted})
                estimator = section.build(n_jobs=n_jobs)
                estimators[name] = estimator.fit(dataset.X, y, cutoffs=dataset.keys["cutoff"])
    return AccountModel(recipe.name, labels, tier_horizon.label, as_of, estimators, heads)


def helper_horizons(horizons: Sequence[Horizon]) -> list[Horizon]:
    """Return shorter horizons whose windows are complete sooner: a half and a quarter of each.

    Examples
    --------
    >>> [horizon.label for horizon in helper_horizons([Horizon.parse("39 weeks")])]
    ['9w', '19w']
    >>> [horizon.label for horizon in helper_horizons([Horizon.parse("1 year")])]
    ['3m', '6m']
    """
    found = set()
    for horizon in horizons:
        count, unit = horizon.count, horizon.unit
        if unit == "year":
            count, unit = count * 12, "month"
        found |= {Horizon(count // part, unit) for part in (2, 4) if count >= part}
    return sorted(found - set(horizons))


def _plan(
    recipe: Recipe, target: Target, labels: tuple[str, ...], y: pd.DataFrame
) -> dict[str, Head]:
    """Decide per horizon who speaks: the head, or its fallback and why."""
    learned = {"value": recipe.value, "churn": recipe.churn}[target].estimator
    plan: dict[str, Head] = {}
    for label in labels:
        labelled = _target(y, target, label)
        if learned in ("future_value", "churn_risk"):
            reason = lacking_value(labelled) if target == "value" else lacking_events(labelled)
        else:
            reason = "" if target == "value" or labelled.notna().any() else "no complete window"
        if not reason:
            plan[label] = Head(target, label)
        elif target == "value":
            plan[label] = Head("value_fallback", label, f"fallback: past value, {reason}")
        else:
            own, how = _silence_window(y, label)
            plan[label] = Head("churn_fallback", own, f"fallback: {how}, {reason}")
    return plan


def _silence_window(y: pd.DataFrame, label: str) -> tuple[str, str]:
    """Return the longest window up to a horizon that silence can be counted in, and in words.

    Silence over a shorter window is an upper bound of silence over the longer one.
    """
    known = ordered(c.removeprefix("churn_") for c in y.columns if str(c).startswith("churn_"))
    shorter = [h for h in known if Horizon.parse(h) <= Horizon.parse(label)]
    complete = [h for h in shorter if y[f"churn_{h}"].notna().any()]
    if not complete:
        return label, "churn risk of one half"
    if complete[-1] == label:
        return label, "silence by recency"
    return complete[-1], f"silence by recency over {complete[-1]}, an upper bound"


def _target(y: pd.DataFrame, target: Target, label: str) -> pd.Series[float]:
    name = f"{target}_{label}"
    if name in y.columns:
        return y[name].astype("float64")
    return pd.Series(np.nan, index=y.index, dtype="float64")
