from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.tiers.coverage.projects import (
    GREEN_CHANNEL,
    PROCESS,
    ROUTE_TYPES,
    TOTAL_TYPES,
    project_routes,
    project_totals,
)
from valuemodel.tiers.policy import TierPolicy

LINE = TierPolicy.parse({"version": "1", "coverage": {"small_project_below": 10_000.0}})
NO_LINE = TierPolicy.parse({"version": "1"})
PROJECTS = pd.DataFrame(
    {
        "account_id": ["b", "a", "a", "a"],
        "as_of": pd.Timestamp("2026-01-01"),
        "project_id": ["p1", "p2", "p3", "p4"],
        "name": ["one", None, "three", "four"],
        "time": pd.to_datetime(["2025-01-01", "2025-03-01", "2025-02-01", "2025-04-01"]),
        "amount": [10_000.0, 9_999.99, None, 500.0],
        "closeness_before": [50.0, 40.0, 30.0, None],
        "closeness_after": [50.0, 46.0, 25.0, 60.0],
    }
)


def test_big_projects_go_through_the_process_and_small_ones_through_the_green_channel() -> None:
    routes = project_routes(PROJECTS, LINE).set_index("project_id")["route"]
    assert routes.dropna().to_dict() == {"p1": PROCESS, "p2": GREEN_CHANNEL, "p4": GREEN_CHANNEL}
    assert routes.isna()["p3"]


def test_no_route_is_made_up_without_a_line_of_the_company() -> None:
    assert project_routes(PROJECTS, NO_LINE)["route"].isna().all()


def test_a_project_contributes_the_closeness_after_it_less_that_before() -> None:
    routes = project_routes(PROJECTS, LINE)
    assert routes["project_id"].tolist() == ["p3", "p2", "p4", "p1"]
    assert routes["contribution"].fillna(99.0).tolist() == [-5.0, 6.0, 99.0, 0.0]
    assert routes["closer"].astype(object).where(routes["closer"].notna(), None).tolist() == [
        False,
        True,
        None,
        False,
    ]


def test_projects_of_an_account_add_up() -> None:
    totals = project_totals(project_routes(PROJECTS, LINE)).set_index("account_id")
    assert totals.loc["a"].to_dict() == pytest.approx(
        {"projects": 3, "amount": 10_499.99, "contribution": 1.0, "judged": 2, "closer": 1}
    )
    assert totals.loc["b", ["projects", "closer"]].tolist() == [1, 0]


@pytest.mark.parametrize(
    "projects", [None, PROJECTS.head(0), PROJECTS[["account_id", "project_id"]]]
)
def test_what_a_book_lacks_is_missing_and_columns_stay(projects) -> None:
    routes = project_routes(projects, LINE)
    assert routes.dtypes.astype(str).to_dict() == ROUTE_TYPES
    assert routes[["route", "contribution", "closer"]].isna().all(axis=None)
    totals = project_totals(routes)
    assert totals.dtypes.astype(str).to_dict() == TOTAL_TYPES
    assert totals["projects"].sum() == len(routes)
