"""A plan in lines for a terminal: where the lines fall, who is needed, who moves.

Why this way: a policy is tried out many times before it is published, so what a change of one number does
has to stand on one screen: the counts, the rule that bound, the hours, and the accounts by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.explain.wording import money, share
from valuemodel.reporting.plain_text import shortened
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.records.wording import counted

#: How many moves of each direction are named.
NAMED = 10

_MOVED = (
    *("account_id", "name", "owner", "published_tier", "tier", "value"),
    *("tier_probability", "binding_rule"),
)
_RULES = {
    "value": "share of value",
    "accounts": "cap on accounts",
    "top": "top share of accounts",
    "people": "people",
    "segments": "differs by segment",
    "optimise": "the optimum",
    "rest": "the rest",
}


def line_lines(lines: pd.DataFrame, policy: TierPolicy) -> Iterator[str]:
    """Say of each tier how many accounts it holds, what they bring, and which rule drew its line.

    Parameters
    ----------
    lines : pandas.DataFrame
        From `valuemodel.tiers.segments.line_table`.
    policy : TierPolicy
        The policy.

    Yields
    ------
    str
        A line per tier, below the name of each segment that is cut by lines of its own; at last what
        keeps accounts from moving, if anything does.

    Examples
    --------
    >>> lines = pd.DataFrame(
    ...     {"segment": "whole book", "tier": ["A", "B"], "accounts": [25, 100]}
    ... ).assign(share_of_value=[0.5, 1.0], binding_rule=["people", "rest"])
    >>> lines[["by_value", "by_accounts", "by_top", "by_people"]] = pd.NA
    >>> policy = TierPolicy.parse({"version": "1", "stability": {"band": 0.1}})
    >>> print(*line_lines(lines, policy), sep=chr(10))
    tier A: 25 accounts, 50% of predicted value; line drawn by: people
    tier B: 75 accounts, 50% of predicted value; line drawn by: the rest
    stability: a band of 10% between entering and staying
    """
    counted = ["accounts", "share_of_value"]
    for segment, part in lines.groupby("segment", sort=False):
        if segment != "whole book":
            yield f"{shortened(segment)}:"
        # Counts and shares of the table are those of a tier and the ones above it.
        own = part[counted] - part[counted].shift(fill_value=0)
        for row, alone in zip(part.to_dict("records"), own.to_dict("records"), strict=True):
            yield _line(row, int(alone["accounts"]), float(alone["share_of_value"]))
    if said := _stability(policy):
        yield f"stability: {said}"


def capacity_lines(capacity: pd.DataFrame) -> Iterator[str]:
    """Say how many hours and people the tiers take; nothing where no touch says how long it takes.

    Parameters
    ----------
    capacity : pandas.DataFrame
        From `valuemodel.tiers.capacity.capacity`.

    Yields
    ------
    str
        A line per tier whose hours are known, then one for all of them.

    Examples
    --------
    >>> told = {"tier": ["A"], "hours_needed": [500.0], "heads_needed": [0.3], "heads": [1.0]}
    >>> [*capacity_lines(pd.DataFrame(told))]
    ['tier A: 500 hours a year, 0.3 people needed, 1 there']
    """
    for row in capacity.to_dict("records"):
        if np.isnan(row["hours_needed"]):
            continue
        who = "all tiers" if row["tier"] == "all" else f"tier {row['tier']}"
        told = f"{who}: {row['hours_needed']:,.0f} hours a year"
        if not np.isnan(row["heads_needed"]):
            told += f", {row['heads_needed']:.1f} people needed"
        if not np.isnan(row["heads"]):
            told += f", {row['heads']:g} there"
        yield told


def who_moves(now: pd.DataFrame, before: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the accounts of both runs that stand in another tier than in the published one.

    Parameters
    ----------
    now, before : pandas.DataFrame
        Recommendations by the policy that is tried, and the published ones.
    frame : pandas.DataFrame
        The account frame of the first, in any order.

    Returns
    -------
    pandas.DataFrame
        ``account_id, name, owner, published_tier, tier, value, tier_probability, binding_rule``, the
        highest predicted value first.

    Examples
    --------
    >>> before = pd.DataFrame({"account_id": ["a", "b"], "tier": ["A", "B"]})
    >>> now = before.assign(tier=["A", "A"], tier_probability=0.6, binding_rule="value")
    >>> frame = before.assign(name=["Acme", "Bolt"], owner=None, value=[9.0, 8.0])
    >>> found = who_moves(now, before, frame)
    >>> found[["account_id", "name", "published_tier", "tier"]].values.tolist()
    [['b', 'Bolt', 'B', 'A']]
    """
    both = now[["account_id", "tier", "tier_probability", "binding_rule"]].merge(
        before[["account_id", "tier"]].rename(columns={"tier": "published_tier"}), on="account_id"
    )
    moved = both[both["tier"] != both["published_tier"]]
    found = moved.merge(frame[["account_id", "name", "owner", "value"]], on="account_id")
    found = found.sort_values(["value", "account_id"], ascending=[False, True], ignore_index=True)
    return found[list(_MOVED)]


def mover_lines(moves: pd.DataFrame, currency: str) -> Iterator[str]:
    """Say how many accounts move from where to where, and name those with the highest value.

    Parameters
    ----------
    moves : pandas.DataFrame
        From `who_moves`.
    currency : str
        The project's currency.

    Yields
    ------
    str
        How many there are, then `NAMED` of them and how many are left.

    Examples
    --------
    >>> moves = pd.DataFrame({"account_id": ["b"], "name": "Bolt", "value": 8_000.0})
    >>> moves = moves.assign(published_tier="B", tier="A")
    >>> print(*mover_lines(moves, "EUR"), sep=chr(10))
    1 account moves against the published run: B to A: 1
      b (Bolt): B to A, €8.0k expected
    """
    if moves.empty:
        yield "nobody moves against the published run"
        return
    steps = moves.groupby(["published_tier", "tier"]).size().reset_index().to_numpy(dtype=object)
    told = ", ".join(f"{old} to {new}: {count:,}" for old, new, count in steps)
    move = "moves" if len(moves) == 1 else "move"
    yield f"{counted(len(moves), 'account')} {move} against the published run: {told}"
    for row in moves.head(NAMED).to_dict("records"):
        name = f" ({called})" if (called := shortened(row["name"])) else ""
        yield (
            f"  {shortened(row['account_id'])}{name}: {row['published_tier']} to {row['tier']}, "
            f"{money(float(row['value']), currency)} expected"
        )
    if len(moves) > NAMED:
        yield f"  ... and {len(moves) - NAMED:,} more, in who_moves.csv"


def _line(row: Mapping[Any, Any], accounts: int, share_of_value: float) -> str:
    told = f"tier {row['tier']}: {counted(accounts, 'account')}"
    if np.isfinite(share_of_value):
        told += f", {share(share_of_value)} of predicted value"
    told += f"; line drawn by: {_RULES.get(row['binding_rule'], row['binding_rule'])}"
    allowed = [
        f"{_RULES[rule]} {int(row[f'by_{rule}']):,}"
        for rule in ("value", "accounts", "top", "people")
        if not pd.isna(row[f"by_{rule}"])
    ]
    return told + (f" (down to it, each rule alone: {', '.join(allowed)})" if allowed else "")


def _stability(policy: TierPolicy) -> str:
    section = policy.stability
    said = []
    if section.band:
        said.append(f"a band of {share(section.band)} between entering and staying")
    if section.minimum_stay_months:
        said.append(f"a stay of at least {counted(section.minimum_stay_months, 'month')}")
    if section.review_only:
        often = "month" if policy.review_months == 1 else f"{policy.review_months} months"
        said.append(f"moves on reviews only, every {often}")
    if section.events and (section.review_only or section.minimum_stay_months):
        events = ", ".join(event.replace("_", " ") for event in section.events)
        said.append(f"moves at any time after: {events}")
    if section.movement_budget is not None:
        said.append(f"at most {share(section.movement_budget)} of accounts move at a review")
    return "; ".join(said)
