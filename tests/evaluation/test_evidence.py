"""Evidence goes with the model as a document, and comes back the same."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.evidence import Evidence, gather_evidence
from valuemodel.evaluation.gate.gate import GateRule, decide

LABELS = {"6m": {"complete": 2, "snapshots": 6}}


@pytest.fixture
def table():
    rng = np.random.default_rng(1)
    parts = []
    for fold in range(2):
        y = rng.gamma(0.5, 100.0, 120)
        for model, noise in (("past_value", 80.0), ("lightgbm", 20.0)):
            for target, truth in (("value", y), ("churn", (y < 10).astype(float))):
                guess = y + rng.normal(0, noise, 120) if target == "value" else truth * 0.8 + 0.1
                parts.append(
                    pd.DataFrame(
                        {
                            "fold": fold,
                            "cutoff": pd.Timestamp(2020, 1 + fold, 1),
                            "account_id": [f"a{number}" for number in range(120)],
                            "target": target,
                            "horizon": "6m",
                            "y_true": truth,
                            "y_pred": guess,
                            "model": model,
                            "rule": "inactivity" if target == "churn" else "",
                        }
                    )
                )
    return pd.concat(parts, ignore_index=True)


def test_the_document_is_json_and_comes_back(table):
    decision = decide(table, "lightgbm", ["past_value"], horizon="6m", rule=GateRule())
    evidence = gather_evidence(table, decision, "past_value", LABELS)
    document = json.loads(json.dumps(evidence.as_document(), allow_nan=False))
    again = Evidence.from_document(document)
    pd.testing.assert_frame_equal(again.comparison, evidence.comparison, check_dtype=False)
    pd.testing.assert_frame_equal(again.deciles, evidence.deciles, check_dtype=False)
    pd.testing.assert_frame_equal(again.by_rule, evidence.by_rule, check_dtype=False)
    pd.testing.assert_frame_equal(again.coverage, evidence.coverage, check_dtype=False)
    assert again.censoring == evidence.censoring == LABELS
    assert again.gate["passed"] == decision.passed


def test_what_intervals_held_comes_back_too(table):
    ours = (table["model"] == "lightgbm") & (table["target"] == "value")
    bounded = table.assign(
        y_low=np.where(ours, table["y_pred"] - 30.0, np.nan),
        y_high=np.where(ours, table["y_pred"] + 30.0, np.nan),
    )
    decision = decide(table, "lightgbm", ["past_value"], horizon="6m", rule=GateRule())
    labels = table[["fold", "account_id"]].drop_duplicates().assign(slice="region", level="North")
    found = gather_evidence(bounded, decision, "past_value", interval=0.85, labels=labels)
    again = Evidence.from_document(json.loads(json.dumps(found.as_document()))).coverage
    pd.testing.assert_frame_equal(again, found.coverage, check_dtype=False)
    assert set(again["slice"]) == {"all", "cutoff", "tenth", "region"}
    assert (again["nominal"] == 0.85).all()
    assert 0.75 < again["share"].iloc[0] < 0.95


def test_metrics_are_named_by_cutoff_target_model_and_metric(table):
    decision = decide(table, "lightgbm", ["past_value"], horizon="6m", rule=GateRule())
    metrics = gather_evidence(table, decision, "past_value").metrics
    assert metrics["backtest/2020-01-01/value_6m/lightgbm/mae"] < 40
    assert all(np.isfinite(list(metrics.values())))


def test_what_was_never_judged_has_empty_tables(table):
    decision = decide(table.head(0), "lightgbm", ["past_value"], horizon="6m", rule=GateRule())
    evidence = gather_evidence(table.head(0), decision, "past_value")
    assert evidence.comparison.empty
    assert evidence.deciles.empty
    assert Evidence.from_document({}).gate == {}
