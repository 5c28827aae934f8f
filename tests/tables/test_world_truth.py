"""What came true under contract agrees with the truth, and nothing told earlier knew it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.world import World, make_world

AS_OF = Cutoff.parse("2024-01-01")
EARLIER = Cutoff.parse("2022-07-01")
HORIZONS = (Horizon.parse("3 months"), Horizon.parse("1 year"))


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(8_000, as_of=AS_OF, horizons=HORIZONS, seed=17, book="whole")


@pytest.fixture(scope="module")
def came_true(world: World) -> Callable[[Cutoff, Horizon], pd.DataFrame]:
    """What came true in a window, looked up once."""
    return cache(lambda cutoff, horizon: realised(world, cutoff, horizon))


def covered_until(contracts: pd.DataFrame) -> pd.Series:
    """When each account's contracts stop for good, read from the rows as a contract desk would."""
    last = contracts.sort_values("start").drop_duplicates("account_id", keep="last")
    stop = []
    for row in last.itertuples():
        if pd.isna(row.end) or (row.auto_renew and pd.isna(row.cancelled_at)):
            stop.append(row.cancelled_at)
            continue
        end, years = row.end, round((row.end - row.start).days / 365.25)
        while row.auto_renew and end < row.cancelled_at:
            assert years > 0
            end += pd.DateOffset(years=years)
        stop.append(end)
    return pd.Series(stop, index=last["account_id"], dtype="datetime64[us]")


def contract_value(world: World, begin: Cutoff, end: Cutoff) -> pd.Series:
    """What contracts brought in a window, from their rows alone."""
    rows = world.tables["contracts"].sort_values(["account_id", "start"])
    follows = rows.groupby("account_id")["start"].shift(-1)
    stop = follows.fillna(rows["account_id"].map(covered_until(rows)))
    stop = stop.fillna(pd.Timestamp("2100-01-01")).dt.normalize().clip(upper=end.at)
    days = (stop - rows["start"].clip(lower=begin.at)).dt.days.clip(lower=0)
    return (rows["arr"] * days / 365).groupby(rows["account_id"]).sum()


def realised(world: World, cutoff: Cutoff, horizon: Horizon) -> pd.DataFrame:
    """What came true in the window, beside what was to be expected, per account."""
    end = horizon.after(cutoff)
    truth = world.truth_at(cutoff).set_index("account_id")
    lines = world.transactions[~world.transactions["under_contract"]]
    lines = lines[(lines["time"] >= cutoff.at) & (lines["time"] < end.at)]
    costs = world.tables["costs"]
    inside = (costs["time"] >= cutoff.at) & (costs["time"] < end.at)
    cogs = costs[inside & (costs["treatment"] == "cogs")].groupby("account_id")["amount"].sum()
    sums = lines.assign(margin=lines["amount"] - lines["cost"]).groupby("account_id")
    table = sums[["amount", "margin"]].sum().reindex(truth.index).fillna(0.0)
    table["contract_value"] = contract_value(world, cutoff, end).reindex(truth.index).fillna(0.0)
    table["value"] = table["amount"] + table["contract_value"]
    table["contribution"] = table["margin"] + table["contract_value"]
    table["contribution"] -= cogs.reindex(truth.index).fillna(0.0)
    stop = covered_until(world.tables["contracts"]).reindex(truth.index)
    table["lapse"] = ((stop >= cutoff.at) & (stop < end.at)).astype(float)
    for name in ("value", "contribution", "contract_value"):
        table[f"expected_{name}"] = truth[f"expected_{name}_{horizon.label}"]
    table["expected_lapse"] = truth[f"lapse_{horizon.label}"]
    return table.assign(health=truth["health"])


def surprise(drawn: pd.Series, expected: pd.Series) -> float:
    """How many standard errors the total of what was drawn lies from what was expected."""
    error = (drawn - expected).dropna()
    return float(error.sum() / np.sqrt((error**2).sum()))


@pytest.mark.parametrize("cutoff", [AS_OF, EARLIER], ids=str)
@pytest.mark.parametrize("horizon", HORIZONS, ids=str)
def test_what_came_true_agrees_with_the_truth(came_true, cutoff: Cutoff, horizon: Horizon) -> None:
    table = came_true(cutoff, horizon)
    size = pd.qcut(table["expected_contract_value"].where(lambda v: v > 0), 3, labels=False)
    for name in ("value", "contribution", "contract_value", "lapse"):
        drawn, expected = table[name], table[f"expected_{name}"]
        assert abs(surprise(drawn, expected)) < 3.5, name
        for cells in (table["health"], size):
            found = {
                cell: surprise(drawn[rows.index], expected[rows.index])
                for cell, rows in table.groupby(cells)
                if expected[rows.index].notna().any()
            }
            assert {cell: z for cell, z in found.items() if abs(z) > 4.0} == {}, name


@pytest.mark.parametrize("horizon", HORIZONS, ids=str)
def test_a_lapse_is_as_frequent_as_its_probability_says(came_true, horizon: Horizon) -> None:
    table = came_true(AS_OF, horizon).dropna()
    for low, high in ((0, 0.02), (0.02, 0.08), (0.08, 0.2), (0.2, 0.5), (0.5, 1.01)):
        group = table[(table["expected_lapse"] >= low) & (table["expected_lapse"] < high)]
        p = group["expected_lapse"]
        assert len(group) > 10
        error = 4.0 * np.sqrt((p * (1 - p)).sum()) + 1.0
        assert abs(group["lapse"].sum() - p.sum()) < error, (low, high)


def test_what_was_agreed_before_the_cutoff_is_certain(world: World, came_true) -> None:
    table = came_true(AS_OF, HORIZONS[0]).dropna()
    contracts = world.tables["contracts"]
    given = contracts[contracts["cancelled_at"] < AS_OF.at].set_index("account_id")["end"]
    soon = given[(given >= AS_OF.at) & (given < HORIZONS[0].after(AS_OF).at)].index
    assert len(soon) > 10
    assert (table.loc[soon, "expected_lapse"] == 1.0).all()
    signed = contracts[(contracts["known_at"] < AS_OF.at) & (contracts["start"] >= AS_OF.at)]
    kept = table.index.intersection(signed["account_id"])
    assert len(kept) > 10
    assert (table.loc[kept, "expected_lapse"] == 0.0).all()


def test_a_lapse_is_told_of_accounts_seen_in_force_only(world: World) -> None:
    contracts, truth = world.tables["contracts"], world.truth.set_index("account_id")
    stop = covered_until(contracts)
    known = contracts[(contracts["known_at"] < AS_OF.at) & (contracts["start"] < AS_OF.at)]
    running = stop[stop.isna() | (stop >= AS_OF.at)].index.intersection(known["account_id"])
    told = truth.index[truth["lapse_1y"].notna()]
    assert set(told) <= set(running)
    unsigned = set(running) - set(told)
    late = contracts[(contracts["known_at"] >= AS_OF.at) & (contracts["start"] < AS_OF.at)]
    assert unsigned == set(late["account_id"]) & set(running)


def test_a_longer_window_makes_a_lapse_more_and_silence_less_likely(world: World) -> None:
    truth = world.truth
    lapse = truth[["lapse_3m", "lapse_1y"]].dropna()
    assert lapse.stack().between(0, 1).all()
    assert (lapse["lapse_3m"] <= lapse["lapse_1y"]).all()
    assert (truth["silence_1y"] <= truth["silence_3m"]).all()


def test_an_account_is_worth_what_both_books_bring(world: World) -> None:
    truth = world.truth
    alone = make_world(8_000, as_of=AS_OF, horizons=HORIZONS, seed=17).truth
    both = alone["expected_value_1y"] + truth["expected_contract_value_1y"]
    pd.testing.assert_series_equal(truth["expected_value_1y"], both, check_names=False)
    pd.testing.assert_series_equal(truth["silence_1y"], alone["silence_1y"])
    assert (truth["expected_contribution_1y"] <= truth["expected_margin_1y"]).all()


def test_without_purchases_all_value_is_contract_value(only_contracts: World) -> None:
    truth = only_contracts.truth
    assert not [name for name in truth if name.startswith(("silence", "state"))]
    pd.testing.assert_series_equal(
        truth["expected_value_1y"], truth["expected_contract_value_1y"], check_names=False
    )
    assert truth["lapse_1y"].notna().mean() > 0.5
    assert set(truth["health"]) == {"thriving", "steady", "at risk", "none"}


def test_the_truth_does_not_change_with_what_is_drawn_later() -> None:
    year, month = HORIZONS[1], Horizon.parse("1 month")
    worlds = [
        make_world(300, as_of=AS_OF, horizons=[year], seed=3, future=future, book="contracts")
        for future in (year, month)
    ]
    one, other = (world.truth.set_index("account_id") for world in worlds)
    lapse = pd.concat([one.pop("lapse_1y"), other.pop("lapse_1y")], axis=1).dropna()
    pd.testing.assert_frame_equal(one, other)
    np.testing.assert_array_equal(lapse.iloc[:, 0], lapse.iloc[:, 1])


def signs(world: World, cutoff: Cutoff) -> pd.DataFrame:
    """What anybody could see of each account before the cutoff, from tables that follow its state."""
    seen = {
        name: rows[(rows["known_at"] < cutoff.at) & (rows["time"] < cutoff.at)]
        for name, rows in world.tables.items()
        if {"known_at", "time"} <= {*rows}
    }
    lately = {
        name: rows[rows["time"] >= cutoff.at - pd.Timedelta("120D")] for name, rows in seen.items()
    }
    met, deals = lately["interactions"], seen["opportunities"]
    stage = (
        deals.drop_duplicates("opportunity_id", keep="last").groupby("account_id")["stage"].last()
    )
    return pd.DataFrame(
        {
            "used": lately["usage"].groupby("account_id")["users"].mean(),
            "tickets": met[met["kind"] == "ticket"].groupby("account_id").size(),
            "met": met[met["kind"] != "ticket"].groupby("account_id").size(),
            "rating": seen["interactions"].groupby("account_id")["rating"].mean(),
            "project": seen["projects"].groupby("account_id").size(),
            "stage": stage.map({name: place for place, name in enumerate(sorted(set(stage)))}),
        }
    )


@pytest.mark.parametrize("cutoff", [AS_OF, EARLIER], ids=str)
@pytest.mark.parametrize("name", ["value", "contribution", "lapse"])
def test_nothing_that_could_be_seen_knows_more_than_the_truth(
    world: World, came_true, cutoff: Cutoff, name: str
) -> None:
    table = came_true(cutoff, HORIZONS[1])
    known = signs(world, cutoff).reindex(table.index)
    for sign in known:
        cells = pd.qcut(known[sign].rank(), 4, labels=False, duplicates="drop").fillna(-1)
        for cell, rows in table.groupby(cells):
            if rows[f"expected_{name}"].notna().sum() > 30:
                z = surprise(rows[name], rows[f"expected_{name}"])
                assert abs(z) < 4.0, (sign, cell)
