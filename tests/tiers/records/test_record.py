from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.coverage.owners import above_last_tier
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.labels import CLASSES
from valuemodel.tiers.records.record import (
    BLOCKS,
    CLASS_GOALS,
    PLAN_TYPES,
    account_plan,
    as_document,
    gap_texts,
)

POLICY = TierPolicy.parse(
    {
        "version": "1",
        "tiers": [
            {"name": "A", "top_share": 0.1, "touches": [{"name": "visit", "per_year": 4}]},
            {"name": "B", "top_share": 0.5},
            {"name": "C"},
        ],
        "labels": {
            "layers": {
                "serve": {"play": "grow", "team": "success", "resources": "one visit a month"}
            }
        },
        "stability": {"closeness_months": 1, "needs_months": 2},
    }
)
TOLD = pd.DataFrame(
    {
        "account_id": ["a", "b"],
        "as_of": pd.Timestamp("2026-01-31"),
        "tier": ["A", "C"],
        "score": [84_357.6, None],
        "binding_rule": ["accounts", "no prediction"],
        "tier_probability": [0.615, None],
        "too_close_to_call": pd.array([True, None], dtype="boolean"),
        "reason_up_1": ["orders every week", None],
        "reason_down_1": ["few contacts", None],
        "play": ["4 x visit a year", None],
        "review_date": [pd.Timestamp("2026-04-30"), pd.NaT],
        "what_moves_up": ["more contacts", None],
    }
)
FACTS = pd.DataFrame(
    {
        "account_id": ["a", "b"],
        "owner": ["Ada", None],
        "reviewer": ["Max", None],
        "industry": ["Retail", None],
        "pipeline_3m": [1_200.4, None],
        "pipeline_12m": [12.34, None],
    }
)
LABELS = pd.DataFrame(
    {
        "account_id": ["b", "a"],
        "class": [None, "serve"],
        "grade": [None, "gold"],
        "lifecycle": [None, "bought"],
    }
)
GAPS = pd.DataFrame(
    {
        "product_id": [None, None, "M01"],
        "segment": ["Retail", "Retail", None],
        "horizon": ["3 years", "3 months", "3 months"],
        "gap": [0.1, 0.255, 0.9],
    }
)


def frame_of(told: pd.DataFrame = TOLD, facts: pd.DataFrame | None = FACTS) -> pd.DataFrame:
    return account_frame(told, told[["account_id"]], facts, Horizon.parse("1 year"))


def test_the_five_blocks_say_what_is_known() -> None:
    plan = account_plan(frame_of(), POLICY, labels=LABELS, gaps=GAPS, currency="EUR")
    said = as_document(plan.iloc[0])
    assert said == {
        "who": "tier A, its line drawn by the share of accounts; score 84,358 EUR; "
        "orders every week; few contacts",
        "coverage": "owned by Ada; reviewed by Max; team success",
        "how": "4 x visit a year; serve: grow; one visit a month",
        "strategy": "stage bought: make it buy regularly; class serve: serve what it has; "
        "grade gold; moves it up: more contacts; "
        "needs 1,200 EUR within 3 months, 12.3 EUR in 3 to 12 months; "
        "we lack 25.5 % within 3 months, 10 % within 3 years",
        "evaluate": "a chance of 61.5 % to be in A; too close to call; tier reviewed 2026-04-30; "
        "needs due 2026-03-31",
    }
    assert json.loads(json.dumps(said)) == said


def test_what_is_not_known_is_left_out_and_what_nobody_does_is_said() -> None:
    plan = account_plan(frame_of(), POLICY, labels=LABELS, gaps=GAPS)
    assert as_document(plan.iloc[1]) == {
        "who": "tier C, no prediction",
        "coverage": "nobody owns it",
        "how": "no play and no touches are planned",
        "strategy": "no need is known",
        "evaluate": "needs due 2026-03-31",
    }


def test_a_bare_run_of_an_earlier_version_is_written_too() -> None:
    bare = pd.DataFrame({"account_id": ["a"], "tier": ["A"]})
    plan = account_plan(frame_of(bare, None), POLICY)
    assert plan["who"].tolist() == ["tier A"]
    assert plan["how"].tolist() == ["4 x visit a year"]
    assert plan["evaluate"].tolist() == [""]


def test_a_score_in_points_says_what_each_part_adds() -> None:
    document = POLICY.model_dump() | {"score": {"weights": {"revenue": 1.0, "potential": 3.0}}}
    parts = {"score": [61.26, None], "score_revenue": [1.26, None], "score_potential": [60.0, None]}
    plan = account_plan(frame_of(TOLD.assign(**parts)), TierPolicy.parse(document), currency="EUR")
    assert "; score 61.3 (revenue 1.26, potential 60); " in plan["who"][0]
    assert "score" not in plan["who"][1]


def test_the_companys_own_play_does_not_hide_the_touches_of_the_tier() -> None:
    plan = account_plan(frame_of(TOLD.assign(play="our way")), POLICY)
    assert plan["how"].tolist() == ["our way; 4 x visit a year", "our way"]


def test_what_people_decided_is_said_among_the_reasons() -> None:
    decided = frame_of(TOLD.assign(override_reason=["a reference", None]))
    assert "decided by people: a reference" in account_plan(decided, POLICY)["who"][0]


def test_every_class_of_the_policy_has_a_goal() -> None:
    assert set(CLASS_GOALS) == set(CLASSES)


def test_gaps_are_told_by_segment_the_nearest_first() -> None:
    assert gap_texts(GAPS) == {"Retail": "we lack 25.5 % within 3 months, 10 % within 3 years"}
    assert gap_texts(None) == gap_texts(GAPS.head(0)) == gap_texts(pd.DataFrame()) == {}


def test_a_selection_is_written_alone() -> None:
    frame = frame_of()
    plan = account_plan(frame, POLICY, of=above_last_tier(frame, POLICY))
    assert plan["account_id"].tolist() == ["a"]


def test_the_order_of_rows_does_not_matter() -> None:
    turned = frame_of(TOLD.iloc[::-1].reset_index(drop=True))
    given = account_plan(turned, POLICY, labels=LABELS, gaps=GAPS)
    straight = account_plan(frame_of(), POLICY, labels=LABELS.iloc[::-1], gaps=GAPS.iloc[::-1])
    pd.testing.assert_frame_equal(given, straight)


@pytest.mark.parametrize("told", [TOLD, TOLD[["account_id", "tier"]]])
def test_an_empty_book_keeps_its_columns(told) -> None:
    plan = account_plan(frame_of(told.head(0)), POLICY, labels=LABELS, gaps=GAPS)
    assert plan.empty
    assert plan.dtypes.astype(str).to_dict() == PLAN_TYPES
    assert list(plan.columns) == ["account_id", *BLOCKS]


def test_closeness_is_due_where_it_is_known_at_all() -> None:
    plan = account_plan(frame_of().assign(closeness=[55.0, np.nan]), POLICY)
    assert "closeness due 2026-02-28" in plan["evaluate"][1]


def test_a_book_that_names_no_owner_says_so_once_and_not_of_every_account() -> None:
    plan = account_plan(frame_of().assign(owner=None), POLICY)
    assert plan["coverage"][1] == "the book names no owners"
