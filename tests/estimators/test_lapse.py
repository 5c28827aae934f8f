"""Lapse risk is a probability that grows with the horizon, learned and kept like churn risk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators import ChurnClassifier, LapseClassifier
from valuemodel.estimators.boosting import TreeSettings
from valuemodel.estimators.definitions import KINDS
from valuemodel.exceptions import DataRefused


@pytest.fixture(scope="module")
def contracts(make_contracts):
    book = make_contracts()
    y = book.targets("churn")
    under = book.X["under_contract"] == 1.0
    return book.X, y.where(under), book.keys["cutoff"], under


@pytest.fixture(scope="module")
def model(contracts):
    X, y, cutoffs, _ = contracts
    return LapseClassifier(trees=TreeSettings(max_rounds=80), n_jobs=1).fit(X, y, cutoffs)


def test_a_lapse_is_never_less_likely_over_a_longer_horizon(model, contracts):
    X, _, _, _ = contracts
    found = model.predict_horizons(X)
    assert (found["6m"] >= found["3m"]).all()
    assert ((found > 0) & (found < 1)).all(axis=None)


def test_the_risk_is_as_high_as_what_comes(model, make_contracts):
    later = make_contracts(3_000, 1, seed=8)
    under = later.X["under_contract"] == 1.0
    risk = model.predict_proba(later.X[under])[:, 1]
    leaves = (later.X["active_seats"] < 0.3)[under].to_numpy()
    near = (later.X["days_to_renewal"] < 182)[under].to_numpy()
    assert risk[leaves & near].mean() == pytest.approx(0.6, abs=0.1)
    assert risk[~leaves & near].mean() == pytest.approx(0.05, abs=0.05)


def test_it_survives_as_plain_data_and_stays_what_it_is(model, contracts):
    X, _, _, _ = contracts
    state = model.to_state()
    assert state["kind"] == "LapseClassifier"
    again = KINDS[state["kind"]](state)
    assert type(again) is LapseClassifier
    pd.testing.assert_frame_equal(again.predict_horizons(X), model.predict_horizons(X))
    parts = again.link_parts(X, "3m")
    np.testing.assert_allclose(
        parts.from_link(parts.scores), model.predict_horizons(X)["3m"], rtol=1e-9
    )


def test_too_few_lapses_are_refused_in_words_of_contracts(contracts):
    X, y, _, _ = contracts
    with pytest.raises(DataRefused, match="not enough to learn lapse risk") as refused:
        LapseClassifier().fit(X, y.where(y.isna(), 0.0))
    assert "0 rows that lapsed" in str(refused.value)


def test_churn_by_inactivity_is_untouched_by_it(contracts):
    assert not issubclass(ChurnClassifier, LapseClassifier)
    X, y, cutoffs, _ = contracts
    silence = ChurnClassifier(trees=TreeSettings(max_rounds=80), n_jobs=1).fit(X, y, cutoffs)
    found = silence.predict_horizons(X)
    assert (found["6m"] <= found["3m"]).all()
