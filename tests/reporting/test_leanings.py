"""What the model leans on comes from the importance table, largest first."""

from __future__ import annotations

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
