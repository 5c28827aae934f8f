"""Which steps lead to a horizon follows from what could be counted, and from nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.churn.steps import (
    Chain,
    Step,
    column,
    given,
    lacking_events,
    plan_steps,
)

NEVER = np.full(200, np.nan)


def silent(events, rows=200):
    return np.r_[np.ones(events), np.zeros(rows - events)]


def table(**columns):
    return pd.DataFrame({name.removeprefix("h"): values for name, values in columns.items()})


def test_horizons_that_can_be_learned_follow_one_another():
    targets = table(h3m=silent(150), h6m=silent(100))
    chain = plan_steps(targets, ["6m", "3m"], lawful=True)
    assert chain.steps == (Step("3m", None), Step("6m", "3m"))
    assert chain.stretched == {}
    assert chain.lacking == {}


def test_helpers_are_passed_over_where_a_horizon_speaks_for_itself():
    targets = table(h1m=silent(160), h3m=silent(150), h6m=silent(100))
    assert plan_steps(targets, ["6m"], lawful=True).steps == (Step("6m", None),)


def test_a_horizon_without_windows_is_stretched_from_the_longest_helper():
    targets = table(h9w=silent(150), h13w=silent(120), h19w=silent(80), h39w=NEVER)
    chain = plan_steps(targets, ["13w", "39w"], lawful=True)
    assert chain.steps == (Step("13w", None), Step("19w", "13w"), Step("39w", "19w", "law"))
    assert chain.stretched == {"39w": "19w"}


def test_a_horizon_that_is_not_even_a_column_can_be_stretched():
    chain = plan_steps(table(h3m=silent(100)), ["1y"], lawful=True)
    assert chain.stretched == {"1y": "3m"}


def test_two_horizons_are_stretched_from_the_same_window():
    targets = table(h3m=silent(100), h6m=NEVER, h12m=NEVER)
    chain = plan_steps(targets, ["6m", "12m"], lawful=True)
    assert chain.stretched == {"6m": "3m", "12m": "3m"}


def test_without_a_law_a_horizon_lacks_what_it_lacks():
    targets = table(h3m=silent(100), h6m=NEVER, h12m=silent(190))
    chain = plan_steps(targets, ["3m", "6m", "12m"], lawful=False)
    assert chain.lacking == {
        "6m": "no complete window",
        "12m": "10 rows that bought, at least 30 are needed",
    }
    assert [step.label for step in chain.steps] == ["3m"]


@pytest.mark.parametrize(("lawful", "way"), [(True, "law"), (False, "share")])
def test_a_step_in_which_hardly_anybody_came_back_is_not_learned(lawful, way):
    targets = table(h6m=silent(100), h12m=silent(90))
    chain = plan_steps(targets, ["6m", "12m"], lawful=lawful)
    assert chain.steps[-1] == Step("12m", "6m", way)
    assert chain.stretched == ({"12m": "6m"} if lawful else {})


def test_nothing_shorter_leaves_nothing_to_stretch():
    chain = plan_steps(table(h6m=NEVER), ["6m"], lawful=True)
    assert chain.lacking == {"6m": "no complete window"}


def test_a_step_is_learned_from_who_was_silent_so_far():
    targets = table(h3m=np.array([1.0, 0.0, np.nan, 1.0]), h6m=np.array([1.0, 0.0, 1.0, np.nan]))
    np.testing.assert_array_equal(given(targets, "6m", "3m"), [1.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(given(targets, "6m", None), targets["6m"])
    assert column(targets, "1y").isna().all()


def test_a_chain_is_plain_data():
    chain = plan_steps(table(h3m=silent(100), h6m=NEVER), ["6m"], lawful=True)
    again = Chain.from_json(chain.to_json(), chain.stretched)
    assert again == chain


@pytest.mark.parametrize(
    ("events", "said"),
    [(29, "29 silent rows"), (171, "29 rows that bought"), (100, ""), (30, "")],
)
def test_thirty_of_each_kind_are_needed(events, said):
    assert lacking_events(pd.Series(silent(events))).startswith(said)
    assert bool(lacking_events(pd.Series(silent(events)))) == bool(said)
