"""The lessons of future value: which rows each member learns from, and how it is put to the test.

Out of time means: members learn from windows that ended before the first later cutoff, and speak of
the later ones (see `inner_split`). What they say there decides on numbers of trees, weights, bend and
intervals; then all of them learn once more, from all rows. Forecasts of the law need no label: at each
cutoff they come from what was known at that cutoff.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.estimators.boosting import TreeSettings
from valuemodel.estimators.buy_till_you_die.forecasts import LawForecasts, derived_names
from valuemodel.estimators.future_value.blend import Bend, Blend, Stretch, standing
from valuemodel.estimators.future_value.level import Level, Miss, season_matters, seasonal_factors
from valuemodel.estimators.future_value.members import (
    LEARNED,
    Lesson,
    Member,
    MemberName,
    School,
    rounds_of,
)
from valuemodel.estimators.future_value.weighing import Evidence, bend_of, weigh
from valuemodel.estimators.inner_split import inner_split
from valuemodel.estimators.season import SEASON, hide_season
from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused
from valuemodel.periods import Horizon

_SLACK_DAYS = 5.0  # months differ in length
_HEARD = 0.02  # a member with less weight changes little and costs as much as any other


@dataclass(frozen=True)
class Trust:
    """What later rows showed: weights by member, and per horizon the evidence and numbers of trees."""

    members: tuple[MemberName, ...]
    weights: dict[str, float]
    evidence: Mapping[str, Evidence]
    rounds: Mapping[str, Mapping[str, int]]

    @property
    def array(self) -> Array:
        """The weights in the order of members."""
        return np.array([self.weights[name] for name in self.members])

    @property
    def heard(self) -> tuple[MemberName, ...]:
        """The members that are worth their cost, and of the learned ones at least the most trusted."""
        learned = [name for name in self.members if name in LEARNED]
        best = max(learned, key=lambda name: self.weights[name], default=None)
        return tuple(name for name in self.members if name == best or self.weights[name] >= _HEARD)

    def bend(self, horizon: str) -> float:
        """Return the power of a horizon's blend, from its own evidence or the longest shorter one's."""
        told = [h for h in self.evidence if Horizon.parse(h) <= Horizon.parse(horizon)]
        if not told:
            return 1.0
        return bend_of(self.evidence[max(told, key=Horizon.parse)], self.array)

    def said(self, evidence: Evidence) -> Array:
        """Return what the blend, bent, said of later rows; half of what it missed in total is forgiven.

        Members that learned from few windows miss the level by more than those that learned from all.
        """
        blended = evidence.blended(self.array)
        bent = Bend.keeping_total(bend_of(evidence, self.array), blended)(blended)
        came, told = evidence.truth.sum(), bent.sum()
        return bent * float(np.sqrt(came / told)) if came > 0 and told > 0 else bent


@dataclass(frozen=True)
class Lessons:
    """All rows, and how members learn from them.

    Parameters
    ----------
    matrix : ndarray of shape (n, p)
        Encoded features.
    names, numbers
        The columns, and which of them are numbers.
    targets : DataFrame of shape (n, h)
        Value per horizon, NaN where the window is not complete.
    cutoffs : Series of datetime64, or None
        The cutoff of each row.
    law : LawForecasts or None
        Of all horizons.
    members : tuple of str
        Which members there may be.
    scale_features, trees, seed, n_jobs
        As in `School`.
    """

    matrix: Array
    names: tuple[str, ...]
    numbers: frozenset[str]
    targets: pd.DataFrame
    cutoffs: pd.Series[Any] | None
    law: LawForecasts | None
    members: tuple[MemberName, ...]
    scale_features: tuple[str, ...]
    trees: TreeSettings
    seed: int
    n_jobs: int | None

    @cached_property
    def _derived(self) -> Array:
        """Forecasts of the law for all rows, each by what was known at its own cutoff."""
        if self.law is None:
            return np.zeros((len(self.matrix), 0))
        return self.law.of_training(self.matrix, self.cutoffs)

    def _columns(self, rows: NDArray[np.bool_], horizons: Sequence[str], shown: Array) -> Array:
        """Return features and the law's forecasts over some horizons, for some rows."""
        if self.law is None:
            return shown[rows]
        places = [self.law.names.index(name) for name in derived_names(horizons)]
        return np.hstack([shown[rows], self._derived[rows][:, places]])

    def _column_names(self, horizons: Sequence[str]) -> tuple[str, ...]:
        return self.names + (() if self.law is None else derived_names(horizons))

    def _values(self, label: str) -> Array:
        return np.asarray(self.targets[label], dtype=np.float64)

    def _school(
        self, label: str, later: Lesson | None = None, rounds: Mapping[str, int] | None = None
    ) -> School:
        names = self._column_names([label])
        derived = frozenset(names) - frozenset(self.names)
        return School(
            names=names,
            numbers=self.numbers | derived,
            scale_features=self.scale_features,
            trees=self.trees,
            seed=self.seed,
            n_jobs=self.n_jobs,
            rounds=rounds or {},
            later=later,
        )

    def _standing(
        self, label: str, names: tuple[str, ...], members: Sequence[MemberName]
    ) -> dict[MemberName, int]:
        """Return the places of forecasts that stand among the columns."""
        wanted: dict[MemberName, str] = {
            "buy_till_you_die": f"btyd_value_{label}",
            "past_value": f"past_value_{label}",
        }
        return {
            member: names.index(column)
            for member, column in wanted.items()
            if member in members and column in names
        }

    def trust(self, labels: Sequence[str], lacking: Callable[[pd.Series[float]], str]) -> Trust:
        """Put the members to the test on each horizon that has earlier and later rows."""
        evidence: dict[str, Evidence] = {}
        rounds: dict[str, dict[str, int]] = {}
        for label in labels:
            values = self._values(label)
            split = inner_split(self.cutoffs, Horizon.parse(label), ~np.isnan(values))
            if split is None or any(lacking(self.targets[label][rows]) for rows in split):
                continue
            evidence[label], rounds[label] = self._tested(label, values, split.earlier, split.later)
        found = weigh(list(evidence.values()), len(self.members))
        weights = dict(zip(self.members, found.tolist(), strict=True))
        return Trust(self.members, weights, evidence, rounds)

    def _tested(
        self, label: str, values: Array, earlier: NDArray[np.bool_], later: NDArray[np.bool_]
    ) -> tuple[Evidence, dict[str, int]]:
        """Learn from earlier rows, and let everybody speak of the later ones."""
        shown = hide_season(self.matrix, self.names, self.cutoffs, earlier)
        exam = Lesson(self._columns(later, [label], shown), values[later])
        lesson = Lesson(self._columns(earlier, [label], shown), values[earlier])
        school = self._school(label, exam)
        said = np.full((len(exam.value), len(self.members)), np.nan)
        rounds: dict[str, int] = {}
        for member in _taught(lesson, school, self.members):
            scores = member.scores(exam.matrix, self.n_jobs)
            said[:, self.members.index(member.name)] = member.from_link(scores)
            rounds |= rounds_of(member, self.trees)
        for name, place in self._standing(label, school.names, self.members).items():
            said[:, self.members.index(name)] = standing(name, exam.matrix, place)
        cutoffs = pd.Series(self.cutoffs).to_numpy(dtype="datetime64[ns]")
        return Evidence(label, exam.value, said, cutoffs[later]), rounds

    def blend(self, label: str, learned: str, trust: Trust) -> Blend:
        """Learn a horizon's members from all rows of `learned`, and weigh, bend and level them."""
        values = self._values(learned)
        known = ~np.isnan(values)
        shown = hide_season(self.matrix, self.names, self.cutoffs, known)
        lesson = Lesson(self._columns(known, [learned], shown), values[known])
        school = self._school(learned, rounds=trust.rounds.get(learned))
        members = _taught(lesson, school, trust.heard)
        horizons = [learned] if label == learned else [learned, label]
        names = self._column_names(horizons)
        there = self._standing(label, names, trust.heard)
        present = [*(member.name for member in members), *there]
        if not present:
            problem = "none of the members of the blend has anything to go by"
            hint = "add one that learns from features, such as 'two_part'"
            raise DataRefused(problem, received=", ".join(self.members), hint=hint)
        total = sum(trust.weights[name] for name in present)
        plain = Blend(
            learned=learned,
            width=len(school.names),
            members=members,
            standing=there,
            weights={
                name: trust.weights[name] / total if total > 0 else 1.0 / len(present)
                for name in present
            },
            bend=Bend(),
            level=Level(),
            stretch=None if label == learned else _stretch(label, learned, names),
        )
        newest = self._newest
        columns = self._columns(newest, horizons, self.matrix)
        blended = plain.blended(columns, self.n_jobs)
        bend = Bend.keeping_total(trust.bend(label), blended)
        level = self._level(label, learned, float(bend(blended).sum()))
        return Blend(**{**plain.__dict__, "bend": bend, "level": level})

    @property
    def _newest(self) -> NDArray[np.bool_]:
        """The rows of the newest cutoff."""
        if self.cutoffs is None:
            return np.ones(len(self.matrix), dtype=np.bool_)
        times = pd.Series(self.cutoffs).reset_index(drop=True)
        found: NDArray[np.bool_] = (times == times.max()).to_numpy()
        return found

    def _level(self, label: str, learned: str, total: float) -> Level:
        """Learn the level of a horizon from what the law missed at past cutoffs."""
        if self.law is None or self.cutoffs is None or not season_matters(label) or total <= 0:
            return Level()
        forecast = self._derived[:, self.law.names.index(f"btyd_value_{label}")]
        law_total = float(np.nansum(forecast[self._newest]))
        misses = self._misses(learned)
        if law_total <= 0 or not misses:
            return Level()
        month = int(pd.Series(self.cutoffs).max().month)
        place = self.names.index(SEASON) if SEASON in self.names else None
        return Level(seasonal_factors(misses, float(np.log(law_total / total))), place, month)

    def _misses(self, label: str) -> list[Miss]:
        """Return what the law missed where the history behind is at least as long as the window."""
        if self.law is None or self.cutoffs is None:
            return []
        values = self._values(label)
        said = self._derived[:, self.law.names.index(f"btyd_value_{label}")]
        times = pd.Series(self.cutoffs).reset_index(drop=True)
        tenure = self.matrix[:, self.names.index("tenure_days")]
        oldest = times.min()
        behind = float(np.nanmax(tenure[(times == oldest).to_numpy()]))
        found = []
        for at in np.sort(times[~np.isnan(values)].unique()):
            rows = (times == at).to_numpy() & ~np.isnan(values)
            history = behind + (pd.Timestamp(at) - oldest).days + _SLACK_DAYS
            came, told = float(values[rows].sum()), float(np.nansum(said[rows]))
            if history >= Horizon.parse(label).days and came > 0 and told > 0:
                day = float(pd.Timestamp(at).day_of_year)
                found.append(Miss(day, float(np.log(came / told))))
        return found


def _taught(lesson: Lesson, school: School, members: Sequence[MemberName]) -> tuple[Member, ...]:
    return tuple(LEARNED[name].learn(lesson, school) for name in members if name in LEARNED)


def _stretch(label: str, learned: str, names: tuple[str, ...]) -> Stretch:
    """Return how forecasts over a shorter window are stretched to a longer one."""
    days = Horizon.parse(label).days / Horizon.parse(learned).days
    shorter, longer = f"btyd_orders_{learned}", f"btyd_orders_{label}"
    if shorter not in names or longer not in names:
        return Stretch(None, None, days)
    return Stretch(names.index(shorter), names.index(longer), days)
