"""What keeps tiers from flapping: review dates, minimum stay, events, and a budget of moves (S17, S20).

A tier is a promise: people visit, prices follow. So a tier moves on review dates, stays for a while,
and only so many move at once; what truly happened to an account (a contract signed or lost) may move it
between. The band between the line to enter a tier and the line to stay in it belongs to the lines
themselves (`valuemodel.tiers.lines`).

Why this way: each of these only says which accounts are kept where they are. The assignment keeps them
as far as their tier has room and ranks all others as ever, so that none of it can overfill a tier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.assignment import NOWHERE, Assignment, Flags, Positions
from valuemodel.tiers.earlier import BY_RUN
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.stability import Event

Texts = npt.NDArray[np.object_]

#: Why an account is kept, in words.
UNTIL_REVIEW, MINIMUM_STAY, BUDGET = "until its review", "minimum stay", "movement budget"

_EVENT_WORDS: Mapping[Event, str] = {
    "contract_signed": "a contract was signed",
    "contract_lost": "its last contract ended",
    "first_order": "it bought for the first time",
    "owner_changed": "its owner changed",
    "parent_changed": "it was bought, merged or split",
}


def events(now: pd.DataFrame, before: pd.DataFrame | None, names: Sequence[Event]) -> Texts:
    """Return what happened to each account between two runs that the policy counts as an event.

    Parameters
    ----------
    now : pandas.DataFrame
        The account frame; its rows are those of the result.
    before : pandas.DataFrame, optional
        ``account_facts`` of the run before.
    names : sequence of str
        The events that count.

    Returns
    -------
    ndarray of object
        The first of them in words, None where none happened.

    Examples
    --------
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a", "b"]})
    >>> facts = pd.DataFrame({"account_id": ["a", "b"], "arr": [10.0, None]})
    >>> predicted = pd.DataFrame({"account_id": ["a", "b"]})
    >>> frame = account_frame(told, predicted, facts, Horizon.parse("1 year"))
    >>> earlier = pd.DataFrame({"account_id": ["a", "b"], "arr": [None, 7.0]})
    >>> events(frame, earlier, ["contract_signed", "contract_lost"]).tolist()
    ['a contract was signed', 'its last contract ended']
    """
    found = np.full(len(now), None, dtype=object)
    if before is None or not names:
        return found
    then = before.set_index("account_id").reindex(now["account_id"]).reset_index(drop=True)
    known = now["account_id"].isin(before["account_id"]).to_numpy()
    today = now.reset_index(drop=True)
    for name in reversed(names):
        found[known & _happened(name, today, then)] = _EVENT_WORDS[name]
    return found


def held(before: pd.DataFrame, happened: Texts, policy: TierPolicy, as_of: Cutoff) -> Texts:
    """Say which accounts are kept where they are, and why; None for all others.

    Parameters
    ----------
    before : pandas.DataFrame
        From `valuemodel.tiers.earlier.standing_before`.
    happened : ndarray of object
        From `events`: such an account is not kept.
    policy : TierPolicy
        Its ``[stability]``.
    as_of : Cutoff
        The cutoff.
    """
    section, why = policy.stability, np.full(len(before), None, dtype=object)
    by_run = (before["when"] == BY_RUN).to_numpy(dtype=bool)
    may_move = np.array([one is not None for one in happened], dtype=bool)
    if section.minimum_stay_months is not None:
        since = before["tier_since"]
        least = Horizon(section.minimum_stay_months, "month").before(as_of)
        why[by_run & ~may_move & (since > pd.Timestamp(least.at)).to_numpy()] = MINIMUM_STAY
    if section.review_only:
        review = before["review_date"]
        early = (review > pd.Timestamp(as_of.at)).to_numpy()
        why[by_run & ~may_move & early] = UNTIL_REVIEW
    return why


def review_dates(
    before: pd.DataFrame, why: Texts, policy: TierPolicy, as_of: Cutoff
) -> pd.Series[pd.Timestamp]:
    """Return when each account comes up for review; those kept until then keep their date."""
    at = policy.review_date(as_of)
    new = pd.Series(pd.NaT if at is None else pd.Timestamp(at.at), index=before.index)
    waits = pd.Series(why == UNTIL_REVIEW, index=before.index)
    return new.astype("datetime64[us]").where(~waits, before["review_date"])


def within_budget(
    found: Assignment, previous: Positions, free: Flags, policy: TierPolicy
) -> Flags | None:
    """Return which moves the budget allows; None where all of them are within it.

    Those furthest beyond the line that they cross go first, as many up as down where there are enough
    of both, since a place is free only where somebody leaves.

    Parameters
    ----------
    found : Assignment
        Tiers as they would be without a budget.
    previous : ndarray of int
        The tier of each account before, -1 where not known; such an account does not count.
    free : ndarray of bool
        Whose move is not forced by people or by a rule.
    policy : TierPolicy
        Its ``[stability]``.
    """
    known = previous != NOWHERE
    most = policy.stability.may_move(int(known.sum()))
    moves = known & free & (found.tier != previous)
    if most is None or int(moves.sum()) <= most:
        return None
    above = np.array([0, *(line.accounts for line in found.lines)], dtype=np.int64)
    up = moves & (found.tier < previous)
    down = moves & ~up
    # Up: how many places above the line that it crossed; down: how many below it.
    distance = np.where(
        up, above[np.maximum(previous, 0)] - found.rank, found.rank - above[previous + 1]
    )
    ups, downs = int(up.sum()), int(down.sum())
    share_up = min(ups, most - min(downs, most // 2))
    go: Flags = _furthest(up, distance, found.rank, share_up)
    go |= _furthest(down, distance, -found.rank, most - share_up)
    return go


def _furthest(which: Flags, distance: Positions, rank: Positions, count: int) -> Flags:
    at = np.flatnonzero(which)
    chosen = at[np.lexsort((rank[at], -distance[at]))[: max(count, 0)]]
    found = np.zeros(len(which), dtype=np.bool_)
    found[chosen] = True
    return found


def _happened(name: Event, now: pd.DataFrame, then: pd.DataFrame) -> Flags:
    if name in ("contract_signed", "contract_lost"):
        have, had = _has(now, "arr"), _has(then, "arr")
        return have & ~had if name == "contract_signed" else had & ~have
    if name == "first_order":
        return _has(now, "first_order") & ~_has(then, "first_order")
    column = "owner" if name == "owner_changed" else "parent_id"
    if column not in then:
        return np.zeros(len(now), dtype=np.bool_)
    before = then[column].astype(object).where(then[column].notna(), None)
    changed = now[column].astype(object) != before
    return (changed & ~(now[column].isna() & before.isna())).to_numpy(dtype=bool)


def _has(table: pd.DataFrame, name: str) -> Flags:
    if name not in table:
        return np.zeros(len(table), dtype=np.bool_)
    return table[name].notna().to_numpy(dtype=bool)
