"""The limits that an optimal assignment keeps to, each as weights on counts of accounts.

Hours, people, shares of accounts, quotas and the movement budget all say the same kind of thing: the
accounts in each tier, weighed, come to no more than some number. What an account weighs depends only on
its segment, on its earlier tier and on the tier it is put into (S33, S34, S57).

Why this way: one form for all limits is solved, checked, named where it binds, and told with its
numbers where it contradicts another, by the same few lines of code; another kind of limit is one more
generator here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from valuemodel.exceptions import SettingsError, UsageError
from valuemodel.tiers.lines import part
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.optimise import OptimiseSection, Quota

Weights = npt.NDArray[np.float64]
Blank = Callable[[], Weights]


@dataclass(frozen=True)
class Limit:
    """One limit: over all accounts, ``weight[segment, previous, tier]`` sums to at most ``most``.

    Parameters
    ----------
    name : str
        What it is called where it binds: ``hours``, ``heads``, ``accounts``, ``quota SEGMENT``,
        ``movement budget``.
    text : str
        What it says, with its number.
    weight : ndarray, shape (n_segments + 1, n_tiers + 1, n_tiers)
        What an account weighs. Segments are those that quotas name, in alphabetical order, then all
        others; earlier tiers are those of the policy, then the unknown one.
    most : float
        What the weights may sum to.
    """

    name: str
    text: str
    weight: Weights
    most: float


def section_of(policy: TierPolicy) -> OptimiseSection:
    """Return the section ``[optimise]`` of a policy, if it fits the ladder.

    Raises
    ------
    UsageError
        If there is none.
    SettingsError
        If it does not fit, with every mistake.

    Examples
    --------
    >>> section_of(TierPolicy.parse({"version": "1"}))
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.UsageError: the policy has no section [optimise]
      hint: it is opt-in: without it, tiers are ranked and cut
    """
    section = policy.optimise
    if section is None:
        hint = "it is opt-in: without it, tiers are ranked and cut"
        problem = "the policy has no section [optimise]"
        raise UsageError(problem, hint=hint)
    if mistakes := list(section.mistakes(policy.tiers)):
        problem = "the section [optimise] does not fit the tiers"
        raise SettingsError(problem, details=mistakes)
    return section


def quota_segments(section: OptimiseSection) -> list[str]:
    """Return the segments that quotas name, in alphabetical order."""
    return sorted({quota.segment for quota in section.quotas})


def limits_of(policy: TierPolicy, accounts: int, may_move: int | None) -> list[Limit]:
    """Return the limits of a policy on a book of so many accounts.

    Parameters
    ----------
    policy : TierPolicy
        With a section ``[optimise]``.
    accounts : int
        How many accounts the book has.
    may_move : int, optional
        How many of them may stand in another tier than their previous one.

    Returns
    -------
    list of Limit
        Hours first, then people and shares of accounts by tier, quotas, the movement budget. The
        people of the last tier are no limit: it takes the rest.

    Examples
    --------
    >>> policy = TierPolicy.parse(
    ...     {
    ...         "version": "1",
    ...         "tiers": [{"name": "A", "share_of_accounts": 0.1}, {"name": "B"}],
    ...         "optimise": {"coverage": {"A": 0.9, "B": 0.2}},
    ...     }
    ... )
    >>> for limit in limits_of(policy, 55, may_move=3):
    ...     print(f"{limit.name}: {limit.text}")
    accounts: A may hold at most 5 accounts of 55 (A.share_of_accounts = 0.1)
    movement budget: at most 3 accounts may change tier
    """
    section = section_of(policy)
    segments, tiers = quota_segments(section), len(policy.tiers)

    def blank() -> Weights:
        return np.zeros((len(segments) + 1, tiers + 1, tiers))

    return [
        *_hours(section, policy, blank),
        *_people(policy, blank),
        *_shares(policy, accounts, blank),
        *_quotas(section.quotas, segments, policy.names, blank),
        *_moves(may_move, blank),
    ]


def _hours(section: OptimiseSection, policy: TierPolicy, blank: Blank) -> Iterator[Limit]:
    if section.hours is not None:
        weight = blank()
        weight[:] = [tier.hours or 0.0 for tier in policy.tiers]
        text = f"at most {section.hours:,g} hours a year (optimise.hours)"
        yield Limit("hours", text, weight, section.hours)


def _people(policy: TierPolicy, blank: Blank) -> Iterator[Limit]:
    for place, tier in enumerate(policy.tiers[:-1]):
        places = policy.places(tier)
        if places is not None:
            weight = blank()
            weight[:, :, place] = 1.0
            text = f"the people of {tier.name} can serve at most {places:,} accounts"
            yield Limit("heads", text, weight, places)


def _shares(policy: TierPolicy, accounts: int, blank: Blank) -> Iterator[Limit]:
    for place, tier in enumerate(policy.tiers[:-1]):
        for key in ("share_of_accounts", "top_share"):
            share = getattr(tier, key)
            if share is None:
                continue
            weight = blank()
            weight[:, :, : place + 1] = 1.0
            most = part(share, accounts)
            whom = " and the tiers above it" if place else ""
            text = (
                f"{tier.name}{whom} may hold at most {most:,} accounts of {accounts:,} "
                f"({tier.name}.{key} = {share:g})"
            )
            yield Limit("accounts", text, weight, most)


def _quotas(
    quotas: Sequence[Quota], segments: Sequence[str], tiers: Sequence[str], blank: Blank
) -> Iterator[Limit]:
    for at, quota in enumerate(quotas):
        for words, sign, count in (("least", -1.0, quota.at_least), ("most", 1.0, quota.at_most)):
            if count is None:
                continue
            weight = blank()
            weight[segments.index(quota.segment), :, tiers.index(quota.tier)] = sign
            text = (
                f"{quota.tier} must hold at {words} {count:,} accounts of {quota.segment!r} "
                f"(optimise.quotas.{at})"
            )
            yield Limit(f"quota {quota.segment}", text, weight, sign * count)


def _moves(may_move: int | None, blank: Blank) -> Iterator[Limit]:
    if may_move is not None:
        weight = blank()
        tiers = weight.shape[2]
        weight[:, :tiers] = 1.0 - np.eye(tiers)
        text = f"at most {may_move:,} accounts may change tier"
        yield Limit("movement budget", text, weight, may_move)
