"""What was planned for each account, what was done, and what is due next (S31, S32, S37).

The ledger of touches tells planned, ad-hoc and reactive ones apart. A tier's touch counts as done by planned
contacts of its kinds; where two touches of a tier share a kind, those contacts are divided between them in
the proportion in which they are planned, since nobody wrote down which was which.

The ledger goes back 12 months. A touch that is not in it was due, at the latest, its part of a year after these
12 months began, or after the account came if that was later: so an account of the top tier that never had its
quarterly review is behind, and one that came last month is not. A touch that is planned once a year or less
often is due again once it is not in there any more. All this is held against the tier that an account is in now.

Why this way: a plan that nobody holds against what happened is a wish. Touches beyond the plan on one account
do not make up for none on another, so compliance adds up what was done of what was planned, account by account.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import numpy as np
import pandas as pd

from valuemodel.periods import Cutoff
from valuemodel.tiers.coverage.owners import owners_of
from valuemodel.tiers.policy import Tier, TierPolicy
from valuemodel.tiers.stored_tables import no_rows

PLAN_TYPES: dict[str, str] = {
    "account_id": "str",
    "as_of": "datetime64[us]",
    "tier": "str",
    "owner": "str",
    "touch": "str",
    "kinds": "str",
    "planned": "float64",
    "done": "float64",
    "share_done": "float64",
    "last": "datetime64[us]",
    "next_due": "datetime64[us]",
    "overdue": "bool",
}
COMPLIANCE_TYPES: dict[str, str] = {
    "tier": "str",
    "owner": "str",
    "accounts": "int64",
    "planned": "float64",
    "done": "float64",
    "judged": "float64",
    "share_done": "float64",
    "overdue": "int64",
}
LEDGER_TYPES: dict[str, str] = {
    "account_id": "str",
    "planned": "float64",
    "ad_hoc": "float64",
    "reactive": "float64",
    "hours": "float64",
    "planned_share": "float64",
}
ALL = "all"
_YEAR = 365.25
_LEDGER = pd.Timedelta(days=365)
_NAMED = 12


def touch_plan(
    frame: pd.DataFrame, touches: pd.DataFrame | None, policy: TierPolicy, as_of: Cutoff
) -> pd.DataFrame:
    """Set the touches that each account's tier plans beside those that were done.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`, with ``tier``.
    touches : pandas.DataFrame, optional
        The stored ledger of the last 12 months: ``account_id, kind, initiative, touches, last``.
    policy : TierPolicy
        Its tiers say which touches, how often, and by which kinds of contact they are told.
    as_of : Cutoff
        The cutoff.

    Returns
    -------
    pandas.DataFrame
        Columns `PLAN_TYPES`, a row per account and touch, by account and the order of the policy.
        ``planned`` and ``done`` are of a year; ``done`` and ``share_done`` are missing where the book
        has no interactions, none that says whose initiative it was, or none of the touch's kinds. A
        touch that was not done in these 12 months is due at the cutoff or was before, which makes it
        overdue; where nothing is known of what was done, or since when the account is ours, it is due
        at the cutoff and not overdue.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a"], "tier": ["A"]})
    >>> frame = account_frame(told, told, None, Horizon.parse("1 year"))
    >>> touch = {"name": "review", "per_year": 4.0, "kinds": ["meeting"]}
    >>> tiers = [{"name": "A", "share_of_accounts": 0.1, "touches": [touch]}, {"name": "B"}]
    >>> row = {"account_id": "a", "kind": "meeting", "initiative": "planned", "touches": 3.0}
    >>> ledger = pd.DataFrame([row | {"last": pd.Timestamp(2025, 12, 1)}])
    >>> policy = TierPolicy.parse({"version": "1", "tiers": tiers})
    >>> plan = touch_plan(frame, ledger, policy, Cutoff.parse("2026-01-01"))
    >>> plan[["touch", "planned", "done", "share_done", "overdue"]]
        touch  planned  done  share_done  overdue
    0  review      4.0   3.0        0.75    False
    """
    planned, known = _planned(frame, touches), _kinds(touches)
    each = (_of_tier(frame, planned, tier, known) for tier in policy.tiers)
    parts = [part for tier in each for part in tier if len(part)]
    if not parts:
        return no_rows(PLAN_TYPES)
    table = pd.concat(parts, ignore_index=True)
    now = pd.Timestamp(as_of.at)
    pause = pd.to_timedelta(np.floor(np.maximum(_YEAR / table["planned"], 1.0)), unit="D")
    accounts = frame.set_index("account_id")
    first = table["account_id"].map(_ours_since(accounts, now)) + pause
    first = first.where((first < now) & table["done"].notna(), now)
    due = (table["last"] + pause).fillna(first)
    table = table.assign(
        as_of=now,
        owner=table["account_id"].map(accounts["owner"]),
        share_done=np.minimum(table["done"] / table["planned"], 1.0),
        next_due=due,
        overdue=due < now,
    )
    table = table.sort_values(["account_id", "place"], kind="stable", ignore_index=True)
    return table[list(PLAN_TYPES)].astype(PLAN_TYPES)


def compliance(plan: pd.DataFrame) -> pd.DataFrame:
    """Add up what was done of what was planned, by tier and owner.

    Parameters
    ----------
    plan : pandas.DataFrame
        From `touch_plan`.

    Returns
    -------
    pandas.DataFrame
        Columns `COMPLIANCE_TYPES`: every tier with ``owner`` `ALL` first, then each owner (`NOBODY` for
        accounts without). ``done`` counts up to what was planned, touch by touch. ``judged`` is the part
        of ``planned`` of which it is known what was done, and ``share_done`` is of that part.
    """
    counted = plan.assign(
        owner=owners_of(plan),
        done=np.minimum(plan["done"], plan["planned"]),
        overdue=plan["overdue"].astype("int64"),
        judged=plan["planned"].where(plan["done"].notna(), 0.0),
    )
    parts = [_added(counted.assign(owner=ALL)), _added(counted)]
    table = pd.concat(parts, ignore_index=True)
    table["share_done"] = table["done"] / table["judged"].where(table["judged"] > 0.0)
    first = table["owner"].where(table["owner"] != ALL, "")
    table = table.assign(first=first).sort_values(["tier", "first"], ignore_index=True)
    return table[list(COMPLIANCE_TYPES)].astype(COMPLIANCE_TYPES)


def unmatched_touches(touches: pd.DataFrame | None, policy: TierPolicy) -> list[str]:
    """Name the touches whose kinds the ledger does not know: the company may call them otherwise.

    What was done of them is missing in the plan, since 0 would be a reproach that nothing shows.

    Parameters
    ----------
    touches : pandas.DataFrame, optional
        The stored ledger; without one there is nothing to say.
    policy : TierPolicy
        Its tiers' touches.

    Examples
    --------
    >>> tiers = [{"name": "A", "top_share": 0.1, "touches": [{"name": "QBR", "per_year": 4.0}]}]
    >>> policy = TierPolicy.parse({"version": "1", "tiers": [*tiers, {"name": "B"}]})
    >>> unmatched_touches(pd.DataFrame({"kind": ["meeting", "call"]}), policy)
    ["touch 'QBR' counts interactions of the kind QBR, and the book has none; its kinds are call, meeting"]
    """
    known = _kinds(touches)
    if known is None:
        return []
    named = sorted(known)[:_NAMED]
    more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
    # A name may stand for other kinds in another tier; the same touch of two tiers is said once.
    every = {(one.name, one.counted): None for tier in policy.tiers for one in tier.touches}
    return [
        f"touch {name!r} counts interactions of the kind{'s' * (len(kinds) > 1)} "
        f"{', '.join(kinds)}, and the book has none; its kinds are {', '.join(named)}{more}"
        for name, kinds in every
        if known.isdisjoint(kinds)
    ]


def ledger(frame: pd.DataFrame) -> pd.DataFrame:
    """Return by whose initiative each account was met in the last 12 months, and what that took.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.

    Returns
    -------
    pandas.DataFrame
        Columns `LEDGER_TYPES`, by account: contacts that were planned, ad hoc and reactive, hours of all
        of them, and ``planned_share``, the part of them that was planned, missing where there were
        none. All are missing where the book has no interactions.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a"], "tier": ["A"]})
    >>> facts = told.assign(planned_12m=3.0, ad_hoc_12m=0.0, reactive_12m=1.0, hours_12m=5.5)
    >>> frame = account_frame(told, told, facts, Horizon.parse("1 year"))
    >>> ledger(frame)
      account_id  planned  ad_hoc  reactive  hours  planned_share
    0          a      3.0     0.0       1.0    5.5           0.75
    """
    kinds = ["planned", "ad_hoc", "reactive"]
    table = frame[["account_id"]].assign(
        **{name: frame[f"{name}_12m"] for name in (*kinds, "hours")}
    )
    contacts = table[kinds].sum(axis=1, min_count=len(kinds))
    table["planned_share"] = table["planned"] / contacts.where(contacts > 0.0)
    return table.sort_values("account_id", ignore_index=True).astype(LEDGER_TYPES)


def _added(counted: pd.DataFrame) -> pd.DataFrame:
    groups = counted.groupby(["tier", "owner"], sort=True)
    table = groups[["planned", "judged", "overdue"]].sum()
    table["done"] = groups["done"].sum(min_count=1)
    table["accounts"] = groups["account_id"].nunique()
    return table.reset_index()


def _of_tier(
    frame: pd.DataFrame, planned: pd.DataFrame | None, tier: Tier, known: AbstractSet[str] | None
) -> Iterator[pd.DataFrame]:
    accounts = frame.loc[frame["tier"] == tier.name, "account_id"]
    if planned is not None:
        planned = planned[planned["account_id"].isin(accounts)]
    for place, touch in enumerate(tier.touches):
        table = pd.DataFrame({"account_id": accounts, "tier": tier.name, "touch": touch.name})
        table = table.assign(kinds=", ".join(touch.counted), planned=touch.per_year, place=place)
        table["done"], table["last"] = (np.nan if planned is None else 0.0), pd.NaT
        if known is not None and known.isdisjoint(touch.counted):
            table["done"] = np.nan
        elif planned is not None:
            mine = planned[planned["kind"].isin(touch.counted)]
            share = {kind: _share(tier, place, kind) for kind in touch.counted}
            mine = mine.assign(done=mine["touches"] * mine["kind"].map(share).astype("float64"))
            sums = mine.groupby("account_id").agg(done=("done", "sum"), last=("last", "max"))
            found = sums.reindex(accounts)
            table["done"] = found["done"].fillna(0.0).to_numpy()
            table["last"] = found["last"].to_numpy()
        yield table.astype({"last": "datetime64[us]"})


def _kinds(touches: pd.DataFrame | None) -> AbstractSet[str] | None:
    """Return the kinds of contact that stand in the ledger; None where nothing stands in it."""
    if touches is None or touches.empty:
        return None
    return frozenset(map(str, touches["kind"].dropna().unique()))


def _ours_since(accounts: pd.DataFrame, now: pd.Timestamp) -> pd.Series[pd.Timestamp]:
    """Return since when within the ledger each account is ours; the cutoff where nothing tells."""
    start = now - _LEDGER
    first = accounts["first_order"].fillna(now)
    long = (first < start) | (accounts["arr_12m_ago"] > 0.0)
    since: pd.Series[pd.Timestamp] = first.mask(long, start)
    return since


def _planned(frame: pd.DataFrame, touches: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the planned contacts of the ledger; None where nothing tells what was planned."""
    if touches is None or touches.empty:
        # A book that keeps a log in which nothing happened for a year is not one without a log.
        kept = frame["planned_12m"].notna().any()
        names = ["account_id", "kind", "touches", "last"]
        return pd.DataFrame(columns=names).astype({"touches": "float64"}) if kept else None
    if touches["initiative"].isna().all():
        return None
    # In an order of their own, so that sums of shares do not depend on that of the table.
    return touches[touches["initiative"] == "planned"].sort_values(["account_id", "kind"])


def _share(tier: Tier, place: int, kind: str) -> float:
    """Return which part of the contacts of a kind counts for one of the touches that share it."""
    rivals = sum(touch.per_year for touch in tier.touches if kind in touch.counted)
    return tier.touches[place].per_year / rivals
