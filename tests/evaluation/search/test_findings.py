"""What a search compares: losses per account, two halves, and an interval that luck does not pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.search.findings import (
    Found,
    account_losses,
    mean_with_interval,
    other_half,
)
from valuemodel.exceptions import DataRefused
from valuemodel.metrics.churn import log_loss
from valuemodel.metrics.deviance import money_deviance


def test_losses_are_those_of_each_account_at_each_fold(tidy):
    rng = np.random.default_rng(0)
    folds = [(rng.normal(10, 9, 40), {"one": rng.normal(10, 9, 40)}) for _ in range(2)]
    found = account_losses(tidy(folds).sample(frac=1.0, random_state=1), "value", "6m")
    assert found.shape == (40, 2)
    for number, (truth, forecasts) in enumerate(folds):
        expected = money_deviance(truth, forecasts["one"])
        np.testing.assert_allclose(found[number].to_numpy(), expected, rtol=1e-9, atol=1e-12)


def test_churn_is_judged_by_its_log_loss(tidy):
    rng = np.random.default_rng(0)
    truth, risk = (rng.random(60) < 0.3).astype(float), rng.random(60)
    found = account_losses(tidy([(truth, {"one": risk})], target="churn"), "churn", "6m")
    assert found[0].mean() == pytest.approx(log_loss(truth, risk), rel=1e-12)


def test_nothing_that_could_be_judged_is_refused(tidy):
    with pytest.raises(DataRefused, match="no churn over 6m"):
        account_losses(tidy([(np.ones(5), {"one": np.ones(5)})]), "churn", "6m")


def test_the_halves_are_of_about_the_same_size_and_follow_from_the_ids_alone():
    ids = pd.Index([f"C{number}" for number in range(2_000)])
    half = pd.Series(other_half(ids), index=ids)
    assert 900 < half.sum() < 1_100
    shuffled = ids[np.random.default_rng(0).permutation(len(ids))]
    assert half[shuffled].tolist() == other_half(shuffled).tolist()


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for number in range(200):
        account = rng.normal(0.0, 1.0, (150, 1))
        gaps = account + rng.normal(0.3, 0.5, (150, 2))
        gaps[:20, 1] = np.nan  # who was not there at the second fold
        one = mean_with_interval(gaps, Resampling(draws=200, seed=number))
        inside += one.low <= 0.3 <= one.high
    assert inside / 200 > 0.90


def test_the_words_and_the_document_say_the_same():
    one = mean_with_interval(np.full((60, 1), -0.5), Resampling(draws=100))
    found = Found("churn_risk", {"trees.l2": 3.0}, {"trees.l2": 1.0}, 0.4, 0.6, one, True)
    assert list(found.lines()) == [
        "churn_risk: log loss 0.6000 in force, 0.4000 found; on the other half of the accounts "
        "-0.5000 (-0.5000 to -0.5000), better: worth trying",
        "  trees.l2: 1.0 -> 3.0",
    ]
    document = found.as_document()
    assert document["changes"] == {"trees.l2": 3.0}
    assert document["recommended"] is True
    assert document["difference"] == pytest.approx(-0.5)
    kept = Found("churn_risk", {}, {}, 0.6, 0.6, one, False)
    assert list(kept.lines()) == [
        "churn_risk: no trial is better than the definition in force; keep it"
    ]
