"""The champion is judged by its recipe, and only where that is another than those judged anyway."""

from __future__ import annotations

import pytest

from valuemodel.estimators.definitions import Definition, recipes
from valuemodel.estimators.recorded_recipe import recipe_document
from valuemodel.evaluation.gate.standing import standing_from

FEATURES = ["past_value_6m"]
JUDGED = ("past_value", "lightgbm")


def known(rounds=120):
    return recipes(
        Definition.parse({"estimator": "past_value"}),
        Definition.parse({"estimator": "future_value", "trees": {"rounds": rounds}}),
        Definition.parse({"estimator": "churn_risk"}),
    )


def asked(document, version="3"):
    return standing_from(version, document, known(), JUDGED, FEATURES)


def test_another_recipe_is_judged_as_it_was_kept():
    kept = recipe_document(known(rounds=77)["lightgbm"])
    found = asked(kept)
    assert found.recipe.value.trees.rounds == 77
    assert "version 3, is judged as 'champion'" in found.words


@pytest.mark.parametrize("name", JUDGED)
def test_a_recipe_that_is_judged_anyway_is_named(name):
    found = asked(recipe_document(known()[name]))
    assert found.recipe is None
    assert f"made by the recipe of {name}, which is judged here" in found.words


@pytest.mark.parametrize(
    ("document", "version", "words"),
    [
        ({}, None, "there is no champion yet"),
        ({}, "2", "was kept without its recipe"),
        ({"name": "lightgbm", "value": {"estimator": "oracle"}}, "2", "cannot be fitted any more"),
        (recipe_document(known()["arr_rank"]), "2", "the book has no contracts"),
    ],
)
def test_what_cannot_be_judged_is_said(document, version, words):
    found = asked(document, version)
    assert found.recipe is None
    assert words in found.words
