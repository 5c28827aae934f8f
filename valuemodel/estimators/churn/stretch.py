"""From steps to silence: how chances are multiplied, and how a law stretches the last of them.

Why this way: chances are multiplied as sums of their logarithms, so that tiny ones stay what they are.
A stretch moves the log-odds by what the law moves between the two windows. That keeps the level that was
learned over the short window, keeps the result a probability, and never lifts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from valuemodel.estimators.churn.members import LawRatio, log_odds
from valuemodel.estimators.churn.steps import Step
from valuemodel.estimators.state import Array


class LawShift(LawRatio):
    """By how much the law's log-odds of silence fall from one window to a longer one; never above 0.

    ``place`` and ``before`` are the columns of the law's silence through the long window and through
    the short one.
    """

    @staticmethod
    def _odds(wide: Array, place: int, before: int) -> Array:
        return _moved(wide, place, before)


@dataclass(frozen=True)
class Share:
    """The same log-odds for all: too few accounts came back in a step to tell them apart."""

    level: float

    @classmethod
    def learn(cls, target: Array) -> Share:
        """Count who stayed silent; a row of each kind is added."""
        known = target[~np.isnan(target)]
        return cls(float(np.log((known.sum() + 1.0) / (len(known) - known.sum() + 1.0))))

    def scores(self, wide: Array) -> Array:
        """Return the level, shape (n,)."""
        return np.full(len(wide), self.level)

    def contributions(self, wide: Array) -> Array:
        """Return what each column adds, and last the base: shape (n, q + 1)."""
        found = np.zeros((len(wide), wide.shape[1] + 1))
        found[:, -1] = self.level
        return found

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"level": self.level}


def silence(steps: Sequence[Step], scores: Sequence[Array]) -> dict[str, Array]:
    """Return the probability of silence through the end of each step.

    Parameters
    ----------
    steps : sequence of Step
        In order; each begins at the cutoff, or where an earlier one ends.
    scores : sequence of ndarray of shape (n,)
        Of each step: its log-odds, or, where a law stretches, by how much log-odds fall.

    Examples
    --------
    >>> steps = (Step("3m", None), Step("6m", "3m"), Step("1y", "6m", "law"))
    >>> found = silence(steps, [np.zeros(1), np.zeros(1), -np.ones(1)])
    >>> {label: chance.round(3).tolist() for label, chance in found.items()}
    {'3m': [0.5], '6m': [0.25], '1y': [0.109]}
    """
    logs: dict[str, Array] = {}
    for step, score in zip(steps, scores, strict=True):
        before = np.zeros(len(score)) if step.before is None else logs[step.before]
        if step.way == "law":
            own = -np.logaddexp(0.0, -(_odds_of(before) + score))
            logs[step.label] = np.minimum(own, before)  # rounding apart, the law never lifts
        else:
            logs[step.label] = before - np.logaddexp(0.0, -score)
    return {label: np.exp(log) for label, log in logs.items()}


def path_to(steps: Sequence[Step], label: str) -> list[int]:
    """Return the places of the steps that lead to the end of a window, in order.

    Examples
    --------
    >>> path_to((Step("3m", None), Step("6m", "3m"), Step("1y", "3m", "law")), "1y")
    [0, 2]
    """
    ends = {step.label: place for place, step in enumerate(steps)}
    found: list[int] = []
    at: str | None = label
    while at is not None:
        found.append(ends[at])
        at = steps[ends[at]].before
    return found[::-1]


def _moved(wide: Array, place: int, before: int) -> Array:
    found: Array = np.minimum(log_odds(wide[:, place]) - log_odds(wide[:, before]), 0.0)
    return found


def _odds_of(log_chance: Array) -> Array:
    """Return log-odds from the logarithm of a probability, finite where it is 1."""
    log_chance = np.minimum(log_chance, -1e-15)
    found: Array = log_chance - np.log(-np.expm1(log_chance))
    return found
