"""Cost to serve follows hours; credit is whole, shared, or counted twice; gaps close in time."""

from __future__ import annotations

import pytest

from valuemodel.tables.schemas import TREATMENTS
from valuemodel.tables.world import World


def test_every_contact_costs_by_its_hours(whole: World) -> None:
    met, costs = whole.tables["interactions"], whole.tables["costs"]
    assert (met["time"] == costs["time"]).all()
    assert (met["account_id"] == costs["account_id"]).all()
    rate = (costs["amount"] / met["hours"])[met["hours"] > 1]
    assert rate.between(54, 86).all()
    assert costs["amount"].min() >= 0


def test_treatment_says_what_the_contact_was_for(whole: World) -> None:
    met, costs = whole.tables["interactions"], whole.tables["costs"]
    treated = costs["treatment"].groupby(met["kind"]).agg(set).to_dict()
    assert treated == {
        "ticket": {"cogs"},
        "meeting": {"sales_and_marketing"},
        "call": {"retention"},
        "email": {"retention"},
    }
    assert set(costs["treatment"]) == set(TREATMENTS)


def test_every_account_is_credited_once_but_for_a_few_mistakes(whole: World) -> None:
    credit = whole.tables["credit"]
    total = credit.groupby("account_id")["share"].sum()
    assert set(total.index) == set(whole.accounts["account_id"])
    assert set(total.round(6)) == {1.0, 2.0}
    assert (total > 1.5).sum() == 16
    shared = credit.groupby("account_id")["owner"].nunique() > 1
    assert shared.mean() == pytest.approx(0.154, abs=0.001)
    assert not credit.duplicated(["account_id", "owner"]).any()


def test_gaps_close_with_the_horizon(whole: World) -> None:
    gaps = whole.tables["capability_gaps"]
    assert (gaps["product_id"].isna() != gaps["segment"].isna()).all()
    wide = gaps.assign(of=gaps["product_id"].fillna(gaps["segment"])).pivot(
        index="of", columns="horizon", values="gap"
    )
    assert (wide["3 months"] >= wide["12 months"]).all()
    assert (wide["12 months"] >= wide["3 years"]).all()
