"""Who speaks for which horizon: its own head, or what stands in for it, and why.

Why this way: a horizon whose windows are not complete yet, or that too little is known of, must not
stop the others, and must not guess silently. What stands in is decided here, before anything is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.estimators.churn.classifier import lacking_events
from valuemodel.estimators.churn_rules import Part
from valuemodel.estimators.definitions import EstimatorSection, Recipe
from valuemodel.estimators.future_value.regressor import lacking_value
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.horizons import ordered
from valuemodel.estimators.lapse.classifier import lacking_lapses
from valuemodel.exceptions import DataRefused
from valuemodel.periods import Horizon

_LEARNED = ("future_value", "churn_risk", "lapse_risk")
#: Those that need no complete window at all.
_WITHOUT_LABELS = ("buy_till_you_die_silence",)
#: Those that learn a horizon without complete windows over a shorter one.
_STRETCHING = ("future_value", "churn_risk")
_LACKING: Mapping[Part, Callable[[pd.Series[float]], str]] = {
    "value": lacking_value,
    "churn": lacking_events,
    "lapse": lacking_lapses,
}
#: What stands in for a risk, and what it is where it was counted over a shorter window.
_BY_COUNT: Mapping[Part, tuple[str, str]] = {
    "churn": ("silence by recency", "an upper bound"),
    "lapse": ("lapse by the renewal clock", "a lower bound"),
}


@dataclass(frozen=True)
class Head:
    """One horizon of one part: which estimator, which of its horizons, and why if not its own."""

    estimator: str
    learned: str
    tag: str = ""


@dataclass(frozen=True)
class Rows:
    """What a part is learned from.

    Parameters
    ----------
    X : DataFrame
        Features, one row per account and cutoff.
    targets : DataFrame
        Labels of the part, one column per horizon; those of shorter helper horizons lie beside them.
    cutoffs : Series of datetime64
        The cutoff of each row.
    """

    X: pd.DataFrame
    targets: pd.DataFrame
    cutoffs: pd.Series[Any]


@dataclass(frozen=True)
class FittedPart:
    """Who speaks for each horizon of a part, and the estimators by the names of `Head`."""

    heads: dict[str, Head]
    estimators: dict[str, HorizonEstimator]


def fit_part(
    recipe: Recipe,
    part: Part,
    labels: tuple[str, ...],
    rows: Rows,
    *,
    n_jobs: int | None = None,
) -> FittedPart:
    """Fit the estimator of a part, and its fallback for the horizons that it cannot learn."""
    heads = plan(recipe, part, labels, rows.targets)
    own, stand_in = sections(recipe, part).items()
    estimators: dict[str, HorizonEstimator] = {}
    try:
        estimators |= _fitted(own, heads, rows, n_jobs)
    except DataRefused:  # without a law of buying, nothing tells how far to stretch
        heads = _without_stretching(heads, part, rows.targets)
        estimators |= _fitted(own, heads, rows, n_jobs)
    if part in estimators:
        heads = _said_stretched(heads, part, estimators[part], rows.targets)
    return FittedPart(heads, estimators | _fitted(stand_in, heads, rows, n_jobs))


def _fitted(
    named: tuple[str, EstimatorSection],
    heads: Mapping[str, Head],
    rows: Rows,
    n_jobs: int | None,
) -> dict[str, HorizonEstimator]:
    """Fit an estimator for the horizons that it speaks for; none where it speaks for none."""
    name, section = named
    wanted = ordered({head.learned for head in heads.values() if head.estimator == name})
    if not wanted:
        return {}
    estimator, labels = section.build(n_jobs=n_jobs), wanted
    if hasattr(estimator, "horizons"):  # it learns from further horizons than it predicts
        estimator.horizons = tuple(wanted)
        labels = ordered({*wanted, *rows.targets.columns})
    y = pd.DataFrame({label: target_of(rows.targets, label) for label in labels})
    return {name: estimator.fit(rows.X, y, cutoffs=rows.cutoffs)}


def _without_stretching(
    heads: Mapping[str, Head], part: Part, targets: pd.DataFrame
) -> dict[str, Head]:
    """Let the fallback speak for every horizon that lacks windows of its own."""
    reasons = {label: _LACKING[part](target_of(targets, label)) for label in heads}
    return {
        label: _stand_in(part, label, targets, reasons[label]) if reasons[label] else head
        for label, head in heads.items()
    }


def _said_stretched(
    heads: Mapping[str, Head], part: Part, estimator: HorizonEstimator, targets: pd.DataFrame
) -> dict[str, Head]:
    """Tag the horizons that were learned over a shorter one, or not as the estimator means to."""
    found = dict(heads)
    for label, shorter in getattr(estimator, "stretched_", {}).items():
        if label in found and found[label].estimator == part:
            reason = _LACKING[part](target_of(targets, label))
            why = reason or f"too few came back after {shorter}"
            found[label] = Head(part, label, f"stretched: learned over {shorter}, {why}")
    for label, said in getattr(estimator, "stood_in_", {}).items():
        if label in found and found[label].estimator == part:
            found[label] = Head(part, label, f"fallback: {said}")
    return found


def sections(recipe: Recipe, part: Part) -> dict[str, EstimatorSection]:
    """Return what may speak for a part, by the names of `Head`: its estimator, and its fallback."""
    own = {"value": recipe.value, "churn": recipe.churn, "lapse": recipe.lapse}
    stand_in = {
        "value": recipe.fallback_value,
        "churn": recipe.fallback_churn,
        "lapse": recipe.fallback_lapse,
    }
    return {part: own[part], f"{part}_fallback": stand_in[part]}


def plan(
    recipe: Recipe, part: Part, labels: tuple[str, ...], targets: pd.DataFrame
) -> dict[str, Head]:
    """Decide per horizon who speaks: the head, or its fallback and why.

    Parameters
    ----------
    recipe : Recipe
        The heads and their fallbacks.
    part : {"value", "churn", "lapse"}
        What is predicted.
    labels : tuple of str
        The horizons of the settings.
    targets : DataFrame
        Labels, one column per horizon; those of shorter helper horizons may lie beside them.

    Examples
    --------
    >>> from valuemodel.estimators.definitions import Definition, recipes
    >>> names = ("past_value", "future_value", "churn_risk")
    >>> known = recipes(*(Definition.parse({"estimator": name}) for name in names))
    >>> targets = pd.DataFrame({"6m": [1.0, 0.0] * 50, "1y": [float("nan")] * 100})
    >>> [head.tag for head in plan(known["lightgbm"], "lapse", ("6m", "1y"), targets).values()]
    ['', 'fallback: lapse by the renewal clock over 6m, a lower bound, no complete window']
    """
    own = sections(recipe, part)[part].estimator
    found: dict[str, Head] = {}
    for label in labels:
        target = target_of(targets, label)
        if own in _LEARNED:
            reason = _LACKING[part](target)
        else:
            known = part == "value" or own in _WITHOUT_LABELS or target.notna().any()
            reason = "" if known else "no complete window"
        if not reason or _may_stretch(recipe, part, label, targets):
            found[label] = Head(part, label)
        else:
            found[label] = _stand_in(part, label, targets, reason)
    return found


def _may_stretch(recipe: Recipe, part: Part, label: str, targets: pd.DataFrame) -> bool:
    """Return whether a shorter horizon has what the horizon lacks, and the estimator makes use of it."""
    if sections(recipe, part)[part].estimator not in _STRETCHING:
        return False
    shorter = [one for one in targets.columns if Horizon.parse(one) < Horizon.parse(label)]
    return any(not _LACKING[part](target_of(targets, one)) for one in shorter)


def _stand_in(part: Part, label: str, targets: pd.DataFrame, reason: str) -> Head:
    if part == "value":
        return Head("value_fallback", label, f"fallback: past value, {reason}")
    own, how = _counted_window(targets, part, label)
    return Head(f"{part}_fallback", own, f"fallback: {how}, {reason}")


def target_of(targets: pd.DataFrame, label: str) -> pd.Series[float]:
    """Return the labels of a horizon; missing everywhere where there are none."""
    if label in targets.columns:
        return targets[label].astype("float64")
    return pd.Series(np.nan, index=targets.index, dtype="float64")


def _counted_window(targets: pd.DataFrame, part: Part, label: str) -> tuple[str, str]:
    """Return the longest window up to a horizon that events can be counted in, and in words.

    Silence over a shorter window is an upper bound of silence over the longer one, and lapses in a
    shorter window a lower bound of those in the longer one.
    """
    words, bound = _BY_COUNT[part]
    known = ordered(targets.columns)
    shorter = [h for h in known if Horizon.parse(h) <= Horizon.parse(label)]
    complete = [h for h in shorter if targets[h].notna().any()]
    if not complete:
        return label, "churn risk of one half"
    if complete[-1] == label:
        return label, words
    return complete[-1], f"{words} over {complete[-1]}, {bound}"
