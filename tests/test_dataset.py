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


TABLES_AT = {
    "touches_at": ["account_id", "as_of", "kind", "initiative", "touches", "hours", "last"],
    "projects_at": [
        *("account_id", "as_of", "project_id", "name", "time", "amount"),
        *("closeness_before", "closeness_after"),
    ],
    "credit_at": ["account_id", "as_of", "owner", "share"],
    "capability_gaps_at": ["product_id", "segment", "horizon", "gap", "as_of"],
}
TEXTS = {"account_id", "kind", "initiative", "project_id", "name", "owner"}
TEXTS |= {"product_id", "segment", "horizon"}


@pytest.mark.parametrize("name", TABLES_AT)
def test_tables_beside_the_facts_are_sorted_and_say_as_of_when(builder, name):
    found = getattr(builder, name)(CUTOFF)
    assert list(found) == TABLES_AT[name]
    assert len(found) > 0
    assert (found["as_of"] == CUTOFF.at).all()
    columns = [column for column in found if column not in ("as_of", "hours", "amount")]
    pd.testing.assert_frame_equal(found, found.sort_values(columns, ignore_index=True))


@pytest.mark.parametrize("name", TABLES_AT)
def test_tables_beside_the_facts_have_the_same_types_where_the_book_lacks_them(builder, name):
    found = getattr(builder, name)(CUTOFF)
    empty = getattr(builder_for(Book(BOOK.lines), settings_for()), name)(CUTOFF)
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == found.dtypes.to_dict()
    for column, kind in found.dtypes.items():
        time = "datetime64[us]" if column in ("as_of", "last", "time") else "float64"
        assert kind == ("str" if column in TEXTS else time)


@pytest.mark.parametrize("name", ["facts_at", *TABLES_AT])
def test_what_comes_later_and_the_order_of_rows_change_no_table(builder, name):
    found = getattr(builder, name)(CUTOFF)
    for book in (BOOK.known_before(CUTOFF), BOOK.shuffled(3)):
        again = getattr(builder_for(book, settings_for()), name)(CUTOFF)
        pd.testing.assert_frame_equal(again, found)


def test_touches_add_up_to_the_facts(builder):
    each = builder.touches_at(CUTOFF).groupby("account_id")
    facts = builder.facts_at(CUTOFF).set_index("account_id")
    met = facts.loc[list(each.groups)]
    planned = each.apply(lambda rows: rows.loc[rows["initiative"] == "planned", "touches"].sum())
    assert planned.to_list() == met["planned_12m"].to_list()
    assert each["hours"].sum(min_count=1).equals(met["hours_12m"].rename("hours"))
    assert each["last"].max().to_list() == met["last_contact"].to_list()
