"""The classifier gives each horizon its law, agrees with itself, and beats the clock where it knows more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from tests.estimators.lapse.test_renewal_law import NAMES, watched
from valuemodel.estimators import RenewalClockClassifier, RenewalLawClassifier
from valuemodel.estimators.definitions import EstimatorSection, estimator_from_state


def labelled(count, seed):
    X, lapsed, behind = watched(count, seed, within=365)
    frame = pd.DataFrame(X, columns=NAMES)
    soon = np.where(frame["days_to_last_renewal"] < 91, lapsed, 0.0)
    return frame, pd.DataFrame({"3m": soon, "12m": lapsed}), behind


@pytest.fixture(scope="module")
def book():
    return labelled(20_000, 5)


@pytest.fixture(scope="module")
def model(book):
    return EstimatorSection(estimator="renewal_law").build().fit(book[0], book[1])


def test_it_beats_the_clock_out_of_sample(book, model):
    X, y, _ = labelled(20_000, 6)
    clock = RenewalClockClassifier().fit(book[0], book[1])
    ours, theirs = (one.predict_horizons(X)["12m"].clip(1e-6, 1 - 1e-6) for one in (model, clock))
    assert log_loss(y["12m"], ours) < log_loss(y["12m"], theirs) - 0.003
    assert ours.mean() == pytest.approx(y["12m"].mean(), abs=0.01)


def test_long_standing_customers_are_safer(book, model):
    risk = pd.Series(model.predict_proba(book[0])[:, 1]).groupby(book[2]).mean()
    assert risk.is_monotonic_decreasing


def test_horizons_agree(book, model):
    found = model.predict_horizons(book[0])
    assert (found["12m"] >= found["3m"]).all()


def test_a_horizon_without_a_window_is_spoken_for_by_a_shorter_one(book):
    X, y, _ = book
    model = RenewalLawClassifier().fit(X, y.assign(**{"12m": np.nan}))
    found = model.predict_horizons(X)["12m"]
    assert found.mean() == pytest.approx(y["12m"].mean(), abs=0.03)
    nothing = RenewalLawClassifier().fit(X, y * np.nan).predict_horizons(X)
    assert set(nothing.to_numpy().ravel()) == {0.5}


def test_parts_add_up_and_what_was_learned_survives(book, model):
    X = book[0].iloc[:500]
    found = model.predict_horizons(X)
    parts = model.link_parts(X, "3m")
    np.testing.assert_allclose(parts.from_link(parts.scores), found["3m"], rtol=1e-9)
    again = estimator_from_state(model.to_state())
    pd.testing.assert_frame_equal(again.predict_horizons(X), found)
    assert (again.predict(X) == (found["12m"] > 0.5)).all()
