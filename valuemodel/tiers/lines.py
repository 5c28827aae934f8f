"""Where the lower line of each tier falls, in the whole book or in a segment, and which rule drew it.

A tier may say in several ways how far it reaches. Each is counted by itself, the tightest one draws the
line and is named, and the others say how far they would have reached: so a reader sees at once whether
more people, or a larger share, would change anything.

Why this way: "half of the value", "one account in ten", "the top five percent" and "as many as three
people can serve" are four answers of a company to one question (S3, S4, S29, S33). They may all be
stated; where they cannot all be true on a book, it is better to hear so than to get whichever came first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from valuemodel.exceptions import SettingsError, nearest
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.segments import Reach

Floats: TypeAlias = npt.NDArray[np.float64]
Positions: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

#: What drew a line: a share of value reached, the cap on accounts, the top so many percent, the people
#: there are, lines that differ by segment, the optimum, or nothing, because the tier is the last.
Rule = Literal["value", "accounts", "top", "people", "segments", "optimise", "rest"]

#: What the part of a book without lines of its own is called.
BOOK = "all others"

#: Shares closer than this are the same share: 4 of 5 equal accounts do reach 0.8 of value, whatever
#: the unit of money does to the last bit of a sum.
_SAME_SHARE = 1e-9
_TIGHTEST_FIRST: tuple[Rule, ...] = ("value", "accounts", "top")


@dataclass(frozen=True)
class Line:
    """The lower line of one tier.

    Parameters
    ----------
    tier : str
        The tier above the line.
    accounts : int
        How many accounts stand above it, in this tier and those above.
    share_of_value : float
        The share of all positive predicted value that they bring; NaN if there is none at all.
    rule : {"value", "accounts", "top", "people", "segments", "optimise", "rest"}
        What drew it.
    segment : str, optional
        The segment it was drawn in; None for the whole book.
    allows : mapping of str to int
        How many accounts each rule alone would let stand above the line.
    """

    tier: str
    accounts: int
    share_of_value: float
    rule: Rule
    segment: str | None = None
    allows: Mapping[str, int] = field(default_factory=dict, compare=False)


ByRule: TypeAlias = Mapping[Rule, Flags]


@dataclass(frozen=True)
class Candidates:
    """Who asks for a place above one line in one group, from the highest rank down.

    Parameters
    ----------
    firm : ndarray of bool
        Stands above it already: in a higher tier, or put there.
    stays : ndarray of bool
        Is kept above it as far as there is room.
    free : ndarray of bool
        Gets above it by its rank, if at all.
    enters : ndarray of bool
        Stood below it before, so that the line to enter counts.
    value : ndarray of float
        What it is predicted to bring, nothing below 0.
    """

    firm: Flags
    stays: Flags
    free: Flags
    enters: Flags
    value: Floats


@dataclass
class Reached:
    """How far the rules of one tier reached in one group; arrays in the order of its ranking."""

    kept: Flags
    taken: Flags
    by_rule: ByRule
    to_stay: ByRule
    to_enter: ByRule
    firm: int
    people: int | None = None
    limited_by_people: bool = False

    def lowest(self, score: Floats, free: Flags, rules: ByRule) -> float:
        """Return the lowest score above the line, infinite where nobody gets there by rank."""
        above = free & np.logical_and.reduce([*rules.values(), np.ones_like(free)])
        if self.limited_by_people:
            above &= self.taken
        return float(score[above][-1]) if above.any() else np.inf

    @property
    def allows(self) -> dict[str, int]:
        """How many accounts each rule alone would let stand above the line, the band left aside."""
        base = self.firm + int(self.kept.sum())
        found: dict[str, int] = {rule: base + int(ok.sum()) for rule, ok in self.to_stay.items()}
        return found if self.people is None else found | {"people": self.people}

    @property
    def rule(self) -> Rule:
        """The rule that drew the line."""
        if self.limited_by_people or not self.by_rule:
            return "people"
        counts = {rule: int(ok.sum()) for rule, ok in self.by_rule.items()}
        return min(counts, key=lambda rule: (counts[rule], _TIGHTEST_FIRST.index(rule)))


@dataclass(frozen=True)
class Shares:
    """The shares that one tier reaches to in one group."""

    value: float | None
    accounts: float | None
    top: float | None

    def of(self, who: Candidates, band: float) -> Reached:
        """Say who is kept above the line and who gets above it."""
        caps = self._caps(len(who.firm), 0.0)
        room = min(caps.values(), default=len(who.firm))
        kept = who.stays & (int(who.firm.sum()) + np.cumsum(who.stays) <= room)
        firm = who.firm | kept
        to_stay, to_enter = self._rules(who, firm, 0.0), self._rules(who, firm, band)
        by_rule = {
            rule: np.where(who.enters, to_enter[rule], ok) & who.free
            for rule, ok in to_stay.items()
        }
        taken = np.logical_and.reduce([who.free, *by_rule.values()])
        return Reached(kept, taken, by_rule, to_stay, to_enter, int(who.firm.sum()))

    def _rules(self, who: Candidates, firm: Flags, band: float) -> dict[Rule, Flags]:
        """Say of each rule alone which accounts it lets stand above the line, drawn earlier by a band."""
        found: dict[Rule, Flags] = {}
        if self.value is not None:
            own = who.value * who.free
            brought = float(who.value[firm].sum()) + np.cumsum(own) - own
            line = (self.value - _SAME_SHARE) * (1.0 - band) * float(who.value.sum())
            found["value"] = who.free & (brought < line)
        above = int(firm.sum()) + np.cumsum(who.free) - who.free
        for rule, most in self._caps(len(firm), band).items():
            found[rule] = who.free & (above < most)
        return found

    def _caps(self, n: int, band: float) -> dict[Rule, int]:
        caps: dict[Rule, float | None] = {"accounts": self.accounts, "top": self.top}
        return {rule: part(cap, n, less=band) for rule, cap in caps.items() if cap is not None}


@dataclass(frozen=True)
class Group:
    """The accounts that are cut by the same lines.

    Parameters
    ----------
    name : str
        The segment, or `BOOK` for all without lines of their own.
    members : ndarray of int
        Their places in the ranking of the book, from 0, rising.
    own : mapping of tier to Reach
        The lines of their own.
    """

    name: str
    members: Positions
    own: Mapping[str, Reach] = field(default_factory=dict)

    def of(self, who: Candidates) -> Candidates:
        """Return the candidates of this group."""
        at = self.members
        return Candidates(who.firm[at], who.stays[at], who.free[at], who.enters[at], who.value[at])

    def reach(self, place: int, policy: TierPolicy) -> Shares:
        """Return how far a tier reaches in this group."""
        tier = policy.tiers[place]
        said = self.own.get(tier.name, tier)
        return Shares(said.share_of_value, said.share_of_accounts, said.top_share)


def groups_of(
    n: int, segment: npt.NDArray[np.object_] | None, policy: TierPolicy
) -> tuple[list[Group], list[str]]:
    """Return the groups that are cut apart, the rest of the book last, and what must be said of them.

    Parameters
    ----------
    n : int
        How many accounts the book has.
    segment : ndarray of object, optional
        The segment of each account in the order of the ranking, None where it has none.
    policy : TierPolicy
        Which segments have lines of their own.

    Returns
    -------
    list of Group, list of str
        A segment with fewer accounts than the policy asks for is cut with the rest.
    """
    section = policy.segments
    if section is None or segment is None:
        return [Group(BOOK, np.arange(n))], []
    left, groups, said = np.ones(n, dtype=np.bool_), [], []
    for name, own in section.lines.items():
        members = np.flatnonzero(segment == name)
        if len(members) < section.minimum_accounts:
            said.append(_too_few(name, len(members), section.minimum_accounts, segment))
            continue
        left[members] = False
        groups.append(Group(name, members, own))
    return [*groups, Group(BOOK, np.flatnonzero(left))], said


def lines_of(
    tier: Positions,
    value: Floats,
    groups: Sequence[Group],
    reached: Sequence[Sequence[Reached]],
    policy: TierPolicy,
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Return the lines of the whole book and those of each segment.

    Raises
    ------
    SettingsError
        If a tier brings less than the policy says that it must.
    """
    book, apart = [], []
    for place, name in enumerate(policy.names[:-1]):
        per_group, above = reached[place], tier <= place
        rules = {one.rule for one in per_group}
        limited = any(one.limited_by_people for one in per_group)
        rule: Rule = "people" if limited else rules.pop() if len(rules) == 1 else "segments"
        allows = _summed([one.allows for one in per_group])
        book.append(line_at(name, above, value, rule, allows=allows))
        for group, one in zip(groups, per_group, strict=True):
            at, said = group.members, {"segment": group.name, "allows": one.allows}
            apart.append(line_at(name, above[at], value[at], one.rule, **said))
    last, everyone = policy.names[-1], np.ones(len(tier), dtype=np.bool_)
    book.append(line_at(last, everyone, value, "rest"))
    for group in groups:
        at = group.members
        apart.append(line_at(last, everyone[at], value[at], "rest", segment=group.name))
    check_least(book, policy)
    return tuple(book), tuple(apart) if len(groups) > 1 else ()


def line_at(tier: str, above: Flags, value: Floats, rule: Rule, **said: Any) -> Line:
    """Return the line below the accounts that stand above it, with the share of value they bring."""
    total = float(value.sum())
    share = float(value[above].sum()) / total if total > 0.0 else float("nan")
    return Line(tier, int(above.sum()), share, rule, **said)


def part(share: float, n: int, *, less: float = 0.0) -> int:
    """Return how many of n accounts a share allows: 0.29 of 100 are 29, not 28.999...

    Examples
    --------
    >>> part(0.29, 100), part(0.10, 1_000, less=0.10)
    (29, 90)
    """
    return int(Fraction(repr(share)) * n * (1 - Fraction(repr(less))))


def _summed(each: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Add up what the rules allow over the groups; people are shared, so they count once."""
    rules = dict.fromkeys(rule for one in each for rule in one)
    return {
        rule: max(one[rule] for one in each if rule in one)
        if rule == "people"
        else sum(one.get(rule, 0) for one in each)
        for rule in rules
    }


def check_least(lines: Sequence[Line], policy: TierPolicy) -> None:
    """Refuse lines above which less value stands than the policy says that there must."""
    mistakes = []
    for line, tier in zip(lines, policy.tiers, strict=True):
        least = tier.least_share_of_value
        if least is not None and not line.share_of_value >= least - _SAME_SHARE:
            others = ", ".join(f"{rule} {count:,}" for rule, count in line.allows.items())
            mistakes.append(
                f"{tier.name}.least_share_of_value = {least:g}, but the {line.accounts:,} accounts down "
                f"to the line of {tier.name} bring {line.share_of_value:.4f} of predicted value; the line "
                f"is drawn by '{line.rule}' (each rule alone would allow: {others or 'none'})"
            )
    if mistakes:
        problem = f"the tier policy {policy.version} contradicts itself on this book"
        hint = "widen the rule that draws the line, or ask for less value"
        raise SettingsError(problem, hint=hint, details=mistakes)


def _too_few(name: str, count: int, least: int, segment: npt.NDArray[np.object_]) -> str:
    known = sorted({str(one) for one in set(segment.tolist()) if one is not None})
    hint = f"; {nearest(name, known)}" if not count and nearest(name, known) else ""
    return (
        f"segment {name!r} has {count:,} accounts, fewer than the {least:,} that a line of its own "
        f"takes: it is cut with the rest of the book{hint}"
    )
