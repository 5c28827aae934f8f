"""Moves hold every account, and name the largest with their reasons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from valuemodel.reporting.bottom_line import bottom_line
from valuemodel.reporting.moves import moves


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


def test_the_matrix_holds_every_account_and_all_expected_money(tables, joined):
    cells = [cell for row in moves(tables).matrix for cell in row]
    assert sum(cell.accounts for cell in cells) == 300
    assert sum(cell.expected for cell in cells) == pytest.approx(joined["value_6m"].sum())
    matrix = moves(tables).matrix
    assert matrix[1][0].accounts == ((joined["old"] == 1) & (joined["new"] == 0)).sum()
    assert (matrix[1][0].way, matrix[0][1].way, matrix[2][2].way) == ("up", "down", "same")


def test_the_largest_moves_are_named_with_their_reasons(tables, joined):
    found = moves(tables)
    rising = joined[joined["new"] < joined["old"]].nlargest(15, "value_6m")["account_id"].tolist()
    falling = (
        joined[joined["new"] > joined["old"]].nlargest(15, "past_value_6m")["account_id"].tolist()
    )
    assert [mover.account_id for mover in found.up] == rising
    assert [mover.account_id for mover in found.down] == falling
    assert all("adds about" in mover.reasons[0] for mover in found.up)
    assert all("takes about" in mover.reasons[0] for mover in found.down)
    assert all(mover.move_reason and mover.binding_rule for mover in found.up)


def test_moves_by_region_add_up_to_all_moves(tables):
    found, line = moves(tables), bottom_line(tables)
    assert found.by == "region"
    assert sum(group.up for group in found.groups) == line.up
    assert sum(group.down for group in found.groups) == line.down
    assert sum(group.accounts for group in found.groups) == 300


def test_many_owners_are_summed_up_and_unknown_ones_named(example):
    predictions, facts = example.book(300)
    facts = facts.assign(
        region=None, owner=[f"Owner {n % 40:02}" if n % 3 else None for n in range(300)]
    )
    found = moves(example.tables(300, account_facts=facts))
    assert found.by == "owner"
    assert len(found.groups) == 13
    assert found.groups[-1].name.endswith("others")
    assert "(not known)" in [group.name for group in found.groups]
    assert sum(group.accounts for group in found.groups) == len(predictions)


def test_without_regions_and_owners_there_is_no_such_table(example):
    _, facts = example.book(60)
    assert moves(example.tables(60, account_facts=facts[["account_id"]])).groups == []


def test_what_is_under_contract_is_shown_where_it_is_known(example):
    predictions, facts = example.book(120)
    facts = facts.assign(
        arr=[1200.0 if n % 2 else None for n in range(120)],
        renewal_date=pd.to_datetime(["2012-01-31 10:00" if n % 2 else None for n in range(120)]),
        closeness=61.6,
        closeness_automatic=43.2,
        closeness_manual=[80.0 if n % 2 else None for n in range(120)],
    )
    under = set(facts["account_id"][1::2])
    found = moves(example.tables(120, account_facts=facts))
    for mover in (*found.up, *found.down):
        if mover.account_id in under:
            assert mover.arr == 1200.0
            assert mover.facts == [
                "renewal 2012-01-31",
                "closeness 62 of 100 (automatic 43, manual 80)",
            ]
        else:
            assert np.isnan(mover.arr)
            assert mover.facts == ["closeness 62 of 100 (automatic 43)"]
    assert len(predictions) == 120


def test_accounts_without_a_risk_are_named_all_the_same(example):
    tables = example.tables(120)
    tags = "no_contract;loss_making"
    none = replace(tables, predictions=tables.predictions.assign(churn_6m=np.nan, tags=tags))
    found = moves(none)
    assert [mover.account_id for mover in found.up] == [
        mover.account_id for mover in moves(tables).up
    ]
    assert np.isnan(found.up[0].churn)
    assert found.up[0].tags == ["no contract", "expected to lose money"]
    assert bottom_line(none).at_risk_accounts == 0
    assert bottom_line(none).no_contract == bottom_line(none).loss_making == 120
