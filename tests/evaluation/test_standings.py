"""A column that was lost is told as plainly as one that was won."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.standings import SHOWN, STANDING_COLUMNS, standings
from valuemodel.exceptions import UsageError
from valuemodel.metrics.value import VALUE_METRICS

DRAWS = Resampling(draws=200)


@pytest.fixture
def table(tidy) -> pd.DataFrame:
    """Ours ranks best and promises far too much; the others rank worse and are modest."""
    folds, risks = [], []
    for seed in range(2):
        generator = np.random.default_rng(seed)
        size = generator.lognormal(3, 1, 400)
        came = size * generator.lognormal(0, 0.3, 400)
        noisy = {name: size * generator.lognormal(0, 0.6, 400) for name in ("past_value", "law")}
        folds.append((came, {**noisy, "ours": 3.0 * size}))
        gone = (generator.random(400) < 0.3) * 1.0
        same = np.full(400, 0.3)
        risks.append((gone, {"past_value": same, "law": same, "ours": same}))
    return pd.concat([tidy(folds), tidy(risks, target="churn")], ignore_index=True)


def test_every_figure_of_every_candidate_and_cutoff_is_there_once(table):
    found = standings(table, "ours", "6m", DRAWS)
    assert found.columns.tolist() == STANDING_COLUMNS
    assert not found.duplicated(["cutoff", "model", "metric"]).any()
    assert len(found) == 2 * 3 * sum(len(metrics) for metrics in SHOWN.values())
    assert found["model"].unique().tolist() == ["past_value", "law", "ours"]
    first = table.query("fold == 0 and target == 'value' and model == 'law'")
    law = found.query("cutoff == '2020-01-01' and model == 'law'").set_index("metric")["figure"]
    for metric in SHOWN["value"]:
        expected = VALUE_METRICS[metric](first["y_true"], first["y_pred"])
        assert law[metric] == pytest.approx(expected)


def test_wins_and_losses_stand_in_the_rows_of_the_challenger_alone(table):
    found = standings(table, "ours", "6m", DRAWS)
    assert (found.loc[found["model"] != "ours", "standing"] == "").all()
    ours = found[(found["model"] == "ours") & (found["cutoff"] == "2020-01-01")]
    told = ours.set_index("metric")
    assert told.loc["spearman", "standing"] == "surely ahead"
    assert told.loc["mae_to_mean", "standing"] == "surely behind"
    assert told.loc["bias", "standing"] == "surely behind"
    assert told.loc["auc", "standing"] == "level"
    assert told.loc["log_loss", "standing"] == "level"


def test_the_gain_is_over_the_best_of_the_others_whichever_way_is_good(table):
    found = standings(table, "ours", "6m", DRAWS)
    one = found[found["cutoff"] == "2020-02-01"].set_index(["metric", "model"])
    for metric, better in (("spearman", max), ("mae_to_mean", min)):
        figures = {name: one.loc[(metric, name), "figure"] for name in ("past_value", "law")}
        ours, best = one.loc[(metric, "ours")], better(figures.values())
        assert figures[ours["rival"]] == best
        assert abs(ours["gain"]) == pytest.approx(abs(ours["figure"] - best))
        assert (ours["gain"] > 0) == (ours["standing"] in ("ahead", "surely ahead"))
        assert ours["gain_low"] <= ours["gain"] <= ours["gain_high"]


def test_a_figure_that_nobody_has_is_no_win(table):
    nobody_left = table.assign(y_true=table["y_true"].where(table["target"] == "value", 0.0))
    found = standings(nobody_left, "ours", "6m", DRAWS).set_index(["metric", "model"])
    row = found.loc[("auc", "ours")].iloc[0]
    assert (row["standing"], row["rival"]) == ("", "")
    assert np.isnan([row["figure"], row["gain"]]).all()


def test_a_challenger_without_rivals_is_ahead_of_nobody(table):
    alone = standings(table[table["model"] == "ours"], "ours", "6m", DRAWS)
    assert (alone["standing"] == "").all()


def test_a_challenger_that_was_not_judged_is_refused(table):
    with pytest.raises(UsageError, match="no 'lightgbm' over 6m") as caught:
        standings(table, "lightgbm", "6m", DRAWS)
    assert caught.value.received == "law, ours, past_value"
