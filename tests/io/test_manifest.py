"""The manifest says what a run is, and refuses to say it of a run that lost an account."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from valuemodel.exceptions import GateRefused
from valuemodel.io.manifest import Scorer, describe_run
from valuemodel.settings import Settings
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.recommendations import assign_tiers

SETTINGS = Settings.parse(
    {
        "project": {"name": "shop", "currency": "GBP"},
        "tables": {"transactions": {"source": "sales.csv"}},
        "value": {"horizons": ["6 months"]},
    }
)
POLICY = TierPolicy.parse({"version": "1"})
LABELS = {"6m": {"complete": 4, "snapshots": 4}}
SCORER = Scorer("lightgbm", "3", "d1", "champion", "2020-01-01", {}, LABELS)


def tables():
    predictions = pd.DataFrame(
        {
            "account_id": ["a", "b", "c"],
            "as_of": pd.Timestamp("2020-01-01"),
            "value_6m": [100.0, 50.0, 0.0],
            "past_value_6m": [10.10, 20.20, 0.0],
            "winnability_6m": [None, None, None],
        }
    )
    return {
        "predictions": predictions,
        "account_facts": predictions[["account_id", "past_value_6m"]],
        "recommendations": assign_tiers(predictions, POLICY),
    }


def describe(found, known=None):
    everyone = tables()["account_facts"] if known is None else known
    return describe_run(
        found,
        known=everyone,
        settings=SETTINGS,
        policy=POLICY,
        scorer=SCORER,
        inputs="i1",
        data={"rows": 3},
    )


def test_it_is_json_and_says_what_was_scored_by_what():
    manifest = json.loads(json.dumps(describe(tables())))
    assert manifest["accounts"] == 3
    assert sum(manifest["tiers"].values()) == 3
    assert manifest["model_digest"] == "d1"
    assert manifest["conservation"]["money"] == {
        "input": "30.3000",
        "scored": "30.3000",
        "excluded": "0",
    }


def test_it_says_what_a_value_is_and_by_which_rule_accounts_churn():
    manifest = json.loads(json.dumps(describe(tables())))
    assert manifest["value_statement"] == SETTINGS.value.statement
    assert (manifest["measure"], manifest["basis"], manifest["discount_rate"]) == (
        "revenue",
        "billed",
        0.0,
    )
    assert manifest["churn_rule"] == "inactivity"
    assert manifest["churn_statement"] == "nothing bought in the whole window"
    assert manifest["model_labels"] == ["6m: labels complete at all 4 snapshots"]


def test_what_contracts_earn_by_the_day_is_the_same_money_in_both_tables():
    found, known = tables(), tables()["account_facts"]
    third = 1000 / 3
    found["predictions"] = found["predictions"].assign(past_value_6m=[third, 20.20, 0.0])
    known = known.assign(past_value_6m=[third * (1 + 1e-15), 20.20, 0.0])
    money = describe(found, known)["conservation"]["money"]
    assert money == {"input": "353.5333", "scored": "353.5333", "excluded": "0"}


def test_other_money_in_the_features_than_in_the_facts_stops_the_run():
    known = tables()["account_facts"].assign(past_value_6m=[20.20, 10.10, 0.0])
    with pytest.raises(GateRefused, match="other money in the features") as refused:
        describe(tables(), known)
    assert "2 differ: 'a', 'b'" in str(refused.value)


def test_it_says_what_the_book_and_its_tiers_will_bring_and_how_sure_that_is():
    rows = [("all", "all", 3, 150.0, 120.0, 190.0), ("tier", "A", 1, 100.0, None, None)]
    sums = pd.DataFrame(
        [*rows, ("region", "North", 3, 150.0, 120.0, 190.0)],
        columns=["group", "name", "accounts", "value", "low", "high"],
    )
    manifest = json.loads(json.dumps(describe(tables() | {"portfolio": sums}), allow_nan=False))
    assert manifest["interval"] == 0.80
    assert [(one["name"], one["low"], one["high"]) for one in manifest["expected"]] == [
        ("all", 120.0, 190.0),
        ("A", None, None),
    ]
    assert describe(tables())["expected"] == []


def test_the_policy_can_be_read_back():
    manifest = json.loads(json.dumps(describe(tables())))
    assert TierPolicy.parse(manifest["policy"]).digest == POLICY.digest


def test_columns_without_any_content_are_named():
    missing = describe(tables())["missing_parts"]
    assert "winnability_6m" in missing["predictions"]
    assert "value_6m" not in missing["predictions"]
    assert "tier_probability" in missing["recommendations"]


def test_accounts_outside_the_population_are_excluded_and_counted():
    known = tables()["account_facts"]
    more = pd.DataFrame({"account_id": ["d"], "past_value_6m": [5.0]})
    conservation = describe(tables(), pd.concat([known, more]))["conservation"]
    assert conservation["accounts"] == {"input": 4, "scored": 3, "excluded": 1}
    assert conservation["money"]["excluded"] == "5.0000"


@pytest.mark.parametrize("table", ["account_facts", "recommendations"])
def test_an_account_that_got_lost_stops_the_run(table):
    found = tables()
    found[table] = found[table].iloc[1:]
    with pytest.raises(GateRefused, match="got lost"):
        describe(found)
