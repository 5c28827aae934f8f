"""Value after what serving an account costs, and what keeping it costs (S43-S45, S49, S51).

How finance treats a cost to serve is a choice, so it is a switch of the policy and printed with every
figure. What keeping customers costs (customer retention cost) stands beside the ARR that was kept, and the
lifetime value of the horizon net of it. An account that costs more than it brings is flagged, whatever its
tier.

Why this way: costs are known of the past year and values of the tier horizon, so costs are brought to the
horizon by its length before anything is subtracted; and a cost that a value is net of already is not
subtracted again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.periods import Horizon
from valuemodel.tiers.policy import TierPolicy

Floats = npt.NDArray[np.float64]

AFTER_COST_TYPES: dict[str, str] = {
    "account_id": "str",
    "as_of": "datetime64[us]",
    "tier": "str",
    "past": "float64",
    "cost_subtracted": "float64",
    "contribution": "float64",
    "retention_cost": "float64",
    "retained_arr": "float64",
    "retention_cost_ratio": "float64",
    "value": "float64",
    "value_net": "float64",
    "loss_making": "bool",
    "treatment": "str",
}
_SUMMED = ("past", "cost_subtracted", "contribution", "retention_cost", "retained_arr")
_YEAR = 365.25
ALL = "all"


def value_after_cost(
    frame: pd.DataFrame,
    policy: TierPolicy,
    *,
    horizon: Horizon,
    statement: str,
    net_of: Sequence[str] = (),
) -> pd.DataFrame:
    """Return what each account is worth after cost.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`, with ``tier``.
    policy : TierPolicy
        Its ``[cost]``: which treatments a contribution is net of, and what is loss-making.
    horizon : Horizon
        The tier horizon, which value and past value are of.
    statement : str
        What a value is, in words.
    net_of : sequence of str
        The treatments of cost that values are net of already, where the project's measure is a
        contribution; they are not subtracted again.

    Returns
    -------
    pandas.DataFrame
        Columns `AFTER_COST_TYPES`, in the order of the frame; ``as_of`` is missing where the frame has
        none. ``retention_cost`` and ``retained_arr`` (of the ARR of a year ago what is still in force)
        are of a year, all other money of the horizon. ``value_net`` is predicted value less the
        retention cost of the horizon. What rests on costs is missing where the book has no costs; an
        account is then loss-making by its value alone.

    Examples
    --------
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a"], "tier": ["A"]})
    >>> facts = told.assign(arr=80.0, arr_12m_ago=100.0, cost_cogs_12m=30.0, cost_retention_12m=8.0)
    >>> predicted = told.assign(value_1y=120.0, past_value_1y=100.0)
    >>> frame = account_frame(told, predicted, facts, Horizon.parse("1 year"))
    >>> found = value_after_cost(
    ...     frame,
    ...     TierPolicy.parse({"version": "1"}),
    ...     horizon=Horizon.parse("1 year"),
    ...     statement="revenue",
    ... )
    >>> found[["contribution", "retention_cost_ratio", "value_net"]].round(2)
       contribution  retention_cost_ratio  value_net
    0          70.0                   0.1      112.0
    """
    part = horizon.days / _YEAR
    subtract = _subtracted(policy, net_of)
    costs = frame[[f"cost_{name}_12m" for name in subtract]].to_numpy(dtype=np.float64)
    subtracted = costs.sum(axis=1) * part
    past, value = (frame[name].to_numpy(dtype=np.float64) for name in ("past", "value"))
    contribution = past - subtracted
    retention = frame["cost_retention_12m"].to_numpy(dtype=np.float64)
    retained = _retained(frame)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(retained > 0.0, retention / retained, np.nan)
    table = pd.DataFrame(
        {
            "account_id": frame["account_id"],
            "as_of": frame.get("as_of", pd.NaT),
            "tier": frame["tier"],
            "past": past,
            "cost_subtracted": subtracted,
            "contribution": contribution,
            "retention_cost": retention,
            "retained_arr": retained,
            "retention_cost_ratio": ratio,
            "value": value,
            "value_net": value if "retention" in net_of else value - retention * part,
            "loss_making": (contribution < policy.cost.loss_below)
            | (value < policy.cost.loss_below),
            "treatment": treatment(policy, statement, net_of),
        }
    )
    return table.astype(AFTER_COST_TYPES).reset_index(drop=True)


def treatment(policy: TierPolicy, statement: str, net_of: Sequence[str] = ()) -> str:
    """Say what a contribution is net of.

    Examples
    --------
    >>> treatment(TierPolicy.parse({"version": "1"}), "revenue, billed")
    'contribution = revenue, billed, less cost to serve treated as cogs; cost of retention stands apart'
    """
    subtract = _subtracted(policy, net_of)
    named = " and ".join(name.replace("_", " ") for name in subtract)
    further = "further " if net_of else ""
    less = (
        f"less cost to serve treated as {named}" if subtract else f"less no {further}cost to serve"
    )
    within = "retention" in (*policy.cost.subtract, *net_of)
    apart = "cost of retention is in it" if within else "cost of retention stands apart"
    return f"contribution = {statement or 'value'}, {less}; {apart}"


def value_by_tier(table: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    """Add up value after cost by tier, and for the whole book.

    Parameters
    ----------
    table : pandas.DataFrame
        From `value_after_cost`.
    policy : TierPolicy
        Its tiers.

    Returns
    -------
    pandas.DataFrame
        A row per tier and one for ``all``: ``tier, accounts``, the sums of the money, ``value_net``,
        ``retention_cost_ratio`` of the sums, ``loss_making`` accounts, ``treatment``.
    """
    both = pd.concat([table, table.assign(tier=ALL)], ignore_index=True)
    groups = both.groupby("tier")
    sums = groups[[*_SUMMED, "value", "value_net"]].sum(min_count=1)
    sums = sums.assign(accounts=groups.size(), loss_making=groups["loss_making"].sum())
    sums = sums.reindex([*policy.names, ALL])
    sums[["accounts", "loss_making"]] = sums[["accounts", "loss_making"]].fillna(0).astype("int64")
    sums["retention_cost_ratio"] = sums["retention_cost"] / sums["retained_arr"].where(
        sums["retained_arr"] > 0.0
    )
    said = table["treatment"].iloc[0] if len(table) else ""
    order = ["accounts", *_SUMMED, "retention_cost_ratio", "value", "value_net", "loss_making"]
    return sums[order].assign(treatment=said).rename_axis("tier").reset_index()


def cost_lines(by_tier: pd.DataFrame, currency: str) -> Iterator[str]:
    """Say value after cost in lines; the first says how cost is treated.

    Parameters
    ----------
    by_tier : pandas.DataFrame
        From `value_by_tier`.
    currency : str
        The project's currency.
    """
    yield f"after cost: {by_tier['treatment'].iloc[0]}"
    whole = by_tier[by_tier["tier"] == ALL].iloc[0]
    # Every treatment is there or none: a book with costs has 0 where an account has none of a kind.
    if whole["accounts"] and np.isnan(whole["retention_cost"]):
        yield "  costs are not known: the book has no costs table"
    for row in by_tier.to_dict("records"):
        who = "whole book" if row["tier"] == ALL else f"tier {row['tier']}"
        yield f"  {who}: {', '.join(_told(row, currency))}"


def _told(row: Mapping[Hashable, Any], currency: str) -> Iterator[str]:
    if not row["accounts"]:
        yield "no accounts"
        return
    known = not np.isnan(row["value"])
    yield f"{_money(row['value'], currency)} expected" if known else "no value is predicted"
    if not np.isnan(row["contribution"]):
        yield f"contribution so far {_money(row['contribution'], currency)}"
    if not np.isnan(row["retention_cost_ratio"]):
        yield f"keeping costs {100 * row['retention_cost_ratio']:.1f} % of retained ARR"
    if row["loss_making"]:
        yield f"{row['loss_making']:,} loss-making"


def _subtracted(policy: TierPolicy, net_of: Sequence[str]) -> list[str]:
    """Return the treatments that are subtracted, each once however often it is named."""
    return [name for name in dict.fromkeys(policy.cost.subtract) if name not in net_of]


def _retained(frame: pd.DataFrame) -> Floats:
    """Return what is still in force of the ARR of a year ago; missing where there was none."""
    now = np.nan_to_num(frame["arr"].to_numpy(dtype=np.float64), nan=0.0)
    ago = frame["arr_12m_ago"].to_numpy(dtype=np.float64)
    found: Floats = np.minimum(now, ago)
    return found


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.0f} {currency}".rstrip()
