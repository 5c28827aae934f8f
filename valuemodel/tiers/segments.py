"""Which segment each account belongs to, where the policy cuts segments by lines of their own (S4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.tiers.assignment import Assignment
from valuemodel.tiers.labels.classes import classify
from valuemodel.tiers.policy import TierPolicy


def segments(frame: pd.DataFrame, policy: TierPolicy) -> npt.NDArray[np.object_] | None:
    """Return the segment of each account, None where it has none; nothing without such lines.

    Parameters
    ----------
    frame : pandas.DataFrame
        The account frame.
    policy : TierPolicy
        Its ``[segments]``: by a fact, or by the class that its ``[labels]`` give.
    """
    if policy.segments is None:
        return None
    if policy.segments.by == "class":
        return classify(frame, policy.labels).to_numpy(dtype=object)
    return frame[policy.segments.by].to_numpy(dtype=object)


def line_table(found: Assignment, policy: TierPolicy) -> pd.DataFrame:
    """Lay out where each line falls, in the whole book and in each segment.

    Parameters
    ----------
    found : Assignment
        The tiers.
    policy : TierPolicy
        The policy that drew them.

    Returns
    -------
    pandas.DataFrame
        ``segment`` ("whole book" first), ``tier, accounts`` (of the tier and those above),
        ``share_of_value, binding_rule``, and how many accounts each rule alone would let stand above:
        ``by_value, by_accounts, by_top, by_people`` (missing where a tier does not say).
    """
    lines = [*found.lines, *found.segment_lines]
    table = pd.DataFrame(
        {
            "segment": ["whole book" if one.segment is None else one.segment for one in lines],
            "tier": [one.tier for one in lines],
            "accounts": [one.accounts for one in lines],
            "share_of_value": [one.share_of_value for one in lines],
            "binding_rule": [one.rule for one in lines],
            **{
                f"by_{rule}": pd.array([one.allows.get(rule) for one in lines], dtype="Int64")
                for rule in ("value", "accounts", "top", "people")
            },
        }
    )
    rules = {tier.name: tier.rule for tier in policy.tiers}
    return table.assign(rule=table["tier"].map(rules))
