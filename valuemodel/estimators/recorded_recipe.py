"""Recipes as data: kept with a model, read back to fit it again elsewhere, and compared.

Why this way: whether a challenger is better than the champion can only be judged out of time, at cutoffs
that lie before the champion was trained; a model that has seen what came must not judge them. So not the
champion's trees are judged but what it was made by: its recipe, kept with it with every option written
out, and fitted anew at each cutoff on what was known then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any

from valuemodel.estimators.buy_till_you_die.forecasts import NEEDED
from valuemodel.estimators.definitions import EstimatorSection, Recipe
from valuemodel.sections import parse_section

#: What a recipe's value reads that not every book has, and what a book without it lacks.
_NEEDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "rfm": (("recency_days", "purchase_days_365d"), "recency and frequency of orders"),
    "arr_rank": (("arr",), "contracts"),
    "buy_till_you_die": (NEEDED, "the days and the money of orders"),
}


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as JSON values: its name, and each of its sections with all options.

    Examples
    --------
    >>> from valuemodel.estimators.definitions import Definition, recipes
    >>> names = ("past_value", "future_value", "churn_risk")
    >>> known = recipes(*(Definition.parse({"estimator": name}) for name in names))
    >>> document = recipe_document(known["past_value"])
    >>> document["name"], document["value"], document["churn"]
    ('past_value', {'estimator': 'past_value'}, {'estimator': 'recency_silence', 'bins': 20})
    """
    return {"name": recipe.name} | {
        name: section.as_document() for name, section in _sections(recipe).items()
    }


def recorded_recipe(document: Mapping[str, Any], today: Recipe) -> Recipe:
    """Rebuild a recipe from `recipe_document`; parts that it does not know yet are today's.

    Parameters
    ----------
    document : mapping
        As it was kept with a model.
    today : Recipe
        The recipe of the same name, as it is declared now.

    Raises
    ------
    SettingsError
        If an estimator or an option is not known any more.
    """
    known = {name for name in _sections(today) if name in document}
    sections = {
        name: parse_section(EstimatorSection, document[name], f"the recorded recipe, {name}")
        for name in sorted(known)
    }
    return replace(today, name=str(document["name"]), **sections)


def same_recipe(one: Recipe, other: Recipe) -> bool:
    """Return whether two recipes make the same model from the same data, whatever their names."""
    first, second = recipe_document(one), recipe_document(other)
    return first | {"name": ""} == second | {"name": ""}


def lacking(recipe: Recipe, features: Collection[str]) -> str:
    """Say what a recipe needs that a book's features do not have; empty where it lacks nothing.

    Examples
    --------
    >>> from valuemodel.estimators.definitions import Definition, recipes
    >>> names = ("past_value", "future_value", "churn_risk")
    >>> known = recipes(*(Definition.parse({"estimator": name}) for name in names))
    >>> lacking(known["arr_rank"], ["past_value_6m"]), lacking(known["past_value"], [])
    ('the book has no contracts', '')
    """
    needed, what = _NEEDS.get(recipe.value.estimator, ((), ""))
    return f"the book has no {what}" if set(needed) - set(features) else ""


def _sections(recipe: Recipe) -> dict[str, EstimatorSection]:
    found = {field.name: getattr(recipe, field.name) for field in fields(recipe)}
    return {name: one for name, one in found.items() if isinstance(one, EstimatorSection)}
