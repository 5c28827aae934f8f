"""Rank the accounts and cut the ranking into tiers.

Accounts are ranked by score, the highest first; equal scores by past value, the highest first; what
is still equal by the SHA-256 of the account id, so that neither the order of rows nor the spelling of
ids favours anybody. One pass down the ranking then draws the line under each tier where its share of
value is reached, or where its share of accounts is used up, whichever comes first.

Why this way: both lines only look at what stands above an account. So the result depends on no row
order and on no unit of money, no tier ever holds more accounts than allowed, and an account whose
value rises while nothing else changes never falls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from valuemodel.tiers.policy import TierPolicy

Floats: TypeAlias = npt.NDArray[np.float64]
Positions: TypeAlias = npt.NDArray[np.int64]
Rule = Literal["value", "accounts", "rest"]

#: Shares closer than this are the same share: 4 of 5 equal accounts do reach 0.8 of value, whatever
#: the unit of money does to the last bit of a sum.
_SAME_SHARE = 1e-9


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
    rule : {"value", "accounts", "rest"}
        What drew it: the share of value was reached, the share of accounts was used up, or the tier
        is the last.
    """

    tier: str
    accounts: int
    share_of_value: float
    rule: Rule


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
        One per tier of the policy, in order.
    """

    tier: Positions
    rank: Positions
    lines: tuple[Line, ...]


def assign(
    score: Floats, past_value: Floats, account_ids: Sequence[str], policy: TierPolicy
) -> Assignment:
    """Cut accounts into the tiers of a policy.

    Parameters
    ----------
    score : ndarray, shape (n_accounts,)
        What accounts are ranked by, in money; NaN ranks last. Only positive scores count as value:
        accounts at zero or below are always in the last tier.
    past_value : ndarray, shape (n_accounts,)
        Breaks ties of the score; NaN ranks last.
    account_ids : sequence of str
        Break the ties that are left.
    policy : TierPolicy
        The tiers.

    Returns
    -------
    Assignment
        Tier and rank of each account, and the line under each tier.

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
    >>> found.tier.tolist(), found.lines[0]
    ([1, 0, 1, 1], Line(tier='key', accounts=1, share_of_value=0.6, rule='value'))
    """
    order = ranking(score, past_value, account_ids)
    reached = _reached(score[order])
    lines = draw_lines(reached, policy)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    above = np.array([line.accounts for line in lines], dtype=np.int64)
    return Assignment(np.searchsorted(above, rank, side="left"), rank, lines)


def ranking(score: Floats, past_value: Floats, account_ids: Sequence[str]) -> Positions:
    """Return the positions of the accounts from the highest to the last; ties as in the module."""
    digests = b"".join(
        hashlib.sha256(account_id.encode("utf-8", "surrogatepass")).digest()[:16]
        for account_id in account_ids
    )
    ties = np.frombuffer(digests, dtype=">u8").reshape(-1, 2)
    return np.lexsort((ties[:, 1], ties[:, 0], -past_value, -score)).astype(np.int64)


def draw_lines(reached: Floats, policy: TierPolicy) -> tuple[Line, ...]:
    """Draw the line under each tier, given the share of value reached at each rank."""
    n = len(reached)
    lines = []
    for tier in policy.tiers[:-1]:
        by_value = _accounts_reaching(reached, tier.share_of_value or 1.0)
        allowed = n if tier.share_of_accounts is None else _part(tier.share_of_accounts, n)
        rule: Rule = "accounts" if allowed < by_value else "value"
        accounts = min(by_value, allowed)
        lines.append(Line(tier.name, accounts, _share_at(reached, accounts), rule))
    lines.append(Line(policy.tiers[-1].name, n, _share_at(reached, n), "rest"))
    return tuple(lines)


def _reached(ranked: Floats) -> Floats:
    """Return the share of positive value reached at each rank; NaN throughout if there is none."""
    total = np.cumsum(np.where(ranked > 0.0, ranked, 0.0))
    if len(total) == 0 or total[-1] <= 0.0:
        return np.full(len(ranked), np.nan)
    return np.asarray(total / total[-1], dtype=np.float64)


def _accounts_reaching(reached: Floats, share: float) -> int:
    """Return the fewest top accounts that reach a share of value; none where there is no value."""
    if len(reached) == 0 or np.isnan(reached[0]):
        return 0
    return int(np.searchsorted(reached, share - _SAME_SHARE, side="left")) + 1


def _share_at(reached: Floats, accounts: int) -> float:
    if len(reached) == 0 or np.isnan(reached[0]):
        return float("nan")
    return float(reached[accounts - 1]) if accounts else 0.0


def _part(share: float, n: int) -> int:
    """Return how many of n accounts a share allows: 0.29 of 100 are 29, not 28.999..."""
    return int(Fraction(repr(share)) * n)
