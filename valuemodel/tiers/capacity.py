"""What a coverage plan takes in hours and people, and how many accounts the people there are can serve.

Touches take hours, people have hours: the one divided by the other says how many accounts a tier can
hold (S33), and the sum over the tiers how many people the whole base needs (S34). Beside what is
planned stands what was spent: where hours did not follow value, all accounts were served out of one
big pot (S52).

Why this way: how long a touch takes and how many hours a person has are the company's own figures. So
nothing is assumed where they are not given: the cell is missing, and so is every total that would have
needed it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from valuemodel.exceptions import UsageError, nearest
from valuemodel.tiers.policy import TierPolicy


def capacity(sizes: Mapping[str, int], policy: TierPolicy) -> pd.DataFrame:
    """Set hours and people needed beside those there are, per tier.

    Parameters
    ----------
    sizes : mapping of str to int
        How many accounts each tier holds; a tier that is not named holds none.
    policy : TierPolicy
        Touches, people and productive hours.

    Returns
    -------
    pandas.DataFrame
        One row per tier in the order of the policy, then ``all``: ``tier, accounts, hours_each,
        hours_needed, heads, hours_available, places, spare, heads_needed``. Missing is what the policy
        does not declare. ``places`` (nullable) is how many accounts the people of a tier can serve,
        ``spare`` how many more that is than it holds, below zero where it holds too many. The last row
        adds up what is there; its hours and people needed are missing if a tier with accounts has
        touches whose hours are not declared.

    Raises
    ------
    UsageError
        If a size names a tier that the policy does not have.

    Examples
    --------
    >>> touches = [{"name": "visit", "per_year": 50, "hours": 4.0}]
    >>> policy = TierPolicy.parse(
    ...     {
    ...         "version": "1",
    ...         "capacity": {"productive_hours": 1667.0},
    ...         "tiers": [{"name": "A", "heads": 3.0, "touches": touches}, {"name": "B"}],
    ...     }
    ... )
    >>> table = capacity({"A": 27, "B": 400}, policy)
    >>> table[["tier", "accounts", "hours_needed", "places", "spare", "heads_needed"]].round(2)
      tier  accounts  hours_needed  places  spare  heads_needed
    0    A        27        5400.0      25     -2          3.24
    1    B       400           NaN    <NA>   <NA>           NaN
    2  all       427        5400.0      25     -2          3.24
    """
    accounts = _accounts(sizes, policy)
    productive = np.nan if policy.capacity is None else policy.capacity.productive_hours
    each = np.array([_or_missing(tier.hours) for tier in policy.tiers])
    heads = np.array([_or_missing(tier.heads) for tier in policy.tiers])
    places = pd.array([policy.places(tier) for tier in policy.tiers], dtype="Int64")
    table = pd.DataFrame(
        {
            "tier": policy.names,
            "accounts": accounts,
            "hours_each": each,
            "hours_needed": each * accounts,
            "heads": heads,
            "hours_available": heads * productive,
            "places": places,
            "spare": places - accounts,
            "heads_needed": each * accounts / productive,
        }
    )
    last = (
        table.drop(columns="tier")
        .sum(min_count=1)
        .to_frame()
        .T.assign(tier="all", hours_each=np.nan)
    )
    undeclared = any(
        tier.touches and tier.hours is None and accounts[place]
        for place, tier in enumerate(policy.tiers)
    )
    if undeclared:
        last[["hours_needed", "heads_needed"]] = np.nan
    last = last[list(table)].astype(table.dtypes.to_dict())
    return pd.concat([table, last], ignore_index=True)


def touches_planned(sizes: Mapping[str, int], policy: TierPolicy) -> pd.DataFrame:
    """Count the touches that the policy plans in a year, and their hours (S31).

    Parameters
    ----------
    sizes : mapping of str to int
        How many accounts each tier holds; a tier that is not named holds none.
    policy : TierPolicy
        The touches.

    Returns
    -------
    pandas.DataFrame
        One row per tier and touch in the order of the policy: ``tier, touch, per_year, hours,
        touches_a_year, hours_a_year``; the first two numbers are of one account, the others of the
        whole tier. Hours are missing where the policy does not declare them.

    Raises
    ------
    UsageError
        If a size names a tier that the policy does not have.

    Examples
    --------
    >>> touches = [{"name": "visit", "per_year": 4, "hours": 6.0}, {"name": "call", "per_year": 12}]
    >>> tiers = [{"name": "A", "share_of_value": 0.5, "touches": touches}, {"name": "B"}]
    >>> touches_planned({"A": 10}, TierPolicy.parse({"version": "1", "tiers": tiers}))
      tier  touch  per_year  hours  touches_a_year  hours_a_year
    0    A  visit       4.0    6.0            40.0         240.0
    1    A   call      12.0    NaN           120.0           NaN
    """
    accounts = _accounts(sizes, policy)
    planned = [
        (tier.name, touch.name, touch.per_year, _or_missing(touch.hours), float(accounts[place]))
        for place, tier in enumerate(policy.tiers)
        for touch in tier.touches
    ]
    table = pd.DataFrame(planned, columns=["tier", "touch", "per_year", "hours", "accounts"])
    texts, numbers = ["tier", "touch"], ["per_year", "hours", "accounts"]
    table[texts], table[numbers] = table[texts].astype("str"), table[numbers].astype("float64")
    table["touches_a_year"] = table["accounts"] * table["per_year"]
    table["hours_a_year"] = table["touches_a_year"] * table["hours"]
    return table.drop(columns="accounts")


def effort_mismatch(frame: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    """Set the share of hours that each tier got beside its share of value (S52).

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`, with ``tier``.
    policy : TierPolicy
        The tiers.

    Returns
    -------
    pandas.DataFrame
        One row per tier in the order of the policy: ``tier, accounts, hours, share_of_hours, value,
        share_of_value, past, share_of_past, ratio, finding``. Hours are those of the past year, value
        is predicted, past is past value; all are sums over the accounts where they are known, and
        shares are of the sum of all tiers. ``ratio`` is the share of hours over that of predicted
        value, missing where the tier brings none. ``finding`` says it in words. All are missing where
        no hours of a tier's accounts are known.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {
    ...         "tier": ["A", "B", "B"],
    ...         "value": [45.0, 30.0, 25.0],
    ...         "past": [20.0, 40.0, 40.0],
    ...         "hours_12m": [5.0, 60.0, 35.0],
    ...     }
    ... )
    >>> tiers = [{"name": "A", "share_of_value": 0.5}, {"name": "B"}]
    >>> found = effort_mismatch(frame, TierPolicy.parse({"version": "1", "tiers": tiers}))
    >>> found["ratio"].round(2).tolist(), found["finding"].tolist()
    ([0.11, 1.73], ['gets 5 % of the hours for 45 % of the value', 'gets 95 % of the hours for 55 % of the value'])
    """
    by_tier = frame.groupby("tier", sort=False)
    table = pd.DataFrame({"accounts": by_tier.size()}).reindex(policy.names, fill_value=0)
    for name, source in (("hours", "hours_12m"), ("value", "value"), ("past", "past")):
        table[name] = by_tier[source].sum(min_count=1).reindex(policy.names).astype("float64")
        total = table[name].sum()
        table[f"share_of_{name}"] = table[name] / total if total > 0.0 else np.nan
    worth = table["share_of_value"]
    table["ratio"] = (table["share_of_hours"] / worth).where(worth > 0.0)
    said = (
        "gets "
        + table["share_of_hours"].map(_percent)
        + " of the hours for "
        + worth.map(_percent)
        + " of the value"
    )
    table["finding"] = said.where(table["share_of_hours"].notna() & worth.notna()).astype("str")
    table = table.astype({"accounts": "int64"})
    return table.rename_axis("tier").reset_index().astype({"tier": "str"})


def _accounts(
    sizes: Mapping[str, int], policy: TierPolicy
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the size of each tier, in the order of the policy."""
    for name in sizes:
        if name not in policy.names:
            hint = nearest(name, policy.names) or f"the tiers are {', '.join(policy.names)}"
            problem = f"the policy has no tier {name!r}"
            raise UsageError(problem, hint=hint)
    return np.array([sizes.get(name, 0) for name in policy.names], dtype=np.int64)


def _or_missing(number: float | None) -> float:
    return np.nan if number is None else float(number)


def _percent(share: float) -> str:
    part = 100.0 * share
    return f"{round(part, 1 if abs(part) < 10.0 else 0):g} %"
