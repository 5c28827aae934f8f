"""What is to be followed up, contacts after which we were not heard of, and what to prepare (S40).

A contact that the account sought wants an answer, one that we had planned wants what was promised in it.
Either is open until a later contact of ours is recorded, and falls due some days after it.

Why this way: a follow-up that was missed long ago helps nobody and would hide those that still matter, so
only what fell due within the last 90 days, or will soon, is on the list. It is worked from the top, so the
highest tier comes first. Of several contacts without a later one of ours the account's own comes first: who
asked and was not answered is not to be told of a meeting.
"""

from __future__ import annotations

import pandas as pd

from valuemodel.periods import Cutoff
from valuemodel.tiers.policy import TierPolicy

FOLLOW_UP_TYPES: dict[str, str] = {
    "account_id": "str",
    "as_of": "datetime64[us]",
    "tier": "str",
    "owner": "str",
    "reason": "str",
    "contact": "datetime64[us]",
    "due": "datetime64[us]",
    "overdue": "bool",
}
_OURS = ("planned", "ad_hoc")
_REASONS = {"reactive": "answer what it asked for", "planned": "follow up on our contact"}
_KEPT = 90


def follow_ups(
    frame: pd.DataFrame, touches: pd.DataFrame | None, policy: TierPolicy, as_of: Cutoff
) -> pd.DataFrame:
    """List the follow-ups that are due.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`, with ``tier``.
    touches : pandas.DataFrame, optional
        The stored ledger: ``account_id, initiative, last``.
    policy : TierPolicy
        Its ``[queue]``: after how many days a follow-up is due. Its tiers: the order of the list.
    as_of : Cutoff
        The cutoff.

    Returns
    -------
    pandas.DataFrame
        Columns `FOLLOW_UP_TYPES`, the highest tier first, in each the longest due; one row per account,
        for its last contact that nothing of ours followed.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a"], "tier": ["A"]})
    >>> frame = account_frame(told, told, None, Horizon.parse("1 year"))
    >>> row = {"account_id": "a", "initiative": "reactive", "last": pd.Timestamp(2025, 12, 1)}
    >>> policy = TierPolicy.parse({"version": "1"})
    >>> found = follow_ups(frame, pd.DataFrame([row]), policy, Cutoff.parse("2026-01-01"))
    >>> found[["reason", "due", "overdue"]]
                         reason        due  overdue
    0  answer what it asked for 2025-12-15     True
    """
    if touches is None or touches.empty:
        return _typed(pd.DataFrame(columns=list(FOLLOW_UP_TYPES)))
    last = touches.pivot_table("last", "account_id", "initiative", aggfunc="max")
    last = last.reindex(columns=["planned", "ad_hoc", "reactive"]).astype("datetime64[us]")
    latest, ours = last.max(axis=1), last[list(_OURS)].max(axis=1)
    theirs = last["reactive"].notna() & ~(ours > last["reactive"])
    planned = last["planned"].notna() & (last["planned"] == latest) & ~theirs
    table = pd.DataFrame({"contact": last["reactive"].where(theirs, last["planned"])})
    table["reason"] = theirs.map({True: _REASONS["reactive"], False: _REASONS["planned"]})
    table = table[theirs | planned].rename_axis("account_id").reset_index()
    now = pd.Timestamp(as_of.at)
    pause = pd.Timedelta(days=policy.queue.follow_up_days)
    table = table.assign(due=(table["contact"] + pause).dt.floor("D"), as_of=now)
    table = table[(table["due"] > now - pd.Timedelta(days=_KEPT)) & (table["due"] <= now + pause)]
    known = frame.set_index("account_id")[["tier", "owner"]]
    table = table[table["account_id"].isin(known.index)].join(known, on="account_id")
    table = table.assign(overdue=table["due"] < now, place=table["tier"].map(policy.positions))
    return _typed(table.sort_values(["place", "due", "account_id"], ignore_index=True))


def preparations(touch_plan: pd.DataFrame, as_of: Cutoff, days: int = 14) -> pd.DataFrame:
    """Return the touches to be prepared: those that fall due within the next days, overdue ones first.

    Parameters
    ----------
    touch_plan : pandas.DataFrame
        Of `valuemodel.tiers.touches.compliance.touch_plan`.
    as_of : Cutoff
        The cutoff.
    days : int
        How far ahead; a touch that is due just so many days later is not among them.

    Returns
    -------
    pandas.DataFrame
        Rows of ``touch_plan`` by the day on which they are due, then account and touch.

    Examples
    --------
    >>> due = pd.to_datetime(["2026-01-09", "2025-12-20", "2026-03-01"])
    >>> plan = pd.DataFrame({"account_id": ["a", "b", "c"], "touch": "visit", "next_due": due})
    >>> preparations(plan, Cutoff.parse("2026-01-01"))["account_id"].tolist()
    ['b', 'a']
    """
    until = pd.Timestamp(as_of.at) + pd.Timedelta(days=days)
    found = touch_plan[touch_plan["next_due"] < until]
    return found.sort_values(["next_due", "account_id", "touch"], ignore_index=True)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    return table[list(FOLLOW_UP_TYPES)].astype(FOLLOW_UP_TYPES)
