"""Which accounts change hands so that nobody carries too much, with as few changes as can be (S35, S36).

Accounts above the last tier that nobody owns are given out first. Then everybody above a limit (accounts,
and hours where the policy declares them) hands over what is too much: the fewest accounts that help;
among as few, those that take the fewest hours; among these, the accounts with the lowest closeness, then
the lowest predicted value. An account stays in its region where the policy says so: it goes to an owner
who has accounts there. Nobody who takes an account comes to lie above a limit by it.

Why this way: every change of owner costs a relationship, so the number of changes comes first. Accounts
that take the same hours are moved by `valuemodel.tiers.coverage.transport`, so that as many are placed as
can be; those that take the most hours go first, since they are the hardest to place. With unequal hours
the whole is a bin packing, for which this is a rule that people can follow, not the best there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.tiers.coverage.owners import (
    ELSEWHERE,
    NOBODY,
    above_last_tier,
    hours_wanted,
    owners_of,
    regions_of,
    steps_of,
)
from valuemodel.tiers.coverage.transport import Counts, Flags, Network
from valuemodel.tiers.policy import TierPolicy

REASSIGNMENT_TYPES: dict[str, str] = {
    "account_id": "str",
    "tier": "str",
    "from_owner": "str",
    "to_owner": "str",
    "hours": "float64",
    "reason": "str",
}

#: Hours closer than this are the same hours.
_SAME = 1e-9

Floats = npt.NDArray[np.float64]
#: Says how many accounts of the first size to move: of what is too much (accounts, hours), the sizes
#: in hours from the first down, and how many accounts there are of each.
Plan = Callable[[int, float, Floats, Counts], int]


def reassign(frame: pd.DataFrame, load: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    """Propose new owners for accounts that nobody owns and for those of owners above a limit.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    load : pandas.DataFrame
        Of `valuemodel.tiers.coverage.owners.owner_load`, of the same frame and policy.
    policy : TierPolicy
        The limits, ``[coverage]``.

    Returns
    -------
    pandas.DataFrame
        Columns `REASSIGNMENT_TYPES`, sorted by account. ``from_owner`` is missing where nobody had
        it, ``to_owner`` where nobody can take it; ``hours`` a year, missing where not declared. A book
        that names no owner at all gives no row: there is nobody to choose from.

    Examples
    --------
    >>> from valuemodel.tiers.accounts import account_frame
    >>> from valuemodel.tiers.coverage.owners import owner_load
    >>> from valuemodel.periods import Horizon
    >>> told = pd.DataFrame({"account_id": list("abcd"), "tier": list("ADDD")})
    >>> facts = pd.DataFrame({"account_id": list("abcd"), "owner": ["Ada", "Ada", "Ada", "Max"]})
    >>> worth = told[["account_id"]].assign(value_1y=[9.0, 2.0, 1.0, 1.0])
    >>> frame = account_frame(told, worth, facts, Horizon.parse("1 year"))
    >>> policy = TierPolicy.parse({"version": "1", "coverage": {"accounts_per_owner": 2}})
    >>> found = reassign(frame, owner_load(frame, policy), policy)
    >>> found[["account_id", "from_owner", "to_owner", "reason"]].values.tolist()
    [['c', 'Ada', 'Max', 'Ada has 3 accounts, 2 are the most']]
    """
    if frame["owner"].isna().all():
        frame = frame.head(0)
    people = _People.of(load, policy)
    reasons = people.reasons()
    places, takes = _places(frame, people.names, policy)
    book = _Book(_pool(frame, people, policy), people, places, takes)
    book.give_out()
    book.relieve()
    return _table(book, reasons)


@dataclass
class _People:
    """What each owner carries while accounts change hands; limits that are not known are infinite."""

    names: pd.Index[str]
    accounts: Counts
    hours: Floats
    available: Floats
    most: int

    @classmethod
    def of(cls, load: pd.DataFrame, policy: TierPolicy) -> _People:
        """Take the load as it is, owners by name."""
        rows = load[load["owner"] != NOBODY].sort_values("owner")
        known = rows["hours_needed"].notna() & rows["hours_available"].notna()
        return cls(
            pd.Index(rows["owner"]),
            rows["accounts"].to_numpy(dtype=np.int64, copy=True),
            rows["hours_needed"].where(known, 0.0).to_numpy(dtype=np.float64, copy=True),
            rows["hours_available"].where(known, np.inf).to_numpy(dtype=np.float64),
            policy.coverage.accounts_per_owner,
        )

    @property
    def too_many(self) -> Counts:
        """How many accounts each has beyond the limit."""
        return np.maximum(self.accounts - self.most, 0)

    @property
    def too_long(self) -> Floats:
        """How many hours each needs beyond what there is."""
        over = self.hours - self.available
        return np.where(over > _SAME, over, 0.0)

    def room(self, hours: float) -> Counts:
        """Return how many accounts of so many hours each can take and stay within both limits."""
        room = np.maximum(self.most - self.accounts, 0)
        if hours > 0.0:
            fitting = np.floor((self.available - self.hours) / hours + _SAME)
            room = np.minimum(room, np.clip(fitting, 0, self.most).astype(np.int64))
        room[self.too_long > 0.0] = 0
        return room

    def change(self, people: Counts, hours: Floats, by: int) -> None:
        """Add accounts of so many hours to people, or take them away."""
        np.add.at(self.accounts, people, by)
        np.add.at(self.hours, people, by * hours)

    def reasons(self) -> npt.NDArray[np.object_]:
        """Say of each what is too much; the last entry is of what nobody owns."""
        each = zip(self.names, self.accounts, self.hours, self.available, strict=True)
        return np.array([*(self._reason(*one) for one in each), "nobody owns it"], dtype=object)

    def _reason(self, name: str, count: int, hours: float, available: float) -> str:
        said = []
        if count > self.most:
            said.append(f"{name} has {count:,} accounts, {self.most:,} are the most")
        if hours > available + _SAME:
            said.append(f"{name} needs {hours:,.0f} hours a year and has {available:,.0f}")
        return "; ".join(said)


@dataclass
class _Book:
    """The accounts in play, in the order in which they would rather be moved, and who has them."""

    pool: pd.DataFrame
    people: _People
    places: pd.Index[str]
    takes: Flags

    def __post_init__(self) -> None:
        self.owner = self.pool["owner"].to_numpy(dtype=np.int64)
        self.place = _at(self.places, self.pool["region"])
        self.size = self.pool["hours"].fillna(0.0).to_numpy(dtype=np.float64)
        self.sizes = np.unique(self.size)[::-1]
        self.to = np.full(len(self.pool), -1)
        self.stuck = self.owner < 0

    def give_out(self) -> None:
        """Give out what nobody owns, the highest tier first, then the highest value."""
        first = ["step", "value", "account_id"]
        order = self.pool.sort_values(first, ascending=[True, False, True]).index.to_numpy()
        order = order[self.owner[order] < 0]
        for hours in self.sizes:
            rows = order[self.size[order] == hours]
            if len(rows):
                self._move(rows, np.ones(len(rows), dtype=bool), hours)

    def relieve(self) -> None:
        """Move what is too much: first the fewest accounts, then whatever else helps.

        What is left to be moved then and cannot be is marked as stuck.
        """
        for plan in (_fewest, _helpful):
            for at, hours in enumerate(self.sizes):
                rows, wanted = self._too_much(at, plan)
                if len(rows):
                    self._move(rows, wanted, hours)
        for at, hours in enumerate(self.sizes):
            rows, wanted = self._too_much(at, _fewest)
            left = rows[wanted]
            self.stuck[left] = True
            self.people.change(self.owner[left], np.full(len(left), hours), -1)

    def _too_much(self, at: int, plan: Plan) -> tuple[Counts, Flags]:
        """Return the accounts of one size that could relieve their owner, and which would rather."""
        movable = (self.owner >= 0) & (self.to < 0) & ~self.stuck
        there = [
            np.bincount(self.owner[movable & (self.size == size)], minlength=len(self.people.names))
            for size in self.sizes[at:]
        ]
        many, long = self.people.too_many, self.people.too_long
        quota = np.zeros(len(self.people.names), dtype=np.int64)
        for one in np.flatnonzero((many > 0) | (long > 0.0)):
            held = np.array([counts[one] for counts in there])
            quota[one] = plan(int(many[one]), float(long[one]), self.sizes[at:], held)
        rows = np.flatnonzero(movable & (self.size == self.sizes[at])).astype(np.int64)
        rows = rows[quota[self.owner[rows]] > 0]
        return rows, _place_in(self.owner[rows]) < quota[self.owner[rows]]

    def _move(self, rows: Counts, wanted: Flags, hours: float) -> None:
        """Move accounts of one size, those that would rather be moved if they fit."""
        network = Network(self.people.room(hours), self.takes)
        if not network.room.any():
            return
        senders, sender = np.unique(self.owner[rows], return_inverse=True)
        shape = (len(senders), len(self.takes))
        place = self.place[rows]
        held, preferred = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        np.add.at(held, (sender, place), 1)
        np.add.at(preferred, (sender[wanted], place[wanted]), 1)
        moved = network.most(preferred.sum(axis=1), preferred, held)
        going = _place_in(sender * shape[1] + place) < moved[sender, place]
        order = np.lexsort((sender[going], place[going]))  # stable: in the order of moving
        chosen = rows[going][order]
        sent = network.spread(moved.sum(axis=0))
        receiver = np.repeat(np.tile(np.arange(sent.shape[1]), sent.shape[0]), sent.ravel())
        self.to[chosen] = receiver
        owned = chosen[self.owner[chosen] >= 0]
        self.people.change(receiver, self.size[chosen], 1)
        self.people.change(self.owner[owned], self.size[owned], -1)


def _fewest(many: int, long: float, sizes: Floats, held: Counts) -> int:
    """Return how many of the first size are among the fewest accounts that help, as few as can be."""
    lower = np.concatenate([[0.0], np.cumsum(np.repeat(sizes[1:], held[1:]))])
    relief = np.concatenate([[0.0], np.cumsum(np.repeat(sizes, held))])
    many, long = min(many, len(relief) - 1), min(long, float(relief[-1]))
    enough = (relief >= long - _SAME) & (np.arange(len(relief)) >= many)
    fewest = int(enough.argmax())
    of_first = np.arange(max(fewest - len(lower) + 1, 0), min(fewest, int(held[0])) + 1)
    reached = of_first * sizes[0] + lower[fewest - of_first]
    return int(of_first[(reached >= long - _SAME).argmax()])


def _helpful(many: int, long: float, sizes: Floats, held: Counts) -> int:
    """Return how many of the first size it takes to help with them alone."""
    by_hours = int(np.ceil(long / sizes[0] - _SAME)) if sizes[0] > 0.0 else 0
    return min(int(held[0]), max(many, by_hours))


def _place_in(groups: Counts) -> Counts:
    """Return the place of each row in its group, from 0 on, in the order of rows."""
    return pd.Series(groups).groupby(groups).cumcount().to_numpy().astype(np.int64)


def _at(names: pd.Index[str], wanted: pd.Series[str]) -> Counts:
    """Return the position of each name, -1 where it is none of them."""
    return names.get_indexer(pd.Index(wanted)).astype(np.int64)


def _places(
    frame: pd.DataFrame, names: pd.Index[str], policy: TierPolicy
) -> tuple[pd.Index[str], Flags]:
    """Return the places accounts are in, and who takes accounts of each; `ELSEWHERE` is anyone's.

    An owner none of whose accounts has a known region takes accounts of all.
    """
    if not policy.coverage.same_region:
        return pd.Index([ELSEWHERE]), np.ones((1, len(names)), dtype=bool)
    pairs = pd.DataFrame({"owner": owners_of(frame), "region": regions_of(frame)}).drop_duplicates()
    pairs = pairs[pairs["owner"].isin(names)]
    places = pd.Index(sorted({*regions_of(frame).unique(), ELSEWHERE}))
    takes = np.zeros((len(places), len(names)), dtype=bool)
    takes[_at(places, pairs["region"]), _at(names, pairs["owner"])] = True
    elsewhere = places.get_loc(ELSEWHERE)
    takes[elsewhere] = False
    takes[:, ~takes.any(axis=0)] = True
    takes[elsewhere] = True
    return places, takes


def _pool(frame: pd.DataFrame, people: _People, policy: TierPolicy) -> pd.DataFrame:
    """Return the accounts that may move, in the order in which they would rather be moved."""
    heavy = people.names[(people.too_many > 0) | (people.too_long > 0.0)]
    owner = owners_of(frame)
    free = (owner == NOBODY) & above_last_tier(frame, policy)
    moving = frame[free | owner.isin(heavy)]
    region = regions_of(moving) if policy.coverage.same_region else ELSEWHERE
    return pd.DataFrame(
        {
            "account_id": moving["account_id"],
            "tier": moving["tier"],
            "owner": _at(people.names, owners_of(moving)),
            "region": region,
            "hours": hours_wanted(moving, policy),
            "step": steps_of(moving, policy),
            "closeness": moving["closeness"].fillna(-np.inf),
            "value": moving["value"].fillna(-np.inf),
        }
    ).sort_values(["closeness", "value", "account_id"], ignore_index=True)


def _table(book: _Book, reasons: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return the accounts that change hands and those that should and cannot."""
    names = np.array([*book.people.names, None], dtype=object)
    region = book.pool["region"].to_numpy(dtype=object)
    where = np.where(region == ELSEWHERE, "", " in " + region)
    unplaced = np.where(book.to < 0, "; nobody" + where + " has room", "")
    table = book.pool.assign(
        from_owner=names[book.owner],
        to_owner=names[book.to],
        reason=reasons[book.owner] + unplaced,
    )[(book.to >= 0) | book.stuck]
    table = table.sort_values("account_id", ignore_index=True)
    return table[list(REASSIGNMENT_TYPES)].astype(REASSIGNMENT_TYPES)
