"""How many accounts of each group stand in each tier, so that the value covered is largest.

Why this way: the relaxation in parts of accounts is quick and says how much could be covered at most.
Its counts are whole but for a few, so that whole numbers are sought near them first. Where these are
not close enough to what could be covered, or are none that keep to the limits, the search goes on: over
the whole book where it is to be solved exactly, otherwise as far off as it takes. Every search keeps to
every limit.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import milp  # type: ignore[attr-defined] # its list of names is made at run time
from scipy.sparse import csc_array

from valuemodel.exceptions import ValueModelError
from valuemodel.tiers.optimisation.groups import Groups
from valuemodel.tiers.optimisation.problem import Floats, Positions
from valuemodel.tiers.policy.optimise import OptimiseSection

#: How far around the relaxation whole numbers are sought first, in accounts of one group.
_NEAR = 8
#: What the largest gain of one account is scaled to. Gains are rounded to the same fraction of one, so
#: that the unit of money changes no bit of the problem.
_LARGEST = 2.0**20
#: What is gained at least where anything is gained, and lost by raising an account for nothing.
_SMALLEST = 2.0**-14
#: How many nodes HiGHS visits at most, for the whole book and near its relaxation: a limit that, unlike
#: one of time, is the same on every machine.
_NODES, _NODES_NEAR = 20_000, 200
#: What HiGHS may pass a limit by: it calls a number whole that is so to a millionth.
_NEARLY = 1e-6


def best_counts(book: Groups, section: OptimiseSection) -> tuple[Positions, float] | None:
    """Find the accounts per group and tier that cover most.

    Parameters
    ----------
    book : Groups
        Accounts and limits.
    section : OptimiseSection
        The gap that is good enough, and up to how many accounts it must be reached.

    Returns
    -------
    counts : ndarray of int, shape (n_groups, n_tiers)
        Accounts per group and tier.
    bound : float
        What no counts that keep to the limits can cover more than. Nothing is returned where no
        counts keep to them.

    Raises
    ------
    ValueModelError
        If what HiGHS returns does not keep to the limits.

    Examples
    --------
    >>> from valuemodel.tiers.optimisation import Problem
    >>> from valuemodel.tiers.policy import TierPolicy
    >>> policy = TierPolicy.parse(
    ...     {
    ...         "version": "1",
    ...         "tiers": [{"name": "A", "top_share": 0.5}, {"name": "B"}],
    ...         "optimise": {"coverage": {"A": 1.0, "B": 0.5}},
    ...     }
    ... )
    >>> book = Groups.of(Problem(np.array([4.0, 8.0, 2.0, 0.0]), list("abcd")), policy)
    >>> counts, bound = best_counts(book, policy.optimise)
    >>> counts.tolist(), bound
    ([[2, 2]], 13.0)
    """
    least, most = book.reach()
    relaxed = maximised(book, (least, most), None)
    if relaxed is None:
        return None
    inside, bound = np.cumsum(relaxed[0], axis=1)[:, :-1], relaxed[1]
    exact, near = len(book.tier) <= section.exact_up_to, _NEAR
    while True:
        low = np.clip(np.floor(inside).astype(np.int64) - near, least, most)
        high = np.clip(np.ceil(inside).astype(np.int64) + near, least, most)
        whole_book = bool((low == least).all() and (high == most).all())
        gap = _gap_beyond(_covered_at_least(book, low), bound, section.gap, whole=whole_book)
        found = maximised(book, (low, high), gap, _NODES if whole_book else _NODES_NEAR)
        if found is not None:
            counts = _whole(book, found[0])
            bound = min(bound, found[1]) if whole_book else bound
            close = bound - book.covered(counts) <= section.gap * bound
            if close or whole_book or not exact:
                return counts, bound
        elif whole_book:
            return None
        near = len(book.tier) if exact else near * near


def maximised(
    book: Groups,
    reach: tuple[Positions, Positions],
    gap: float | None,
    nodes: int = _NODES,
) -> tuple[Floats, float] | None:
    """Maximise the value covered, with so many accounts per group in each tier or above.

    The variables are the counts per group and tier, and one column per distinct gain of a group's
    accounts at a tier: how many of these are in it or above.

    Parameters
    ----------
    book : Groups
        Accounts and limits.
    reach : tuple of ndarray, shape (n_groups, n_tiers - 1)
        How many accounts of a group stand in a tier or above, at least and at most.
    gap : float, optional
        The gap that is good enough, as a part of what is covered beyond the lowest tiers of this reach;
        without it, counts need not be whole.
    nodes : int
        How many nodes HiGHS visits at most.

    Returns
    -------
    counts : ndarray of float, shape (n_groups, n_tiers)
        Accounts per group and tier.
    bound : float
        What can be covered at most within this reach. Nothing is returned where no counts keep to the
        limits.
    """
    groups, tiers = len(book.size), len(book.cover)
    if groups == 0:
        possible = bool((book.room >= -book.hair).all())
        return (np.zeros((0, tiers)), _covered_at_least(book, reach[0])) if possible else None
    unit = _unit(book)
    row, gain, equal = _columns(book, reach, unit)
    counts = groups * tiers
    firm = np.concatenate([book.size, reach[0].ravel()])
    least = np.concatenate([firm, np.full(len(book.room), -np.inf)])
    answer = milp(  # type: ignore[no-untyped-call]
        np.concatenate([np.zeros(counts), -gain]),
        integrality=np.arange(counts + len(row)) < (0 if gap is None else counts),
        bounds=(0.0, np.concatenate([np.repeat(book.size, tiers), equal])),
        constraints=(_rows(book, row), least, np.concatenate([firm, book.room])),
        # The relaxation is quick as it stands; to make it smaller first takes ten times as long.
        options={"presolve": False} if gap is None else {"mip_rel_gap": gap, "node_limit": nodes},
    )
    if answer.x is None:
        return None
    more = -float(answer.fun if gap is None else answer.mip_dual_bound) * unit
    found = np.asarray(answer.x[:counts], dtype=np.float64)
    return found.reshape(groups, tiers), _covered_at_least(book, reach[0]) + more


def _gap_beyond(firm: float, bound: float, gap: float, *, whole: bool) -> float:
    """Return the gap to ask for beyond what is covered anyway.

    A search near the relaxation knows only of what lies near: it is to come closer by half, so that
    what lies between it and the whole book has the other half.
    """
    slack = gap * bound * (1.0 if whole else 0.5)
    return slack / (bound - firm) if bound > firm else 1.0


def _covered_at_least(book: Groups, least: Positions) -> float:
    """Return what is covered with only so many accounts of each group in each tier or above."""
    return book.covered(np.diff(least, axis=1, prepend=0, append=book.size[:, None]))


def _unit(book: Groups) -> float:
    """Return the money that a gain of one is, so that the largest gain of an account is `_LARGEST`."""
    largest = float(book.gain.max() * book.value.max(initial=0.0))
    return largest / _LARGEST if largest > 0.0 else 1.0


def _rows(book: Groups, row: Positions) -> csc_array:
    """Return the constraints: the size of each group, what its columns count, and the limits."""
    groups, tiers, limits = len(book.size), len(book.cover), len(book.limits)
    group, tier = np.divmod(np.arange(groups * tiers), tiers)
    above, inside = np.nonzero(np.tri(tiers - 1, tiers))
    link = groups + np.arange(groups)[:, None] * (tiers - 1)
    weight = book.weight.reshape(limits, groups * tiers)
    limit, weighed = np.nonzero(weight)
    parts = [
        (np.ones(len(group)), group, group * tiers + tier),
        (np.ones(groups * len(above)), link + above, np.arange(groups)[:, None] * tiers + inside),
        (np.full(len(row), -1.0), groups + row, groups * tiers + np.arange(len(row))),
        (weight[limit, weighed], groups * tiers + limit, weighed),
    ]
    data, at, column = (
        np.concatenate([np.ravel(one) for one in each]) for each in zip(*parts, strict=True)
    )
    shape = (groups * tiers + limits, groups * tiers + len(row))
    return csc_array((data, (at, column)), shape=shape)  # type: ignore[no-untyped-call]


def _columns(
    book: Groups, reach: tuple[Positions, Positions], unit: float
) -> tuple[Positions, Floats, Floats]:
    """Return per column its row (group and tier), the gain of one account, and how many gain it."""
    rows, gains = [], []
    for tier, gain in enumerate(book.gain):
        least, most = (bound[book.group, tier] for bound in reach)
        open_to = (book.place >= least) & (book.place < most)
        rows.append(book.group[open_to] * len(book.gain) + tier)
        worth = gain * book.value[open_to]
        scaled = np.round(worth / unit * _LARGEST) / _LARGEST
        gains.append(np.where(worth > 0.0, np.maximum(scaled, _SMALLEST), -_SMALLEST))
    row, each = np.concatenate(rows), np.concatenate(gains)
    fresh = np.ones(len(row), dtype=np.bool_)
    fresh[1:] = (np.diff(row) != 0) | (np.diff(each) != 0.0)
    first = np.flatnonzero(fresh)
    equal = np.diff(np.append(first, len(row))).astype(np.float64)
    return row[first], each[first], equal


def _whole(book: Groups, counts: Floats) -> Positions:
    """Return counts that HiGHS calls whole as such, if they do keep to the limits."""
    whole = np.rint(counts).astype(np.int64)
    most = np.array([abs(limit.most) for limit in book.limits])
    over = book.left(whole) < -_NEARLY * np.clip(most, 1.0, 1e5)
    if over.any() or (whole.sum(axis=1) != book.size).any():
        problem = "the counts that HiGHS found do not keep to the limits"
        received = "; ".join(book.limits[at].text for at in np.flatnonzero(over))
        raise ValueModelError(problem, received=received)
    return whole
