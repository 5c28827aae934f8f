"""What each owner carries, and what nobody carries (S35, S36).

An owner's load is told twice: in accounts, because nobody knows more than so many customers (150 by
default), and in hours a year, where the policy says how long its touches take. The hours that an owner
is missing are what to discuss with the manager.

Why this way: a tier without touches asks for no hours, as soon as the policy declares hours at all; a
tier whose touches do not say how long they take makes the hours of its owners unknown, not small. What
nobody owns stands in the same table under a name of its own, so that accounts and money add up to the
book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.records.wording import counted

#: Stands for the owner of the accounts that have none.
NOBODY = "(nobody)"
#: Stands for the region of the accounts whose region is not known.
ELSEWHERE = "(unknown)"
#: How many owners are named in a list of those who carry too much.
NAMED = 10

LOAD_TYPES: dict[str, str] = {
    "owner": "str",
    "reviewers": "int64",
    "accounts": "int64",
    "top_accounts": "int64",
    "hours_needed": "float64",
    "hours_available": "float64",
    "overload": "float64",
    "too_many": "bool",
    "value": "float64",
    "past": "float64",
    "hours_spent": "float64",
}
UNOWNED_TYPES: dict[str, str] = {
    "account_id": "str",
    "name": "str",
    "tier": "str",
    "region": "str",
    "value": "float64",
    "hours": "float64",
}


def owner_load(frame: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    """Add up what each owner carries.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`, tiers included.
    policy : TierPolicy
        Its touches say the hours of an account, its section ``[coverage]`` what one person can carry.

    Returns
    -------
    pandas.DataFrame
        Columns `LOAD_TYPES`, one row per owner, most hours first, then most accounts; accounts without
        owner last, under `NOBODY`. ``hours_needed`` and ``hours_available`` are hours a year, missing
        where the policy does not declare them; ``overload`` is what is needed beyond what is
        available, 0 where there is enough, missing where either is unknown; ``too_many`` says that
        there are more accounts than ``accounts_per_owner``; ``hours_spent`` are those of the past
        year.

    Examples
    --------
    >>> from valuemodel.tiers.accounts import account_frame
    >>> from valuemodel.periods import Horizon
    >>> told = pd.DataFrame({"account_id": ["a", "b", "c"], "tier": ["A", "D", "D"]})
    >>> facts = pd.DataFrame({"account_id": ["a", "b", "c"], "owner": ["Ada", "Ada", None]})
    >>> frame = account_frame(told, told[["account_id"]], facts, Horizon.parse("1 year"))
    >>> policy = TierPolicy.parse({"version": "1", "coverage": {"accounts_per_owner": 1}})
    >>> owner_load(frame, policy)[["owner", "accounts", "top_accounts", "too_many"]].values.tolist()
    [['Ada', 2, 1, True], ['(nobody)', 1, 0, False]]
    """
    hours = hours_wanted(frame, policy)
    book = pd.DataFrame(
        {
            "account_id": frame["account_id"],
            "owner": owners_of(frame),
            "reviewer": frame["reviewer"],
            "top": frame["tier"] == policy.names[0],
            "hours": hours,
            "undeclared": hours.isna(),
            **{name: frame[name] for name in ("value", "past", "hours_12m")},
        }
    ).sort_values("account_id")  # sums of money do not depend on the order of rows
    each = book.groupby("owner")
    load = pd.DataFrame(
        {
            "reviewers": each["reviewer"].nunique(),
            "accounts": each.size(),
            "top_accounts": each["top"].sum(),
            "hours_needed": each["hours"].sum().where(each["undeclared"].sum() == 0),
            "hours_available": _hours_of_one(policy),
            "value": each["value"].sum(min_count=1),
            "past": each["past"].sum(min_count=1),
            "hours_spent": each["hours_12m"].sum(min_count=1),
        }
    ).reset_index()
    nobody = load["owner"] == NOBODY
    load["hours_available"] = load["hours_available"].mask(nobody)
    load["overload"] = (load["hours_needed"] - load["hours_available"]).clip(lower=0.0)
    load["too_many"] = (load["accounts"] > policy.coverage.accounts_per_owner) & ~nobody
    keys = load.assign(nobody=nobody).sort_values(
        ["nobody", "hours_needed", "accounts", "owner"], ascending=[True, False, False, True]
    )
    return keys.reset_index(drop=True)[list(LOAD_TYPES)].astype(LOAD_TYPES)


def owner_lines(
    load: pd.DataFrame, policy: TierPolicy, show: Callable[[str], str] = str
) -> Iterator[str]:
    """Say who carries too much, and what nobody carries; nothing where all is well.

    Parameters
    ----------
    load : pandas.DataFrame
        From `owner_load`.
    policy : TierPolicy
        The policy it was added up by.
    show : callable
        How the name of a person is shown: it is text of others.

    Yields
    ------
    str
        One sentence each: owners short of hours, the shortest first; owners with too many accounts,
        the most first (`NAMED` of either, and how many are left); accounts without owner; and that hours are not known, where they are not.
    """
    people = load[load["owner"] != NOBODY]
    short = people[people["overload"] > 0.0].sort_values(
        ["overload", "owner"], ascending=[False, True]
    )
    figures = ["owner", "accounts", "hours_needed", "hours_available", "overload"]
    for name, count, needed, available, missing in (
        short[figures].head(NAMED).itertuples(index=False)
    ):
        yield (
            f"{show(name)} needs {needed:,.0f} hours a year for {counted(count, 'account')} and has "
            f"{available:,.0f}: {missing:,.0f} are missing"
        )
    if len(short) > NAMED:
        yield f"{counted(len(short) - NAMED, 'more owner')} are short of hours, in plan_owners"
    most = policy.coverage.accounts_per_owner
    many = people[people["too_many"]].sort_values(["accounts", "owner"], ascending=[False, True])
    for name, count in many[["owner", "accounts"]].head(NAMED).itertuples(index=False):
        yield f"{show(name)} has {counted(count, 'account')}, more than the {most:,} that one person can carry"
    if len(many) > NAMED:
        yield f"{counted(len(many) - NAMED, 'more owner')} have too many accounts, in plan_owners"
    without = int(load.loc[load["owner"] == NOBODY, "accounts"].sum())
    if without:
        yield f"{counted(without, 'account')} {'has' if without == 1 else 'have'} no owner"
    if len(people) and people["overload"].isna().any():
        yield (
            "whether hours suffice is not known for everybody: the policy gives no hours of its "
            "touches, or none of a person"
        )


def unowned(frame: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    """Return the accounts above the last tier that nobody owns, those to be given away first on top.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    policy : TierPolicy
        The ladder.

    Returns
    -------
    pandas.DataFrame
        Columns `UNOWNED_TYPES`, by tier, then by value, the highest first.
    """
    found = frame[above_last_tier(frame, policy) & frame["owner"].isna()]
    table = found[["account_id", "name", "tier", "region", "value"]].assign(
        hours=hours_wanted(found, policy), step=steps_of(found, policy)
    )
    table = table.sort_values(["step", "value", "account_id"], ascending=[True, False, True])
    return table.reset_index(drop=True)[list(UNOWNED_TYPES)].astype(UNOWNED_TYPES)


def owners_of(frame: pd.DataFrame) -> pd.Series[str]:
    """Return the owner of each account, `NOBODY` where there is none."""
    return frame["owner"].astype("str").fillna(NOBODY)


def regions_of(frame: pd.DataFrame) -> pd.Series[str]:
    """Return the region of each account, `ELSEWHERE` where it is not known."""
    return frame["region"].astype("str").fillna(ELSEWHERE)


def steps_of(frame: pd.DataFrame, policy: TierPolicy) -> pd.Series[float]:
    """Return how far down the ladder each account stands, 0 for the top."""
    return frame["tier"].map(policy.positions).astype("float64")


def above_last_tier(frame: pd.DataFrame, policy: TierPolicy) -> pd.Series[bool]:
    """Say which accounts stand above the last tier."""
    return frame["tier"].isin(policy.names[:-1])


def hours_wanted(frame: pd.DataFrame, policy: TierPolicy) -> pd.Series[float]:
    """Return the hours a year that each account takes by its tier.

    A tier without touches takes none, once any tier declares hours; otherwise what is not declared is
    missing.

    Examples
    --------
    >>> visit = {"name": "visit", "per_year": 4, "hours": 3.0}
    >>> ladder = [{"name": "A", "top_share": 0.1, "touches": [visit]}, {"name": "B"}]
    >>> policy = TierPolicy.parse({"version": "1", "tiers": ladder})
    >>> hours_wanted(pd.DataFrame({"tier": ["A", "B", "A"]}), policy).tolist()
    [12.0, 0.0, 12.0]
    """
    declared = any(tier.hours is not None for tier in policy.tiers)
    free = 0.0 if declared else np.nan
    hours = {
        tier.name: (np.nan if tier.touches else free) if tier.hours is None else tier.hours
        for tier in policy.tiers
    }
    return frame["tier"].map(hours).astype("float64")


def _hours_of_one(policy: TierPolicy) -> float:
    """Return the hours a year one person has for accounts, NaN where the policy does not say."""
    own = policy.coverage.hours_per_owner
    if own is None and policy.capacity is not None:
        own = policy.capacity.productive_hours
    return np.nan if own is None else own
