"""Names, order and kinds of features are enforced before any model reads them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.encoding import FeatureEncoder
from valuemodel.exceptions import ModelRefused, UsageError


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "orders": [1.0, 2.0, 3.0, 4.0],
            "days": [9.0, 8.0, 7.0, 6.0],
            "region": ["N", "S", "N", "W"],
        }
    )


@pytest.fixture
def encoder(table) -> FeatureEncoder:
    return FeatureEncoder(min_rows=1).fit(table)


def test_columns_may_come_in_any_order_and_beside_others(encoder, table):
    shuffled = table[["region", "days", "orders"]].assign(note="x")
    np.testing.assert_array_equal(encoder.transform(shuffled), encoder.transform(table))


def test_a_missing_column_is_refused_by_name(encoder, table):
    with pytest.raises(ModelRefused, match="days: missing"):
        encoder.transform(table.drop(columns="days"))


def test_text_where_a_number_was_learned_is_refused(encoder, table):
    with pytest.raises(ModelRefused, match="orders: str, but a number was learned"):
        encoder.transform(table.assign(orders="7"))


def test_a_number_where_a_category_was_learned_is_refused(encoder, table):
    with pytest.raises(ModelRefused, match="region: float64, but a category was learned"):
        encoder.transform(table.assign(region=1.0))


def test_infinite_numbers_are_refused_by_name(encoder, table):
    with pytest.raises(ModelRefused, match="infinite values in days"):
        encoder.transform(table.assign(days=[1.0, np.inf, 2.0, np.nan]))


def test_a_repeated_column_is_refused(encoder, table):
    twice = pd.concat([table, table[["days"]]], axis=1)
    with pytest.raises(ModelRefused, match="days: given more than once"):
        encoder.transform(twice)
    with pytest.raises(UsageError, match="repeated: \\['days'\\]"):
        FeatureEncoder().fit(twice)


def test_an_array_without_names_is_refused(encoder):
    with pytest.raises(UsageError, match="as a DataFrame"):
        encoder.transform(np.zeros((2, 3)))


def test_dates_are_refused(table):
    with pytest.raises(UsageError, match="since"):
        FeatureEncoder().fit(table.assign(since=pd.Timestamp("2020-01-01")))


def test_levels_are_ordered_by_frequency_then_name_and_capped():
    X = pd.DataFrame({"c": ["b", "a", "z", "z", "b", "a", "rare"]})
    encoder = FeatureEncoder(max_levels=2, min_rows=2).fit(X)
    assert encoder.levels_ == {"c": ["a", "b"]}


def test_unseen_rare_and_missing_levels_are_all_read_as_missing(table):
    encoder = FeatureEncoder(min_rows=2).fit(table)
    column = pd.Series(["N", "W", "moon", None], dtype="str")
    codes = encoder.transform(table.assign(region=column))[:, 2]
    np.testing.assert_array_equal(codes, [0.0, np.nan, np.nan, np.nan])


def test_the_row_order_of_training_changes_nothing(table):
    learned = FeatureEncoder(min_rows=1).fit(table.iloc[::-1])
    assert learned.to_json() == FeatureEncoder(min_rows=1).fit(table).to_json()


def test_integers_booleans_and_nullable_numbers_are_numbers():
    X = pd.DataFrame({"a": [1, 2], "b": [True, False], "c": pd.array([1, None], dtype="Int64")})
    encoder = FeatureEncoder().fit(X)
    np.testing.assert_array_equal(encoder.transform(X), [[1, 1, 1], [2, 0, np.nan]])
    assert encoder.kinds == {"a": "number", "b": "number", "c": "number"}


def test_what_was_learned_survives_as_plain_data(encoder, table):
    again = FeatureEncoder.from_json(encoder.to_json())
    np.testing.assert_array_equal(again.transform(table), encoder.transform(table))


@pytest.mark.parametrize(
    ("before", "now", "named"),
    [(0.0, 0.9, True), (0.5, 1.0, True), (0.6, 1.0, False), (0.0, 0.8, False)],
)
def test_a_column_that_dried_up_is_named_one_that_was_always_thin_is_not(before, now, named):
    def column(missing):
        return pd.DataFrame(
            {"x": [np.nan] * round(10 * missing) + [1.0] * round(10 - 10 * missing)}
        )

    encoder = FeatureEncoder.from_json(FeatureEncoder().fit(column(before)).to_json())
    assert encoder.newly_missing(column(now)) == (["x"] if named else [])


@pytest.mark.parametrize(
    ("share", "named"), [(0.0, False), (0.04, False), (0.1, True), (1.0, True)]
)
def test_a_category_whose_codes_were_renamed_is_named_with_its_share(share, named):
    known = ["north"] * 100 + ["south"] * 90 + ["rare"] * 10
    encoder = FeatureEncoder.from_json(FeatureEncoder().fit(pd.DataFrame({"r": known})).to_json())
    spoiled = round(200 * share)
    now = pd.DataFrame({"r": ["North"] * spoiled + (known * 2)[-(200 - spoiled) :]})[:200]
    found = encoder.newly_unknown(now)
    assert list(found) == (["r"] if named else [])
    assert encoder.unknown_ == {"r": 0.05}
