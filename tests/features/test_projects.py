from __future__ import annotations

from tests.features.whole_account import group_of, row

LONG_AGO = row("projects", 3000, "other", project_id="z", amount=1)
SHOWN = ["projects_365d", "projects_730d", "project_recency_days", "project_value_730d"]


def project(days, amount=10, name="1", **columns):
    return row("projects", days, project_id=name, amount=amount, **columns)


def projects_of(*rows, others=(LONG_AGO,)):
    return group_of("projects", projects=(*rows, *others)).loc["a"]


def test_projects_are_counted_by_when_they_began():
    found = projects_of(
        project(40), project(365, 30, "2"), project(730, None, "3"), project(731, 99, "4")
    )
    assert found[SHOWN].to_list() == [2, 3, 40, 40]


def test_one_large_project_shows_as_such():
    assert projects_of(project(5, 90), project(6, 10, "2"))["top_project_share_730d"] == 0.9


def test_without_amounts_there_is_no_largest_project():
    found = projects_of(project(5, None))
    assert found["projects_365d"] == 1
    assert found[["top_project_share_730d"]].isna().all()


def test_an_account_without_projects_has_none():
    sold = (row("transactions", 3000, amount=1),)
    found = group_of("projects", transactions=sold, projects=(LONG_AGO,)).loc["a"]
    assert found[["projects_365d", "projects_730d", "project_value_730d"]].to_list() == [0, 0, 0]
    assert found[["project_recency_days", "top_project_share_730d"]].isna().all()


def test_years_before_the_records_are_unknown():
    found = projects_of(project(300), others=(project(400, account="b"),))
    assert found["projects_365d"] == 1
    assert found[["projects_730d", "project_value_730d"]].isna().all()
