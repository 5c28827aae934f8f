"""Who is explained: everyone, or first those who move or stand high, by what is at stake."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.dataset import Dataset
from valuemodel.explain.choice import EVERYONE, FIRST, choose_accounts

IDS = [f"a{number}" for number in range(8)]


@pytest.fixture
def dataset():
    keys = pd.DataFrame({"account_id": IDS, "cutoff": pd.Timestamp("2020-01-01")})
    return Dataset(pd.DataFrame({"x": np.arange(8.0)}), None, keys, ())


@pytest.fixture
def predictions():
    return pd.DataFrame(
        {
            "account_id": [*IDS, "silent"],
            "value_6m": [90.0, 80, 70, 60, 50, 40, 30, 20, 0],
            "past_value_6m": [0.0, 0, 0, 0, 0, 0, 0, 99, 0],
            "churn_6m": [0.1] * 4 + [np.nan] * 5,
        }
    )


@pytest.fixture
def standing():
    """a0 to a3 stay in the last tier; a4 stands high; a5 moved by past value, a6 since last time."""
    table = pd.DataFrame({"account_id": [*IDS, "silent"], "tier": "D", "tier_by_past_value": "D"})
    table["previous_tier"] = pd.Series(["D"] * 6 + ["C", "D", None], dtype="str")
    table.loc[4, ["tier", "tier_by_past_value", "previous_tier"]] = "A"
    table.loc[5, "tier_by_past_value"] = "B"
    return table


def chosen(dataset, predictions, standing, most):
    return choose_accounts(
        dataset, predictions, standing, horizon="6m", tiers=("A", "B", "C", "D"), most=most
    )


def names(found):
    return found.dataset.keys["account_id"].tolist()


def test_everyone_is_explained_where_there_is_room(dataset, predictions, standing):
    found = chosen(dataset, predictions, standing, 8)
    assert names(found) == IDS
    assert found.as_document() == {"accounts": 8, "of": 8, "rule": EVERYONE}
    np.testing.assert_array_equal(found.shown["value"], predictions["value_6m"][:8])


def test_those_who_move_or_stand_high_come_first_and_then_those_with_most_at_stake(
    dataset, predictions, standing
):
    found = chosen(dataset, predictions, standing, 5)
    assert names(found) == ["a0", "a4", "a5", "a6", "a7"]  # a7 was worth most
    assert found.as_document() == {"accounts": 5, "of": 8, "rule": FIRST}
    assert found.dataset.X["x"].tolist() == [0.0, 4.0, 5.0, 6.0, 7.0]
    assert found.shown["value"].tolist() == [90.0, 50.0, 40.0, 30.0, 20.0]
    np.testing.assert_array_equal(np.isnan(found.shown["churn"]), [False, True, True, True, True])


def test_where_even_those_are_too_many_the_highest_stakes_win(dataset, predictions, standing):
    assert names(chosen(dataset, predictions, standing, 2)) == ["a4", "a5"]
    assert names(chosen(dataset, predictions, standing, 0)) == []


def test_a_head_that_says_nothing_is_not_explained(dataset, predictions, standing):
    found = chosen(dataset, predictions.assign(churn_6m=np.nan), standing, 8)
    assert list(found.shown) == ["value"]
