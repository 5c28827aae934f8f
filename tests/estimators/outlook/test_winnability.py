"""Winnability is a probability, and finds who grows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators import WinnabilityClassifier
from valuemodel.exceptions import DataRefused
from valuemodel.metrics.churn import auc


def accounts(count=600, cutoffs=8, seed=0):
    """Accounts whose seats are full grow, and so do those with something in the pipeline."""
    rng = np.random.default_rng(seed)
    rows = count * cutoffs
    X = pd.DataFrame(
        {
            "seats_used_share_90d": rng.uniform(0, 1, rows),
            "usage_growth_90d": rng.normal(0, 0.3, rows),
            "pipeline_count": rng.poisson(0.5, rows).astype(float),
            "noise": rng.normal(size=rows),
        }
    )
    odds = -3 + 3 * (X["seats_used_share_90d"] > 0.8) + 2 * X["usage_growth_90d"]
    odds += 0.8 * X["pipeline_count"]
    grew = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    times = np.repeat(pd.date_range("2020-01-01", periods=cutoffs, freq="QS"), count)
    return X, pd.DataFrame({"3m": grew}), pd.Series(times)


@pytest.fixture(scope="module")
def model():
    X, y, cutoffs = accounts()
    return WinnabilityClassifier(n_jobs=1).fit(X, y, cutoffs=cutoffs)


def test_it_finds_who_grows_and_how_many_do(model):
    X, y, _ = accounts(seed=1)
    chance = model.predict_proba(X)
    np.testing.assert_allclose(chance.sum(axis=1), 1.0)
    assert auc(y["3m"].to_numpy(), chance[:, 1]) > 0.78
    tenth = pd.qcut(chance[:, 1], 10, labels=False)
    gap = pd.DataFrame({"said": chance[:, 1], "came": y["3m"]}).groupby(tenth).mean()
    assert np.abs(gap["said"] - gap["came"]).max() < 0.07
    assert (model.predict(X) == (chance[:, 1] > 0.5)).all()


def test_use_that_grows_and_full_seats_make_it_likelier(model):
    calm = {
        "seats_used_share_90d": 0.4,
        "usage_growth_90d": 0.0,
        "pipeline_count": 0.0,
        "noise": 0.0,
    }
    stirring = [
        {},
        {"seats_used_share_90d": 0.95},
        {"usage_growth_90d": 0.6},
        {"pipeline_count": 3.0},
    ]
    rows = pd.DataFrame([calm | change for change in stirring])
    still, *moved = model.predict_proba(rows)[:, 1]
    assert min(moved) > still + 0.03


def test_trees_that_are_too_sure_on_later_cutoffs_are_tempered():
    X, y, cutoffs = accounts()
    later = (cutoffs >= cutoffs.unique()[-3]).to_numpy()
    rng = np.random.default_rng(5)
    luck = np.where(later, rng.permutation(y["3m"]), y["3m"])  # what held before holds no more
    model = WinnabilityClassifier(n_jobs=1).fit(X, pd.DataFrame({"3m": luck}), cutoffs=cutoffs)
    chance = model.chances_["3m"]
    assert 0.5 <= chance.slope < 0.7
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(luck.mean(), abs=0.02)


def test_without_cutoffs_nothing_is_chosen_and_nothing_tempered():
    X, y, _ = accounts(count=100)
    chance = WinnabilityClassifier(n_jobs=1).fit(X, y).chances_["3m"]
    assert (chance.shift, chance.slope) == (0.0, 1.0)
    assert chance.trees.num_trees() == 40


def test_too_few_that_grew_are_refused_with_the_floor():
    X, y, _ = accounts(count=20)
    y["3m"] = (np.arange(len(y)) < 12).astype(float)
    with pytest.raises(DataRefused, match="12 rows that grew, at least 30 are needed"):
        WinnabilityClassifier(n_jobs=1).fit(X, y)


def test_parts_add_up_and_what_was_learned_survives(model):
    X, _, _ = accounts(count=30, seed=2)
    found = model.predict_horizons(X)["3m"]
    parts = model.link_parts(X, "3m")
    np.testing.assert_allclose(parts.from_link(parts.scores), found, rtol=1e-9)
    again = WinnabilityClassifier.from_state(model.to_state())
    assert again.predict_horizons(X)["3m"].equals(found)
