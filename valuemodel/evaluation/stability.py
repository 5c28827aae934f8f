"""Stability of reasons: fit the model again on other accounts, and see which reasons stay.

Each refit learns from accounts drawn with replacement from those that the model learned from, all
snapshots of an account together; and from the tier horizon alone, for that is what is explained. Some
accounts of the newest snapshot are explained by the model and by every refit (see
`valuemodel.explain.agreement`).

Why this way: twenty fits of everything would cost more than all the rest of a training. A few refits on
a bounded number of accounts tell the reasons that hang on who happened to be in the book. Where
refits learn from fewer accounts than the model did, they differ more than refits of the whole book
would: a reason called stable held under harder conditions, one called weak may be better than its name.

References
----------
Efron, Tibshirani, An Introduction to the Bootstrap, 1993. Bickel, Götze, van Zwet, Resampling Fewer
Than n Observations, Statistica Sinica 7, 1997.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from valuemodel.dataset import Dataset
from valuemodel.estimators.account_model import AccountModel
from valuemodel.explain.agreement import HELD_TYPES, STABLE_FROM, agreement
from valuemodel.explain.columns import columns_of
from valuemodel.explain.contributions import (
    average_parts,
    centred,
    contributions_in_shown_unit,
)
from valuemodel.explain.drivers import Head
from valuemodel.explain.families import summed
from valuemodel.features.catalog import Feature

#: A refit learns from at most so many accounts, and so many accounts are explained by it.
LEARNED_FROM, LOOKED_AT = 1_000, 400

FitAgain = Callable[[Dataset], AccountModel]


@dataclass(frozen=True)
class Stability:
    """What refits made of a model's reasons.

    Parameters
    ----------
    model : str
        The name of the model; empty where nothing was measured.
    summary : mapping
        ``refits``, ``learned_from`` and ``looked_at`` (accounts), and per head ``top_overlap``,
        ``same_sign`` and ``order``; see `valuemodel.explain.agreement.Agreement`.
    held : DataFrame
        Columns `HELD_TYPES`: which kinds of reasons held in which share of refits.
    """

    model: str = ""
    summary: Mapping[str, Any] = field(default_factory=dict)
    held: pd.DataFrame = field(default_factory=lambda: _typed([]))

    def of(self, model: str) -> pd.DataFrame:
        """Return what held of a model's reasons; empty where it is another one that was measured."""
        return self.held if model == self.model else self.held.iloc[:0]

    def summary_of(self, model: str) -> dict[str, Any]:
        """Say for the manifest how stable a model's reasons are; nothing where it is another one."""
        return {"stability": dict(self.summary)} if model == self.model and self.summary else {}

    @property
    def lines(self) -> list[str]:
        """Say it in words, one line per head."""
        heads = [head for head in get_args(Head) if head in self.summary]
        return [
            f"reasons of {head}, over {self.summary['refits']} refits on "
            f"{self.summary['learned_from']:,} accounts: of the three largest drivers "
            f"{self.summary[head]['top_overlap']:.0%} stay and "
            f"{self.summary[head]['same_sign']:.0%} keep their sign; less than "
            f"{STABLE_FROM:.0%} of refits marks a reason as weak"
            for head in heads
        ]

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        held = self.held.to_dict("records")
        return {"model": self.model, "summary": dict(self.summary), "held": held}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Stability:
        """Read it back; an empty document is one of nothing measured."""
        held = _typed(document.get("held", []))
        return cls(str(document.get("model", "")), document.get("summary", {}), held)


def measure_stability(
    model: AccountModel,
    fit: FitAgain,
    known: Dataset,
    *,
    refits: int = 5,
    seed: int = 0,
    learned_from: int = LEARNED_FROM,
    looked_at: int = LOOKED_AT,
) -> Stability:
    """Fit a model again on resampled accounts, and compare the reasons of the newest snapshot.

    Parameters
    ----------
    model : AccountModel
        The model whose reasons are told.
    fit : callable
        Fits the same recipe on a dataset.
    known : Dataset
        What the model learned from; its newest snapshot is what is explained.
    refits : int
        How many; with 0 nothing is measured.
    seed : int
        Refit number r draws its accounts by ``(seed, r)``.
    learned_from, looked_at : int
        At most so many accounts are drawn for a refit, and explained by it.
    """
    if not refits or not len(known):
        return Stability()
    asked = _sample_of_newest(known, looked_at, seed)
    lean = _tier_horizon_only(known, model.tier_horizon)
    drawn = (fit(_resampled(lean, learned_from, [seed, r])) for r in range(1, refits + 1))
    again = [one for one in drawn if _same_heads(one, model)]
    summary: dict[str, Any] = {
        "refits": len(again),
        "learned_from": min(learned_from, known.keys["account_id"].nunique()),
        "looked_at": len(asked),
    }
    tables = []
    for head in get_args(Head):
        told = asked[model.predict(asked)[f"{head}_{model.tier_horizon}"].notna()]
        if len(told) and again:
            parts = [_contributions(one, head, told, known.features) for one in (model, *again)]
            found = agreement(parts[0], parts[1:])
            summary[head] = {name: round(figure, 4) for name, figure in found.figures.items()}
            tables.append(found.held.assign(head=head))
    if not tables:
        return Stability()
    return Stability(model.name, summary, _typed(pd.concat(tables, ignore_index=True)))


def _typed(held: pd.DataFrame | list[dict[str, Any]]) -> pd.DataFrame:
    table: pd.DataFrame = pd.DataFrame(held, columns=list(HELD_TYPES)).astype(HELD_TYPES)
    return table


def _sample_of_newest(known: Dataset, most: int, seed: int) -> pd.DataFrame:
    """Draw accounts of the newest snapshot, in its order."""
    cutoff = known.keys["cutoff"]
    newest = np.flatnonzero((cutoff == cutoff.max()).to_numpy())
    drawn = np.random.default_rng([seed, 0]).permutation(newest)[:most]
    return known.X.iloc[np.sort(drawn)].reset_index(drop=True)


def _tier_horizon_only(known: Dataset, label: str) -> Dataset:
    """Leave out the labels of other horizons, where the tier horizon has labels of its own."""
    if known.y is None or known.y.get(f"value_{label}", pd.Series(dtype="float64")).isna().all():
        return known
    own = [name for name in known.y if str(name).endswith(f"_{label}")]
    return replace(known, y=known.y[own])


def _resampled(known: Dataset, most: int, seed: Sequence[int]) -> Dataset:
    """Draw accounts with replacement, each with all its snapshots, in the order of the snapshots."""
    code, accounts = pd.factorize(known.keys["account_id"])
    rng = np.random.default_rng(seed)
    times = np.bincount(
        rng.integers(0, len(accounts), min(most, len(accounts))), None, len(accounts)
    )
    rows = np.repeat(np.arange(len(known)), times[code])
    return Dataset(
        known.X.iloc[rows].reset_index(drop=True),
        None if known.y is None else known.y.iloc[rows].reset_index(drop=True),
        known.keys.iloc[rows].reset_index(drop=True),
        known.features,
    )


def _same_heads(one: AccountModel, other: AccountModel) -> bool:
    """Whether two models answer by the same estimators: a fallback's reasons say nothing here."""
    heads = [
        [model.heads[part, model.tier_horizon].estimator for part in model.parts]
        for model in (one, other)
    ]
    return heads[0] == heads[1]


def _contributions(
    model: AccountModel, head: Head, X: pd.DataFrame, features: Sequence[Feature]
) -> pd.DataFrame:
    """Return the contribution of every driver, in the shown unit and before calibration."""
    parts = model.link_parts(head, X)
    parts = centred(parts, average_parts(parts))
    split = contributions_in_shown_unit(parts, parts.from_link(parts.scores))
    columns = columns_of(parts, model.feature_names, features)
    names = [driver.name for driver in columns.drivers]
    return pd.DataFrame(summed(split.features, columns.drivers), columns=names)
