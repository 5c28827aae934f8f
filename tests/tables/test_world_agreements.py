"""Contracts and invoices as the contract desk and the order system hold them."""

from __future__ import annotations

import pandas as pd

from valuemodel.tables.world import World


def previous(contracts: pd.DataFrame) -> pd.DataFrame:
    """Each row beside the one before it of the same contract."""
    rows = contracts.sort_values(["contract_id", "start"], ignore_index=True)
    before = rows.groupby("contract_id").shift(1).add_suffix("_before")
    return pd.concat([rows, before], axis=1)


def test_every_row_follows_its_predecessor(whole: World) -> None:
    rows = previous(whole.tables["contracts"])
    first = rows["start_before"].isna()
    assert (rows.loc[first, "contract_id"].value_counts() == 1).all()
    later = rows[~first]
    assert (later["start"] > later["start_before"]).all()
    # A row begins in the term before it, at its end, or after silent automatic renewals.
    renewed = later["start"] >= later["end_before"]
    assert (later["start"] <= later["end_before"])[~later["auto_renew"] & renewed].all()
    assert later["cancelled_at_before"].isna().all()
    assert len(later) > 1_000


def test_a_renewal_is_signed_before_it_starts_but_for_a_few(whole: World) -> None:
    rows = previous(whole.tables["contracts"])
    renewal = rows[rows["start"] == rows["end_before"]]
    late = renewal["known_at"] > renewal["start"]
    assert 0.01 < late.mean() < 0.05
    assert (renewal["known_at"] - renewal["start"]).max() < pd.Timedelta("22D")
    early = (renewal["start"] - renewal["known_at"])[~late]
    assert early.between(pd.Timedelta("29D"), pd.Timedelta("90D")).all()
    assert not renewal["auto_renew"][late].any()


def test_notice_is_given_before_the_end_and_nothing_follows(whole: World) -> None:
    contracts = whole.tables["contracts"]
    given = contracts[contracts["cancelled_at"].notna()]
    ends = given["end"].notna()
    assert (given["cancelled_at"] < given["end"])[ends & ~given["auto_renew"]].all()
    assert (given["cancelled_at"] > given["start"]).all()
    last = contracts.groupby("contract_id")["start"].max()
    assert (given["start"] == given["contract_id"].map(last)).all()
    assert given["auto_renew"][~ends].all()
    assert len(given) > 150


def test_no_contract_is_older_than_its_account(whole: World) -> None:
    joined = whole.accounts.groupby("account_id")["valid_from"].min()
    contracts = whole.tables["contracts"]
    for name in ("start", "known_at"):
        assert (contracts[name] >= contracts["account_id"].map(joined)).all()
    assert contracts.groupby("contract_id")["account_id"].nunique().max() == 1


def test_prices_move_at_renewals_only(whole: World) -> None:
    rows = previous(whole.tables["contracts"])
    later = rows[rows["start_before"].notna()]
    change = (later["arr"] / later["seats"]) / (later["arr_before"] / later["seats_before"]) - 1
    renewal = later["start"] >= later["end_before"]
    assert change[~renewal].abs().max() < 1e-4
    assert change[renewal].between(-1e-4, 0.0801).all()
    assert change[renewal].mean() > 0.02


def test_a_line_under_contract_has_a_contract_in_force(whole: World) -> None:
    lines = whole.transactions[whole.transactions["under_contract"]]
    law = whole.latent.agreements.law
    terms = whole.latent.agreements.walked.terms
    account = lines["account_id"].str[1:].astype(int).to_numpy()
    day = (lines["time"] - pd.Timestamp(whole.latent.origin.at)).dt.days.to_numpy()
    place = terms.at(law.account.searchsorted(account), day)
    assert (law.account[law.account.searchsorted(account)] == account).all()
    assert (place >= 0).all()
    assert (lines["amount"].to_numpy() - terms.arr[place] / 4).round(2).max() <= 0.01
    assert len(lines) > 10_000


def test_invoices_bring_what_contracts_earn(whole: World) -> None:
    lines = whole.transactions
    billed = lines.loc[lines["under_contract"], "amount"].sum()
    terms = whole.latent.agreements.walked.terms
    earned = terms.earned(len(whole.latent.agreements.law.account), 0, 5 * 365).sum()
    assert 0.95 < billed / earned < 1.1
