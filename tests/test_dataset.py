from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.contracts.harness import Book, builder_for, random_book, settings_for
from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff

BOOK = random_book(seed=7)
CUTOFF, UNTIL = Cutoff.parse("2021-06-01"), Cutoff.parse("2021-12-01")


@pytest.fixture(scope="module")
def builder():
    return builder_for(BOOK, settings_for())


def test_rows_and_columns_of_features_labels_and_keys_correspond(builder):
    data = builder.at(CUTOFF, labels_until=UNTIL)
    assert len(data) == len(data.X) == len(data.y) == len(data.keys)
    assert list(data.X.columns) == [feature.name for feature in data.features]
    promised = [f"{head}_{label}" for head in ("value", "churn") for label in ("1m", "26w", "1y")]
    assert list(data.y.columns) == [*promised, "winnability_1m"]
    assert data.keys.account_id.is_monotonic_increasing
    assert data.keys.account_id.is_unique
    assert data.X.index.equals(pd.RangeIndex(len(data)))


def test_types_are_those_that_estimators_expect(builder):
    data = builder.at(CUTOFF, labels_until=UNTIL)
    for feature in data.features:
        expected = "str" if feature.kind == "category" else "float64"
        assert data.X[feature.name].dtype == expected
    assert (data.y.dtypes == "float64").all()
    assert data.keys.dtypes.to_list() == [pd.StringDtype(na_value=np.nan), "datetime64[us]"]
    assert not np.isinf(data.X.select_dtypes("number")).any(axis=None)


def test_labels_of_a_window_that_is_not_complete_are_missing(builder):
    data = builder.at(CUTOFF, labels_until=UNTIL)
    assert data.y[["value_1m", "value_26w"]].notna().all(axis=None)
    assert data.y[["value_1y", "churn_1y"]].isna().all(axis=None)


def test_without_an_end_of_labels_there_are_none(builder):
    assert builder.at(CUTOFF).y is None


def test_asking_for_labels_does_not_change_the_features(builder):
    with_labels = builder.at(CUTOFF, labels_until=UNTIL)
    assert builder.at(CUTOFF).X.equals(with_labels.X)


def test_a_stack_is_its_snapshots_one_under_the_other(builder):
    cutoffs = [Cutoff.parse("2020-06-01"), CUTOFF]
    stack = builder.stack(cutoffs, labels_until=UNTIL)
    parts = [builder.at(cutoff, labels_until=UNTIL) for cutoff in cutoffs]
    assert stack.X.equals(pd.concat([part.X for part in parts], ignore_index=True))
    labels = pd.concat([part.y for part in parts], ignore_index=True)
    assert stack.y[labels.columns].equals(labels)
    assert stack.keys.cutoff.drop_duplicates().to_list() == [pd.Timestamp(c.at) for c in cutoffs]


def test_a_stack_of_nothing_is_refused(builder):
    with pytest.raises(UsageError, match="at least one cutoff"):
        builder.stack([], labels_until=UNTIL)


def test_a_cutoff_before_all_data_gives_an_empty_dataset_of_the_same_shape(builder):
    early = Cutoff.parse("2010-01-01")
    whole, empty = builder.at(CUTOFF, labels_until=UNTIL), builder.at(early, labels_until=UNTIL)
    assert len(empty) == 0
    assert list(empty.X.columns) == list(whole.X.columns)
    assert list(empty.y.columns) == list(whole.y.columns)
    assert empty.X.dtypes.equals(whole.X.dtypes)


def test_features_can_be_written_without_passing_through_memory(builder, tmp_path):
    path = tmp_path / "features.parquet"
    builder.connection.to_parquet(builder.features_at(CUTOFF), path)
    written = pd.read_parquet(path).sort_values("account_id", ignore_index=True)
    data = builder.at(CUTOFF)
    assert written["account_id"].to_list() == data.keys.account_id.to_list()
    assert written["past_value_1y"].to_list() == data.X["past_value_1y"].to_list()


def test_money_of_the_population_is_the_money_of_its_lines():
    data = builder_for(BOOK.without("contracts"), settings_for()).at(CUTOFF)
    lines = BOOK.known_before(CUTOFF).lines
    assert data.X["value_total"].sum() == pytest.approx(float(sum(row["amount"] for row in lines)))


def test_a_book_of_contracts_alone_has_values_and_lapses():
    rows = BOOK.tables["contracts"]
    builder = builder_for(Book(None, None, {"contracts": rows}), settings_for())
    data = builder.at(Cutoff.parse("2022-03-01"), labels_until=Cutoff.parse("2022-09-01"))
    held = data.X["under_contract"] == 1
    assert 0 < held.sum() < len(data)
    assert data.y["churn_26w"].notna().equals(held)
    assert (data.y["value_26w"] > 0).any()
    assert (data.y.loc[held, "churn_26w"] >= data.y.loc[held, "churn_1m"]).all()
    assert "recency_days" not in data.X.columns
    assert "past_value_1y" in data.X.columns
