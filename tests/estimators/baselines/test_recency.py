"""Silence by recency is a table of shares, and honest where it knows nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators import RecencySilenceClassifier


def test_silence_is_the_share_among_equally_recent_accounts():
    X = pd.DataFrame({"recency_days": np.repeat([10.0, 50.0, 300.0], 1_000)})
    silent = np.concatenate([np.arange(1_000) < share for share in (100, 300, 900)])
    model = RecencySilenceClassifier(bins=3).fit(X, pd.DataFrame({"3m": silent.astype(float)}))
    found = model.predict_proba(pd.DataFrame({"recency_days": [5.0, 50.0, 999.0]}))[:, 1]
    np.testing.assert_allclose(found, [0.1, 0.3, 0.9], atol=0.01)


def test_accounts_without_a_recency_get_the_share_of_all(book):
    model = RecencySilenceClassifier().fit(book.X, book.targets("churn"))
    overall = book.y["churn_3m"].mean()
    unknown = book.X.head(1).assign(recency_days=np.nan)
    assert model.predict_horizons(unknown)["3m"].iloc[0] == pytest.approx(overall, abs=0.01)
    without = RecencySilenceClassifier().fit(
        book.X.drop(columns="recency_days"), book.targets("churn")
    )
    assert without.predict_horizons(book.X)["3m"].nunique() == 1


def test_silence_without_any_complete_window_is_one_half(book):
    y = pd.DataFrame({"6m": np.nan}, index=book.X.index)
    assert set(RecencySilenceClassifier().fit(book.X, y).predict_proba(book.X)[:, 1]) == {0.5}


def test_silence_is_never_likelier_over_a_longer_horizon(book):
    model = RecencySilenceClassifier(bins=7).fit(book.X, book.targets("churn"))
    found = model.predict_horizons(book.X)
    assert (found["6m"] <= found["3m"]).all()


def test_parts_add_up_and_what_was_learned_survives(book):
    model = RecencySilenceClassifier().fit(book.X, book.targets("churn"))
    parts = model.link_parts(book.X, "3m")
    found = model.predict_horizons(book.X)
    np.testing.assert_allclose(parts.from_link(parts.scores), found["3m"], rtol=1e-9)
    again = RecencySilenceClassifier.from_state(model.to_state())
    pd.testing.assert_frame_equal(again.predict_horizons(book.X), found)


def test_it_follows_the_conventions_of_classifiers(book):
    model = RecencySilenceClassifier().fit(book.X, book.targets("churn"))
    both = model.predict_proba(book.X)
    np.testing.assert_allclose(both.sum(axis=1), 1.0)
    np.testing.assert_array_equal(model.predict(book.X), (both[:, 1] > 0.5).astype(int))
