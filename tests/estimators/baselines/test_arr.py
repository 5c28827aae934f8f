"""ARR rank is the money under contract, times the share of a year that a horizon is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.baselines.arr import ArrRegressor
from valuemodel.exceptions import ModelRefused

X = pd.DataFrame({"arr": [1_200.0, 0.0, np.nan, 365.25], "other": 1.0})
Y = pd.DataFrame({"6m": np.nan, "1y": 0.0, "7d": 0.0}, index=X.index)


def test_it_is_the_share_of_a_year():
    found = ArrRegressor().fit(X, Y).predict_horizons(X)
    np.testing.assert_allclose(found["1y"], [1_200.0, 0.0, 0.0, 365.25])
    np.testing.assert_allclose(found["6m"], found["1y"] / 2)
    np.testing.assert_allclose(found["7d"], found["1y"] * 7 / 365.25)


def test_parts_add_up_and_what_was_learned_survives():
    model = ArrRegressor(tier_horizon="6m").fit(X, Y)
    parts = model.link_parts(X, "6m")
    np.testing.assert_allclose(parts.from_link(parts.scores), model.predict(X))
    again = ArrRegressor.from_state(model.to_state())
    pd.testing.assert_frame_equal(again.predict_horizons(X), model.predict_horizons(X))
    assert again.tier_horizon == "6m"


def test_without_contracts_there_is_no_arr():
    with pytest.raises(ModelRefused, match="'arr' is needed"):
        ArrRegressor().fit(X.drop(columns="arr"), Y)
