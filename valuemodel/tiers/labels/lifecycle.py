"""The state of each account in its life: potential, bought, sticky, quiet; and who changed it (S56).

Why this way: the state is read off what is known at the cutoff, never carried along, so a run tells the
same whatever ran before; what changed is counted by setting two runs side by side, the accounts that came
and went included.

The facts tell of orders of any age, but of contracts only what is in force and what was a year ago. So an account
that never ordered, and whose last contract ended longer ago, counts as potential again.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.periods import Cutoff
from valuemodel.tiers.labels.classes import buying, under_contract
from valuemodel.tiers.policy.labels import LifecycleSection
from valuemodel.tiers.stored_tables import no_rows

#: What stands for the state of an account that the other run does not have.
NEW, GONE = "new", "gone"
STATES = ("potential", "bought", "sticky", "quiet")


def lifecycle(frame: pd.DataFrame, section: LifecycleSection, as_of: Cutoff) -> pd.Series[str]:
    """Return the state of each account.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    section : LifecycleSection
        What counts as sticky and as quiet. An account whose churn is not known is judged by its orders
        and contracts alone.
    as_of : Cutoff
        The cutoff.

    Returns
    -------
    pandas.Series of str
        One of `STATES`, on the rows of the frame.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a", "b"]})
    >>> order = pd.Timestamp(2025, 12, 1)
    >>> facts = told.assign(first_order=[order, pd.NaT], last_order=[order, pd.NaT])
    >>> frame = account_frame(told, told, facts, Horizon.parse("1 year"))
    >>> lifecycle(frame, LifecycleSection(), Cutoff.parse("2026-01-01")).tolist()
    ['bought', 'potential']
    """
    contract = under_contract(frame)
    ever = buying(frame) | (frame["arr_12m_ago"] > 0.0).to_numpy()
    ever |= frame[["first_order", "renewal_date"]].notna().any(axis=1).to_numpy()
    recent = pd.Timestamp(as_of.at) - pd.Timedelta(days=section.quiet_after_days)
    active = (frame["last_order"] >= recent).to_numpy() | contract
    loyal = (frame["orders_12m"] >= section.sticky_orders).to_numpy()
    renewed = frame["renewed"].fillna(value=False).to_numpy(dtype=np.bool_)
    loyal = loyal | (contract & (renewed | section.sticky_with_contract))
    churn = frame["churn"].to_numpy(dtype=np.float64)
    safe = np.isnan(churn) | (churn <= section.sticky_churn)
    found = np.select(
        [~ever, ~active, loyal & safe], ["potential", "quiet", "sticky"], default="bought"
    )
    return pd.Series(found, index=frame.index, dtype="str", name="lifecycle")


def transitions(before: pd.DataFrame | None, now: pd.DataFrame) -> pd.DataFrame:
    """Count how many accounts went from which state to which since the run before.

    Parameters
    ----------
    before, now : pandas.DataFrame
        ``account_id`` and ``lifecycle`` of two runs; without the first there is no row.

    Returns
    -------
    pandas.DataFrame
        ``previous_state`` (`NEW` for accounts that were not there), ``state`` (`GONE` for those that
        are no longer) and ``accounts``, every combination that occurs.

    Examples
    --------
    >>> one = pd.DataFrame({"account_id": ["a", "b"], "lifecycle": ["bought", "bought"]})
    >>> two = pd.DataFrame({"account_id": ["a", "c"], "lifecycle": ["sticky", "potential"]})
    >>> transitions(one, two).values.tolist()
    [['bought', 'gone', 1], ['bought', 'sticky', 1], ['new', 'potential', 1]]
    """
    columns = ["account_id", "lifecycle"]
    if before is None:
        kinds = {"previous_state": "str", "state": "str", "accounts": "int64"}
        return no_rows(kinds)
    both = before[columns].merge(now[columns], on="account_id", how="outer", suffixes=("_1", "_2"))
    both["previous_state"] = both["lifecycle_1"].fillna(NEW)
    both["state"] = both["lifecycle_2"].fillna(GONE)
    counts = both.groupby(["previous_state", "state"], sort=True).size()
    return counts.rename("accounts").reset_index().astype({"previous_state": "str", "state": "str"})
