"""How each region is covered, the weakest first (S16).

Of the duties of whoever directs the key accounts of a region, these can be counted: what its key accounts
bring, which of them nobody owns, how often they are seen as planned, and what is still to be won there.

Why this way: a region is called weak by what people can change, owners and planned contacts, not by what
it sells; and no line between weak and strong is drawn here, since none is known. Whether a region passes
the company's own line is a check (`valuemodel.tiers.coverage.checks`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.tiers.coverage.owners import above_last_tier, regions_of
from valuemodel.tiers.policy import TierPolicy

REGION_TYPES: dict[str, str] = {
    "region": "str",
    "accounts": "int64",
    "share_of_accounts": "float64",
    "top_accounts": "int64",
    "above_last": "int64",
    "value": "float64",
    "share_of_value": "float64",
    "white_space": "float64",
    "unowned": "int64",
    "unowned_share": "float64",
    "planned_per_account": "float64",
}


def regions(frame: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    """Say how each region is covered, the weakest first.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    policy : TierPolicy
        The ladder.

    Returns
    -------
    pandas.DataFrame
        Columns `REGION_TYPES`, one row per region (`ELSEWHERE` for accounts without), by the share of
        the accounts above the last tier that nobody owns (``unowned_share``, the highest first), then
        by the contacts that were planned for an account in the past year (``planned_per_account``, the
        fewest first).
    """
    above = above_last_tier(frame, policy)
    book = pd.DataFrame(
        {
            "account_id": frame["account_id"],
            "region": regions_of(frame),
            "top": frame["tier"] == policy.names[0],
            "above": above,
            "unowned": above & frame["owner"].isna(),
            **{name: frame[name] for name in ("value", "white_space", "planned_12m")},
        }
    ).sort_values("account_id")
    each = book.groupby("region")
    table = pd.DataFrame(
        {
            "accounts": each.size(),
            "top_accounts": each["top"].sum(),
            "above_last": each["above"].sum(),
            "value": each["value"].sum(min_count=1),
            "white_space": each["white_space"].sum(min_count=1),
            "unowned": each["unowned"].sum(),
            "planned_per_account": each["planned_12m"].mean(),
        }
    ).reset_index()
    table["share_of_accounts"] = _part(table["accounts"], table["accounts"].sum())
    table["share_of_value"] = _part(table["value"], table["value"].sum())
    table["unowned_share"] = table["unowned"] / table["above_last"].where(table["above_last"] > 0)
    table = table.sort_values(
        ["unowned_share", "planned_per_account", "region"], ascending=[False, True, True]
    )
    return table.reset_index(drop=True)[list(REGION_TYPES)].astype(REGION_TYPES)


def _part(values: pd.Series[float], total: float) -> pd.Series[float]:
    return values / total if total else values * np.nan
