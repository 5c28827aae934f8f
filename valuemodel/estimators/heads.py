"""Who speaks for which horizon: its own head, or what stands in for it, and why.

Why this way: a horizon whose windows are not complete yet, or that too little is known of, must not
stop the others, and must not guess silently. What stands in is decided here, before anything is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from valuemodel.estimators.churn import lacking_events
from valuemodel.estimators.churn_rules import Part
from valuemodel.estimators.definitions import EstimatorSection, Recipe
from valuemodel.estimators.future_value import lacking_value
from valuemodel.estimators.horizons import ordered
from valuemodel.estimators.lapse import lacking_lapses
from valuemodel.periods import Horizon

_LEARNED = ("future_value", "churn_risk", "lapse_risk")
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
    learned = sections(recipe, part)[part].estimator in _LEARNED
    found: dict[str, Head] = {}
    for label in labels:
        target = target_of(targets, label)
        if learned:
            reason = _LACKING[part](target)
        else:
            reason = "" if part == "value" or target.notna().any() else "no complete window"
        if not reason:
            found[label] = Head(part, label)
        elif part == "value":
            found[label] = Head("value_fallback", label, f"fallback: past value, {reason}")
        else:
            own, how = _counted_window(targets, part, label)
            found[label] = Head(f"{part}_fallback", own, f"fallback: {how}, {reason}")
    return found


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
