"""One step of silence, learned: members, their weights, and a line that corrects their mean.

Why this way: members are weighed where they can be judged, on later cutoffs than those they were
learned from, and then learned again from all rows. Where the history is too short for that, they count
alike: a mean needs no evidence to be better than a guess which of them is best.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from valuemodel.estimators.boosting import Grower, Sample, from_text, to_text
from valuemodel.estimators.churn.members import LawRatio, Member, RhythmLine, Trees, WideNames
from valuemodel.estimators.churn.steps import Step, lacking_events
from valuemodel.estimators.churn.weights import (
    NO_LINE,
    Line,
    doubtful_center,
    member_weights,
    recency_weights,
)
from valuemodel.estimators.inner_split import Mask, inner_split
from valuemodel.estimators.season import hide_season
from valuemodel.estimators.state import Array
from valuemodel.periods import Horizon

HALF_LIFE_DAYS = 365.0  # a whole year, so that no season counts for much less than another


@dataclass(frozen=True)
class Blend:
    """A weighted mean of members' log-odds, corrected by a line.

    Parameters
    ----------
    members : mapping of str to Member
        "trees", "law" and "line", those that there are.
    weights : tuple of float
        Of the members, in order; not below 0, 1 in sum.
    line : Line
        From their mean to log-odds that later cutoffs agree with.
    """

    members: Mapping[str, Member]
    weights: tuple[float, ...]
    line: Line = NO_LINE

    def scores(self, wide: Array) -> Array:
        """Return corrected log-odds, shape (n,)."""
        return self.line.of(self._mean(wide))

    def _mean(self, wide: Array) -> Array:
        mean = np.zeros(len(wide))
        for weight, member in zip(self.weights, self.members.values(), strict=True):
            if weight > 0.0:
                mean += weight * member.scores(wide)
        return mean

    def contributions(self, wide: Array) -> Array:
        """Return what each column adds to `scores`, and last the base: shape (n, q + 1)."""
        found = np.zeros((len(wide), wide.shape[1] + 1))
        for weight, member in zip(self.weights, self.members.values(), strict=True):
            if weight > 0.0:
                found += weight * member.contributions(wide)
        found *= self.line.slope
        found[:, -1] += self.line.of(np.zeros(1))[0]
        return found

    def to_json(self) -> dict[str, Any]:
        """Return all but the trees as plain data."""
        others = {
            name: member.to_json()
            for name, member in self.members.items()
            if isinstance(member, LawRatio | RhythmLine)
        }
        line = [self.line.center, self.line.shift, self.line.slope]
        order = list(self.members)
        return {"members": others, "order": order, "weights": list(self.weights), "line": line}

    def trees_text(self) -> str:
        """Return the trees as LightGBM text."""
        return "".join(to_text(m.booster) for m in self.members.values() if isinstance(m, Trees))

    @classmethod
    def from_json(cls, json: Mapping[str, Any], trees: str) -> Blend:
        """Rebuild a blend."""
        others = json["members"]
        known: dict[str, Member] = {"trees": Trees(from_text(trees))}
        if "law" in others:
            known["law"] = LawRatio(**others["law"])
        if "line" in others:
            known["line"] = RhythmLine.from_json(others["line"])
        members = {name: known[name] for name in json["order"]}
        return cls(members, tuple(json["weights"]), Line(*json["line"]))


class Rows(NamedTuple):
    """What a step is learned from: columns (n, q), target (n,) with NaN, cutoffs, known windows."""

    wide: Array
    target: Array
    cutoffs: pd.Series[Any] | None
    complete: Mask

    def of(self, mask: Mask) -> Rows:
        """Return some of the rows."""
        times = None if self.cutoffs is None else self.cutoffs[mask].reset_index(drop=True)
        return Rows(self.wide[mask], self.target[mask], times, self.complete[mask])

    def newest(self) -> Rows:
        """Return the rows of the newest cutoff, which need no labels."""
        if self.cutoffs is None:
            return self
        return self.of((self.cutoffs == self.cutoffs.max()).to_numpy())

    @property
    def weight(self) -> Array:
        """How much each row counts: newer ones more."""
        return recency_weights(self.cutoffs, len(self.target), HALF_LIFE_DAYS)

    def sample(self) -> Sample:
        """Return the rows as trees read them."""
        return Sample(self.wide, self.target, weight=self.weight)


class Judgement(NamedTuple):
    """What later cutoffs say: how many trees, at which weights, and what corrects the level."""

    rounds: int
    weights: tuple[float, ...]
    line: Line = NO_LINE


@dataclass(frozen=True)
class BlendLearner:
    """Learns the blend of one step.

    Parameters
    ----------
    names : WideNames
        The columns that members read.
    grower : Grower
        How trees are grown.
    """

    names: WideNames
    grower: Grower

    def learn(self, step: Step, rows: Rows, judgement: Judgement | None) -> Blend:
        """Learn the members from all rows, as many trees and at such weights as was judged."""
        rows = self._seasonless(rows)
        rounds = self.grower.trees.rounds if judgement is None else judgement.rounds
        members = self._members(step, rows.of(~np.isnan(rows.target)), rounds)
        if judgement is None or len(judgement.weights) != len(members):
            return Blend(members, tuple(1.0 / len(members) for _ in members))
        blend = Blend(members, judgement.weights)
        center = doubtful_center(blend.scores(rows.newest().wide))
        return replace(blend, line=judgement.line.about(center))

    def judge(self, step: Step, rows: Rows) -> Judgement | None:
        """Learn from earlier cutoffs, judge on later ones; None where the history is too short."""
        horizon, known = Horizon.parse(step.label), ~np.isnan(rows.target)
        rows = self._seasonless(rows)
        split = inner_split(rows.cutoffs, horizon, rows.complete)
        if split is None:
            return None
        earlier, later = rows.of(split.earlier & known), rows.of(split.later & known)
        if any(lacking_events(pd.Series(part.target)) for part in (earlier, later)):
            return None
        grown = self.grower.grow_until(earlier.sample(), later.sample())
        members = self._others(step, earlier) | {"trees": Trees(grown, self.grower.n_jobs)}
        scores = np.stack([members[name].scores(later.wide) for name in sorted(members)])
        weights = member_weights(scores, later.target, later.cutoffs)
        mean = np.einsum("m,mn->n", weights, scores)
        return Judgement(
            self.grower.within_bounds(grown.best_iteration),
            tuple(float(weight) for weight in weights),
            Line.agreed(mean, later.target, later.cutoffs, horizon),
        )

    def _seasonless(self, rows: Rows) -> Rows:
        """Hide the month where less than a year was seen."""
        hidden = hide_season(rows.wide, self.names.names, rows.cutoffs, rows.complete)
        return rows._replace(wide=hidden)

    def _members(self, step: Step, rows: Rows, rounds: int) -> dict[str, Member]:
        """Learn all members, in the order of their names."""
        trees = Trees(self.grower.grow(rows.sample(), rounds), self.grower.n_jobs)
        found = self._others(step, rows) | {"trees": trees}
        return {name: found[name] for name in sorted(found)}

    def _others(self, step: Step, rows: Rows) -> dict[str, Member]:
        found: dict[str, Member] = {}
        law, line = self.names.law(step), self.names.line(step)
        if law is not None:
            found["law"] = LawRatio.learn(rows.wide, *law)
        if line is not None:
            found["line"] = RhythmLine.learn(rows.wide, rows.target, rows.weight, line)
        return found
