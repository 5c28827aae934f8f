"""All heads of an account, promoted together: value and churn risk for every horizon, and the outlook.

Why this way: a horizon whose windows are not complete yet, or that too little is known of, must not
stop the others, and must not guess silently. It falls back to a baseline, and says so in a tag that
travels with the predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from valuemodel.estimators.heads import Head, Rows, fit_part, target_of
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.horizons import falling, growing, ordered, rising
from valuemodel.estimators.intervals.ranges import Ranges
from valuemodel.estimators.link import LinkParts, joined
from valuemodel.estimators.newcomers import Newcomers
from valuemodel.estimators.outlook.wallet import WalletRegressor
from valuemodel.estimators.outlook_heads import (
    OUTLOOK,
    SEATS_WALLET,
    WALLET,
    WINNABILITY,
    fit_outlook,
    predict_outlook,
)
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
        all contracts). The last two share one column: see `valuemodel.estimators.churn_rules`. And
        where they were learned, ``winnability`` and ``wallet``: see `valuemodel.estimators.outlook_heads`.
    newcomers : Newcomers
        What it says of accounts without history.
    """

    name: str
    horizons: tuple[str, ...]
    tier_horizon: str
    trained_until: Cutoff
    estimators: Mapping[str, HorizonEstimator]
    heads: Mapping[tuple[str, str], Head] = field(default_factory=dict)
    newcomers: Newcomers = field(default_factory=Newcomers)

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
        promised = [(target, label) for target in TARGETS for label in self.horizons]
        learned = [(part, label) for part in OUTLOOK for label in self.horizons]
        learned = [place for place in learned if place in self.heads]
        return [f"{part}_{label}" for part, label in (*promised, *learned)]

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
        if self.wallet is not None:
            found[SEATS_WALLET] = self.wallet.by_seats(X)
        return found

    @property
    def wallet(self) -> WalletRegressor | None:
        """What knows the wallets, if it was learned."""
        found = self.estimators.get(WALLET)
        return found if isinstance(found, WalletRegressor) else None

    def _said(self, parts: Sequence[Part], label: str) -> str:
        named = [(part, label) for part in (*parts, WINNABILITY)]
        tags = [self.heads[place].tag for place in named if place in self.heads]
        return "; ".join(tag for tag in tags if tag)

    def newly_missing(self, X: pd.DataFrame) -> list[str]:
        """Name the features that had values in training and have next to none now."""
        return self._encoder.newly_missing(X)

    def newly_unknown(self, X: pd.DataFrame) -> dict[str, float]:
        """Name the categories, with shares of rows, whose levels are far less known than in training."""
        return self._encoder.newly_unknown(X)

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predict ``value_<h>`` in money and ``churn_<h>`` as a probability, for every horizon.

        Accounts that no rule of churn judges have a missing ``churn_<h>``; see `tags_for`. Where they
        were learned, ``winnability_<h>`` and ``wallet_<h>`` stand beside them.

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
        past = [name for name in map("past_value_{}".format, self.horizons) if name in X]
        known = columns | {name: X[name].to_numpy("float64", na_value=np.nan) for name in past}
        columns |= predict_outlook(self.estimators, self.heads, matrix, known)
        return pd.DataFrame(columns, index=X.index)

    @property
    def ranges(self) -> Ranges:
        """What is known of the errors of each horizon's value; nothing where a baseline speaks."""
        known = {}
        for label in self.horizons:
            head = self.heads["value", label]
            learned = getattr(self.estimators[head.estimator], "intervals_", {})
            if learned.get(head.learned) is not None:
                known[label] = learned[head.learned]
        return Ranges(known)

    def predict_ranges(self, X: pd.DataFrame, coverage: float = 0.80) -> pd.DataFrame:
        """Predict ``value_<h>_low``, ``_high`` and ``_q05`` to ``_q95``, in money; see `Ranges`.

        Raises
        ------
        ModelRefused
            If the features are not those that were learned from.
        """
        return self.ranges.columns(self.predict(X), coverage)

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
            "newcomers": self.newcomers.to_json(),
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
            newcomers=Newcomers.from_json(json["newcomers"]),
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
        of the settings; see `valuemodel.periods.helper_horizons`.
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
    heads: dict[tuple[str, str], Head] = {}
    estimators: dict[str, HorizonEstimator] = {}
    parts, cutoffs = PARTS[churn_rule], dataset.keys["cutoff"]
    for part in parts:
        rows = spoken_for(dataset.X, parts, part)
        targets = _targets(dataset.y, "value" if part == "value" else "churn", rows)
        fitted = fit_part(recipe, part, labels, Rows(dataset.X, targets, cutoffs), n_jobs=n_jobs)
        heads |= {(part, label): head for label, head in fitted.heads.items()}
        estimators |= fitted.estimators
    outlook = fit_outlook(recipe, dataset.X, dataset.y, labels, cutoffs=cutoffs, n_jobs=n_jobs)
    heads, estimators = heads | outlook.heads, estimators | outlook.estimators
    tier = tier_horizon.label
    learned = recipe.value.estimator == "future_value" and heads["value", tier].estimator == "value"
    value = target_of(dataset.y, f"value_{tier}")
    new = Newcomers.learn(dataset.X, value, labels)
    # What a baseline says of a profile is nothing, whoever it has seen.
    new = new if learned else replace(new, seen=0)
    return AccountModel(recipe.name, labels, tier, as_of, estimators, heads, new)


def _targets(y: pd.DataFrame, target: Target, rows: Mask) -> pd.DataFrame:
    """Return the labels of a target, one column per horizon; missing for rows of another rule."""
    labels = [
        name.removeprefix(f"{target}_")
        for name in map(str, y.columns)
        if name.startswith(f"{target}_")
    ]
    found = y[[f"{target}_{label}" for label in labels]].set_axis(labels, axis=1)
    return found.where(np.broadcast_to(rows[:, None], found.shape))
