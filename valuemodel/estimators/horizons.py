"""Predictions for several horizons must agree with one another.

Why this way: each horizon has its own trees, so nothing else keeps the value of three months from
exceeding that of twelve, silence from growing likelier the longer one waits, or a lapse rarer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.periods import Horizon


def ordered(labels: Iterable[object]) -> list[str]:
    """Return horizon labels, shortest first.

    Examples
    --------
    >>> ordered(["1y", "6m", "39w"])
    ['6m', '39w', '1y']
    """
    return [h.label for h in sorted(Horizon.parse(str(label)) for label in labels)]


def rising(values: Mapping[str, Array]) -> dict[str, Array]:
    """Lift positive values to those of shorter horizons; negative ones stay as they are.

    Examples
    --------
    >>> rising({"3m": np.array([5.0, -2.0]), "6m": np.array([4.0, 1.0])})
    {'3m': array([ 5., -2.]), '6m': array([5., 1.])}
    """
    found: dict[str, Array] = {}
    highest: Array | None = None
    for label in ordered(values):
        value = values[label]
        if highest is not None:
            value = np.where(value > 0, np.maximum(value, highest), value)
        found[label] = value
        highest = value if highest is None else np.fmax(highest, value)
    return found


def falling(probabilities: Mapping[str, Array]) -> dict[str, Array]:
    """Cap each probability of silence by those of shorter horizons.

    Examples
    --------
    >>> falling({"3m": np.array([0.5]), "6m": np.array([0.6])})
    {'3m': array([0.5]), '6m': array([0.5])}
    """
    found: dict[str, Array] = {}
    lowest: Array | None = None
    for label in ordered(probabilities):
        lowest = (
            probabilities[label] if lowest is None else np.minimum(lowest, probabilities[label])
        )
        found[label] = lowest
    return found


def growing(probabilities: Mapping[str, Array]) -> dict[str, Array]:
    """Lift each probability of a lapse to those of shorter horizons.

    Examples
    --------
    >>> growing({"3m": np.array([0.2]), "6m": np.array([0.1])})
    {'3m': array([0.2]), '6m': array([0.2])}
    """
    found: dict[str, Array] = {}
    highest: Array | None = None
    for label in ordered(probabilities):
        own = probabilities[label]
        highest = own if highest is None else np.maximum(highest, own)
        found[label] = highest
    return found


def tier_label(labels: list[str], wanted: str | None) -> str:
    """Return the horizon that `predict` is for: the wanted one, or the longest.

    Raises
    ------
    UsageError
        If the wanted one was not learned.
    """
    if wanted is None:
        return ordered(labels)[-1]
    if wanted not in labels:
        problem = f"the tier horizon {wanted!r} was not learned"
        raise UsageError(problem, received=", ".join(labels), hint="give it a column in y")
    return wanted


def refuse_without_evidence(reasons: Mapping[str, str], what: str) -> None:
    """Raise DataRefused if any horizon has a reason why it cannot be learned."""
    details = [f"{label}: {reason}" for label, reason in reasons.items() if reason]
    if details:
        problem = f"there is not enough to learn {what} from"
        hint = "give more history, shorter horizons, or use a baseline"
        raise DataRefused(problem, hint=hint, details=details)
