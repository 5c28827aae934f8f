"""Each rule of churn is judged on its own rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.by_rule import RULE_COLUMNS, rule_lines, rule_metrics


def judged(rule, model, truth, forecast, fold=0):
    return pd.DataFrame(
        {
            "fold": fold,
            "target": "churn",
            "horizon": "12m",
            "rule": rule,
            "model": model,
            "y_true": truth,
            "y_pred": forecast,
        }
    )


@pytest.fixture
def table():
    """Silence is well told apart from lapses, and lapses among themselves not at all."""
    rows = []
    for fold in range(2):
        for model, order in (("lightgbm", 0.1), ("past_value", 0.0)):
            quiet = np.array([1.0, 0.0, 1.0, 0.0])
            rows.append(judged("inactivity", model, quiet, 0.8 + order * quiet, fold))
            rows.append(judged("contract", model, np.array([0.0, 0.0, 1.0]), 0.1, fold))
    value = judged("", "lightgbm", [1.0], 3.0).assign(target="value")
    return pd.concat([*rows, value], ignore_index=True)


def test_figures_are_per_rule_and_never_flattered_by_the_difference_between_rules(table):
    found = rule_metrics(table)
    assert list(found) == RULE_COLUMNS
    by_key = found.set_index(["rule", "model"])
    assert by_key.loc[("inactivity", "lightgbm"), "auc"] == 1.0
    assert by_key.loc[("contract", "lightgbm"), "auc"] == 0.5
    assert by_key.loc[("contract", "lightgbm"), "rows"] == 6
    assert by_key.loc[("contract", "lightgbm"), "share"] == pytest.approx(1 / 3)
    assert by_key.loc[("inactivity", "past_value"), "auc"] == 0.5


def test_lines_stand_only_where_there_are_contracts(table):
    lines = list(rule_lines(rule_metrics(table), "12m", "lightgbm", "past_value"))
    assert lines[0].startswith("churn by contract, 12m: 6 rows, 33.3% that lapsed; AUC 0.500")
    assert lines[1].startswith("churn by inactivity, 12m: 8 rows, 50.0% that bought nothing; AUC 1")
    shop = rule_metrics(table[table["rule"] != "contract"])
    assert list(rule_lines(shop, "12m", "lightgbm", "past_value")) == []
    assert list(rule_lines(rule_metrics(table), "3m", "lightgbm", "past_value")) == []


def test_a_fold_without_any_lapse_has_no_order_and_hides_no_other(table):
    calm = table[table["rule"] == "contract"].assign(y_true=0.0)
    found = rule_metrics(pd.concat([table, calm.assign(fold=2)], ignore_index=True))
    assert found.set_index(["rule", "model"]).loc[("contract", "lightgbm"), "auc"] == 0.5
    assert rule_metrics(table.head(0)).empty
