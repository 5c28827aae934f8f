"""The accounts of the synthetic world hang together as those of a real book do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.tables.world_book import (
    COUNTRIES,
    INDUSTRIES,
    Book,
    account_columns,
    make_book,
    people,
    stratified,
)


@pytest.fixture(scope="module")
def book() -> Book:
    return make_book(3_000, 1_461, np.random.default_rng(1))


@pytest.fixture(scope="module")
def accounts(book: Book) -> pd.DataFrame:
    return account_columns(book, np.datetime64("2020-01-01", "D"), np.random.default_rng(2))


def test_a_country_lies_in_its_region(accounts: pd.DataFrame) -> None:
    lies_in = {country.name: country.region for country in COUNTRIES}
    assert (accounts["country"].map(lies_in) == accounts["region"]).all()


def test_an_owner_serves_one_region_with_a_book_of_sensible_size(accounts: pd.DataFrame) -> None:
    by_owner = accounts.groupby("owner")
    assert by_owner["region"].nunique().max() == 1
    assert by_owner.size().between(30, 90).all()
    assert not set(accounts["owner"]) & set(accounts["reviewer"])


def test_parents_exist_are_older_and_have_no_parents(accounts: pd.DataFrame) -> None:
    ids = accounts.set_index("account_id")
    children = accounts.dropna(subset="parent_id")
    parents = ids.loc[children["parent_id"]]
    assert 0.05 < len(children) / len(accounts) < 0.15
    assert parents["parent_id"].isna().all()
    assert (parents["valid_from"] < pd.Timestamp("2020-01-01")).all()
    stem = children["name"].str.split().str[0].to_numpy()
    assert (parents["name"].str.split().str[0].to_numpy() == stem).all()


def test_larger_firms_are_better_known_better_references_and_seat_more(
    accounts: pd.DataFrame,
) -> None:
    names = ["employees", "brand_score", "reference_score", "addressable_seats"]
    ranks = accounts[names].corr(method="spearman").loc["employees"]
    assert (ranks.drop("employees") > 0.5).all()
    scores = accounts[["brand_score", "reference_score"]]
    assert scores.min().min() >= 0
    assert scores.max().max() <= 100
    assert accounts.loc[accounts["reference_until"].notna(), "reference_score"].min() >= 60
    assert accounts["reference_until"].notna().mean() < 0.6


def test_gaps_are_few_but_there(accounts: pd.DataFrame) -> None:
    gaps = accounts[["industry", "employees", "brand_score", "reference_score"]].isna().mean()
    assert gaps.between(0.002, 0.2).all()
    assert accounts[["account_id", "name", "region", "country", "owner"]].notna().all(axis=None)


def test_shares_are_met_as_exactly_as_the_count_allows() -> None:
    shares = np.array([kind.share for kind in INDUSTRIES])
    counts = np.bincount(stratified(shares, 100, np.random.default_rng(3)))
    assert np.abs(counts - 100 * shares).max() <= 1


def test_nobody_shares_a_name_with_another_person() -> None:
    assert people(np.arange(2_000)).is_unique
