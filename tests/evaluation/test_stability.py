"""Refits on other accounts tell which reasons hold; what was measured travels as a document."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.estimators.conftest import fit, make_book
from valuemodel.dataset import Dataset
from valuemodel.estimators.link import LinkParts
from valuemodel.evaluation.stability import Stability, measure_stability
from valuemodel.features.registry import catalog
from valuemodel.periods import Horizon

FEATURES = {
    one.name: one for one in catalog([Horizon.parse(label) for label in ("3m", "6m")]).features
}
COPIES = ("gap_variation", "refund_share_365d")


@pytest.fixture(scope="module")
def known():
    book = make_book(200)
    features = tuple(FEATURES[str(name)] for name in book.X)
    return Dataset(book.X, book.y, book.keys, features)


class Linear:
    """A model of one steady driver and of two copies, of which each fit picks one at random."""

    name, tier_horizon, parts = "linear", "6m", ("value",)
    feature_names = ("recency_days", *COPIES)

    def __init__(self, dataset):
        steady = dataset.y["value_6m"].mean()
        pick = int(dataset.y["value_6m"].sum()) % 2
        self.weights = np.array([steady, *((4.0, -2.0) if pick else (-2.0, 4.0))])
        self.heads = {("value", "6m"): self}
        self.estimator = "value"

    def predict(self, X):
        parts = self.link_parts("value", X)
        return pd.DataFrame({"value_6m": parts.from_link(parts.scores), "churn_6m": np.nan})

    def link_parts(self, head, X):
        inner = X[list(self.feature_names)].to_numpy() * self.weights
        return LinkParts(np.zeros(1), inner[None], lambda scores: scores[0])


@pytest.fixture(scope="module")
def linear():
    draw = np.random.default_rng(0)
    n = 600
    X = pd.DataFrame({"recency_days": draw.uniform(1, 2, n)})
    X[COPIES[0]] = X[COPIES[1]] = draw.uniform(1, 2, n)
    y = pd.DataFrame({"value_6m": np.round(draw.uniform(20, 21, n), 3) * 1000})
    keys = pd.DataFrame({"account_id": [f"a{i}" for i in range(n)], "cutoff": "2020-01-01"})
    return Dataset(X, y, keys, tuple(FEATURES[name] for name in X))


def test_a_steady_driver_holds_and_exchangeable_copies_of_one_do_not(linear):
    found = measure_stability(Linear(linear), Linear, linear, refits=20)
    held = found.held.groupby("driver")["held"].mean()
    assert held["recency"] == 1.0
    assert held[list(COPIES)].max() < 0.8
    assert held[list(COPIES)].min() > 0.2
    assert found.summary["value"]["top_overlap"] == 1.0
    assert "churn" not in found.summary


def test_it_is_measured_on_the_models_own_heads_and_is_the_same_every_time(known):
    model, calls = fit(known), []

    def again(dataset):
        calls.append(dataset)
        return fit(dataset)

    found = measure_stability(model, again, known, refits=2, learned_from=120, looked_at=50)
    assert found.summary["refits"] == len(calls) == 2
    assert {"value", "churn"} <= found.summary.keys()
    for head in ("value", "churn"):
        assert 0.5 < found.summary[head]["top_overlap"] <= 1.0
        assert 0.8 < found.summary[head]["same_sign"] <= 1.0
    assert found.of(model.name) is found.held
    same = measure_stability(model, fit, known, refits=2, learned_from=120, looked_at=50)
    pd.testing.assert_frame_equal(same.held, found.held)


def test_refits_draw_whole_accounts_with_replacement_and_learn_the_tier_horizon_alone(known):
    model, drawn = fit(known), []

    def again(dataset):
        drawn.append(dataset)
        return model

    measure_stability(model, again, known, refits=2, learned_from=120, looked_at=5)
    one, other = drawn
    assert list(one.y) == ["value_6m", "churn_6m"]
    snapshots = one.keys.groupby("account_id")["cutoff"].value_counts().unstack()
    assert (snapshots.nunique(axis=1) == 1).all()  # as often in every snapshot
    assert snapshots.iloc[:, 0].sum() == 120
    assert snapshots.iloc[:, 0].max() > 1
    assert one.keys["cutoff"].is_monotonic_increasing
    assert not one.keys.equals(other.keys)


def test_a_refit_that_falls_back_is_no_evidence(known):
    model, baseline = fit(known), fit(known, "past_value")
    fallen = replace(
        model,
        heads={**model.heads, ("value", "6m"): replace(model.heads["value", "6m"], estimator="x")},
    )
    assert measure_stability(model, lambda _: fallen, known, refits=1).held.empty
    assert measure_stability(baseline, lambda _: baseline, known, refits=1).held["held"].eq(1).all()


def test_no_refits_measure_nothing(known):
    none = measure_stability(fit(known), fit, known, refits=0)
    assert none.lines == []
    assert none.held.empty


def test_what_was_measured_travels_with_the_model_it_speaks_of(linear):
    found = measure_stability(Linear(linear), Linear, linear, refits=3)
    again = Stability.from_document(json.loads(json.dumps(found.as_document())))
    pd.testing.assert_frame_equal(again.held, found.held)
    assert again.summary_of("linear") == {"stability": dict(found.summary)}
    assert again.of("another").empty
    assert again.summary_of("another") == {}
    assert "over 3 refits on 600 accounts" in again.lines[0]
    nothing = Stability.from_document({})
    assert nothing.of("").empty
    assert nothing.summary_of("") == {}
