"""What a set of recommendations adds up to: sizes, value, concentration, moves.

Figures for the page of sales leadership, computed from the stored tables alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.periods import Horizon
from valuemodel.tiers.assignment import assign
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.score import money, tier_horizon


@dataclass(frozen=True)
class TierSummary:
    """What a set of recommendations adds up to.

    Parameters
    ----------
    tiers : pandas.DataFrame
        One row per tier, in the order of the policy: ``tier, rule, accounts, share_of_accounts,
        predicted_value, share_of_predicted, past_value, share_of_past, lowest_score, binding_rule,
        hours`` (shares are the tier's own, of all accounts and of the net totals; hours of the whole
        tier a year).
    concentration : pandas.DataFrame
        One row for ``past`` and one for ``predicted`` value: ``value, share_of_top_20, gini``.
    moves : pandas.DataFrame
        Accounts by tier by past value (rows) and by predicted value (columns).
    """

    tiers: pd.DataFrame
    concentration: pd.DataFrame
    moves: pd.DataFrame


def summarise(
    recommendations: pd.DataFrame,
    predictions: pd.DataFrame,
    policy: TierPolicy,
    *,
    horizon: Horizon | str | None = None,
) -> TierSummary:
    """Add up the recommendations of one run.

    Parameters
    ----------
    recommendations, predictions : pandas.DataFrame
        The stored tables of the run.
    policy : TierPolicy
        The policy that the tiers were cut by.
    horizon : Horizon or str, optional
        The tier horizon; by default the one that the predictions are stored for.

    Returns
    -------
    TierSummary
        Sizes and value per tier, concentration, moves against past value.

    Examples
    --------
    >>> from valuemodel.tiers.recommendations import assign_tiers
    >>> predictions = pd.DataFrame(
    ...     {
    ...         "account_id": ["a", "b", "c"],
    ...         "as_of": pd.Timestamp("2026-01-01"),
    ...         "value_1y": [90.0, 10.0, 0.0],
    ...         "past_value_1y": [20.0, 80.0, 0.0],
    ...     }
    ... )
    >>> policy = TierPolicy.parse(
    ...     {
    ...         "version": "2026-1",
    ...         "tiers": [{"name": "key", "share_of_value": 0.5}, {"name": "other"}],
    ...     }
    ... )
    >>> summary = summarise(assign_tiers(predictions, policy), predictions, policy)
    >>> summary.tiers[["tier", "accounts", "share_of_predicted", "share_of_past", "binding_rule"]]
        tier  accounts  share_of_predicted  share_of_past binding_rule
    0    key         1                 0.9            0.2        value
    1  other         2                 0.1            0.8         rest
    """
    tiering = tier_horizon(predictions) if horizon is None else Horizon.parse(horizon)
    past = pd.Series(
        money(predictions, f"past_value_{tiering.label}"), index=predictions["account_id"]
    )
    book = recommendations.assign(past=recommendations["account_id"].map(past))
    return TierSummary(_tiers(book, policy), _concentration(book), _moves(book, policy))


def share_of_top(values: npt.NDArray[np.float64], part: float = 0.2) -> float:
    """Return the share of all positive value that the top part of the accounts brings.

    Examples
    --------
    >>> share_of_top(np.array([80.0, 10.0, 5.0, 5.0, 0.0]))
    0.8
    """
    positive = np.sort(np.where(values > 0.0, values, 0.0))[::-1]
    total = positive.sum()
    return float(positive[: round(part * len(positive))].sum() / total) if total else float("nan")


def gini(values: npt.NDArray[np.float64]) -> float:
    """Return the Gini coefficient of positive value over accounts: 0 all equal, near 1 one has all.

    Examples
    --------
    >>> gini(np.array([1.0, 1.0, 1.0])), gini(np.array([0.0, 0.0, 0.0, 1.0]))
    (0.0, 0.75)
    """
    positive = np.sort(np.where(values > 0.0, values, 0.0))
    n, total = len(positive), positive.sum()
    if not total:
        return float("nan")
    weight = 2.0 * np.arange(1, n + 1) - n - 1.0
    return float((weight * positive).sum() / (n * total))


def _tiers(book: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    by_tier = book.groupby("tier", sort=False)
    table = pd.DataFrame(
        {
            "accounts": by_tier.size(),
            "predicted_value": by_tier["score"].sum(),
            "past_value": by_tier["past"].sum(),
            "lowest_score": by_tier["score"].min(),
        }
    ).reindex(policy.names)
    summed = ["accounts", "predicted_value", "past_value"]
    table[summed] = table[summed].fillna(0)
    lines = assign(
        book["score"].to_numpy(), book["past"].to_numpy(), book["account_id"].tolist(), policy
    ).lines
    table = table.rename_axis("tier").reset_index()
    return table.assign(
        accounts=table["accounts"].astype("int64"),
        rule=[tier.rule for tier in policy.tiers],
        share_of_accounts=_share(table["accounts"]),
        share_of_predicted=_share(table["predicted_value"]),
        share_of_past=_share(table["past_value"]),
        binding_rule=[line.rule for line in lines],
        hours=[
            np.nan if tier.hours is None else tier.hours * size
            for tier, size in zip(policy.tiers, table["accounts"], strict=True)
        ],
    )


def _share(values: pd.Series[float]) -> pd.Series[float]:
    total = values.sum()
    return values / total if total else values * np.nan


def _concentration(book: pd.DataFrame) -> pd.DataFrame:
    values = {"past": book["past"].to_numpy(), "predicted": book["score"].to_numpy()}
    return pd.DataFrame(
        {
            "value": list(values),
            "share_of_top_20": [share_of_top(found) for found in values.values()],
            "gini": [gini(found) for found in values.values()],
        }
    )


def _moves(book: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    counts = pd.crosstab(book["tier_by_past_value"], book["tier"])
    table = counts.reindex(index=policy.names, columns=policy.names, fill_value=0)
    return table.astype("int64")
