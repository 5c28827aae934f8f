"""Tables that a person reads: every metric, every model, losses as plain as wins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.comparison import compare, fold_metrics, overall_metrics
from valuemodel.exceptions import UsageError
from valuemodel.metrics.churn import CHURN_METRICS
from valuemodel.metrics.value import VALUE_METRICS


@pytest.fixture
def table(tidy) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    values, churns = [], []
    for _ in range(2):
        size = generator.lognormal(3, 1, 200)
        truth = size * (generator.random(200) < 0.7)
        values.append((truth, {"past_value": size, "lightgbm": 0.7 * size}))
        risk = {"past_value": np.full(200, 0.3), "lightgbm": np.full(200, 0.9)}
        churns.append(((truth == 0) * 1.0, risk))
    return pd.concat([tidy(values), tidy(churns, target="churn")], ignore_index=True)


def test_every_metric_of_every_model_and_fold_is_there_once(table):
    found = fold_metrics(table)
    keys = ["target", "horizon", "model", "fold", "metric"]
    assert not found.duplicated(keys).any()
    assert len(found) == 2 * 2 * (len(VALUE_METRICS) + len(CHURN_METRICS))
    assert (found["accounts"] == 200).all()
    one = table.query("target == 'value' and model == 'lightgbm' and fold == 1")
    mae = found.query("metric == 'mae' and model == 'lightgbm' and fold == 1")["figure"].item()
    assert mae == pytest.approx((one["y_true"] - one["y_pred"]).abs().mean())


def test_overall_figures_are_means_over_folds_in_reading_order(table):
    per_fold = fold_metrics(table)
    found = overall_metrics(per_fold)
    assert found["metric"].tolist() == [*VALUE_METRICS, *CHURN_METRICS]
    assert (found["folds"] == 2).all()
    bias = found.set_index("metric").loc["bias", "past_value"]
    expected = per_fold.query("metric == 'bias' and model == 'past_value'")["figure"].mean()
    assert bias == pytest.approx(expected)


def test_wins_and_losses_carry_intervals_on_the_right_side_of_nothing(table):
    found = compare(table, "past_value", Resampling(draws=200)).set_index(["target", "metric"])
    assert set(found["model"]) == {"lightgbm"}
    win, loss = found.loc[("value", "decile_mape")], found.loc[("churn", "brier")]
    assert win["high"] < 0
    assert loss["low"] > 0
    assert win["difference"] == pytest.approx(win["figure"] - win["baseline"])
    assert found.loc[("value", "normalised_gini"), "difference"] == pytest.approx(0.0)


def test_every_figure_of_every_model_has_its_interval(table):
    found = compare(table, "past_value", Resampling(draws=50))
    assert set(found["metric"]) == {*VALUE_METRICS, *CHURN_METRICS}
    for name in ("figure", "baseline"):
        known = found[found[f"{name}_low"].notna()]
        assert set(known["target"]) == {"value", "churn"}
        assert (known[f"{name}_low"] <= known[f"{name}_high"]).all()
    assert found.loc[found["figure_low"].isna(), "metric"].tolist() == []


def test_a_baseline_that_was_not_judged_is_refused(table):
    with pytest.raises(UsageError, match="no model 'champion'") as caught:
        compare(table, "champion", Resampling())
    assert "lightgbm, past_value" in caught.value.received
