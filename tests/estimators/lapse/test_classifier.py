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


def test_hazards_of_a_world_are_found_again():
    rng = np.random.default_rng(3)
    rows = 12_000
    renews, weak = rng.uniform(0.0, 365.0, rows), rng.random(rows) < 0.5
    leaves = rng.random(rows) < np.where(weak, 0.5, 0.1)
    X = pd.DataFrame({"days_to_renewal": renews, "weak": weak.astype(float)})
    y = pd.DataFrame(
        {h: (leaves & (renews < d)).astype(float) for h, d in (("3m", 91), ("6m", 182))}
    )
    cutoffs = pd.Series(pd.date_range("2020-01-01", periods=12, freq="MS")[np.arange(rows) % 12])
    found = LapseClassifier(n_jobs=1).fit(X, y, cutoffs).predict_horizons(X)
    for label, length in (("3m", 91), ("6m", 182)):
        inside = renews < length
        for kind, chance in ((weak, 0.5), (~weak, 0.1)):
            assert found[label][inside & kind].mean() == pytest.approx(chance, abs=0.06)
            assert found[label][~inside & kind].mean() < 0.02


def test_it_grows_over_any_features_before_anything_is_lifted(model):
    from valuemodel.estimators.lapse.hazard import lapse_by_end

    rng = np.random.default_rng(4)
    matrix = rng.standard_cauchy((1_000, len(model.encoder_.feature_names_in_))) * 50.0
    odds = [model._odds(matrix, place) for place in range(len(model.columns_.intervals))]
    risks = [lapse_by_end(odds[: count + 1]) for count in range(len(odds))]
    assert (risks[1] >= risks[0]).all()


def test_every_interval_is_explained_and_adds_up(model, contracts):
    X = contracts[0][:300]
    parts = model.link_parts(X, "6m")
    assert parts.derived == ("renewal_law", "window")
    assert parts.contributions.shape == (2, 300, X.shape[1] + 2)
    predicted = model.predict_horizons(X)["6m"]
    np.testing.assert_allclose(parts.from_link(parts.scores), predicted, rtol=1e-9)
    assert model.link_parts(X[:0], "6m").scores.shape == (2, 0)


def test_helper_horizons_cut_finer_and_are_not_predicted(contracts):
    X, y, cutoffs, _ = contracts
    few = TreeSettings(rounds=20, max_rounds=20)
    model = LapseClassifier(trees=few, n_jobs=1, horizons=("6m",)).fit(X, y, cutoffs)
    assert [one.label for one in model.columns_.intervals] == ["3m", "6m"]
    assert list(model.predict_horizons(X).columns) == ["6m"]


def test_two_fits_and_any_number_of_threads_give_the_same_model(contracts):
    X, y, cutoffs, _ = contracts
    few = TreeSettings(max_rounds=15)
    states = [
        LapseClassifier(trees=few, n_jobs=threads).fit(X, y, cutoffs).to_state()
        for threads in (1, 2)
    ]
    assert states[0] == states[1]
    assert LapseClassifier.from_state(states[0]).to_state() == states[0]
