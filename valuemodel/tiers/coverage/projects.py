"""What projects do for the relationship with an account, and which way each project goes (S10).

Every project is to bring the account closer: what closeness was before and after it stands beside it, and
what it contributed is the difference. Big projects go through the process, small ones through a green
channel; where the line lies is the company's own figure.

Why this way: closeness moves for many reasons, so a contribution says what happened during a project, not
what the project caused; what happened while two projects ran counts for both. Without a line of the
company, or without an amount, no route is made up.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.tiers.policy import TierPolicy

PROCESS, GREEN_CHANNEL = "process", "green channel"

ROUTE_TYPES: dict[str, str] = {
    "account_id": "str",
    "project_id": "str",
    "name": "str",
    "time": "datetime64[us]",
    "amount": "float64",
    "route": "str",
    "closeness_before": "float64",
    "closeness_after": "float64",
    "contribution": "float64",
    "closer": "boolean",
}
TOTAL_TYPES: dict[str, str] = {
    "account_id": "str",
    "projects": "int64",
    "amount": "float64",
    "contribution": "float64",
    "judged": "int64",
    "closer": "int64",
}


def project_routes(projects: pd.DataFrame | None, policy: TierPolicy) -> pd.DataFrame:
    """Say of each project which way it goes and what it contributed to closeness.

    Parameters
    ----------
    projects : pandas.DataFrame, optional
        The stored ``projects``: ``account_id, project_id, name, time, amount, closeness_before,
        closeness_after``; columns that a book lacks count as not known.
    policy : TierPolicy
        ``[coverage] small_project_below`` is the line between the routes.

    Returns
    -------
    pandas.DataFrame
        Columns `ROUTE_TYPES`, by account, time and project. ``route`` is `PROCESS` or `GREEN_CHANNEL`
        and missing where the line or the amount is; ``contribution`` is closeness after less before,
        ``closer`` says whether it is above 0, both missing where either is.

    Examples
    --------
    >>> projects = pd.DataFrame({"account_id": ["a", "a"], "project_id": ["p", "q"]})
    >>> projects = projects.assign(amount=[900.0, 90.0], closeness_before=[40.0, 50.0])
    >>> projects = projects.assign(closeness_after=[46.0, None])
    >>> policy = TierPolicy.parse({"version": "1", "coverage": {"small_project_below": 500.0}})
    >>> project_routes(projects, policy)[["project_id", "route", "contribution"]].values.tolist()
    [['p', 'process', 6.0], ['q', 'green channel', nan]]
    """
    known = pd.DataFrame() if projects is None else projects
    table = known.reindex(columns=list(ROUTE_TYPES)).astype(ROUTE_TYPES)
    line = policy.coverage.small_project_below
    routes = np.where(table["amount"] < (0.0 if line is None else line), GREEN_CHANNEL, PROCESS)
    table["route"] = pd.Series(routes, index=table.index, dtype="str").where(
        table["amount"].notna() & (line is not None)
    )
    table["contribution"] = table["closeness_after"] - table["closeness_before"]
    closer = (table["contribution"] > 0.0).astype("boolean")
    table["closer"] = closer.mask(table["contribution"].isna())
    return table.sort_values(["account_id", "time", "project_id"], ignore_index=True)


def project_totals(routes: pd.DataFrame) -> pd.DataFrame:
    """Add up the projects of each account.

    Parameters
    ----------
    routes : pandas.DataFrame
        From `project_routes`.

    Returns
    -------
    pandas.DataFrame
        Columns `TOTAL_TYPES`, one row per account with projects: how many, their ``amount`` and
        ``contribution`` (missing where none is known), how many could be ``judged`` by closeness, and
        how many of these brought the account ``closer``.

    Examples
    --------
    >>> routes = project_routes(None, TierPolicy.parse({"version": "1"}))
    >>> project_totals(routes).empty
    True
    """
    each = routes.groupby("account_id")
    table = pd.DataFrame(
        {
            "projects": each.size(),
            "amount": each["amount"].sum(min_count=1),
            "contribution": each["contribution"].sum(min_count=1),
            "judged": each["contribution"].count(),
            "closer": each["closer"].sum(),
        }
    ).reset_index()
    return table[list(TOTAL_TYPES)].astype(TOTAL_TYPES)
