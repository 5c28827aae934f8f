"""What a user relies on: a probability that can be believed, and that falls with the horizon."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators import ChurnClassifier
from valuemodel.estimators.boosting import TreeSettings
from valuemodel.estimators.churn import _line
from valuemodel.exceptions import DataRefused


@pytest.fixture(scope="module")
def classifier(book) -> ChurnClassifier:
    return ChurnClassifier(n_jobs=1).fit(book.X, book.targets("churn"), book.keys["cutoff"])


def test_the_risk_is_as_high_as_what_comes(classifier, make):
    book = make(accounts=4_000, cutoffs=1, seed=21)
    risk = classifier.predict_horizons(book.X)["3m"]
    silent = book.y["churn_3m"]
    recent = book.X["recency_days"] < 100.0
    assert abs(risk[recent].mean() - silent[recent].mean()) < 0.03
    assert abs(risk[~recent].mean() - silent[~recent].mean()) < 0.05


def test_it_never_grows_with_the_horizon(classifier, later):
    risk = classifier.predict_horizons(later.X)
    assert (risk["6m"] <= risk["3m"]).all()
    assert risk.to_numpy().min() >= 0.0
    assert risk.to_numpy().max() <= 1.0


def test_it_follows_the_conventions_of_classifiers(classifier, later):
    both = classifier.predict_proba(later.X)
    assert both.shape == (len(later.X), 2)
    np.testing.assert_allclose(both.sum(axis=1), 1.0)
    np.testing.assert_array_equal(classifier.predict(later.X), (both[:, 1] > 0.5).astype(int))
    np.testing.assert_array_equal(classifier.classes_, [0, 1])


def test_two_fits_and_any_number_of_threads_give_the_same_model(book):
    few = TreeSettings(max_rounds=15)
    states = [
        ChurnClassifier(trees=few, n_jobs=threads)
        .fit(book.X, book.targets("churn"), book.keys["cutoff"])
        .to_state()
        for threads in (1, 2)
    ]
    assert states[0] == states[1]


def test_link_parts_add_up_to_the_scores_and_lead_to_the_probability(classifier, later):
    parts = classifier.link_parts(later.X, "3m")
    assert parts.contributions.shape == (1, len(later.X), len(later.X.columns))
    predicted = classifier.predict_horizons(later.X)["3m"]
    np.testing.assert_allclose(parts.from_link(parts.scores), predicted, rtol=1e-9)


def test_one_class_and_too_few_events_are_refused_with_what_is_needed(book):
    few = pd.Series(0.0, index=book.X.index)
    few.iloc[:29] = 1.0
    y = pd.DataFrame({"3m": 1.0, "6m": few})
    with pytest.raises(DataRefused) as refused:
        ChurnClassifier().fit(book.X, y)
    assert refused.value.details == (
        "3m: 0 rows that bought, at least 30 are needed",
        "6m: 29 silent rows, at least 30 are needed",
    )


def test_calibration_finds_the_line_that_was_bent():
    rng = np.random.default_rng(0)
    truth = rng.normal(0.0, 2.0, 50_000)
    silent = (rng.random(50_000) < 1.0 / (1.0 + np.exp(-truth))).astype(float)
    shift, slope = _line(2.0 * truth - 1.0, silent)
    assert shift == pytest.approx(0.5, abs=0.05)
    assert slope == pytest.approx(0.5, abs=0.03)


def test_calibration_of_separable_scores_stays_finite():
    scores = np.array([-3.0, -2.0, 2.0, 3.0])
    shift, slope = _line(scores, (scores > 0).astype(float))
    assert np.isfinite([shift, slope]).all()
    assert slope > 0


def test_what_was_learned_survives_as_plain_data(classifier, later):
    again = ChurnClassifier.from_state(classifier.to_state())
    np.testing.assert_array_equal(again.predict_proba(later.X), classifier.predict_proba(later.X))
