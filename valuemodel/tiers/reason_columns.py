"""The reasons among the recommendations: taken as they are given, and filled in once tiers are cut.

Why this way: tiers are cut without a model, and a large book explains only those whose reasons are read,
so the sentences come afterwards; here they only find their rows.
"""

from __future__ import annotations

import pandas as pd

from valuemodel.exceptions import UsageError
from valuemodel.tiers.stored_tables import once_each

REASON_COLUMNS = tuple(f"reason_{way}_{place}" for way in ("up", "down") for place in (1, 2, 3))
#: What goes with a higher prediction, among what can be moved at all.
LEVERS = "what_moves_up"


def with_reasons(recommendations: pd.DataFrame, reasons: pd.DataFrame) -> pd.DataFrame:
    """Fill in the reasons of a recommendations table; accounts that have none keep none.

    Tiers are cut first and explained afterwards, since a large book explains those that move.

    Parameters
    ----------
    recommendations : pandas.DataFrame
        From `assign_tiers`.
    reasons : pandas.DataFrame
        ``account_id`` and any of ``reason_up_1..3``, ``reason_down_1..3`` and ``what_moves_up``.

    Raises
    ------
    UsageError
        If the reasons repeat an account or hold other columns.

    Examples
    --------
    >>> table = pd.DataFrame({"account_id": ["a", "b"], "reason_up_1": None})
    >>> why = pd.DataFrame({"account_id": ["b"], "reason_up_1": ["Orders every week"]})
    >>> with_reasons(table, why)["reason_up_1"].tolist()
    [nan, 'Orders every week']
    """
    known = once_each(reasons, "reasons")
    unknown = set(known.columns) - {"account_id", "as_of", *REASON_COLUMNS, LEVERS}
    if unknown:
        problem = "the reasons hold account_id and reason columns only"
        raise UsageError(problem, received=", ".join(sorted(map(str, unknown))))
    accounts = recommendations["account_id"]
    found = known.set_index("account_id").reindex(accounts).set_axis(recommendations.index)
    told = [column for column in (*REASON_COLUMNS, LEVERS) if column in found]
    return recommendations.assign(**{column: found[column].astype("str") for column in told})
