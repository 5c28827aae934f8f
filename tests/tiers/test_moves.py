from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Cutoff
from valuemodel.tiers.earlier import EarlierRun
from valuemodel.tiers.moves import CAUSES, MOVE_TYPES, cause_table, moves
from valuemodel.tiers.overrides import OVERRIDE_COLUMNS, overrides_from
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.recommendations import assign_tiers, recommend

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


TIERS = [
    {"name": "A", "share_of_accounts": 0.25},
    {"name": "B", "share_of_accounts": 0.5},
    {"name": "C"},
]


def ladder(version="1", **more) -> TierPolicy:
    return TierPolicy.parse({"version": version, "tiers": TIERS, **more})


def run_of(values, month, model="m1", old_model=None) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "account_id": [f"{at}" for at in range(len(values))],
            "as_of": pd.Timestamp(f"2026-{month:02d}-01"),
            "value_1y": np.asarray(values, dtype=float),
            "past_value_1y": 1.0,
            "model_version": model,
        }
    )
    return table if old_model is None else table.assign(previous_champion_value_1y=old_model)


def split(now, policy, before, **given):
    """Recommend twice and split the moves of the second run."""
    earlier = EarlierRun(before[0], before[1], None, before[2])
    found = recommend(now, policy, None, earlier, **given)
    return moves(found.book, found.decision, found.by_rules, policy, earlier).set_index(
        "account_id"
    ), found


STEPS = [f"steps_by_{cause}" for cause in CAUSES]


def test_a_move_is_split_into_data_model_and_policy_that_add_up():
    values = [8.0, 7, 6, 5, 4, 3, 2, 1]
    first = assign_tiers(run_of(values, 1), ladder())
    before = (first, run_of(values, 1), ladder())
    # The data alone swap 0 and 7, the new model swaps 1 and 6 as well, and the policy keeps A to one.
    by_old, by_new = [1.0, 7, 6, 5, 4, 3, 2, 8], [1.0, 2, 6, 5, 4, 3, 7, 8]
    narrow = TierPolicy.parse(
        {"version": "2", "tiers": [TIERS[0] | {"share_of_accounts": 0.125}, *TIERS[1:]]}
    )
    table, _ = split(run_of(by_new, 2, "m2", by_old), narrow, before)
    assert table.loc["7", ["steps", *STEPS]].tolist() == [2, 2, 0, 0, 0]
    assert table.loc["6", ["steps", *STEPS]].tolist() == [1, 0, 2, -1, 0]
    assert table.loc["0", ["steps", *STEPS]].tolist() == [-2, -2, 0, 0, 0]
    assert table["main_cause"].fillna("-").tolist() == [
        "data",
        "model",
        "-",
        "-",
        "-",
        "-",
        "model",
        "data",
    ]
    assert np.allclose(table[STEPS].sum(axis=1), table["steps"])
    assert np.allclose(
        table["value_before"] + table["value_by_data"] + table["value_by_model"], table["value"]
    )
    assert table["told_apart"].all()


def test_an_override_is_a_cause_of_its_own_and_so_is_its_end():
    values = [8.0, 7, 6, 5, 4, 3, 2, 1]
    people = pd.DataFrame([("7", "A", "known", "Ito", "2026-06-30")], columns=OVERRIDE_COLUMNS)
    first = assign_tiers(run_of(values, 1), ladder())
    overridden = overrides_from(people, ["A", "B", "C"], Cutoff.parse("2026-02-01"))
    table, found = split(
        run_of(values, 2), ladder(), (first, run_of(values, 1), ladder()), overrides=overridden
    )
    assert table.loc["7", ["steps", *STEPS]].tolist() == [2, 0, 0, 0, 2]
    assert table.loc["7", "main_cause"] == "override"
    assert table.loc["1", ["steps", *STEPS]].tolist() == [-1, 0, 0, 0, -1]  # it gave up its place
    back, _ = split(run_of(values, 7), ladder(), (found.table, run_of(values, 2), ladder()))
    assert back.loc["7", ["steps", *STEPS]].tolist() == [-2, 0, 0, 0, -2]


def test_what_cannot_be_told_apart_is_said():
    values = [8.0, 7, 6, 5, 4, 3, 2, 1]
    first = assign_tiers(run_of(values, 1, "m0"), ladder())
    table, _ = split(run_of(values[::-1], 2, "m2"), ladder(), (first, None, None))
    assert not table["told_apart"].any()
    assert table["value_before"].isna().all()
    assert np.allclose(table[STEPS].sum(axis=1), table["steps"])


def test_without_a_run_before_there_are_no_moves():
    found = recommend(run_of([2.0, 1.0], 1), ladder())
    table = moves(found.book, found.decision, found.by_rules, ladder(), None)
    assert table.empty
    assert list(table.columns) == list(MOVE_TYPES)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_the_parts_always_add_up_to_the_move(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 25))
    policies = [
        TierPolicy.parse(
            {
                "version": str(at),
                "tiers": [
                    TIERS[0] | {"share_of_accounts": float(rng.uniform(0.1, 0.4))},
                    *TIERS[1:],
                ],
                "stability": {
                    "band": float(rng.choice([0.0, 0.2])),
                    "movement_budget": float(rng.uniform(0.1, 1.0)),
                },
            }
        )
        for at in range(2)
    ]
    one, two, old = (rng.lognormal(3, 1, n) for _ in range(3))
    first = assign_tiers(run_of(one, 1), policies[0])
    chosen = rng.choice(n, size=min(n, 2), replace=False)
    people = pd.DataFrame(
        [(str(at), str(rng.choice(["A", "C"])), "x", "Ito", "2026-06-30") for at in chosen],
        columns=OVERRIDE_COLUMNS,
    )
    given_overrides = overrides_from(people, ["A", "B", "C"], Cutoff.parse("2026-02-01"))
    table, _ = split(
        run_of(two, 2, "m2", old),
        policies[1],
        (first, run_of(one, 1), policies[0]),
        overrides=given_overrides,
    )
    places = {"A": 0, "B": 1, "C": 2}
    step = table["previous_tier"].map(places) - table["tier"].map(places)
    assert (table["steps"] == step).all()
    assert np.allclose(table[STEPS].sum(axis=1), step)


def test_causes_are_counted_by_way():
    table = pd.DataFrame(
        {"steps": [1.0, -1.0, 0.0, 2.0], "main_cause": ["data", "model", None, None]}
    )
    counts = cause_table(table).set_index(["way", "main_cause"])["accounts"]
    assert counts.sum() == 3
    assert (counts["up", "data"], counts["down", "model"], counts["up", "several"]) == (1, 1, 1)
