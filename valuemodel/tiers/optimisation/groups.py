"""The accounts of a book in groups that all limits treat alike, the most valuable first.

Why this way: a limit asks only for an account's segment, earlier tier and floor. Accounts that agree in
these differ in value alone, so that how many of them stand in each tier says who they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from valuemodel.exceptions import SettingsError
from valuemodel.tiers.assignment import ranking
from valuemodel.tiers.optimisation.limits import Limit, limits_of, quota_segments, section_of
from valuemodel.tiers.optimisation.problem import Floats, Positions, Problem
from valuemodel.tiers.policy import TierPolicy

#: What a limit may be passed by, as a part of it: the last bits of a sum of hours.
_HAIR = 1e-9


@dataclass(frozen=True)
class Groups:
    """One book and the limits it is to keep to.

    Parameters
    ----------
    cover : ndarray, shape (n_tiers,)
        Which part of value each tier covers.
    tier, worth : ndarray, shape (n_accounts,)
        The tier of each account of the problem, -1 where it is sought, and its value, 0 at least.
    order, group, place, value : ndarray, shape (n_sought,)
        Of each account whose tier is sought, group by group: its position in the problem, its group,
        its place in it, its value.
    size, floor, start : ndarray, shape (n_groups,)
        Of each group: its accounts, the tier below which none of them stands, where it starts.
    limits : list of Limit
        The limits.
    weight : ndarray, shape (n_limits, n_groups, n_tiers)
        What one account weighs in each limit.
    room : ndarray, shape (n_limits,)
        What fixed accounts leave of each limit.
    """

    cover: Floats
    tier: Positions
    worth: Floats
    order: Positions
    group: Positions
    place: Positions
    value: Floats
    size: Positions
    floor: Positions
    start: Positions
    limits: list[Limit]
    weight: Floats
    room: Floats

    @classmethod
    def of(cls, problem: Problem, policy: TierPolicy) -> Groups:
        """Group the accounts of a problem.

        Raises
        ------
        SettingsError
            If there are quotas and the accounts have no segments.
        """
        section, last = section_of(policy), len(policy.tiers) - 1
        n, segments = len(problem.value), quota_segments(section)
        worth = np.where(problem.value > 0.0, problem.value, 0.0)
        fixed = _given(problem.fixed, n, -1)
        # Accounts are told apart by their earlier tier only where that matters.
        earlier = None if problem.may_move is None else problem.previous
        about = np.column_stack(
            [
                _numbered(problem.segment, segments, n),
                _given(earlier, n, -1),
                _given(problem.floor, n, last),
            ]
        )
        order = ranking(worth, np.zeros(n), problem.account_ids)
        order = order[fixed[order] < 0]
        kinds, group = np.unique(about[order], axis=0, return_inverse=True)
        together = np.argsort(group, kind="stable")
        order, group = order[together], group[together]
        size = np.bincount(group, minlength=len(kinds)).astype(np.int64)
        start = np.cumsum(size) - size
        limits = limits_of(policy, n, problem.may_move)
        weight = [limit.weight[kinds[:, 0], kinds[:, 1]] for limit in limits]
        put = fixed >= 0
        at = (about[put, 0], about[put, 1], fixed[put])
        return cls(
            cover=np.array([section.coverage[name] for name in policy.names]),
            tier=fixed,
            worth=worth,
            order=order,
            group=group,
            place=np.arange(len(order)) - start[group],
            value=worth[order],
            size=size,
            floor=kinds[:, 2],
            start=start,
            limits=limits,
            weight=np.array(weight).reshape(len(limits), len(kinds), last + 1),
            room=np.array([limit.most - limit.weight[at].sum() for limit in limits]),
        )

    @property
    def gain(self) -> Floats:
        """What each tier but the last covers more than the one below it."""
        return self.cover[:-1] - self.cover[1:]

    @property
    def hair(self) -> Floats:
        """What each limit may be passed by."""
        return _HAIR * np.maximum(1.0, np.abs([limit.most for limit in self.limits]))

    def left(self, counts: Positions) -> Floats:
        """Return what so many accounts per group and tier leave of each limit."""
        return np.asarray(self.room - np.einsum("lgk,gk->l", self.weight, counts))

    def reach(self) -> tuple[Positions, Positions]:
        """Return how many accounts of each group stand in each tier or above, at least and at most.

        Where no limit asks for more accounts above the last tier, those without value stay in it.
        """
        last = len(self.gain)
        protected = np.arange(last) >= self.floor[:, None]
        least = np.where(protected, self.size[:, None], 0)
        sinks = (self.weight[:, :, -1:] <= self.weight).all(axis=(0, 2)) & (self.floor == last)
        worthy = np.bincount(self.group, self.value > 0.0, len(self.size)).astype(np.int64)
        most = np.where(sinks, worthy, self.size)
        return least, np.maximum(least, most[:, None])

    def placed(self, counts: Positions) -> Positions:
        """Return the tier of each account of the problem, given the accounts per group and tier."""
        tier = self.tier.copy()
        tiers = np.tile(np.arange(len(self.cover)), len(self.size))
        tier[self.order] = np.repeat(tiers, counts.ravel())
        return tier

    def covered(self, counts: Positions) -> float:
        """Return the value covered, given the accounts per group and tier."""
        return float((self.cover[self.placed(counts)] * self.worth).sum())


def _given(numbers: Positions | None, accounts: int, absent: int) -> Positions:
    return np.full(accounts, absent, dtype=np.int64) if numbers is None else numbers


def _numbered(
    segment: npt.NDArray[np.object_] | None, names: Sequence[str], accounts: int
) -> Positions:
    """Return the number of each account's segment among the names, their count for all others."""
    number = np.full(accounts, len(names), dtype=np.int64)
    if names and segment is None:
        problem = "optimise.quotas need the segment of each account"
        raise SettingsError(problem, hint="optimise.by names the column of the account facts")
    for at, name in enumerate(names):
        number[segment == name] = at
    return number
