"""The members of the blend of future value: trees of three kinds, a log-linear law, single forecasts.

Each learns one horizon from the same rows, and each is taken apart on a link scale of its own:

* *two-part*: P(value > 0) by trees, times E(value | value > 0) by trees that start at the account's own
  scale; what is not positive enters as its mean (Cragg 1971);
* *tweedie*: the mean of value by trees under Tweedie deviance that start at the scale (Jorgensen 1997);
* *direct*: the ratio of value to the scale by least squares, weighted like the Tweedie variance; it is
  the one that learns from negative values as such;
* *log-linear*: the scale itself, a generalised linear model of past values and the law's forecast;
* *buy-till-you-die* and *past value*: forecasts that stand among the columns already.

Why this way: no single one is best everywhere. Trees win where history is long, the law where it is
short, the log-linear one in small books and past value where next year simply repeats the last. They
err differently, so that even a plain mean of them is steadier than the best.

References
----------
Cragg, Some Statistical Models for Limited Dependent Variables, Econometrica 39(5), 1971.
Jorgensen, The Theory of Dispersion Models, 1997.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, Self, get_args

import lightgbm as lgb
import numpy as np

from valuemodel.estimators.boosting import (
    Grower,
    Sample,
    TreeSettings,
    contributions,
    from_text,
    raw_scores,
    to_text,
)
from valuemodel.estimators.future_value.scale import Scale, scale_places
from valuemodel.estimators.link import sigmoid
from valuemodel.estimators.state import Array

MemberName = Literal[
    "two_part", "tweedie", "direct", "log_linear", "buy_till_you_die", "past_value"
]
MEMBERS: tuple[MemberName, ...] = get_args(MemberName)
_LARGEST_LOG = 30.0
_VARIANCE_POWER = 1.5  # of the mean, as in the scale
_EXTREME = 0.001  # ratios beyond this quantile on either side count as it


@dataclass(frozen=True)
class Lesson:
    """Rows of one horizon to learn from: the matrix (n, p), and the value (n,) in money."""

    matrix: Array
    value: Array


@dataclass(frozen=True)
class School:
    """How members learn: the columns' names, how trees are grown, and how many.

    Parameters
    ----------
    names : tuple of str
        The columns of the matrix.
    numbers : frozenset of str
        Those that are numbers.
    scale_features : tuple of str
        Patterns of the columns in money that set an account's scale.
    trees, seed, n_jobs
        How trees are grown, from which seed, on how many threads.
    rounds : mapping of str to int
        Numbers of trees that were chosen, by part of a member.
    later : Lesson, optional
        Later rows, on which numbers of trees are chosen.
    """

    names: tuple[str, ...]
    numbers: frozenset[str]
    scale_features: tuple[str, ...]
    trees: TreeSettings
    seed: int = 0
    n_jobs: int | None = None
    rounds: Mapping[str, int] = field(default_factory=dict)
    later: Lesson | None = None

    def scale(self, matrix: Array, value: Array) -> Scale:
        """Learn the scale of values that are not negative, and not all 0."""
        places = scale_places(list(self.names), self.scale_features, set(self.numbers))
        return Scale.learn(matrix, value, places)

    def grow(
        self, part: str, objective: str, sample: Sample, later: Callable[[Lesson], Sample]
    ) -> lgb.Booster:
        """Grow trees: as many as later rows ask for, or as were chosen before."""
        categorical = [j for j, name in enumerate(self.names) if name not in self.numbers]
        grower = Grower(objective, categorical, self.trees, self.seed, self.n_jobs)
        if self.later is None:
            return grower.grow(sample, self.rounds.get(part, self.trees.rounds))
        return grower.grow_until(sample, later(self.later))


class Member(Protocol):
    """One way to predict a horizon's value, taken apart on its own link scale."""

    name: ClassVar[MemberName]

    @property
    def boosters(self) -> Mapping[str, lgb.Booster]:
        """Its trees, by part."""
        ...

    def scores(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return the linear scores, shape (k, n)."""
        ...

    def contributions(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return what each column adds to each score, and last the base: shape (k, n, p + 1)."""
        ...

    def from_link(self, scores: Array) -> Array:
        """From the scores to the value, in money."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return what was learned beside the trees."""
        ...

    @classmethod
    def from_parts(cls, json: Mapping[str, Any], texts: Mapping[str, str]) -> Self:
        """Rebuild it from `to_json` and the texts of its trees."""
        ...


@dataclass(frozen=True)
class TwoPart:
    """P(value > 0) times E(value | value > 0), plus the rest; see the module."""

    some: lgb.Booster
    amount: lgb.Booster
    scale: Scale
    rest: float

    name: ClassVar[MemberName] = "two_part"

    @classmethod
    def learn(cls, lesson: Lesson, school: School) -> TwoPart:
        """Grow the trees of both parts."""
        positive = lesson.value > 0
        scale = school.scale(lesson.matrix[positive], lesson.value[positive])

        def amounts(of: Lesson) -> Sample:
            rows = of.value > 0
            return Sample(of.matrix[rows], of.value[rows], scale.log(of.matrix[rows]))

        def chances(of: Lesson) -> Sample:
            return Sample(of.matrix, (of.value > 0).astype(np.float64))

        rest = lesson.value[~positive]
        return cls(
            some=school.grow("some", "binary", chances(lesson), chances),
            amount=school.grow("amount", "tweedie", amounts(lesson), amounts),
            scale=scale,
            rest=float(rest.mean()) if len(rest) else 0.0,
        )

    @property
    def boosters(self) -> Mapping[str, lgb.Booster]:
        """Its trees, by part."""
        return {"some": self.some, "amount": self.amount}

    def scores(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return logit P(value > 0) and log E(value | value > 0), shape (2, n)."""
        amount = raw_scores(self.amount, matrix, n_jobs) + self.scale.log(matrix)
        return np.stack([raw_scores(self.some, matrix, n_jobs), amount])

    def contributions(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return what each column adds to both scores."""
        amount = contributions(self.amount, matrix, n_jobs) + self.scale.contributions(matrix)
        return np.stack([contributions(self.some, matrix, n_jobs), amount])

    def from_link(self, scores: Array) -> Array:
        """From the two scores to the expected value."""
        chance = sigmoid(scores[0])
        found: Array = chance * _money(scores[1]) + (1.0 - chance) * self.rest
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the scale and the rest."""
        return {"scale": self.scale.to_json(), "rest": self.rest}

    @classmethod
    def from_parts(cls, json: Mapping[str, Any], texts: Mapping[str, str]) -> TwoPart:
        """Rebuild it from `to_json` and the texts of its trees."""
        some, amount = from_text(texts["some"]), from_text(texts["amount"])
        return cls(some, amount, Scale.from_json(json["scale"]), json["rest"])


@dataclass(frozen=True)
class Tweedie:
    """The mean by trees that start at the scale."""

    trees: lgb.Booster
    scale: Scale

    name: ClassVar[MemberName] = "tweedie"

    @classmethod
    def learn(cls, lesson: Lesson, school: School) -> Tweedie:
        """Grow the trees; what is negative counts as nothing."""
        scale = school.scale(lesson.matrix, np.maximum(lesson.value, 0.0))

        def sample(of: Lesson) -> Sample:
            return Sample(of.matrix, np.maximum(of.value, 0.0), scale.log(of.matrix))

        return cls(school.grow("tweedie", "tweedie", sample(lesson), sample), scale)

    @property
    def boosters(self) -> Mapping[str, lgb.Booster]:
        """Its trees."""
        return {"tweedie": self.trees}

    def scores(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return the logarithm of the mean, shape (1, n)."""
        return (raw_scores(self.trees, matrix, n_jobs) + self.scale.log(matrix))[None, :]

    def contributions(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return what each column adds to it."""
        own = contributions(self.trees, matrix, n_jobs)
        return (own + self.scale.contributions(matrix))[None, :, :]

    def from_link(self, scores: Array) -> Array:
        """From the logarithm to money."""
        return _money(scores[0])

    def to_json(self) -> dict[str, Any]:
        """Return the scale."""
        return {"scale": self.scale.to_json()}

    @classmethod
    def from_parts(cls, json: Mapping[str, Any], texts: Mapping[str, str]) -> Tweedie:
        """Rebuild it from `to_json` and the text of its trees."""
        return cls(from_text(texts["tweedie"]), Scale.from_json(json["scale"]))


@dataclass(frozen=True)
class Direct:
    """The ratio of value to the scale, by least squares; the ratio may be negative."""

    trees: lgb.Booster
    scale: Scale

    name: ClassVar[MemberName] = "direct"

    @classmethod
    def learn(cls, lesson: Lesson, school: School) -> Direct:
        """Grow the trees on ratios; the outermost thousandth on either side counts as its edge."""
        scale = school.scale(lesson.matrix, np.maximum(lesson.value, 0.0))
        ratios = lesson.value / np.exp(scale.log(lesson.matrix))
        low, high = np.quantile(ratios, [_EXTREME, 1.0 - _EXTREME])

        def sample(of: Lesson) -> Sample:
            size = np.exp(scale.log(of.matrix))
            weight = size ** (2.0 - _VARIANCE_POWER)
            return Sample(
                of.matrix, np.clip(of.value / size, low, high), weight=weight / weight.mean()
            )

        return cls(school.grow("direct", "regression", sample(lesson), sample), scale)

    @property
    def boosters(self) -> Mapping[str, lgb.Booster]:
        """Its trees."""
        return {"direct": self.trees}

    def scores(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return the ratio and the logarithm of the scale, shape (2, n)."""
        return np.stack([raw_scores(self.trees, matrix, n_jobs), self.scale.log(matrix)])

    def contributions(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return what each column adds to both."""
        own = contributions(self.trees, matrix, n_jobs)
        return np.stack([own, self.scale.contributions(matrix)])

    def from_link(self, scores: Array) -> Array:
        """From ratio and scale to money."""
        found: Array = scores[0] * _money(scores[1])
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the scale."""
        return {"scale": self.scale.to_json()}

    @classmethod
    def from_parts(cls, json: Mapping[str, Any], texts: Mapping[str, str]) -> Direct:
        """Rebuild it from `to_json` and the text of its trees."""
        return cls(from_text(texts["direct"]), Scale.from_json(json["scale"]))


@dataclass(frozen=True)
class LogLinear:
    """The scale alone."""

    scale: Scale

    name: ClassVar[MemberName] = "log_linear"
    boosters: ClassVar[Mapping[str, lgb.Booster]] = {}

    @classmethod
    def learn(cls, lesson: Lesson, school: School) -> LogLinear:
        """Learn the scale of all rows; what is negative counts as nothing."""
        return cls(school.scale(lesson.matrix, np.maximum(lesson.value, 0.0)))

    def scores(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return the logarithm of the scale, shape (1, n)."""
        del n_jobs
        return self.scale.log(matrix)[None, :]

    def contributions(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return what each column adds to it."""
        del n_jobs
        return self.scale.contributions(matrix)[None, :, :]

    def from_link(self, scores: Array) -> Array:
        """From the logarithm to money."""
        return _money(scores[0])

    def to_json(self) -> dict[str, Any]:
        """Return the scale."""
        return {"scale": self.scale.to_json()}

    @classmethod
    def from_parts(cls, json: Mapping[str, Any], texts: Mapping[str, str]) -> LogLinear:
        """Rebuild it from `to_json`."""
        del texts
        return cls(Scale.from_json(json["scale"]))


def _money(log: Array) -> Array:
    found: Array = np.exp(np.minimum(log, _LARGEST_LOG))
    return found


LEARNED: Mapping[MemberName, type[TwoPart | Tweedie | Direct | LogLinear]] = {
    "two_part": TwoPart,
    "tweedie": Tweedie,
    "direct": Direct,
    "log_linear": LogLinear,
}


def trees_of(member: Member) -> dict[str, str]:
    """Return the texts of a member's trees, by part."""
    return {part: to_text(booster) for part, booster in member.boosters.items()}


def rounds_of(member: Member, trees: TreeSettings) -> dict[str, int]:
    """Return the numbers of trees that later rows asked for, within bounds."""
    grown = member.boosters.items()
    return {part: trees.within_bounds(booster.best_iteration) for part, booster in grown}
