"""A candidate is a name and a way to fit; those of a project can be sent to another process."""

from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.estimators.definitions import Definition, EstimatorSection, Recipe, recipes
from valuemodel.evaluation.candidates import Candidate, RecipeFit, with_threads, without_outlook
from valuemodel.evaluation.workers import side_by_side
from valuemodel.periods import Cutoff, Horizon

RECIPES = recipes(
    *(Definition.parse({"estimator": n}) for n in ("past_value", "future_value", "churn_risk"))
)


class Table:
    """Two accounts, in the shape of a dataset."""

    X = pd.DataFrame({"past_value_3m": [10.0, 30.0], "recency_days": [5.0, 90.0]})
    y = pd.DataFrame({"value_3m": [12.0, 0.0], "churn_3m": [0.0, 1.0]})
    keys = pd.DataFrame({"account_id": ["a", "b"], "cutoff": pd.Timestamp("2020-01-01")})

    def __len__(self):
        return len(self.X)


@pytest.fixture
def candidate():
    quarter = Horizon.parse("3 months")
    fit = RecipeFit(RECIPES["past_value"], (quarter,), quarter, "inactivity", 2)
    return Candidate("past_value", fit)


def test_a_recipe_is_fitted_as_training_would_have_done(candidate):
    model = candidate.fit(Table(), Cutoff.parse("2020-06-01"))
    assert model.name == "past_value"
    assert model.trained_until == Cutoff.parse("2020-06-01")
    assert model.predict(Table.X)["value_3m"].tolist() == [10.0, 30.0]


def test_it_holds_nothing_that_cannot_be_sent(candidate):
    sent = side_by_side(lambda one, threads: one, [candidate] * 2, workers=2, threads=2)
    assert list(sent) == [candidate] * 2


def test_threads_can_be_given_to_recipes_and_leave_others_alone(candidate):
    assert with_threads(candidate, 1).fit.threads == 1
    own = Candidate("mine", lambda dataset, as_of: None, 0.9)
    assert with_threads(own, 1) is own
    assert without_outlook(own) is own


def test_what_is_not_judged_is_not_fitted():
    section = EstimatorSection(estimator="past_value")
    told = {"wallet": EstimatorSection(estimator="wallet"), "winnability": section}
    whole = Recipe("own", *[section] * 6, **told)
    horizon = Horizon.parse("3 months")
    fit = RecipeFit(whole, (horizon,), horizon, "inactivity")
    found = without_outlook(Candidate("own", fit)).fit
    assert (found.recipe.wallet, found.recipe.winnability) == (None, None)
    assert found.recipe.value == section
    assert fit.recipe is whole
