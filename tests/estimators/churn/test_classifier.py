"""What a user relies on: a probability that can be believed, and that falls with the horizon."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators import ChurnClassifier
from valuemodel.estimators.boosting import TreeSettings
from valuemodel.exceptions import DataRefused


@pytest.fixture(scope="module")
def classifier(book) -> ChurnClassifier:
    return ChurnClassifier(n_jobs=1).fit(book.X, book.targets("churn"), book.keys["cutoff"])


def test_the_risk_is_as_high_as_what_comes(classifier, make):
    book = make(accounts=4_000, cutoffs=1, seed=21)
    risk = classifier.predict_horizons(book.X)["3m"]
    silent = book.y["churn_3m"]
    recent = book.X["recency_days"] < 100.0
    assert abs(risk[recent].mean() - silent[recent].mean()) < 0.05
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
    predicted = classifier.predict_horizons(later.X)
    for steps, label in enumerate(("3m", "6m"), start=1):
        parts = classifier.link_parts(later.X, label)
        assert parts.contributions.shape == (steps, len(later.X), len(later.X.columns))
        np.testing.assert_allclose(parts.from_link(parts.scores), predicted[label], rtol=1e-9)
    assert classifier.link_parts(later.X[:0], "6m").scores.shape == (2, 0)


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


def test_what_was_learned_survives_as_plain_data(classifier, later):
    again = ChurnClassifier.from_state(classifier.to_state())
    np.testing.assert_array_equal(again.predict_proba(later.X), classifier.predict_proba(later.X))


@pytest.fixture(scope="module")
def buyers():
    """Buying and leaving at known rates; silence of each window follows from the world itself."""
    return make_buyers()


def make_buyers(accounts=1_500, months=11, seed=0):
    """Poisson buying at gamma rates; after each purchase, who leaves leaves for good."""
    rng = np.random.default_rng(seed)
    rate, leaving = rng.gamma(1.2, 0.02, accounts), rng.beta(1.0, 8.0, accounts)
    buys, there = [], []
    for each, chance in zip(rate, leaving, strict=True):
        day, bought = rng.uniform(-800.0, 200.0), []
        while day < 1_000.0:
            bought.append(day)
            if rng.random() < chance:
                break
            day += rng.exponential(1.0 / max(each, 1e-6))
        buys.append(np.array(bought))
        there.append(np.inf if day >= 1_000.0 else bought[-1])
    gone = np.array(there)
    features, labels, keys, chances, spend = [], [], [], [], rng.gamma(3.0, 10.0, accounts)
    for month in range(months):
        now, at = 230.0 + 30.4 * month, pd.Timestamp("2020-01-01") + pd.DateOffset(months=month)
        end = 230.0 + 30.4 * (months - 1)
        past = [buy[buy < now] for buy in buys]
        first, last = (np.array([part[edge] for part in past]) for edge in (0, -1))
        days = np.array([len(part) for part in past], dtype=float)
        features.append(
            pd.DataFrame(
                {
                    "purchase_days_total": days,
                    "tenure_days": now - first,
                    "recency_days": now - last,
                    "value_total": spend * days * rng.lognormal(0.0, 0.3, accounts),
                }
            )
        )
        windows = {"1m": 30.4, "3m": 91.2, "6m": 182.5, "12m": 365.25}
        came = {h: [((b >= now) & (b < now + d)).any() for b in buys] for h, d in windows.items()}
        known = {h: now + d <= end + 1e-6 for h, d in windows.items()}
        labels.append(
            pd.DataFrame({h: np.where(known[h], ~np.array(came[h]), np.nan) for h in windows})
        )
        chances.append(
            {h: np.where(gone < now, 1.0, np.exp(-rate * d)) for h, d in windows.items()}
        )
        keys += [at] * accounts
    join = [pd.concat(parts, ignore_index=True) for parts in (features, labels)]
    truth = pd.DataFrame(chances[-1])
    return join[0], join[1].astype(float), pd.Series(keys), truth


@pytest.fixture(scope="module")
def lawful(buyers) -> ChurnClassifier:
    X, y, cutoffs, _ = buyers
    few = TreeSettings(max_rounds=80)
    return ChurnClassifier(trees=few, n_jobs=1, horizons=("3m", "12m", "24m")).fit(X, y, cutoffs)


def test_a_horizon_with_too_little_history_is_stretched_and_named(lawful):
    assert lawful.horizons_ == ["3m", "12m", "24m"]
    assert lawful.stretched_ == {"12m": "6m", "24m": "6m"}


def test_in_a_world_of_known_chances_it_says_them(lawful, buyers):
    X, _, cutoffs, truth = buyers
    newest = X[cutoffs == cutoffs.max()]
    said = lawful.predict_horizons(newest)
    for label, slack in (("3m", 0.06), ("12m", 0.08)):
        for part in np.array_split(np.argsort(said[label].to_numpy()), 5):
            mean = truth[label].to_numpy()[part].mean()
            assert said[label].to_numpy()[part].mean() == pytest.approx(mean, abs=slack)


def test_it_falls_over_any_features_before_anything_is_capped(lawful):
    from valuemodel.estimators.churn.stretch import silence

    rng = np.random.default_rng(5)
    matrix = np.abs(rng.standard_cauchy((2_000, 4))) * 100.0
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    wide = lawful._wide(matrix)
    found = silence(lawful.chain_.steps, [part.scores(wide) for part in lawful.parts_])
    for shorter, longer in (("3m", "6m"), ("6m", "12m"), ("12m", "24m")):
        assert (found[longer] <= found[shorter]).all()
    assert all(((p >= 0.0) & (p <= 1.0)).all() for p in found.values())


def test_the_laws_part_of_an_explanation_has_names_of_its_own(lawful, buyers):
    X, _, cutoffs, _ = buyers
    newest = X[cutoffs == cutoffs.max()]
    parts = lawful.link_parts(newest, "12m")
    assert "btyd_silence_12m" in parts.derived
    assert parts.contributions.shape[2] == X.shape[1] + len(parts.derived)
    predicted = lawful.predict_horizons(newest)["12m"]
    np.testing.assert_allclose(parts.from_link(parts.scores), predicted, rtol=1e-9)


def test_a_stretched_model_is_data_too(lawful, buyers):
    X = buyers[0]
    state = lawful.to_state()
    again = ChurnClassifier.from_state(state)
    assert again.to_state() == state
    assert again.stretched_ == lawful.stretched_
    pd.testing.assert_frame_equal(again.predict_horizons(X), lawful.predict_horizons(X))


def test_chunks_give_the_bytes_of_the_whole(lawful, buyers):
    X = buyers[0][:500]
    whole = lawful.predict_horizons(X)
    parts = pd.concat([lawful.predict_horizons(X[:123]), lawful.predict_horizons(X[123:])])
    pd.testing.assert_frame_equal(parts, whole)


def test_without_a_law_a_horizon_without_windows_is_refused(book):
    y = book.targets("churn").assign(**{"12m": np.nan})
    with pytest.raises(DataRefused) as refused:
        ChurnClassifier(horizons=("6m", "12m")).fit(book.X, y, book.keys["cutoff"])
    assert refused.value.details == ("12m: no complete window",)


def test_columns_beyond_those_wanted_are_not_predicted(book, later):
    y = book.targets("churn")
    few = TreeSettings(rounds=20, max_rounds=20)
    model = ChurnClassifier(trees=few, horizons=("6m",)).fit(book.X, y, book.keys["cutoff"])
    assert list(model.predict_horizons(later.X).columns) == ["6m"]


def test_thirty_thousand_accounts_are_scored_in_no_time(lawful):
    rng = np.random.default_rng(6)
    days = 1.0 + rng.poisson(3.0, 30_000)
    tenure = rng.uniform(1.0, 900.0, 30_000).round()
    many = pd.DataFrame(
        {
            "purchase_days_total": days,
            "tenure_days": tenure,
            "recency_days": (tenure * rng.uniform(0.0, 1.0, 30_000)).round(),
            "value_total": days * 30.0,
        }
    )
    started = time.perf_counter()
    found = lawful.predict_horizons(many)
    assert time.perf_counter() - started < 10.0
    assert found.notna().all(axis=None)
