"""A blend: the members' forecasts of one horizon, weighed, bent and levelled.

``value = level(month) x gain x unit x (blended / unit)^bend``, where ``blended`` is the weighted mean of
the members. The weights say whom to trust, the bend how far large and small accounts drift towards the
mean of all, the level what the season does to the whole book. Each is learned out of time, apart from
the others (see `weighing` and `level`), and is 1 where nothing is known of it.

A blend of a horizon without complete windows is learned over a shorter one: its trees' forecasts are
stretched, account by account, by the ratio of orders that the law of buying lets expect over both.

Why this way: one formula for all horizons, a sum of parts up to one smooth step at the end, so that a
forecast can still be taken apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from valuemodel.estimators.future_value.level import Level
from valuemodel.estimators.future_value.members import LEARNED, Member, MemberName, trees_of
from valuemodel.estimators.future_value.weighing import mean_of_speakers, shares_of_speakers
from valuemodel.estimators.link import LinkParts
from valuemodel.estimators.state import Array


@dataclass(frozen=True)
class Stretch:
    """From a shorter window to a longer one: places of both forecasts of orders, and plain days.

    Where the law says nothing of an account, the ratio of days holds; no account is stretched by more.
    """

    shorter: int | None
    longer: int | None
    days: float

    def ratio(self, matrix: Array) -> Array:
        """Return by how much each row's value over the shorter window grows, shape (n,)."""
        if self.shorter is None or self.longer is None:
            return np.full(len(matrix), self.days)
        orders, more = matrix[:, self.shorter], matrix[:, self.longer]
        known = np.isfinite(orders) & np.isfinite(more) & (orders > 0)
        found = np.divide(more, orders, out=np.full(len(matrix), self.days), where=known)
        stretched: Array = np.clip(found, 1.0, self.days)
        return stretched


@dataclass(frozen=True)
class Bend:
    """A power of the blended forecast that keeps the book's total: ``gain x unit x (v / unit)^power``."""

    power: float = 1.0
    gain: float = 1.0
    unit: float = 1.0

    def __call__(self, value: Array) -> Array:
        """Return the bent values; losses stay losses."""
        if self.power == 1.0:
            return value
        size = np.abs(value) / self.unit
        found: Array = np.sign(value) * self.gain * self.unit * size**self.power
        return found

    @classmethod
    def keeping_total(cls, power: float, value: Array) -> Bend:
        """Return the bend of a power that leaves the sum of some values as it is."""
        unit = float(np.abs(value).mean()) if len(value) else 0.0
        if power == 1.0 or not unit > 0:
            return cls()
        bent = cls(power, 1.0, unit)(value).sum()
        gain = float(value.sum() / bent) if bent * value.sum() > 0 else 1.0
        return cls(power, gain, unit)


@dataclass(frozen=True)
class Blend:
    """The weighed members of one horizon.

    Parameters
    ----------
    learned : str
        The label whose windows were learned from.
    width : int
        How many columns the trees know; those of `standing` and `stretch` may lie beyond.
    members : tuple of Member
        Those that were learned.
    standing : mapping of name to int
        Places of forecasts that stand among the columns already.
    weights : mapping of name to float
        Of all of them; they sum to 1.
    bend, level
        What is done to their mean.
    stretch : Stretch, optional
        Where the horizon is longer than what was learned.
    """

    learned: str
    width: int
    members: tuple[Member, ...]
    standing: Mapping[MemberName, int]
    weights: Mapping[MemberName, float]
    bend: Bend
    level: Level
    stretch: Stretch | None = None

    def forecasts(self, matrix: Array, n_jobs: int | None) -> dict[MemberName, Array]:
        """Return every member's forecast, in money, shape (n,) each; before any bend and level."""
        own = matrix[:, : self.width]
        ratio = self._ratio(matrix)
        found = {m.name: ratio * m.from_link(m.scores(own, n_jobs)) for m in self.members}
        return found | {name: standing(name, matrix, at) for name, at in self.standing.items()}

    def blended(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return the weighted mean of the members that speak of each row, shape (n,)."""
        said = self.forecasts(matrix, n_jobs)
        weights = np.array([self.weights[name] for name in said])
        return mean_of_speakers(np.column_stack(list(said.values())), weights)

    def calibrated(self, blended: Array, matrix: Array) -> Array:
        """Return the final value of a weighted mean, for the rows of a matrix."""
        return self.level.of(matrix) * self.bend(blended)

    def predict(self, matrix: Array, n_jobs: int | None) -> Array:
        """Return the value, in money, shape (n,)."""
        return self.calibrated(self.blended(matrix, n_jobs), matrix)

    def _ratio(self, matrix: Array) -> Array:
        return np.ones(len(matrix)) if self.stretch is None else self.stretch.ratio(matrix)

    def link_parts(self, matrix: Array, derived: tuple[str, ...], n_jobs: int | None) -> LinkParts:
        """Take the value apart: each member on its own link scale, bend and level as calibration."""
        own, ratio = matrix[:, : self.width], self._ratio(matrix)
        members = list(self.members)
        parts = [self._padded(m.contributions(own, n_jobs), matrix.shape[1]) for m in members]
        parts += [_of_standing(matrix, place) for place in self.standing.values()]
        counts = np.cumsum([len(part) for part in parts])[:-1]
        stacked = np.concatenate(parts)
        base = stacked[:, 0, -1] if len(matrix) else np.zeros(len(stacked))
        said = np.column_stack(list(self.forecasts(matrix, n_jobs).values()))
        names = [*(member.name for member in members), *self.standing]
        shares = shares_of_speakers(said, np.array([self.weights[name] for name in names]))

        def from_link(scores: Array) -> Array:
            groups = np.split(scores, counts)
            money = [ratio * m.from_link(g) for m, g in zip(members, groups, strict=False)]
            money += [group[0] for group in groups[len(members) :]]
            found: Array = np.einsum("nm,nm->n", np.column_stack(money), shares)
            return found

        def calibrate(blended: Array) -> Array:
            return self.calibrated(blended, matrix)

        return LinkParts(base, stacked[:, :, :-1], from_link, derived, calibrate)

    def _padded(self, parts: Array, width: int) -> Array:
        """Put columns that a member does not know between those it does and the base."""
        known = parts[:, :, :-1]
        beyond = np.zeros((*parts.shape[:2], width - self.width))
        return np.concatenate([known, beyond, parts[:, :, -1:]], axis=2)

    def to_json(self) -> dict[str, Any]:
        """Return what was learned, but for the trees."""
        return {
            "learned": self.learned,
            "width": self.width,
            "members": {member.name: member.to_json() for member in self.members},
            "standing": dict(self.standing),
            "weights": dict(self.weights),
            "bend": [self.bend.power, self.bend.gain, self.bend.unit],
            "level": self.level.to_json(),
            "stretch": None
            if self.stretch is None
            else [self.stretch.shorter, self.stretch.longer, self.stretch.days],
        }

    def texts(self) -> dict[str, str]:
        """Return the trees' texts, as ``<member>.<part>``."""
        return {
            f"{member.name}.{part}": text
            for member in self.members
            for part, text in trees_of(member).items()
        }

    @classmethod
    def from_parts(cls, json: Mapping[str, Any], texts: Mapping[str, str]) -> Blend:
        """Rebuild a blend from `to_json` and `texts`."""
        members = []
        for name, learned in json["members"].items():
            own = {
                key.removeprefix(f"{name}."): text
                for key, text in texts.items()
                if key.startswith(f"{name}.")
            }
            members.append(LEARNED[name].from_parts(learned, own))
        return cls(
            learned=json["learned"],
            width=json["width"],
            members=tuple(members),
            standing=dict(json["standing"]),
            weights=dict(json["weights"]),
            bend=Bend(*json["bend"]),
            level=Level.from_json(json["level"]),
            stretch=None if json["stretch"] is None else Stretch(*json["stretch"]),
        )


def standing(member: MemberName, matrix: Array, place: int) -> Array:
    """Return a forecast that stands among the columns.

    Without a past value there was none; of who never bought, the law says nothing.
    """
    column = matrix[:, place]
    found: Array = column.copy() if member == "buy_till_you_die" else np.nan_to_num(column, nan=0.0)
    return found


def _of_standing(matrix: Array, place: int) -> Array:
    """Return a standing forecast's own contribution, and no base."""
    parts = np.zeros((1, len(matrix), matrix.shape[1] + 1))
    parts[0, :, place] = np.nan_to_num(matrix[:, place], nan=0.0)
    return parts
