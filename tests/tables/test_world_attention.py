"""Attention follows the tier of the time; what comes in by itself follows the present state."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.tables.world import World
from valuemodel.tables.world_attention import PLANNED


def tier_at(world: World, rows: pd.DataFrame) -> pd.Series:
    """The tier that each row's account had at the time."""
    accounts = world.accounts.sort_values("valid_from")
    found = pd.merge_asof(
        rows.sort_values("time"),
        accounts[["account_id", "valid_from", "current_tier"]],
        left_on="time",
        right_on="valid_from",
        by="account_id",
    )
    return found["current_tier"]


@pytest.mark.parametrize("name", ["whole", "only_contracts"])
def test_planned_attention_follows_the_tier_of_the_time(
    name: str, request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue(name)
    met = world.tables["interactions"]
    planned = met[met["initiative"] == "planned"]
    contacts = tier_at(world, planned).value_counts()
    accounts = world.accounts.sort_values(["account_id", "valid_from"])
    until = accounts.groupby("account_id")["valid_from"].shift(-1)
    until = until.fillna(pd.Timestamp(world.latent.until.at))
    since = accounts["valid_from"].clip(lower=pd.Timestamp(world.latent.origin.at))
    years = ((until - since).dt.days.clip(lower=0) / 365.25).groupby(accounts["current_tier"]).sum()
    rates = (contacts / years).sort_index()
    assert rates.to_dict() == pytest.approx(PLANNED, rel=0.1)


def test_nobody_is_met_before_being_in_the_book(whole: World) -> None:
    joined = whole.accounts.groupby("account_id")["valid_from"].min()
    for name in ("interactions", "costs", "opportunities", "projects", "usage"):
        rows = whole.tables[name]
        assert (rows["time"] >= rows["account_id"].map(joined)).all(), name
        assert (rows["known_at"] >= rows["time"]).all(), name


def test_tickets_rise_when_an_account_is_at_risk(only_contracts: World) -> None:
    met = only_contracts.tables["interactions"]
    tickets = met[met["kind"] == "ticket"]
    agreed, origin = only_contracts.latent.agreements, pd.Timestamp(only_contracts.latent.origin.at)
    which = agreed.law.account.searchsorted(tickets["account_id"].str[1:].astype(int))
    day = (tickets["time"] - origin).dt.days.to_numpy()
    counts = np.bincount(agreed.walked.health[which, day], minlength=3)
    days = [(agreed.walked.health == health).sum() for health in range(3)]
    rates = counts / days
    assert rates[0] < rates[1] < rates[2]
    assert (agreed.walked.terms.at(which, day) >= 0).all()


def test_a_person_rates_a_few_meetings_and_nothing_else(whole: World) -> None:
    met = whole.tables["interactions"]
    rated = met["rating"].notna()
    assert (met.loc[rated, "kind"] == "meeting").all()
    assert 0.02 < rated.mean() < 0.12
    assert met["rating"].dropna().between(0, 10).all()


def test_initiatives_have_their_kinds(whole: World) -> None:
    met = whole.tables["interactions"]
    assert ((met["kind"] == "ticket") == (met["initiative"] == "reactive")).all()
    assert set(met["initiative"]) == {"planned", "ad_hoc", "reactive"}
    assert (met["hours"] >= 0).all()
    assert met.groupby("kind")["hours"].mean().idxmax() == "meeting"
