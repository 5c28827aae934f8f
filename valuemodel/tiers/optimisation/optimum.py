"""The assignment that covers most: solved, raised to the last account, and told what binds."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from valuemodel.tiers.optimisation.contradiction import contradiction
from valuemodel.tiers.optimisation.counts import best_counts
from valuemodel.tiers.optimisation.groups import Groups
from valuemodel.tiers.optimisation.limits import section_of
from valuemodel.tiers.optimisation.problem import Floats, Positions, Problem, Solution
from valuemodel.tiers.policy import TierPolicy

Flags: TypeAlias = npt.NDArray[np.bool_]

#: Gaps that differ by so small a part are the same gap: the last bits of large sums.
_HAIR = 1e-6


def optimise(problem: Problem, policy: TierPolicy) -> Solution:
    """Assign a book to tiers so that the value covered is largest.

    Parameters
    ----------
    problem : Problem
        The book.
    policy : TierPolicy
        Tiers, people, touches, and the section ``[optimise]``.

    Returns
    -------
    Solution
        Tiers, value covered, the bound, the gap, and what binds.

    Raises
    ------
    UsageError
        If the policy has no section ``[optimise]``.
    SettingsError
        If the section does not fit the ladder, or no assignment keeps to all limits: the smallest set
        of limits that contradict each other is named, with numbers.

    Examples
    --------
    Two of four accounts get a visit: 12 hours are there, and a visit takes 6.

    >>> visits = [{"name": "visit", "per_year": 1, "hours": 6.0}]
    >>> policy = TierPolicy.parse(
    ...     {
    ...         "version": "1",
    ...         "tiers": [{"name": "key", "top_share": 1.0, "touches": visits}, {"name": "other"}],
    ...         "optimise": {"coverage": {"key": 0.9, "other": 0.4}, "hours": 12.0},
    ...     }
    ... )
    >>> found = optimise(Problem(np.array([10.0, 60.0, 30.0, -5.0]), list("abcd")), policy)
    >>> found.tier.tolist(), found.covered, found.exact, found.binding
    ([1, 0, 0, 1], 85.0, True, ('hours', 'rest'))
    """
    section = section_of(policy)
    book = Groups.of(problem, policy)
    found = best_counts(book, section)
    if found is None:
        raise contradiction(book)
    counts = _raised(book, found[0])
    covered = book.covered(counts)
    bound = max(found[1], covered)
    gap = (bound - covered) / bound if bound > 0.0 else 0.0
    exact = gap <= section.gap * (1.0 + _HAIR)
    return Solution(book.placed(counts), covered, bound, gap, exact, _binding(book, counts))


def _next_in_line(book: Groups, counts: Positions) -> tuple[Positions, Floats, Floats, Flags]:
    """Tell of the most valuable account below each tier, per group.

    Returned are its tier, its value, what raising it would gain (0 where there is none), and which
    limits it would break.
    """
    inside = np.cumsum(counts, axis=1)[:, :-1]
    source = (inside[:, None, :] <= inside[:, :, None]).sum(axis=2)
    there = inside < book.size[:, None]
    at = book.start[:, None] + np.minimum(inside, book.size[:, None] - 1)
    value = np.where(there, book.value[at], 0.0)
    gain = (book.cover[:-1] - book.cover[source]) * value
    added = book.weight[:, :, :-1] - np.take_along_axis(book.weight, source[None], axis=2)
    return source, value, gain, added > (book.left(counts) + book.hair)[:, None, None]


def _raised(book: Groups, counts: Positions) -> Positions:
    """Raise single accounts while a limit allows it: what the gap has left undone."""
    counts = counts.copy()
    while True:
        source, _, gain, breaks = _next_in_line(book, counts)
        allowed = np.where(breaks.any(axis=0), 0.0, gain)
        if not (allowed > 0.0).any():
            return counts
        group, tier = np.unravel_index(np.argmax(allowed), allowed.shape)
        counts[group, tier] += 1
        counts[group, source[group, tier]] -= 1


def _binding(book: Groups, counts: Positions) -> tuple[str, ...]:
    """Name per tier the limits that keep the most valuable account below out of it."""
    _, value, gain, breaks = _next_in_line(book, counts)
    fixed = book.cover[book.tier[(book.tier >= 0) & (book.worth > 0.0)]]
    said = []
    for tier in range(len(book.gain)):
        below = np.where(gain[:, tier] > 0.0, value[:, tier], 0.0)
        if (below > 0.0).any():
            broken = np.flatnonzero(breaks[:, int(np.argmax(below)), tier])
            said.append(", ".join(dict.fromkeys(book.limits[at].name for at in broken)))
        else:
            said.append("fixed" if (fixed < book.cover[tier]).any() else "rest")
    return (*said, "rest")
