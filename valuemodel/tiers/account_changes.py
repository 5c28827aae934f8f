"""Accounts that are not what they were in the run before: new, gone, under another parent, owner or name.

Why this way: a tier that follows an account through a merger must be read by somebody who knows of it, and
an account that was split to look small must be seen by somebody who asks. So each change stands in a list
with what the account is worth, and what went away is listed with what it had been worth: no money of
either run is missing from the two sides.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from valuemodel.tiers.stored_tables import no_rows

CHANGE_TYPES: dict[str, str] = {
    "account_id": "str",
    "change": "str",
    "before": "str",
    "now": "str",
    "past_before": "float64",
    "past": "float64",
}
NEW, GONE = "new", "gone"
_FOLLOWED: Mapping[str, str] = {"parent_id": "parent", "owner": "owner", "name": "name"}


def account_changes(
    facts: pd.DataFrame | None, before: pd.DataFrame | None, past: str
) -> pd.DataFrame:
    """List what changed about accounts since the run before.

    Parameters
    ----------
    facts, before : pandas.DataFrame, optional
        ``account_facts`` of this run and of the one before; without either there is no row.
    past : str
        The column of past value, such as ``past_value_12m``.

    Returns
    -------
    pandas.DataFrame
        Columns `CHANGE_TYPES`: an account that is `NEW` or `GONE`, or whose ``parent``, ``owner`` or
        ``name`` is another; sorted by account and change. Past value is missing where the account was
        not, or is no longer.

    Examples
    --------
    >>> then = pd.DataFrame(
    ...     {"account_id": ["a", "b"], "parent_id": [None, None], "past": [5.0, 3.0]}
    ... )
    >>> today = pd.DataFrame(
    ...     {"account_id": ["a", "c"], "parent_id": ["c", None], "past": [6.0, 1.0]}
    ... )
    >>> account_changes(today, then, "past")[["account_id", "change", "now"]].values.tolist()
    [['a', 'parent', 'c'], ['b', 'gone', nan], ['c', 'new', nan]]
    """
    empty = no_rows(CHANGE_TYPES)
    if facts is None or before is None:
        return empty
    both = before.merge(
        facts, on="account_id", how="outer", suffixes=("_then", "_today"), indicator=True
    )
    worth = {"past_before": both.get(f"{past}_then"), "past": both.get(f"{past}_today")}
    told = pd.DataFrame({"account_id": both["account_id"], **worth})
    parts = [
        told.assign(change=word)[both["_merge"] == side]
        for word, side in ((NEW, "right_only"), (GONE, "left_only"))
    ]
    stays = both["_merge"] == "both"
    for column, word in _FOLLOWED.items():
        if f"{column}_then" not in both:
            continue
        then, today = both[f"{column}_then"], both[f"{column}_today"]
        other = stays & (then.fillna("") != today.fillna(""))
        parts.append(told.assign(change=word, before=then, now=today)[other])
    table = pd.concat([empty, *parts]).reindex(columns=list(CHANGE_TYPES)).astype(CHANGE_TYPES)
    return table.sort_values(["account_id", "change"], ignore_index=True)
