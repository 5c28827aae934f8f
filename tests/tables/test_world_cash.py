"""Ordered, billed and paid is the same money at three times."""

from __future__ import annotations

import pandas as pd

from valuemodel.tables.world import World


def test_an_order_is_booked_billed_paid_in_this_order(whole: World) -> None:
    lines = whole.transactions
    joined = whole.accounts.groupby("account_id")["valid_from"].min()
    assert (lines["booked_at"] <= lines["time"]).all()
    assert (lines["booked_at"] >= lines["account_id"].map(joined)).all()
    paid = lines["collected_at"].notna()
    assert (lines["collected_at"] >= lines["time"])[paid].all()
    assert (lines["collected_at"] < pd.Timestamp(whole.latent.until.at))[paid].all()
    assert 0.95 < paid.mean() < 1.0


def test_the_lines_of_an_order_share_their_dates(whole: World) -> None:
    orders = whole.transactions.groupby("order_id")
    assert orders[["booked_at", "collected_at"]].nunique().max().max() == 1


def test_what_is_paid_reconciles_with_what_is_billed(whole: World) -> None:
    lines = whole.transactions
    paid = lines[lines["collected"].notna()]
    assert (lines["collected"].isna() == lines["collected_at"].isna()).all()
    bills = paid[paid["amount"] > 0]
    assert (bills["collected"] <= bills["amount"]).all()
    assert 0.01 < (bills["collected"] < bills["amount"]).mean() < 0.05
    refunds = paid[paid["amount"] < 0]
    assert refunds["collected"].equals(refunds["amount"])


def test_few_lines_are_written_down_late(whole: World) -> None:
    late = whole.transactions["known_at"] > whole.transactions["time"]
    assert 0.01 < late.mean() < 0.03
    assert (whole.transactions["known_at"] >= whole.transactions["time"]).all()
