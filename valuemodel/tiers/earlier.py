"""Where accounts stood before: in the previous run, or else by the tier that the company has today.

Why this way: stability and the reasons of a move are told against what people know. That is the tier
that the last run recommended; where there was none, the tier that the company itself keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.tiers.policy import TierPolicy

BY_RUN, TODAY = "in the previous run", "today"

_OF_RUN = (
    *("tier", "score", "policy_version", "model_version", "tier_since", "review_date"),
    *("tier_without_override", "override_reason"),
)
_TIMES = ("tier_since", "review_date")


@dataclass(frozen=True)
class EarlierRun:
    """What is stored of the run before.

    Parameters
    ----------
    recommendations : pandas.DataFrame
        Its recommendations.
    predictions, facts : pandas.DataFrame, optional
        Its predictions and account facts: without them a change of value cannot be told, and no event
        between the two runs is seen.
    policy : TierPolicy, optional
        The policy that it was cut by; without it, what the policy changed cannot be told apart.
    """

    recommendations: pd.DataFrame
    predictions: pd.DataFrame | None = None
    facts: pd.DataFrame | None = None
    policy: TierPolicy | None = None


def standing_before(
    accounts: pd.Series[str], facts: pd.DataFrame | None, previous: pd.DataFrame | None
) -> pd.DataFrame:
    """Return where each account stood: in the previous run, or else by its current tier.

    Parameters
    ----------
    accounts : pandas.Series of str
        The accounts of the book.
    facts : pandas.DataFrame, optional
        ``account_facts``, of which ``current_tier`` is read.
    previous : pandas.DataFrame, optional
        The recommendations of an earlier run.

    Returns
    -------
    pandas.DataFrame
        One row per account: ``tier`` and ``when`` it had that tier, in words, None where nothing is
        known; and of the previous run ``score, policy_version, model_version, tier_since,
        review_date, tier_without_override, override_reason``.

    Examples
    --------
    >>> facts = pd.DataFrame({"account_id": ["b"], "current_tier": ["A"]})
    >>> standing_before(pd.Series(["a", "b"]), facts, None)[["tier", "when"]].values.tolist()
    [[None, None], ['A', 'today']]
    """
    before = pd.DataFrame(index=range(len(accounts)))
    at = _places(accounts, previous)
    for name in _OF_RUN:
        before[name] = _taken(previous, name, at)
    before["when"] = pd.Series(
        [None if tier is None else BY_RUN for tier in before["tier"]], dtype=object
    )
    if facts is None or "current_tier" not in facts.columns:
        return before
    today = _taken(facts, "current_tier", _places(accounts, facts))
    filled = before["tier"].isna() & today.notna()
    before.loc[filled, "tier"] = today[filled]
    before.loc[filled, "when"] = TODAY
    return before


def _places(accounts: pd.Series[str], table: pd.DataFrame | None) -> npt.NDArray[np.int64]:
    """Return in which row of a table each account stands, -1 where in none."""
    if table is None or table.empty:
        return np.full(len(accounts), -1, dtype=np.int64)
    found = pd.Index(table["account_id"]).get_indexer(pd.Index(accounts))
    return np.asarray(found, dtype=np.int64)


def _taken(table: pd.DataFrame | None, name: str, at: npt.NDArray[np.int64]) -> pd.Series[Any]:
    """Take a column row by row; texts are objects, None where nothing is known."""
    kind: Any = "float64" if name == "score" else "datetime64[us]" if name in _TIMES else "object"
    if table is None or name not in table or table.empty:
        absent: pd.Series[Any] = pd.Series(np.full(len(at), None), dtype=kind)
        return absent
    found = pd.Series(pd.api.extensions.take(table[name].array, at, allow_fill=True))
    if kind != "object":
        known: pd.Series[Any] = found.astype(kind)
        return known
    texts = found.to_numpy(dtype=object, copy=True)
    texts[found.isna().to_numpy()] = None
    said: pd.Series[Any] = pd.Series(texts, dtype=kind)
    return said
