"""The month of the forecast counts only where a whole year of months was learned from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.boosting import TreeSettings
from valuemodel.estimators.future_value.regressor import FutureValueRegressor
from valuemodel.estimators.season import SEASON, hide_season

NAMES = ["recency_days", SEASON]


def cutoffs(months: int) -> pd.Series:
    return pd.Series(pd.date_range("2020-01-01", periods=months, freq="MS"))


@pytest.mark.parametrize(("months", "seen"), [(1, False), (9, False), (10, True), (24, True)])
def test_it_takes_a_year_of_cutoffs(months, seen):
    matrix = np.ones((months, 2))
    found = hide_season(matrix, NAMES, cutoffs(months), np.ones(months, dtype=bool))
    assert np.isfinite(found[:, 1]).all() == seen
    assert np.isfinite(found[:, 0]).all()
    assert np.isfinite(matrix).all()


def test_only_cutoffs_with_a_label_count():
    labelled = np.arange(24) < 6
    found = hide_season(np.ones((24, 2)), NAMES, cutoffs(24), labelled)
    assert np.isnan(found[:, 1]).all()


def test_without_cutoffs_or_without_the_feature_nothing_is_learned_of_it():
    assert np.isnan(hide_season(np.ones((3, 2)), NAMES, None, np.ones(3, dtype=bool))[:, 1]).all()
    whole = np.ones((3, 1))
    assert hide_season(whole, ["recency_days"], None, np.ones(3, dtype=bool)) is whole


@pytest.mark.parametrize(("months", "follows"), [(6, False), (12, True)])
def test_a_model_follows_the_season_only_when_it_saw_one(months, follows):
    rng = np.random.default_rng(0)
    at = cutoffs(months).repeat(80).reset_index(drop=True)
    size = rng.lognormal(4, 0.5, len(at))
    strong = at.dt.month.isin([5, 6])
    X = pd.DataFrame({"past_value_3m": size, SEASON: at.dt.month.astype(float)})
    y = pd.DataFrame({"3m": np.where(strong, 3.0, 1.0) * size})
    trees = TreeSettings(rounds=120)
    model = FutureValueRegressor(members=("tweedie",), trees=trees, n_jobs=1)
    model.fit(X, y, cutoffs=at)
    rows = pd.DataFrame({"past_value_3m": [60.0, 60.0], SEASON: [2.0, 5.0]})
    weak, peak = model.predict(rows)
    assert (peak > 1.5 * weak) == follows
