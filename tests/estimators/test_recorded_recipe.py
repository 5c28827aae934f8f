"""A recipe survives as data, and is told from another one by what it makes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from valuemodel.estimators.definitions import Definition, recipes
from valuemodel.estimators.recorded_recipe import (
    lacking,
    recipe_document,
    recorded_recipe,
    same_recipe,
)
from valuemodel.exceptions import SettingsError


def known(**trees):
    return recipes(
        Definition.parse({"estimator": "past_value"}),
        Definition.parse({"estimator": "future_value", "trees": trees, "gate": {"draws": 100}}),
        Definition.parse({"estimator": "churn_risk"}),
    )


@pytest.mark.parametrize("name", list(known()))
def test_it_survives_json_with_every_option(name):
    recipe = known(rounds=33)[name]
    document = json.loads(json.dumps(recipe_document(recipe)))
    again = recorded_recipe(document, known()[name])
    assert recipe_document(again) == document
    assert same_recipe(again, recipe)
    assert again.name == name


def test_options_are_written_out_so_that_later_defaults_do_not_change_it():
    said = recipe_document(known()["lightgbm"])
    assert said["value"]["trees"]["rounds"] == known()["lightgbm"].value.trees.rounds
    assert "gate" not in said["value"]


def test_it_is_another_recipe_where_it_makes_another_model():
    lightgbm = known()["lightgbm"]
    assert same_recipe(lightgbm, replace(lightgbm, name="champion"))
    assert not same_recipe(lightgbm, known(rounds=33)["lightgbm"])
    assert not same_recipe(known()["past_value"], known()["rfm"])


def test_what_a_later_recipe_has_besides_is_todays():
    document = recipe_document(known()["lightgbm"])
    del document["lapse"]
    assert recorded_recipe(document, known()["lightgbm"]).lapse.estimator == "lapse_risk"


def test_an_estimator_that_is_gone_is_named():
    document = recipe_document(known()["lightgbm"]) | {"value": {"estimator": "crystal_ball"}}
    with pytest.raises(SettingsError, match="the recorded recipe, value"):
        recorded_recipe(document, known()["lightgbm"])


@pytest.mark.parametrize(
    ("name", "lacks"),
    [("arr_rank", "contracts"), ("rfm", "recency"), ("buy_till_you_die", "orders")],
)
def test_what_a_book_lacks_is_said(name, lacks):
    features = ["past_value_6m", "tenure_days"]
    assert lacks in lacking(known()[name], features)
    has = ["arr", "recency_days", "purchase_days_365d", "purchase_days_total", "value_total"]
    assert lacking(known()[name], [*features, *has]) == ""
