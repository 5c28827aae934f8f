"""Lapse by the renewal clock is a table of shares, and honest where it knows nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators import RenewalClockClassifier

CLOCK = pd.DataFrame({"days_to_renewal": np.repeat([20.0, 90.0, 91.0, 300.0, np.nan], 1_000)})


def lapsed(*shares):
    return np.concatenate([np.arange(1_000) < share for share in shares]).astype(float)


@pytest.fixture(scope="module")
def model():
    y = pd.DataFrame({"3m": lapsed(300, 100, 20, 0, 50), "12m": lapsed(400, 200, 150, 250, 180)})
    return RenewalClockClassifier().fit(CLOCK, y)


def test_the_share_is_that_of_renewals_inside_or_outside_the_window(model):
    found = model.predict_horizons(CLOCK.iloc[::1_000])
    np.testing.assert_allclose(found["3m"], [0.2, 0.2, 0.01, 0.01, 0.05], atol=0.002)
    np.testing.assert_allclose(found["12m"], [0.25, 0.25, 0.25, 0.25, 0.18], atol=0.002)


def test_a_lapse_is_never_less_likely_over_a_longer_horizon():
    y = pd.DataFrame({"3m": lapsed(500, 500, 0, 0, 0), "12m": lapsed(0, 0, 100, 0, 0)})
    found = RenewalClockClassifier().fit(CLOCK, y).predict_horizons(CLOCK)
    assert (found["12m"] >= found["3m"]).all()


def test_small_groups_do_not_promise_nought_or_one():
    X = pd.DataFrame({"days_to_renewal": [10.0, *[300.0] * 99]})
    y = pd.DataFrame({"3m": [1.0, *[0.0] * 99]})
    inside, outside = RenewalClockClassifier().fit(X, y).predict_proba(X)[[0, 1], 1]
    assert 0.02 < inside < 0.2
    assert 0.0 < outside < 0.02


def test_without_the_clock_or_a_window_it_says_what_is_known():
    y = pd.DataFrame({"3m": lapsed(300, 100, 20, 0, 80), "12m": np.nan})
    model = RenewalClockClassifier().fit(CLOCK.rename(columns=lambda _: "seats"), y)
    found = model.predict_horizons(CLOCK.rename(columns=lambda _: "seats"))
    np.testing.assert_allclose(found["3m"], 0.1, atol=0.001)
    assert set(found["12m"]) == {0.5}


def test_parts_add_up_and_what_was_learned_survives(model):
    parts = model.link_parts(CLOCK, "3m")
    found = model.predict_horizons(CLOCK)
    np.testing.assert_allclose(parts.from_link(parts.scores), found["3m"], rtol=1e-9)
    again = RenewalClockClassifier.from_state(model.to_state())
    pd.testing.assert_frame_equal(again.predict_horizons(CLOCK), found)
    np.testing.assert_array_equal(
        again.predict(CLOCK), (again.predict_proba(CLOCK)[:, 1] > 0.5).astype(int)
    )
