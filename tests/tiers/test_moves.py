from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.recommendations import assign_tiers

DAY = pd.Timestamp("2011-06-09")
POLICY = TierPolicy.parse(
    {"version": "2", "tiers": [{"name": "key", "share_of_value": 0.5}, {"name": "other"}]}
)


def book(a: float, b: float, model: str = "m1", day: pd.Timestamp = DAY) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": ["a", "b"],
            "as_of": day,
            "value_6m": [a, b],
            "past_value_6m": [1.0, 9.0],
            "model_version": model,
        }
    )


def words(predictions: pd.DataFrame, **given: pd.DataFrame) -> list[str]:
    return assign_tiers(predictions, POLICY, **given)["move_reason"].tolist()


def test_without_a_previous_tier_a_move_is_told_against_past_value() -> None:
    assert words(book(90.0, 10.0)) == [
        "up from other by past value: place 1 of 2 by predicted value, 2 by past value",
        "down from key by past value: place 2 of 2 by predicted value, 1 by past value",
    ]
    assert words(book(10.0, 90.0)) == ["the same tier as by past value"] * 2


def test_the_tier_of_today_comes_before_past_value() -> None:
    facts = pd.DataFrame({"account_id": ["b", "a", "x"], "current_tier": ["gold", None, "key"]})
    table = assign_tiers(book(90.0, 10.0), POLICY, facts=facts)
    assert table["previous_tier"].fillna("-").tolist() == ["-", "gold"]
    assert table["move_reason"][0].startswith("up from other by past value")
    assert table["move_reason"][1] == "was gold today, a tier that this policy does not have"


def test_the_previous_run_comes_first_and_says_how_the_value_changed() -> None:
    before = assign_tiers(book(10.0, 90.0, day=DAY - pd.Timedelta(days=30)), POLICY)
    facts = pd.DataFrame({"account_id": ["a", "b"], "current_tier": ["key", "key"]})
    assert words(book(120.0, 90.0), previous=before, facts=facts) == [
        "up from other in the previous run: predicted value +1100%",
        "down from key in the previous run: predicted value as before",
    ]
    assert words(book(5.0, 50.0), previous=before) == ["the same tier as in the previous run"] * 2


def test_a_new_model_and_a_new_policy_are_named_as_causes() -> None:
    older = TierPolicy.parse(POLICY.model_dump() | {"version": "1"})
    before = assign_tiers(book(10.0, 90.0, "m0"), older)
    assert words(book(120.0, 90.0), previous=before)[1] == (
        "down from key in the previous run: predicted value as before, "
        "the policy changed, the model changed"
    )


@pytest.mark.parametrize("worth", [0.0, -3.0, np.nan])
def test_a_change_from_nothing_is_not_a_percentage(worth: float) -> None:
    before = assign_tiers(book(worth, 90.0), POLICY)
    said = words(book(120.0, 90.0), previous=before)[0]
    assert said == "up from other in the previous run: no positive value was predicted then"


def test_an_account_without_prediction_now_is_told_so() -> None:
    before = assign_tiers(book(90.0, 10.0), POLICY)
    said = words(book(np.nan, 10.0), previous=before)[0]
    assert said == "down from key in the previous run: nothing is predicted now"


def test_an_account_that_is_new_since_the_previous_run_is_told_against_past_value() -> None:
    before = assign_tiers(book(10.0, 90.0), POLICY).iloc[1:]
    table = assign_tiers(book(90.0, 10.0), POLICY, previous=before)
    assert table["move_reason"][0].startswith("up from other by past value")
    assert table["previous_tier"].isna().tolist() == [True, False]
