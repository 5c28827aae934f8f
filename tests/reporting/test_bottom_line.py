"""The bottom line adds up the book."""

from __future__ import annotations

import pytest

from valuemodel.reporting.bottom_line import bottom_line


@pytest.fixture(scope="module")
def tables(example):
    return example.tables(300)


@pytest.fixture(scope="module")
def joined(tables):
    both = tables.recommendations.merge(
        tables.predictions[["account_id", "value_6m", "past_value_6m", "churn_6m"]], on="account_id"
    )
    rank = {name: place for place, name in enumerate("ABCD")}
    return both.assign(new=both["tier"].map(rank), old=both["tier_by_past_value"].map(rank))


def test_the_bottom_line_adds_up_the_book(tables, joined):
    line = bottom_line(tables)
    assert (line.accounts, line.up, line.down) == (
        300,
        (joined["new"] < joined["old"]).sum(),
        (joined["new"] > joined["old"]).sum(),
    )
    assert line.expected == pytest.approx(joined["value_6m"].sum())
    assert line.expected_top == pytest.approx(joined.loc[joined["tier"] == "A", "value_6m"].sum())
    by_past = joined["tier_by_past_value"] == "A"
    assert line.expected_top_by_past == pytest.approx(joined.loc[by_past, "value_6m"].sum())
    risky = (joined["churn_6m"] > 0.5) & (joined["past_value_6m"] > 0)
    assert line.at_risk_accounts == risky.sum()
    assert line.at_risk_past == pytest.approx(joined.loc[risky, "past_value_6m"].sum())
    assert line.set_aside_rows == 137_243
    assert line.set_aside_money == pytest.approx(1_279_212.67)
