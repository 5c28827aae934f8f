"""The pipeline reads like a real one, and every outcome is borne out by the contracts."""

from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.tables.world import World


@pytest.fixture(scope="module")
def deals(whole: World) -> pd.DataFrame:
    """One row per opportunity: how it began, where it stands, how many changes it had."""
    rows = whole.tables["opportunities"].groupby("opportunity_id")
    first, last = rows.first(), rows.last()
    return last.assign(opened=first["time"], began=first["stage"], changes=rows.size())


def test_an_opportunity_begins_qualified_moves_on_and_ends_once(
    whole: World, deals: pd.DataFrame
) -> None:
    rows = whole.tables["opportunities"]
    assert not rows.duplicated(["opportunity_id", "time"]).any()
    assert rows["time"].is_monotonic_increasing
    order = {"qualified": 0, "proposal": 1, "negotiation": 2, "won": 3, "lost": 3}
    place = rows["stage"].map(order).groupby(rows["opportunity_id"])
    assert (place.diff().dropna() >= 0).all()
    ended = rows["stage"].isin(["won", "lost"]).groupby(rows["opportunity_id"]).sum()
    assert ended.max() == 1
    assert (deals["began"] == "qualified").all()
    assert rows.groupby("opportunity_id")["account_id"].nunique().max() == 1


def test_opportunities_are_won_lost_and_open(whole: World, deals: pd.DataFrame) -> None:
    kinds = deals["stage"].groupby(deals["product_id"].str[:3]).value_counts(normalize=True)
    for product in ("M01", "M02", "SER"):
        assert 0.1 < kinds[product].get("lost", 0) < 0.9
        assert 0.1 < kinds[product].get("won", 0) < 0.95
    open_ = deals[~deals["stage"].isin(["won", "lost"])]
    assert 0 < len(open_) / len(deals) < 0.1
    closed = deals[deals["stage"].isin(["won", "lost"])]
    assert (closed["closed"] == closed["time"]).all()
    rows = whole.tables["opportunities"]
    still = rows[~rows["stage"].isin(["won", "lost"])]
    assert (still["closed"] > still["time"]).all()


def test_a_renewal_that_is_won_has_a_next_row_and_one_that_is_lost_has_none(
    whole: World, deals: pd.DataFrame
) -> None:
    contracts = whole.tables["contracts"]
    renewals = deals[(deals["product_id"] == "M01")].reset_index()
    signed = renewals.merge(contracts, on="account_id", suffixes=("", "_row"))
    follows = signed[signed["start"] > signed["time"]].groupby("opportunity_id").size()
    won = renewals.loc[renewals["stage"] == "won", "opportunity_id"]
    lost = renewals.loc[renewals["stage"] == "lost", "opportunity_id"]
    assert won.isin(follows.index).all()
    assert not lost.isin(follows.index).any()
    assert len(won) > 300
    assert len(lost) > 100
    lead = renewals["time"] - renewals["opened"]
    assert lead.max() < pd.Timedelta("52D")


def test_an_expansion_that_is_won_adds_seats_the_next_day(
    whole: World, deals: pd.DataFrame
) -> None:
    won = deals[(deals["stage"] == "won") & deals["product_id"].isin(["M02", "M03", "M04"])]
    rows = whole.tables["contracts"]
    starts = set(zip(rows["account_id"], rows["start"], strict=True))
    next_day = won["time"].dt.normalize() + pd.Timedelta("1D")
    assert set(zip(won["account_id"], next_day, strict=True)) <= starts
    assert len(won) > 200


def test_a_deal_that_moves_on_is_more_likely_to_be_won(whole: World, deals: pd.DataFrame) -> None:
    rows = whole.tables["opportunities"]
    near = rows.loc[rows["stage"] == "negotiation", "opportunity_id"]
    ended = deals[deals["stage"].isin(["won", "lost"]) & (deals["changes"] > 3)]
    moved = ended.index.isin(near)
    won = ended["stage"] == "won"
    assert won[moved].mean() > won[~moved].mean() + 0.2


def test_projects_are_the_talks_that_were_won(whole: World, deals: pd.DataFrame) -> None:
    projects = whole.tables["projects"]
    won = deals[(deals["product_id"] == "SERVICES") & (deals["stage"] == "won")]
    assert sorted(projects["time"]) == sorted(won["time"])
    assert projects["amount"].sum() == pytest.approx(won["value"].sum())
    assert projects["project_id"].is_unique
    assert (projects["amount"] > 0).all()
