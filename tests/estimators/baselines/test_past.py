"""The baselines say exactly what their names say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators import (
    AverageRetentionRegressor,
    PastValueRegressor,
)
from valuemodel.exceptions import ModelRefused


def test_past_value_is_the_column_of_each_horizon(book):
    model = PastValueRegressor().fit(book.X, book.targets("value"))
    found = model.predict_horizons(book.X)
    np.testing.assert_array_equal(found["3m"], book.X["past_value_3m"])
    np.testing.assert_array_equal(model.predict(book.X), book.X["past_value_6m"])


def test_past_value_needs_the_column_of_its_horizon(book):
    with pytest.raises(ModelRefused, match="'past_value_1y' is needed"):
        PastValueRegressor().fit(book.X, pd.DataFrame({"1y": book.y["value_3m"]}))


def test_past_value_needs_no_complete_window(book):
    y = pd.DataFrame({"6m": np.nan}, index=book.X.index)
    np.testing.assert_array_equal(
        PastValueRegressor().fit(book.X, y).predict(book.X), book.X["past_value_6m"]
    )


def test_retention_is_the_share_of_accounts_that_came_back():
    X = pd.DataFrame({"past_value_6m": [60.0, 60.0, 60.0, 0.0], "tenure_days": 1000.0})
    y = pd.DataFrame({"6m": [1.0, 0.0, 5.0, 70.0]})
    model = AverageRetentionRegressor().fit(X, y)
    assert model.retention_ == {"6m": 2 / 3}
    np.testing.assert_allclose(model.predict(X), [40.0, 40.0, 40.0, 0.0])


def test_the_average_is_taken_over_the_time_an_account_exists():
    X = pd.DataFrame({"past_value_1y": [365.25, 365.25], "tenure_days": [365.25 / 2, 4_000.0]})
    y = pd.DataFrame({"1y": [1.0, 1.0]})
    np.testing.assert_allclose(AverageRetentionRegressor().fit(X, y).predict(X), [730.5, 365.25])


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (PastValueRegressor, "value"),
        (AverageRetentionRegressor, "value"),
    ],
)
def test_parts_add_up_and_what_was_learned_survives(book, kind, target):
    model = kind().fit(book.X, book.targets(target))
    parts = model.link_parts(book.X, "3m")
    np.testing.assert_allclose(
        parts.from_link(parts.scores),
        model.predict_encoded(model.encoder_.transform(book.X))["3m"],
        rtol=1e-9,
        atol=1e-9,
    )
    again = kind.from_state(model.to_state())
    pd.testing.assert_frame_equal(again.predict_horizons(book.X), model.predict_horizons(book.X))
