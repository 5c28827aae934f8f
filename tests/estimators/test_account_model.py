"""All heads together: every account gets every number, and what stands in for a model is tagged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.account_model import AccountModel
from valuemodel.exceptions import DataRefused, UsageError


def test_predictions_are_complete_and_in_order(model, later):
    found = model.predict(later.X)
    assert list(found) == ["value_3m", "value_6m", "churn_3m", "churn_6m"] == model.output_names
    assert np.isfinite(found.to_numpy()).all()
    assert model.tags == {}
    assert model.tier_horizon == "6m"
    assert model.trained_until.text == "2021-01-01"


def test_features_are_known_by_name_order_and_kind(model, book):
    assert model.feature_names == list(book.X.columns)
    assert model.feature_kinds["region"] == "category"
    assert model.feature_kinds["orders_90d"] == "number"


def test_heads_say_the_same_together_as_alone(model, later):
    together = model.predict(later.X)
    alone = model.estimators["value"].predict_horizons(later.X)
    np.testing.assert_array_equal(together["value_3m"], alone["3m"])


def test_chunks_rows_and_columns_in_any_order_give_the_same_numbers(model, later):
    whole = model.predict(later.X)
    shuffled = later.X.sample(frac=1.0, random_state=0)[later.X.columns[::-1]].assign(note="x")
    pd.testing.assert_frame_equal(model.predict(shuffled).loc[whole.index], whole)
    parts = [model.predict(later.X.iloc[start : start + 37]) for start in range(0, 500, 37)]
    pd.testing.assert_frame_equal(pd.concat(parts), whole)


def test_the_row_order_of_training_does_not_move_predictions_much(book, fitted, later, model):
    order = np.random.default_rng(0).permutation(len(book.X))
    moved = replace(
        book,
        X=book.X.iloc[order].reset_index(drop=True),
        y=book.y.iloc[order].reset_index(drop=True),
        keys=book.keys.iloc[order].reset_index(drop=True),
    )
    first, second = model.predict(later.X), fitted(moved).predict(later.X)
    assert second["value_3m"].sum() == pytest.approx(first["value_3m"].sum(), rel=0.05)


def test_a_horizon_without_complete_windows_is_stretched_or_falls_back_and_says_so(
    book, fitted, later
):
    short = replace(book, y=book.y.assign(value_6m=np.nan, churn_6m=np.nan))
    model = fitted(short)
    assert model.tags == {
        "6m": "stretched: learned over 3m, no complete window; "
        "fallback: silence by recency over 3m, an upper bound, no complete window"
    }
    found = model.predict(later.X)
    assert (found["value_6m"] >= found["value_3m"]).all()
    assert (found["churn_6m"] <= found["churn_3m"]).all()


def test_a_shorter_helper_window_tells_silence_where_nothing_else_is_complete(book, fitted, later):
    y = book.y[["churn_3m"]].assign(value_6m=np.nan, churn_6m=np.nan)
    model = fitted(replace(book, y=y), horizons=("6m",))
    found = model.predict(later.X)
    np.testing.assert_array_equal(found["value_6m"], later.X["past_value_6m"])
    recent = later.X["recency_days"] < 100
    assert found["churn_6m"][recent].mean() < 0.15
    assert found["churn_6m"][~recent].mean() > 0.5
    assert "over 3m, an upper bound" in model.tags["6m"]


def test_without_any_complete_window_every_account_still_gets_a_number(book, fitted, later):
    y = pd.DataFrame({"value_6m": np.nan, "churn_6m": np.nan}, index=book.X.index)
    model = fitted(replace(book, y=y), horizons=("6m",))
    found = model.predict(later.X)
    np.testing.assert_array_equal(found["value_6m"], later.X["past_value_6m"])
    assert set(found["churn_6m"]) == {0.5}
    assert "churn risk of one half" in model.tags["6m"]


def test_one_class_falls_back_for_its_horizon_alone(book, fitted, later):
    model = fitted(replace(book, y=book.y.assign(churn_3m=0.0)))
    assert model.tags == {
        "3m": "fallback: silence by recency, 0 silent rows, at least 30 are needed"
    }
    found = model.predict(later.X)
    assert (found["churn_3m"] < 0.01).all()
    assert (found["churn_6m"] <= found["churn_3m"]).all()


def test_a_small_book_falls_back_and_does_not_fail(make, fitted):
    tiny = make(accounts=8, cutoffs=2)
    model = fitted(tiny, horizons=("3m",))
    assert "16 rows with a complete window, at least 100 are needed" in model.tags["3m"]
    assert np.isfinite(model.predict(tiny.X).to_numpy()).all()


@pytest.mark.parametrize("name", ["past_value", "average_retention"])
def test_baselines_are_account_models_too(book, fitted, later, name):
    model = fitted(book, name)
    assert model.name == name
    assert model.tags == {}
    found = model.predict(later.X)
    assert np.isfinite(found.to_numpy()).all()
    if name == "past_value":
        np.testing.assert_array_equal(found["value_6m"], later.X["past_value_6m"])


@pytest.mark.parametrize("name", ["past_value", "average_retention", "lightgbm"])
@pytest.mark.parametrize("target", ["value", "churn"])
def test_parts_lead_to_the_prediction(book, fitted, later, name, target):
    model = fitted(book, name)
    parts = model.link_parts(target, later.X, "3m")
    predicted = model.predict(later.X)[f"{target}_3m"]
    np.testing.assert_allclose(parts.predicted, predicted, rtol=1e-9, atol=1e-9)
    assert parts.contributions.shape[1:] == (len(later.X), len(model.feature_names))


def test_parts_of_an_unknown_horizon_are_refused(model, later):
    with pytest.raises(UsageError, match="no value of horizon '9y'"):
        model.link_parts("value", later.X, "9y")


def test_what_was_learned_survives_as_plain_data(model, later):
    again = AccountModel.from_state(model.to_state())
    pd.testing.assert_frame_equal(again.predict(later.X), model.predict(later.X))
    assert again.heads == model.heads


def test_nothing_to_learn_from_is_refused(book, fitted):
    with pytest.raises((UsageError, DataRefused), match="nothing to learn from"):
        fitted(replace(book, X=book.X.head(0), y=book.y.head(0), keys=book.keys.head(0)))
