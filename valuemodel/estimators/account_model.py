"""All heads of an account, promoted together: value and churn risk for every horizon.

Why this way: a horizon whose windows are not complete yet, or that too little is known of, must not
stop the others, and must not guess silently. It falls back to a baseline, and says so in a tag that
travels with the predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

import numpy as np
import pandas as pd

from valuemodel.estimators.churn_rules import (
    NO_CONTRACT,
    PARTS,
    Mask,
    Part,
    Rule,
    speakers,
    spoken_for,
)
from valuemodel.estimators.definitions import Recipe, estimator_from_state
from valuemodel.estimators.encoding import FeatureEncoder
from valuemodel.estimators.heads import Head, plan, sections, target_of
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.horizons import falling, growing, ordered, rising
from valuemodel.estimators.link import LinkParts, joined
from valuemodel.estimators.state import Array, State, nested
from valuemodel.estimators.state import part as stored
from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff, Horizon

Target = Literal["value", "churn"]
TARGETS: tuple[Target, ...] = ("value", "churn")

_AGREEING: Mapping[Part, Callable[[Mapping[str, Array]], dict[str, Array]]] = {
    "value": rising,
    "churn": falling,
    "lapse": growing,
}


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
    heads : mapping of (part, horizon) to Head
        Which estimator speaks for which part: ``value``, ``churn`` (silence) and ``lapse`` (the end of
        all contracts). The last two share one column: see `valuemodel.estimators.churn_rules`.
    """

    name: str
    horizons: tuple[str, ...]
    tier_horizon: str
    trained_until: Cutoff
    estimators: Mapping[str, HorizonEstimator]
    heads: Mapping[tuple[Part, str], Head] = field(default_factory=dict)

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
    def parts(self) -> tuple[Part, ...]:
        """What is predicted: the value, and churn by the rules that the book has."""
        return tuple(part for part in get_args(Part) if (part, self.tier_horizon) in self.heads)

    @property
    def tags(self) -> dict[str, str]:
        """Per horizon label, what stands in for a model there and why; empty where none does."""
        said = {label: self._said(self.parts, label) for label in self.horizons}
        return {label: text for label, text in said.items() if text}

    def tags_for(self, X: pd.DataFrame) -> dict[str, Mask]:
        """Return which tags hold for which rows: what stands in for a model, and who has no risk.

        Accounts without a contract, where only contracts count, are tagged ``no_contract``: their
        ``churn_<h>`` is missing, and no other is.
        """
        found: dict[str, Mask] = {}
        for rows, parts in speakers(X, self.parts):
            said = {label: self._said(parts, label) for label in self.horizons}
            tags = [f"{label}: {text.replace(';', ',')}" for label, text in said.items() if text]
            tags += [NO_CONTRACT] if parts == ("value",) else []
            found |= {tag: rows | found.get(tag, np.False_) for tag in tags}
        return found

    def _said(self, parts: Sequence[Part], label: str) -> str:
        tags = [self.heads[part, label].tag for part in parts]
        return "; ".join(tag for tag in tags if tag)

    def newly_missing(self, X: pd.DataFrame) -> list[str]:
        """Name the features that had values in training and have next to none now."""
        return self._encoder.newly_missing(X)

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predict ``value_<h>`` in money and ``churn_<h>`` as a probability, for every horizon.

        Accounts that no rule of churn judges have a missing ``churn_<h>``; see `tags_for`.

        Raises
        ------
        ModelRefused
            If the features are not those that were learned from.
        """
        matrix = self._encoder.transform(X)
        columns = {name: np.full(len(X), np.nan) for name in self.output_names}
        for part, rows in self._rows(X):
            target = "value" if part == "value" else "churn"
            for label, predicted in self._predicted(part, matrix[rows]).items():
                columns[f"{target}_{label}"][rows] = predicted
        return pd.DataFrame(columns, index=X.index)

    def _rows(self, X: pd.DataFrame) -> Iterator[tuple[Part, Mask]]:
        yield from ((part, spoken_for(X, self.parts, part)) for part in self.parts)

    def _predicted(self, part: Part, matrix: Array) -> dict[str, Array]:
        """Predict one part; where several estimators speak, their horizons are made to agree."""
        heads = {label: self.heads[part, label] for label in self.horizons}
        names = {head.estimator for head in heads.values()}
        said = {name: self.estimators[name].predict_encoded(matrix) for name in sorted(names)}
        found = {label: said[head.estimator][head.learned] for label, head in heads.items()}
        return found if part == "value" and len(names) == 1 else _AGREEING[part](found)

    def link_parts(self, target: Target, X: pd.DataFrame, horizon: str | None = None) -> LinkParts:
        """Take the predictions of a target apart; for the tier horizon unless another is named."""
        label = self.tier_horizon if horizon is None else horizon
        if target not in TARGETS or label not in self.horizons:
            problem = f"the model has no {target} of horizon {label!r}"
            raise UsageError(problem, received=", ".join(self.horizons))
        own = [
            (part, rows) for part, rows in self._rows(X) if (part == "value") == (target == "value")
        ]
        heads = [self.heads[part, label] for part, _ in own]
        found = [
            self.estimators[head.estimator].link_parts(X[rows], head.learned)
            for head, (_, rows) in zip(heads, own, strict=True)
        ]
        alone = len(own) == 1 and bool(own[0][1].all())
        return found[0] if alone else joined(found, [rows for _, rows in own])

    def to_state(self) -> State:
        """Return everything that was learned, as data."""
        json = {
            "name": self.name,
            "horizons": list(self.horizons),
            "tier_horizon": self.tier_horizon,
            "trained_until": self.trained_until.text,
            "heads": [
                [part, label, head.estimator, head.learned, head.tag]
                for (part, label), head in self.heads.items()
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
            estimators={name: estimator_from_state(stored(state, name)) for name in names},
            heads={(t, label): Head(name, own, tag) for t, label, name, own, tag in json["heads"]},
        )


def fit_account_model(
    recipe: Recipe,
    dataset: LearningTable,
    *,
    horizons: Sequence[Horizon],
    tier_horizon: Horizon,
    as_of: Cutoff,
    churn_rule: Rule = "inactivity",
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
    churn_rule : {"inactivity", "contract", "both"}
        By which rule the labels of churn were made.
    n_jobs : int, optional
        Threads; the result does not depend on them.

    Raises
    ------
    UsageError
        If the dataset has no labels.
    ModelRefused
        If the rule needs contracts and the features do not say who is under one.
    """
    if dataset.y is None or not len(dataset.X):
        problem = "there is nothing to learn from"
        hint = "build snapshots with labels_until, even where no window is complete"
        raise UsageError(problem, received=f"{len(dataset.X)} rows", hint=hint)
    labels = tuple(ordered(horizon.label for horizon in horizons))
    heads: dict[tuple[Part, str], Head] = {}
    estimators: dict[str, HorizonEstimator] = {}
    parts = PARTS[churn_rule]
    for part in parts:
        rows = spoken_for(dataset.X, parts, part)
        targets = _targets(dataset.y, "value" if part == "value" else "churn", rows)
        planned = plan(recipe, part, labels, targets)
        heads |= {(part, label): head for label, head in planned.items()}
        for name, section in sections(recipe, part).items():
            wanted = ordered({head.learned for head in planned.values() if head.estimator == name})
            if wanted:
                y = pd.DataFrame({label: target_of(targets, label) for label in wanted})
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


def _targets(y: pd.DataFrame, target: Target, rows: Mask) -> pd.DataFrame:
    """Return the labels of a target, one column per horizon; missing for rows of another rule."""
    labels = [
        name.removeprefix(f"{target}_")
        for name in map(str, y.columns)
        if name.startswith(f"{target}_")
    ]
    found = y[[f"{target}_{label}" for label in labels]].set_axis(labels, axis=1)
    return found.where(np.broadcast_to(rows[:, None], found.shape))
