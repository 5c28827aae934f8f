"""All labels of each account beside its tier, in one table."""

from __future__ import annotations

import pandas as pd

from valuemodel.periods import Cutoff
from valuemodel.tiers.labels.classes import classify
from valuemodel.tiers.labels.cohorts import cohorts
from valuemodel.tiers.labels.grades import grades
from valuemodel.tiers.labels.layers import layers
from valuemodel.tiers.labels.lifecycle import lifecycle
from valuemodel.tiers.policy import TierPolicy


def account_labels(frame: pd.DataFrame, policy: TierPolicy, as_of: Cutoff) -> pd.DataFrame:
    """Label every account.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`, with ``rank``, its place in the ranking.
    policy : TierPolicy
        Its ``[labels]``.
    as_of : Cutoff
        The cutoff.

    Returns
    -------
    pandas.DataFrame
        ``account_id, class``, the layer's columns, ``grade, lifecycle`` and a ``cohort_<name>`` each, on
        the rows of the frame.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a"], "rank": [1]})
    >>> frame = account_frame(told, told, told.assign(arr=9.0), Horizon.parse("1 year"))
    >>> policy = TierPolicy.parse({"version": "1"})
    >>> found = account_labels(frame, policy, Cutoff.parse("2026-01-01"))
    >>> found[["class", "lifecycle"]].values.tolist()
    [['serve', 'sticky']]
    """
    section = policy.labels
    classes = classify(frame, section)
    table = pd.DataFrame({"account_id": frame["account_id"], "class": classes})
    table = table.join(layers(classes, section))
    table["grade"] = grades(frame["rank"].to_numpy(dtype="int64"), classes, section)
    table["lifecycle"] = lifecycle(frame, section.lifecycle, as_of)
    return table.join(cohorts(frame, section))
