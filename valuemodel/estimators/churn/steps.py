"""Silence step by step: which chances are multiplied, what each is learned from, what is stretched.

Silence through a long window is silence through a short one *and then* on to the long one's end:
``P(silent through h2) = P(silent through h1) x P(silent on to h2 | silent through h1)``. Every further
window multiplies by a probability, so the chance never grows with the horizon, whatever the features.

Why this way: this is a discrete-time survival model, and it uses unfinished windows as survival models
do. The first step is learned from the newest snapshots, whose short windows are over, and only the last
step has to make do with the old ones. A step that nothing can be learned of, because no window of its
length is complete or because too few accounts came back in it, takes the ratio of a law of buying, if
there is one: ``logit P(h2) = logit P(h1) + logit law(h2) - logit law(h1)``, never above P(h1) either.

References
----------
Singer and Willett, It's About Time: Using Discrete-Time Survival Analysis to Study Duration and the
Timing of Events, Journal of Educational Statistics 18(2), 1993.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from valuemodel.estimators.horizons import ordered

FEWEST_EVENTS = 30
Way = Literal["learned", "law", "share"]


@dataclass(frozen=True)
class Step:
    """Silence to the end of one window, given silence to the end of a shorter one.

    Parameters
    ----------
    label : str
        The window at whose end the step ends.
    before : str or None
        The window at whose end it begins; None is the cutoff.
    way : {"learned", "law", "share"}
        From labels; by a law's ratio; or the same share for all, where too few came back to learn and
        no law is known.
    """

    label: str
    before: str | None
    way: Way = "learned"


@dataclass(frozen=True)
class Chain:
    """The steps to all horizons, in order, and what could not be learned.

    Parameters
    ----------
    steps : tuple of Step
        Each begins where an earlier one ends.
    stretched : dict of str to str
        Horizons that a law stretches, and from which shorter window.
    lacking : dict of str to str
        Horizons that nothing can be said of, and why.
    """

    steps: tuple[Step, ...] = ()
    stretched: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> list[list[str | None]]:
        """Return the steps as plain data."""
        return [[step.label, step.before, step.way] for step in self.steps]

    @classmethod
    def from_json(cls, steps: Sequence[Sequence[Any]], stretched: dict[str, str]) -> Chain:
        """Rebuild a chain that was learned."""
        return cls(tuple(Step(*step) for step in steps), dict(stretched))


def plan_steps(targets: pd.DataFrame, wanted: Sequence[str], *, lawful: bool) -> Chain:
    """Decide how silence through each wanted horizon is put together.

    Parameters
    ----------
    targets : DataFrame
        1 where silent, else 0, NaN where the window is not complete; one column per horizon label,
        shorter helper horizons among them.
    wanted : sequence of str
        The horizons to predict.
    lawful : bool
        Whether a law of buying is known.

    Examples
    --------
    >>> short = pd.Series([1.0, 0.0] * 100)
    >>> targets = pd.DataFrame({"3m": short, "6m": float("nan")})
    >>> plan_steps(targets, ["6m"], lawful=True).stretched
    {'6m': '3m'}
    >>> plan_steps(targets, ["6m"], lawful=False).lacking
    {'6m': 'no complete window'}
    """
    steps: list[Step] = []
    stretched: dict[str, str] = {}
    lacking: dict[str, str] = {}
    anchor: str | None = None  # the end of the last step that labels speak for
    for label in ordered(wanted):
        reason = lacking_events(column(targets, label))
        if not reason:
            step = Step(
                label, anchor, _own_way(targets, label, anchor, law="law" if lawful else "share")
            )
            if step.way == "law" and anchor:
                stretched[label] = anchor
            steps, anchor = [*steps, step], label
            continue
        helper = _longest_helper(targets, label, anchor) if lawful else None
        if helper is not None:
            steps, anchor = [*steps, Step(helper, anchor)], helper
        if lawful and anchor is not None:
            steps.append(Step(label, anchor, "law"))
            stretched[label] = anchor
        else:
            lacking[label] = reason
    return Chain(tuple(steps), stretched, lacking)


def _own_way(targets: pd.DataFrame, label: str, anchor: str | None, *, law: Way) -> Way:
    """Return how the step to a horizon is made whose labels tell something."""
    if anchor is None or not lacking_events(given(targets, label, anchor)):
        return "learned"
    return law


def _longest_helper(targets: pd.DataFrame, label: str, anchor: str | None) -> str | None:
    """Return the longest window before a horizon, after the anchor, that can be learned."""
    known = ordered([*targets.columns, *([] if label in targets else [label])])
    first = 0 if anchor is None else known.index(anchor) + 1
    for helper in reversed(known[first : known.index(label)]):
        itself = lacking_events(column(targets, helper))
        if not itself and not lacking_events(given(targets, helper, anchor)):
            return helper
    return None


def column(targets: pd.DataFrame, label: str) -> pd.Series[float]:
    """Return the labels of a horizon; missing everywhere where there are none."""
    if label in targets:
        return targets[label].astype("float64")
    return pd.Series(np.nan, index=targets.index, dtype="float64")


def given(targets: pd.DataFrame, label: str, before: str | None) -> pd.Series[float]:
    """Return the labels of a step: those of the horizon where the shorter window was silent."""
    own = column(targets, label)
    return own if before is None else own.where(column(targets, before) > 0.5)


def lacking_events(
    target: pd.Series[float], gone: str = "silent rows", stayed: str = "rows that bought"
) -> str:
    """Say why churn cannot be learned from a target, or return an empty text.

    ``gone`` and ``stayed`` are what rows at 1 and at 0 are called.

    Examples
    --------
    >>> lacking_events(pd.Series([1.0] * 40 + [0.0] * 3))
    '3 rows that bought, at least 30 are needed'
    """
    known = target.dropna()
    if known.empty:
        return "no complete window"
    events = int((known > 0.5).sum())
    for count, what in ((events, gone), (len(known) - events, stayed)):
        if count < FEWEST_EVENTS:
            return f"{count} {what}, at least {FEWEST_EVENTS} are needed"
    return ""
