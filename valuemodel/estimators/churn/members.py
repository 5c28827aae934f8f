"""Members of the blend of a step of silence: trees, the law of buying, a line through few features.

Each gives log-odds of silence in one step, as a sum over the columns it reads: the features, and beside
them the forecasts of the law. So any weighted mean of members is a sum over columns too, and can be
taken apart for an explanation.

Why this way: the three fail differently. Trees find what nobody thought of, and need many rows; the
line says little, but says it steadily where history is short; the law needs no label at all, so it
follows a change of the times at once. Their mean is better than each of them on most books.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import lightgbm as lgb
import numpy as np

from valuemodel.estimators.boosting import contributions, raw_scores
from valuemodel.estimators.churn.steps import Step
from valuemodel.estimators.link import sigmoid
from valuemodel.estimators.state import Array

#: Features of the line: how lately, how often, how long, in what rhythm.
RHYTHM = (
    "recency_days",
    "tenure_days",
    "purchase_days_total",
    "purchase_days_90d",
    "purchase_days_365d",
    "gap_mean_days",
    "recency_over_gap",
    "active_share_12",
)
_RIDGE = 30.0  # as strong as a hundred rows or so that know nothing
_STEPS = 40
_FURTHEST = 5.0  # standard deviations; beyond, a line is not to be trusted
_LEAST = 1e-6  # of probabilities, before their log-odds are taken


class Member(Protocol):
    """Log-odds of silence in a step, from features and forecasts side by side."""

    def scores(self, wide: Array) -> Array:
        """Return log-odds, shape (n,), from columns of shape (n, q)."""
        ...

    def contributions(self, wide: Array) -> Array:
        """Return what each column adds, and last the base: shape (n, q + 1)."""
        ...


@dataclass(frozen=True)
class Trees:
    """Gradient-boosted trees on all columns."""

    booster: lgb.Booster
    n_jobs: int | None = None

    def scores(self, wide: Array) -> Array:
        """Return the trees' log-odds, shape (n,)."""
        return raw_scores(self.booster, wide, self.n_jobs)

    def contributions(self, wide: Array) -> Array:
        """Return what each column adds, and last the base: shape (n, q + 1)."""
        return contributions(self.booster, wide, self.n_jobs)


@dataclass(frozen=True)
class LawRatio:
    """The law's own chance of silence in a step, in log-odds.

    Parameters
    ----------
    place, before : int
        The columns of silence through the step's end, and through its beginning (-1 is the cutoff).
    center : float
        The mean over the rows learned from: the base, and what rows without a forecast get.
    """

    place: int
    before: int
    center: float

    @classmethod
    def learn(cls, wide: Array, place: int, before: int) -> Self:
        """Find the center."""
        odds = cls._odds(wide, place, before)
        known = odds[~np.isnan(odds)]
        return cls(place, before, float(known.mean()) if len(known) else 0.0)

    @staticmethod
    def _odds(wide: Array, place: int, before: int) -> Array:
        return _step_odds(wide, place, before)

    def scores(self, wide: Array) -> Array:
        """Return what the law says on the scale of log-odds, shape (n,)."""
        odds = self._odds(wide, self.place, self.before)
        return np.where(np.isnan(odds), self.center, odds)

    def contributions(self, wide: Array) -> Array:
        """Return what each column adds, and last the base: shape (n, q + 1)."""
        found = np.zeros((len(wide), wide.shape[1] + 1))
        found[:, self.place] = self.scores(wide) - self.center
        found[:, -1] = self.center
        return found

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"place": self.place, "before": self.before, "center": self.center}


@dataclass(frozen=True)
class RhythmLine:
    """A ridge logistic regression on logarithms of few features and on the law's log-odds.

    Parameters
    ----------
    places : tuple of int
        The columns it reads; the last two are the law's silence in the step and the chance to be
        alive, or none where there is no law.
    before : int
        The column of silence through the step's beginning; -1 is the cutoff.
    lawful : bool
        Whether the last two places are the law's.
    center, spread, weights : tuple of float
        Of each column, after its logarithm or log-odds.
    level : float
        Log-odds at the center.

    References
    ----------
    Le Cessie and van Houwelingen, Ridge Estimators in Logistic Regression, Applied Statistics 41, 1992.
    """

    places: tuple[int, ...]
    before: int
    lawful: bool
    center: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    level: float

    @classmethod
    def learn(
        cls, wide: Array, target: Array, weight: Array, columns: tuple[Sequence[int], int, bool]
    ) -> RhythmLine:
        """Fit by Newton's method; ``columns`` are places, before and lawful."""
        places, before, lawful = tuple(columns[0]), columns[1], columns[2]
        read = _read(wide, places, before, lawful=lawful)
        known = ~np.isnan(read)
        counts = np.maximum(known.sum(axis=0), 1)
        center = np.where(known, read, 0.0).sum(axis=0) / counts
        spread = np.sqrt((np.where(known, read - center, 0.0) ** 2).sum(axis=0) / counts)
        spread = np.where(spread > 1e-9, spread, 1.0)
        level, weights = ridge_logistic(_standard(read, center, spread), target, weight)
        numbers = [tuple(float(v) for v in part) for part in (center, spread, weights)]
        return cls(places, before, lawful, numbers[0], numbers[1], numbers[2], level)

    def scores(self, wide: Array) -> Array:
        """Return log-odds, shape (n,)."""
        found = np.full(len(wide), self.level)
        for part in self._parts(wide).T:
            found += part  # one by one: chunks give the bytes of the whole
        return found

    def contributions(self, wide: Array) -> Array:
        """Return what each column adds, and last the base: shape (n, q + 1)."""
        found = np.zeros((len(wide), wide.shape[1] + 1))
        found[:, list(self.places)] = self._parts(wide)
        found[:, -1] = self.level
        return found

    def _parts(self, wide: Array) -> Array:
        read = _read(wide, self.places, self.before, lawful=self.lawful)
        standard = _standard(read, np.array(self.center), np.array(self.spread))
        found: Array = standard * np.array(self.weights)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        names = ("places", "before", "lawful", "center", "spread", "weights", "level")
        values = {name: getattr(self, name) for name in names}
        return {n: list(v) if isinstance(v, tuple) else v for n, v in values.items()}

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> RhythmLine:
        """Rebuild it from `to_json`."""
        known: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in json.items()}
        return cls(**known)


@dataclass(frozen=True)
class WideNames:
    """The columns that members read: the features, then the forecasts of the law."""

    names: tuple[str, ...]

    def law(self, step: Step) -> tuple[int, int] | None:
        """Return the places of the law's silence through a step's end and its beginning."""
        if f"btyd_silence_{step.label}" not in self.names:
            return None
        before = -1 if step.before is None else self.names.index(f"btyd_silence_{step.before}")
        return self.names.index(f"btyd_silence_{step.label}"), before

    def line(self, step: Step) -> tuple[list[int], int, bool] | None:
        """Return what a line reads in a step; None where the features are lacking."""
        places = [self.names.index(name) for name in RHYTHM if name in self.names]
        law = self.law(step)
        if law is not None:
            return [*places, law[0], self.names.index("btyd_alive")], law[1], True
        return (places, -1, False) if places else None


def ridge_logistic(standard: Array, target: Array, weight: Array) -> tuple[float, Array]:
    """Fit level and slopes on standardised columns; the ridge keeps slopes small, not the level.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(0.0, 1.0, (20_000, 1))
    >>> silent = (rng.random(20_000) < sigmoid(0.5 + x[:, 0])).astype(float)
    >>> level, slopes = ridge_logistic(x, silent, np.ones(20_000))
    >>> round(level, 1), slopes.round(1).tolist()
    (0.5, [1.0])
    """
    design = np.column_stack([np.ones(len(standard)), standard])
    ridge = np.full(design.shape[1], _RIDGE)
    ridge[0] = 1e-3
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = sigmoid(np.einsum("nk,k->n", design, beta))
        gradient = np.einsum("nk,n->k", design, weight * (chance - target)) + ridge * beta
        curve = weight * np.maximum(chance * (1.0 - chance), 1e-9)
        hessian = np.einsum("nk,nj->kj", design * curve[:, None], design) + np.diag(ridge)
        step = np.clip(np.linalg.solve(hessian, gradient), -2.0, 2.0)
        beta = beta - step
        if float(np.abs(step).max()) < 1e-10:
            break
    return float(beta[0]), beta[1:]


def log_odds(chance: Array) -> Array:
    """Return log-odds of probabilities, finite at 0 and 1; missing stays missing."""
    kept = np.clip(chance, _LEAST, 1.0 - _LEAST)
    found: Array = np.log(kept) - np.log1p(-kept)
    return found


def _step_odds(wide: Array, place: int, before: int) -> Array:
    """Return the log-odds of the law's silence in a step, given silence up to its beginning."""
    chance = wide[:, place]
    if before < 0:
        return log_odds(chance)
    return log_odds(chance / np.maximum(wide[:, before], 1e-12))


def _read(wide: Array, places: tuple[int, ...], before: int, *, lawful: bool) -> Array:
    """Return what a line reads: logarithms of features, log-odds of the law's chances."""
    read = wide[:, list(places)]
    features = read.shape[1] - 2 * lawful
    plain = np.sign(read[:, :features]) * np.log1p(np.abs(read[:, :features]))
    if not lawful:
        return plain
    law = _step_odds(wide, places[-2], before)
    return np.column_stack([plain, law, log_odds(read[:, -1])])


def _standard(read: Array, center: Array, spread: Array) -> Array:
    scaled = np.clip((read - center) / spread, -_FURTHEST, _FURTHEST)
    return np.where(np.isnan(scaled), 0.0, scaled)
