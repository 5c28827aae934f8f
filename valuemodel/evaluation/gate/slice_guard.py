"""The guard of slices: no declared part of the book may be surely worse off with the challenger.

For each slice that is large enough, damage is how much more its money error is than the standing
model's, and how much less its normalised Gini. What the bootstrap says of one slice is made a one-sided
probability of so much damage by luck, with the spread that it finds on the side of no damage; over all
slices and both figures these are held to Holm's rule (Holm, A Simple Sequentially Rejective Multiple
Test Procedure, Scandinavian Journal of Statistics 6, 1979).

Why this way: among forty slices one looks worse by luck almost always, and a gate that looks at each
alone would never open. With Holm's rule the chance that luck alone blocks is that of a single check,
however many slices there are. The price is that small damage in a small slice is not found; so the
smallest that would have been is said too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan

import pandas as pd
from scipy.special import ndtr, ndtri

from valuemodel.evaluation.bootstrap import Estimate, PairedBootstrap, Resampling
from valuemodel.evaluation.slices import slices_of


@dataclass(frozen=True)
class SliceFigure:
    """One figure of one slice.

    Parameters
    ----------
    against, slice, level, metric : str
        The standing model, the slice, and what is compared.
    accounts : int
        How many accounts it has.
    standing : float
        The standing model's figure.
    damage : Estimate
        By how much the challenger is worse; below 0 it is better.
    chance : float
        The probability of as much damage by luck.
    findable : float
        The smallest damage that would have been found, among all that are compared.
    hurt : bool
        Whether the slice is surely worse off.
    """

    against: str
    slice: str
    level: str
    metric: str
    accounts: int
    standing: float
    damage: Estimate
    chance: float
    findable: float
    hurt: bool = False

    @property
    def where(self) -> str:
        """The slice in words."""
        return f"{self.slice} {self.level}"


@dataclass(frozen=True)
class Guarding:
    """What is compared and how surely: the metrics, the smallest slice, and the intervals."""

    metrics: Sequence[str]
    fewest: int
    resampling: Resampling

    @property
    def level(self) -> float:
        """How often luck alone may block, all slices together."""
        return (1.0 - self.resampling.confidence) / 2.0


def slice_figures(
    value: pd.DataFrame, labels: pd.DataFrame, challenger: str, standing: str, guarding: Guarding
) -> tuple[SliceFigure, ...]:
    """Compare a challenger with a standing model in every slice that is large enough.

    Parameters
    ----------
    value : pandas.DataFrame
        Rows of the tidy table: value, one horizon.
    labels : pandas.DataFrame
        From `valuemodel.evaluation.slices.slice_labels`.
    challenger, standing : str
        Names of models.
    guarding : Guarding
        What is compared, and how surely.
    """
    pair = value[value["model"].isin([challenger, standing])]
    found = list(_each(pair, labels, challenger, standing, guarding))
    z = -ndtri(guarding.level / max(1, len(found)))
    ranked = sorted(found, key=lambda one: one.chance)
    hurt: set[tuple[str, str, str]] = set()
    for place, one in enumerate(ranked):
        if one.chance > guarding.level / (len(ranked) - place):
            break
        hurt.add((one.slice, one.level, one.metric))
    return tuple(
        replace(
            one,
            findable=one.findable * float(z),
            hurt=(one.slice, one.level, one.metric) in hurt,
        )
        for one in found
    )


def _each(
    pair: pd.DataFrame, labels: pd.DataFrame, challenger: str, standing: str, guarding: Guarding
) -> Iterator[SliceFigure]:
    """Yield the figures of each slice, before they are held to each other."""
    usual = float(-ndtri(guarding.level))
    for name, level, part in slices_of(pair, labels, guarding.fewest):
        boot = PairedBootstrap(
            part, "value", str(part["horizon"].iloc[0]), guarding.resampling, guarding.metrics
        )
        for metric in boot.metrics:
            gain = boot.gain(challenger, standing, metric)
            damage = Estimate(-gain.value, -gain.high, -gain.low)
            if isnan(damage.low):  # no figure: nothing was worth anything
                continue
            spread = max(0.0, damage.value - damage.low) / usual
            yield SliceFigure(
                against=standing,
                slice=name,
                level=level,
                metric=metric,
                accounts=boot.accounts,
                standing=boot.figure(standing, metric).value,
                damage=damage,
                chance=_chance(damage.value, spread),
                findable=spread,
            )


def _chance(damage: float, spread: float) -> float:
    """Return the probability of as much damage by luck; without any spread, luck has no part."""
    if spread > 0.0:
        return float(ndtr(-damage / spread))
    return 0.0 if damage > 0.0 else 1.0


def guard_words(figures: Sequence[SliceFigure], standing: str, money: str) -> str:
    """Say in one sentence which slices are hurt, or which comes nearest and what would be found."""
    hurt = [one for one in figures if one.hurt]
    slices = len({one.where for one in figures})
    if hurt:
        said = "; ".join(_said(one) for one in sorted(hurt, key=lambda one: one.chance))
        return f"of {slices} slices, surely worse than with {standing}: {said}"
    worst = min(figures, key=lambda one: one.chance)
    shares = [
        one.findable / one.standing for one in figures if one.metric == money and one.standing
    ]
    finds = (
        f"; damage from {min(shares):.0%} of the {money} on would have been found" if shares else ""
    )
    return (
        f"none of {slices} slices is surely worse than with {standing}; "
        f"the nearest to it is {_said(worst)}{finds}"
    )


def _said(one: SliceFigure) -> str:
    interval = f"({one.damage.low:.4g} to {one.damage.high:.4g})"
    return f"{one.where}, whose {one.metric} is worse by {one.damage.value:.4g} {interval}"
