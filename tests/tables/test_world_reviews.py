"""Tiers and owners of the synthetic world are told as they stood, never from hindsight."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.schemas import ACCOUNTS
from valuemodel.tables.world import World, make_world

AS_OF = Cutoff.parse("2024-01-01")
YEAR = Horizon.parse("1 year")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3_000, as_of=AS_OF, horizons=[YEAR], seed=11)


@pytest.mark.parametrize("review", ["2022-11-01", "2023-11-01"])
def test_a_tier_follows_the_year_before_its_review_and_is_sometimes_stale(
    world: World, review: str
) -> None:
    at = Cutoff.parse(review)
    lines = world.transactions
    year = lines[(lines["time"] >= YEAR.before(at).at) & (lines["time"] < at.at)]
    rows = world.accounts[world.accounts["valid_from"] <= at.at]
    joined = rows.groupby("account_id")["valid_from"].min()
    known = joined.index[joined < at.at]
    revenue = year.groupby("account_id")["amount"].sum().reindex(known).fillna(0.0)
    rank = revenue.rank(ascending=False, pct=True).to_numpy()
    due = np.select([rank <= 0.05, rank <= 0.2, rank <= 0.5], ["A", "B", "C"], "D")
    shown = rows.drop_duplicates("account_id", keep="last").set_index("account_id")
    agrees = (shown.loc[known, "current_tier"].to_numpy() == due).mean()
    assert 0.85 < agrees < 0.98


def test_rows_of_an_account_differ_and_begin_before_the_cutoff(world: World) -> None:
    accounts = world.accounts
    # This business keeps no score of how well an account fits; the column is the only one it lacks.
    assert set(accounts.columns) == {*ACCOUNTS.names} - {"fit_score"}
    assert not accounts.duplicated(["account_id", "valid_from"]).any()
    assert accounts.equals(accounts.sort_values(["account_id", "valid_from"], ignore_index=True))
    assert accounts["valid_from"].max() < pd.Timestamp(AS_OF.at)
    again = accounts["account_id"].duplicated()
    names = ["current_tier", "owner"]
    assert again.sum() > 100
    assert (accounts[names] != accounts[names].shift(1))[again].any(axis=1).all()


def test_an_owner_is_followed_by_one_of_the_same_region(world: World) -> None:
    assert world.accounts.groupby("owner")["region"].nunique().max() == 1
    assert world.accounts.groupby("account_id")["owner"].nunique().max() > 1
