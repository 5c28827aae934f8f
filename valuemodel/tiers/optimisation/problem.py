"""What is asked of an optimal assignment, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from valuemodel.tiers.assignment import Ties

Floats: TypeAlias = npt.NDArray[np.float64]
Positions: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Problem:
    """One book to assign; all arrays in the order of the accounts.

    Parameters
    ----------
    value : ndarray of float
        Predicted value in money; what is negative or missing counts as 0.
    account_ids : sequence of str, or Ties
        Break ties, by their SHA-256.
    segment : ndarray of object, optional
        What quotas are told by; None where an account has none.
    previous : ndarray of int, optional
        The tier each account had, -1 where not known.
    fixed : ndarray of int, optional
        The tier that an account is put into whatever its value and its floor, -1 for most.
    floor : ndarray of int, optional
        The tier below which it must not stand; the last one for most.
    may_move : int, optional
        How many accounts may stand in another tier than their previous one; those whose previous tier
        is not known do not count.
    """

    value: Floats
    account_ids: Sequence[str] | Ties
    segment: npt.NDArray[np.object_] | None = None
    previous: Positions | None = None
    fixed: Positions | None = None
    floor: Positions | None = None
    may_move: int | None = None


@dataclass(frozen=True)
class Solution:
    """The tiers found, and how good they are.

    Parameters
    ----------
    tier : ndarray of int
        Position of each account's tier in the policy, 0 for the highest.
    covered : float
        The value that they cover, in money.
    bound : float
        What no assignment that keeps to the limits can exceed.
    gap : float
        How far ``covered`` may lie below the best there is at most, as a part of ``bound``.
    exact : bool
        Whether that is proven to be no more than the gap that the policy allows.
    binding : tuple of str
        Per tier what keeps the most valuable account below out of it: ``hours``, ``heads``,
        ``accounts``, ``quota SEGMENT``, ``movement budget``, or several of them; ``fixed`` where only
        people's decisions do; ``rest`` where no account of value is kept out.
    """

    tier: Positions
    covered: float
    bound: float
    gap: float
    exact: bool
    binding: tuple[str, ...]
