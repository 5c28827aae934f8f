"""The RFM score says what accounts in the same cell brought, and takes itself apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.baselines.rfm import RfmRegressor
from valuemodel.exceptions import ModelRefused


@pytest.fixture
def cells():
    """Eight cells of money, recency and frequency, each with a mean of its own."""
    rng = np.random.default_rng(0)
    sides = np.tile([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)], (500, 1)) * 1.0
    X = pd.DataFrame(sides, columns=["past_value_6m", "recency_days", "purchase_days_365d"])
    X += rng.uniform(0.0, 0.5, X.shape)
    means = 100.0 * sides[:, 0] - 20.0 * sides[:, 1] + 7.0 * sides[:, 2] * sides[:, 0]
    y = pd.DataFrame({"3m": means / 2, "6m": means + rng.normal(0.0, 5.0, len(X))})
    return X, y, means


def test_each_cell_is_given_its_mean(cells):
    X, y, means = cells
    model = RfmRegressor(bins=2).fit(X, y)
    assert np.abs(model.predict(X) - means).max() < 3.0


def test_a_cell_by_hand():
    X = pd.DataFrame({"past_value_6m": [1.0, 1.0, 9.0], "recency_days": 5.0})
    X["purchase_days_365d"] = 2.0
    y = pd.DataFrame({"6m": [4.0, 8.0, 30.0]})
    model = RfmRegressor(bins=2, prior_rows=2.0).fit(X, y)
    mean = 14.0
    for _ in range(3):  # money alone, then with recency, then with frequency: the same two rows
        mean = (4.0 + 8.0 + 2.0 * mean) / 4.0
    np.testing.assert_allclose(model.predict(X)[:2], mean)


def test_few_rows_promise_little(cells):
    X, y, _ = cells
    drawn = RfmRegressor(bins=2, prior_rows=1e9).fit(X, y)
    np.testing.assert_allclose(drawn.predict(X), y["6m"].mean(), rtol=1e-4)


def test_missing_features_are_a_group_of_their_own(cells):
    X, y, _ = cells
    gone = X.copy()
    gone.loc[:500, "recency_days"] = np.nan
    model = RfmRegressor(bins=2).fit(gone, y)
    assert np.isfinite(model.predict(gone)).all()
    unseen = X[:1].assign(recency_days=np.nan)
    np.testing.assert_allclose(
        RfmRegressor(bins=2).fit(X, y).predict(unseen),
        y["6m"][X.past_value_6m < 0.9].mean(),
        rtol=0.1,
    )


def test_parts_add_up_and_what_was_learned_survives(cells):
    X, y, _ = cells
    model = RfmRegressor().fit(X, y)
    parts = model.link_parts(X, "6m")
    np.testing.assert_allclose(parts.from_link(parts.scores), model.predict(X), atol=1e-9)
    assert (np.abs(parts.contributions[0]).max(axis=0) > 0).all()
    again = RfmRegressor.from_state(model.to_state())
    pd.testing.assert_frame_equal(again.predict_horizons(X), model.predict_horizons(X))


def test_without_a_complete_window_a_cell_brings_what_it_brought(cells):
    X, y, _ = cells
    X = X.assign(past_value_3m=40.0)
    model = RfmRegressor(bins=2).fit(X, y.assign(**{"3m": np.nan}))
    np.testing.assert_allclose(model.predict_horizons(X)["3m"], 40.0)
    assert model.stood_in_ == {"3m": "mean past value of a cell, no complete window"}


def test_it_needs_its_three_features(cells):
    X, y, _ = cells
    with pytest.raises(ModelRefused, match="'recency_days' is needed"):
        RfmRegressor().fit(X.drop(columns="recency_days"), y)
