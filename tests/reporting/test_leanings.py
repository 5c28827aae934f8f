"""What the model leans on comes from the importance table, largest first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from valuemodel.reporting.leanings import leanings


@pytest.fixture(scope="module")
def tables(example):
    return example.tables(300)


def test_groups_lead_with_value_and_name_their_leading_facts(tables):
    found = leanings(tables)
    assert [group.label for group in found.groups][:2] == [
        "What it has been worth",
        "How recently and how often it buys",
    ]
    assert found.groups[1].churn == pytest.approx(0.118)
    assert found.groups[1].features[0] == "Days since the last order"
    assert found.churn["label"].iloc[0] == "How recently and how often it buys"
    assert found.accounts == 4000


def test_a_group_that_does_nothing_is_left_out(example):
    table = example.importance()
    table.loc[table["group"] == "profile", "mean_abs"] = 0.0
    found = leanings(example.tables(60, importance=table))
    assert "Who it is" not in [group.label for group in found.groups]
    assert len(found.groups) == 4


def test_no_importance_means_no_groups(example):
    found = leanings(example.tables(60, importance=example.importance().iloc[:0]))
    assert found.groups == []
    assert found.value.empty


def test_of_features_that_say_the_same_thing_one_is_named(example):
    table = example.importance()
    worth = table["label"].isin(["Value in the last 6 months", "Value so far"])
    table.loc[worth, "driver"] = "past_value"
    found = leanings(example.tables(60, importance=table))
    assert found.groups[0].features == ["Value in the last 6 months"]


def test_the_page_says_for_whom_there_are_reasons_and_how_far_they_hold(example):
    tables = example.tables(60)
    assert leanings(tables).told == leanings(tables).held == ""
    figures = {"top_overlap": 0.62, "same_sign": 0.98, "order": 0.9}
    of_run = {"accounts": 40, "of": 60, "rule": "accounts that change tier first"}
    of_run["stability"] = {"refits": 5, "learned_from": 1000, "value": figures, "churn": figures}
    found = leanings(replace(tables, manifest={**tables.manifest, "reasons": of_run}))
    assert found.told.startswith(
        "Reasons were computed for 40 of 60 accounts: accounts that change"
    )
    assert found.held.count("62% stayed among the three and 98% kept their direction") == 2
    assert "marked as weak" in found.held
    assert "cause" not in found.held + found.told
