from __future__ import annotations

import pandas as pd
import pytest

from tests.contracts.harness import Book, at, builder_for, settings_for
from tests.features.worked import CUTOFF, days_ago, features_of

ATTRIBUTES = {"industry": "NA", "employees": 40.0, "fleet_size": 3.0, "channel": "direct"}


def test_attributes_and_extra_columns_are_features_as_they_stood():
    row = {"account_id": "a", "valid_from": at("2021-12-31"), **ATTRIBUTES}
    later = {"account_id": "a", "valid_from": at("2022-01-01"), "industry": "tomorrow's"}
    found = features_of(days_ago(3), accounts=(row, later))
    assert found[list(ATTRIBUTES)].to_dict() == ATTRIBUTES


@pytest.mark.parametrize(("until", "expired"), [("2022-01-01", True), ("2022-01-02", False)])
def test_a_reference_counts_until_it_expires(until, expired):
    row = {"account_id": "a", "valid_from": None, "reference_score": 0.8}
    found = features_of(days_ago(3), accounts=(row | {"reference_until": at(until)},))
    assert pd.isna(found["reference_score"]) == expired


def test_without_an_accounts_table_the_columns_are_there_and_missing():
    book = Book((days_ago(3),))
    bare = builder_for(book, settings_for()).at(CUTOFF).X
    row = {"account_id": "a", "valid_from": None, **ATTRIBUTES}
    full = builder_for(Book(book.lines, (row,)), settings_for()).at(CUTOFF).X
    assert list(bare.columns) == list(full.columns)
    assert bare.dtypes.equals(full.dtypes)
    assert bare[list(ATTRIBUTES)].isna().all(axis=None)


def test_an_account_that_buys_but_is_not_listed_has_no_profile():
    found = features_of(days_ago(3), accounts=({"account_id": "b", "valid_from": None},))
    assert pd.isna(found["industry"])
    assert found["orders_total"] == 1
