"""Rank the accounts and cut the ranking into tiers, in one pass.

Accounts are ranked by score, the highest first; equal scores by past value, the highest first; what
is still equal by the SHA-256 of the account id, so that neither the order of rows nor the spelling of
ids favours anybody. One pass down the tiers then fills each, the highest first: with the accounts that
people put there, then with those that are kept in it, then with the others from the top of the ranking,
until a share of value is reached, a share of accounts is used up, or its people have no hour left.

Why this way: every line only looks at what stands above an account. So the result depends on no row
order and on no unit of money, no tier ever holds more accounts than allowed (but by the decision of
people, which is said), and an account whose value rises while nothing else changes never falls. A page
can replay it with a sort and a few running sums.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from valuemodel.tiers.lines import Candidates, Group, Line, Reached, groups_of, lines_of, part
from valuemodel.tiers.policy import TierPolicy

Floats: TypeAlias = npt.NDArray[np.float64]
Positions: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

#: Stands for "no tier": an account that nobody pinned, or whose earlier tier is not known.
NOWHERE = -1


@dataclass(frozen=True)
class Standing:
    """What else than its score decides where an account stands; all arrays in the order of accounts.

    Parameters
    ----------
    value : ndarray of float, optional
        The money that shares of value are counted in; by default the score.
    segment : ndarray of object, optional
        The segment of each account; None where it has none.
    previous : ndarray of int, optional
        The tier it had, `NOWHERE` where not known.
    settled : ndarray of bool, optional
        Whether these rules gave it that tier: then entering a higher one is harder than staying, by
        the band of the policy. By default wherever the tier is known.
    pinned : ndarray of int, optional
        The tier that people or a rule put it into whatever its score, `NOWHERE` for most.
    floor : ndarray of int, optional
        The tier below which it never falls; the last one for most.
    held : ndarray of bool, optional
        Whether it is kept in its previous tier as far as that has room.
    """

    value: Floats | None = None
    segment: npt.NDArray[np.object_] | None = None
    previous: Positions | None = None
    settled: Flags | None = None
    pinned: Positions | None = None
    floor: Positions | None = None
    held: Flags | None = None


@dataclass(frozen=True)
class Assignment:
    """The tiers of a book, in the order in which its accounts were given.

    Parameters
    ----------
    tier : ndarray of int, shape (n_accounts,)
        Position of each account's tier in the policy, 0 for the highest.
    rank : ndarray of int, shape (n_accounts,)
        Place in the ranking, 1 for the highest.
    lines : tuple of Line
        One per tier of the policy, in order, of the whole book.
    segment_lines : tuple of Line
        The same per segment that is cut by lines of its own, the rest of the book last; empty where
        the book is cut as one.
    entry, stay : ndarray of float, shape (n_accounts, n_tiers - 1)
        The score from which on an account enters each tier or a higher one, and from which on one
        that is in it stays; infinite where none would do.
    rule : ndarray of object, shape (n_accounts,)
        The rule that drew the lower line of each account's tier where it was cut.
    findings : tuple of str
        What the policy could not do on this book, in words.
    """

    tier: Positions
    rank: Positions
    lines: tuple[Line, ...]
    segment_lines: tuple[Line, ...] = ()
    entry: Floats = field(default_factory=lambda: np.empty((0, 0)), repr=False)
    stay: Floats = field(default_factory=lambda: np.empty((0, 0)), repr=False)
    rule: npt.NDArray[np.object_] = field(default_factory=lambda: np.empty(0, object), repr=False)
    findings: tuple[str, ...] = ()


def assign(
    score: Floats,
    past_value: Floats,
    account_ids: Sequence[str] | Ties,
    policy: TierPolicy,
    standing: Standing | None = None,
) -> Assignment:
    """Cut accounts into the tiers of a policy.

    Parameters
    ----------
    score : ndarray, shape (n_accounts,)
        What accounts are ranked by; NaN ranks last. Accounts at zero or below are always in the last
        tier, unless people decided otherwise.
    past_value : ndarray, shape (n_accounts,)
        Breaks ties of the score; NaN ranks last.
    account_ids : sequence of str or Ties
        Break the ties that are left.
    policy : TierPolicy
        The tiers.
    standing : Standing, optional
        Where accounts stood, and what people decided; by default nothing is known of either.

    Returns
    -------
    Assignment
        Tier and rank of each account, and the line under each tier.

    Raises
    ------
    SettingsError
        If the policy contradicts itself on this book, with the numbers that show it.

    Examples
    --------
    >>> policy = TierPolicy.parse(
    ...     {
    ...         "version": "1",
    ...         "tiers": [
    ...             {"name": "key", "share_of_value": 0.5, "share_of_accounts": 0.4},
    ...             {"name": "other"},
    ...         ],
    ...     }
    ... )
    >>> found = assign(
    ...     np.array([10.0, 60.0, 30.0, -5.0]), np.zeros(4), ["a", "b", "c", "d"], policy
    ... )
    >>> found.tier.tolist(), found.lines[0].accounts, found.lines[0].rule
    ([1, 0, 1, 1], 1, 'value')
    """
    order = ranking(score, past_value, account_ids)
    book = _Ranked.of(score, standing or Standing(), len(policy.tiers), order)
    groups, findings = groups_of(len(order), book.segment, policy)
    at_line: dict[str, list[list[float]]] = {"to_enter": [], "to_stay": []}
    places = range(len(policy.tiers) - 1)
    reached = [_fill(book, place, groups, policy, at_line) for place in places]
    tier, rank = np.empty_like(order), np.empty_like(order)
    tier[order], rank[order] = book.tier, np.arange(1, len(order) + 1)
    lines, segment_lines = lines_of(book.tier, book.value, groups, reached, policy)
    entry, stay = (_thresholds(at_line[side], groups, order) for side in ("to_enter", "to_stay"))
    said = (*findings, *_beyond(book, policy))
    rule = _rules(tier, groups, [[one.rule for one in line] for line in reached], order)
    return Assignment(tier, rank, lines, segment_lines, entry, stay, rule, said)


@dataclass(frozen=True)
class Ties:
    """What breaks ties between accounts: the SHA-256 of each id; made once where a book is cut often."""

    digests: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, account_ids: Sequence[str]) -> Ties:
        """Digest the ids, in their order."""
        digests = b"".join(
            hashlib.sha256(account_id.encode("utf-8", "surrogatepass")).digest()[:16]
            for account_id in account_ids
        )
        return cls(np.frombuffer(digests, dtype=">u8").reshape(-1, 2).astype(np.uint64))


def ranking(score: Floats, past_value: Floats, account_ids: Sequence[str] | Ties) -> Positions:
    """Return the positions of the accounts from the highest to the last; ties as in the module."""
    ties = account_ids if isinstance(account_ids, Ties) else Ties.of(account_ids)
    first, second = ties.digests.T
    return np.lexsort((second, first, -past_value, -score)).astype(np.int64)


@dataclass
class _Ranked:
    """The book in the order of its ranking, and the tiers filled so far."""

    score: Floats
    value: Floats
    segment: npt.NDArray[np.object_] | None
    previous: Positions
    settled: Flags
    pinned: Positions
    floor: Positions
    held: Flags
    tier: Positions

    @classmethod
    def of(cls, score: Floats, standing: Standing, tiers: int, order: Positions) -> _Ranked:
        n, last = len(order), tiers - 1
        value = score if standing.value is None else standing.value
        value = np.where(value > 0.0, value, 0.0)

        def whole(given: npt.NDArray[np.int64] | None, absent: int) -> Positions:
            return (np.full(n, absent, dtype=np.int64) if given is None else given)[order]

        held = np.zeros(n, dtype=np.bool_) if standing.held is None else standing.held
        segment, settled = standing.segment, standing.settled
        previous = whole(standing.previous, NOWHERE)
        return cls(
            score[order],
            value[order],
            None if segment is None else segment[order],
            previous,
            previous != NOWHERE if settled is None else settled[order],
            whole(standing.pinned, NOWHERE),
            whole(standing.floor, last),
            held[order],
            np.full(n, last, dtype=np.int64),
        )


def _fill(
    book: _Ranked,
    place: int,
    groups: Sequence[Group],
    policy: TierPolicy,
    lines: Mapping[str, list[list[float]]],
) -> list[Reached]:
    """Fill one tier, note the scores at its line, and say per group how far each of its rules reached."""
    inside = book.tier < place
    last = len(policy.tiers) - 1
    reserved = ~inside & (
        (book.pinned == place) | ((book.pinned == NOWHERE) & (book.floor <= place))
    )
    reserved &= place < last
    open_to = ~inside & ~reserved & (book.pinned == NOWHERE)
    who = Candidates(
        firm=inside | reserved,
        stays=open_to & book.held & (book.previous != NOWHERE) & (book.previous <= place),
        free=open_to & ~book.held & (book.score > 0.0),
        enters=book.settled & (book.previous > place),
        value=book.value,
    )
    kept, taken = np.zeros_like(inside), np.zeros_like(inside)
    found = []
    for group in groups:
        one = group.reach(place, policy).of(group.of(who), policy.stability.band)
        kept[group.members], taken[group.members] = one.kept, one.taken
        found.append(one)
    places = policy.places(policy.tiers[place])
    if places is not None:
        room = part(1.0, places, less=policy.stability.band)
        limited = _limit(
            kept, taken, int(reserved.sum()), np.where(who.enters, room, places), places
        )
        for group, one in zip(groups, found, strict=True):
            one.people, one.limited_by_people = places, limited
            one.kept, one.taken = kept[group.members], taken[group.members]
    book.tier[reserved | kept | taken] = place
    for side, per_group in lines.items():
        per_group.append(
            [
                one.lowest(book.score[at], who.free[at], getattr(one, side))
                for at, one in zip((group.members for group in groups), found, strict=True)
            ]
        )
    return found


def _limit(kept: Flags, taken: Flags, reserved: int, room: Positions, places: int) -> bool:
    """Take no more accounts than the tier's people can serve: kept ones first, then by rank.

    Returns whether somebody was left out.
    """
    wanted = int(kept.sum()) + int(taken.sum())
    kept &= reserved + np.cumsum(kept) <= places
    taken &= reserved + int(kept.sum()) + np.cumsum(taken) <= room
    return int(kept.sum()) + int(taken.sum()) < wanted


def _thresholds(
    scores: Sequence[Sequence[float]], groups: Sequence[Group], order: Positions
) -> Floats:
    """Spread the score at each line of each group over the accounts of the group."""
    found = np.full((len(order), len(scores)), np.inf)
    for number, group in enumerate(groups):
        found[order[group.members]] = [line[number] for line in scores]
    # A tier that reaches no further than the one above it is entered at the same score.
    return np.minimum.accumulate(found, axis=1)


def _rules(
    tier: Positions, groups: Sequence[Group], rules: Sequence[Sequence[str]], order: Positions
) -> npt.NDArray[np.object_]:
    """Return for each account the rule that drew the lower line of its tier in its group."""
    found = np.empty(len(order), dtype=object)
    for number, group in enumerate(groups):
        named = np.array([*(line[number] for line in rules), "rest"], dtype=object)
        at = order[group.members]
        found[at] = named[tier[at]]
    return found


def _beyond(book: _Ranked, policy: TierPolicy) -> list[str]:
    """Say where people put more accounts into a tier than it may hold."""
    said = []
    for place, tier in enumerate(policy.tiers[:-1]):
        places, holds = policy.places(tier), int((book.tier == place).sum())
        if places is not None and holds > places:
            said.append(
                f"tier {tier.name} holds {holds:,} accounts and its people can serve {places:,}: "
                "overrides and protected accounts take more places than there are"
            )
    return said
