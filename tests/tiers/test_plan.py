"""The whole coverage plan, from stored tables alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.tiers.plan import PlanSources, coverage_plan
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.recommendations import recommend

POLICY = TierPolicy.parse({"version": "1", "review_months": 3})
TABLES = {
    *("recommendations", "tier_probabilities", "moves", "plan_lines", "plan_capacity"),
    *("plan_touches", "plan_effort", "plan_labels", "plan_lifecycle", "plan_cohorts"),
    *("plan_concentration", "plan_policies", "value_after_cost", "plan_value", "plan_quadrants"),
    *("plan_white_space", "touch_plan", "plan_compliance", "follow_ups", "handoffs", "plan_owners"),
    *("plan_reassignments", "plan_regions", "plan_routing", "plan_credit", "plan_projects"),
    *("plan_checks", "plan_accounts", "plan_ledger", "plan_preparations", "plan_changes"),
    *("plan_causes", "plan_project_totals"),
}


def predictions(n=30) -> pd.DataFrame:
    value = np.random.default_rng(2).lognormal(4.0, 1.0, n)
    table = pd.DataFrame(
        {
            "account_id": [f"{at:02d}" for at in range(n)],
            "as_of": pd.Timestamp("2026-01-01"),
            "value_1y": value,
            "past_value_1y": value[::-1],
            "model_version": "1",
        }
    )
    shares = {"q05": 0.2, "q25": 0.6, "q50": 0.9, "q75": 1.3, "q95": 2.0}
    return table.assign(**{f"value_1y_{part}": value * share for part, share in shares.items()})


def facts(n=30) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": [f"{at:02d}" for at in range(n)],
            "owner": np.where(np.arange(n) % 3, "Ito", "Roy"),
            "industry": np.where(np.arange(n) % 2, "steel", "toys"),
            "current_tier": np.where(np.arange(n) % 4, "B", None),
        }
    )


def plan(sources=None, policy=POLICY, known=None):
    found = recommend(predictions(), policy, facts() if known is None else known)
    return coverage_plan(found, policy, sources or PlanSources(currency="EUR"), None)


def test_every_table_is_there_whatever_the_book_lacks():
    lean = pd.DataFrame({"account_id": [f"{at:02d}" for at in range(30)]})
    assert set(plan(known=lean).tables) == TABLES == set(plan().tables)


def test_every_account_has_one_recommendation_and_chances_that_add_up_to_one():
    found = plan()
    chances = found["tier_probabilities"]
    assert found["recommendations"]["account_id"].is_unique
    assert chances["account_id"].tolist() == found["recommendations"]["account_id"].tolist()
    names = [f"probability_{name}" for name in POLICY.names]
    assert np.allclose(chances[names].sum(axis=1), 1.0)
    own = found["recommendations"].set_index("account_id")
    told = chances.set_index("account_id")
    for account, row in own.iterrows():
        assert row["tier_probability"] == told.loc[account, f"probability_{row['tier']}"]


def test_the_book_adds_up_in_every_cut_of_it():
    found = plan()
    n, total = 30, predictions()["value_1y"].sum()
    assert found["plan_capacity"].set_index("tier").loc["all", "accounts"] == n
    assert found["plan_owners"]["accounts"].sum() == n
    assert found["plan_owners"]["value"].sum() == pytest.approx(total)
    assert found["plan_regions"]["accounts"].sum() == n
    assert found["plan_value"].set_index("tier").loc["all", "value"] == pytest.approx(total)
    assert found["plan_quadrants"]["accounts"].sum() == n
    cohorts = found["plan_cohorts"]
    whole = cohorts[(cohorts["cohort"] == "industry") & (cohorts["tier"] == "all")]
    assert whole["accounts"].sum() == n


def test_other_policies_and_the_tiers_of_today_stand_beside_it():
    success = TierPolicy.parse(
        {"version": "s", "tiers": [{"name": "high", "share_of_accounts": 0.5}, {"name": "low"}]}
    )
    table = plan(PlanSources(second={"success": success}))["plan_policies"]
    pairs = table.groupby("second_policy")["accounts"].sum()
    assert pairs.to_dict() == {"success": 30, "today": 30}
    today = table[table["second_policy"] == "today"]
    assert set(today["second"]) == {"B", "none"}


def test_the_own_play_stands_in_the_recommendations_and_in_the_plan():
    found = plan(PlanSources(play=lambda record: f"call {record['owner']}"))
    assert set(found["recommendations"]["play"]) == {"call Ito", "call Roy"}
    assert found["plan_accounts"]["how"].str.startswith("call ").all()


def test_shuffled_rows_give_the_same_plan():
    shuffled = recommend(
        predictions().sample(frac=1.0, random_state=1),
        POLICY,
        facts().sample(frac=1.0, random_state=2),
    )
    again = coverage_plan(shuffled, POLICY, PlanSources(currency="EUR"), None)
    for name, table in plan().tables.items():
        pd.testing.assert_frame_equal(again[name], table)
