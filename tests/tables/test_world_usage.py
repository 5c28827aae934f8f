"""Usage is told of contracts in force, and leads what becomes of them."""

from __future__ import annotations

import pandas as pd

from valuemodel.tables.world import World


def core(world: World) -> pd.DataFrame:
    """The use of the core product, with the contract that was in force: seats and place of terms."""
    rows = world.tables["usage"]
    rows = rows[rows["product_id"] == "M01"]
    law, terms = world.latent.agreements.law, world.latent.agreements.walked.terms
    account = rows["account_id"].str[1:].astype(int).to_numpy()
    day = (rows["time"] - pd.Timestamp(world.latent.origin.at)).dt.days.to_numpy()
    place = terms.at(law.account.searchsorted(account), day)
    assert (place >= 0).all()
    return rows.assign(seats=terms.seats[place], share=rows["users"] / terms.seats[place])


def test_nobody_uses_more_seats_than_are_in_force(whole: World) -> None:
    rows = core(whole)
    assert (rows["users"] <= rows["seats"]).all()
    assert (whole.tables["usage"]["quantity"] >= 0).all()
    others = whole.tables["usage"].query("product_id != 'M01'")
    assert others["users"].min() > 0


def test_a_period_is_known_when_it_is_over(whole: World) -> None:
    rows = whole.tables["usage"]
    waited = rows["known_at"] - rows["time"]
    assert waited.min() == pd.Timedelta("14D")
    assert 0.01 < (waited > pd.Timedelta("14D")).mean() < 0.03


def test_those_who_will_leave_use_less_before_they_give_notice(whole: World) -> None:
    rows, contracts = core(whole), whole.tables["contracts"]
    notice = contracts.dropna(subset="cancelled_at").set_index("account_id")["cancelled_at"]
    left = rows["account_id"].map(notice)
    before = rows["known_at"].lt(left) & (left - rows["known_at"] < pd.Timedelta("90D"))
    never = left.isna()
    assert rows["share"][before].mean() < rows["share"][never].mean() - 0.1
    long_before = left - rows["known_at"] > pd.Timedelta("500D")
    assert rows["share"][before].mean() < rows["share"][long_before].mean() - 0.05


def test_those_who_will_add_seats_use_more_before(whole: World) -> None:
    rows, contracts = core(whole), whole.tables["contracts"].sort_values(["contract_id", "start"])
    more = contracts["seats"] > contracts.groupby("contract_id")["seats"].shift(1)
    added = contracts[more].groupby("account_id")["known_at"].min()
    first = rows["account_id"].map(added)
    before = rows["known_at"].lt(first) & (first - rows["known_at"] < pd.Timedelta("60D"))
    assert rows["share"][before].mean() > rows["share"][first.isna()].mean() + 0.05


def test_the_volume_is_bounded(whole: World) -> None:
    accounts = len(whole.truth)
    assert len(whole.tables["usage"]) < 80 * accounts
    assert len(whole.tables["interactions"]) < 30 * accounts
