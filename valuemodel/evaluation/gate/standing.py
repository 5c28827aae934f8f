"""The champion as a candidate: its recipe, fitted anew at every fold, as any other's is.

Why this way: the registered champion has learned from data up to its training, hence from what came
after most judged cutoffs; asked there, it would know the answers. Its recipe, kept with it, is fitted at
each fold on what was known then, by today's code and on today's features. Where that recipe is one that
is judged anyway there is nothing to add, and that is said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from valuemodel.estimators.definitions import Recipe
from valuemodel.estimators.recorded_recipe import lacking, recorded_recipe, same_recipe
from valuemodel.exceptions import SettingsError

CHAMPION = "champion"
"""What the champion is called in the tidy table, where it is judged apart."""

RECIPE_DOCUMENT = "recipe.json"
"""Under which name a model's recipe is kept with it."""


@dataclass(frozen=True)
class Standing:
    """The champion's recipe, where it is judged apart, and in words what there is.

    Examples
    --------
    >>> Standing(None, "there is no champion yet").recipe is None
    True
    """

    recipe: Recipe | None
    words: str


def standing_from(
    version: str | None,
    document: Mapping[str, object],
    known: Mapping[str, Recipe],
    judged: Collection[str],
    features: Collection[str],
) -> Standing:
    """Return the champion's recipe, unless it is judged anyway or cannot be fitted.

    Parameters
    ----------
    version : str or None
        The number of the champion's version; None where there is none.
    document : mapping
        What was kept with it under `RECIPE_DOCUMENT`; empty where nothing was.
    known : mapping of str to Recipe
        Today's recipes by name.
    judged : collection of str
        Which of them are judged in any case.
    features : collection of str
        The names of the features that the book has.
    """
    who = f"the champion, version {version},"
    if version is None or not document:
        without = f"{who} was kept without its recipe and is not judged apart"
        return Standing(None, without if version else "there is no champion yet")
    today = known.get(str(document.get("name")), next(iter(known.values())))
    try:
        recipe = recorded_recipe(document, today)
    except SettingsError as error:
        said = "; ".join(error.details) or str(error)
        return Standing(None, f"{who} cannot be fitted any more and is not judged: {said}")
    same = [name for name in judged if same_recipe(recipe, known[name])]
    if same:
        return Standing(None, f"{who} is made by the recipe of {same[0]}, which is judged here")
    if why := lacking(recipe, features):
        return Standing(None, f"{who} cannot be fitted and is not judged: {why}")
    said = f"{who} is judged as {CHAMPION!r}: its recipe, fitted anew at every cutoff"
    return Standing(recipe, said)
