"""What the policy caught and what its tiers were given is said as it is, and nothing that is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.policy_lines import ALL, effort_lines, policy_lines

TOP = {
    "cutoff": ALL,
    "tier": "A",
    "by_prediction": 0.445,
    "by_past_value": 0.416,
    "at_best": 0.480,
    "difference": 0.029,
    "low": 0.010,
    "high": 0.048,
}
CURRENT = {
    "by_current_tier": 0.42,
    "difference_to_current": 0.025,
    "difference_to_current_low": 0.004,
    "difference_to_current_high": 0.046,
}
CONTRACT = {
    "by_contract_value": 0.46,
    "difference_to_contract": -0.015,
    "difference_to_contract_low": -0.030,
    "difference_to_contract_high": 0.001,
}


def lines(row):
    return list(policy_lines(pd.DataFrame([row]), "EUR"))


def test_a_table_without_the_new_baselines_says_what_it_always_said():
    said = lines(TOP)
    assert len(said) == 3
    assert said[0] == (
        "tier A by prediction would have caught 44.5 % of value, by past value 41.6 %: "
        "+2.9 points (1.0 to 4.8); at best 48.0 %"
    )


def test_each_baseline_that_exists_has_its_line():
    said = lines(TOP | CURRENT | CONTRACT)
    start = "tier A by prediction would have caught 44.5 % of value, "
    assert said[1] == f"{start}by the company's own tiers 42.0 %: +2.5 points (0.4 to 4.6)"
    assert said[2] == f"{start}by contract value 46.0 %: -1.5 points (-3.0 to 0.1)"
    assert len(lines(TOP | CURRENT)) == len(lines(TOP | CONTRACT)) == len(said) - 1 == 4
    assert lines(TOP | dict.fromkeys(CURRENT, np.nan)) == lines(TOP)


def book(hours, shares=(0.6, 0.3, 0.1), accounts=(10, 20, 70)):
    rows = {"cutoff": ALL, "tier": list("ABC"), "accounts": accounts, "by_prediction": shares}
    return pd.DataFrame(rows | {"hours_spent_by_prediction": hours})


def test_a_big_pot_is_called_one():
    said = list(effort_lines(book([10.0, 20.0, 70.0])))
    assert said[0] == (
        "effort against value: tier A was given 10.0 % of the hours spent and brought 60.0 % of value; "
        "tier B 20.0 % and 30.0 %; tier C 70.0 % and 10.0 %"
    )
    assert said[1] == (
        "per account, tier A was given 1.0 times the hours of all others and brought 13.5 times "
        "their value: no more for those who brought more"
    )


def test_where_important_accounts_do_get_more_it_is_not():
    said = list(effort_lines(book([40.0, 40.0, 20.0])))
    assert said[1] == (
        "per account, tier A was given 6.0 times the hours of all others and brought 13.5 times "
        "their value"
    )


@pytest.mark.parametrize(
    "hours", [[np.nan] * 3, [0.0] * 3, [1.0, np.nan, 2.0]], ids=["unknown", "none", "in part"]
)
def test_hours_that_are_not_known_have_no_line(hours):
    assert list(effort_lines(book(hours))) == []
    assert list(effort_lines(book([1.0] * 3).drop(columns="hours_spent_by_prediction"))) == []


def test_nothing_is_divided_by_nothing():
    assert len(list(effort_lines(book([5.0, 0.0, 0.0])))) == 1
    assert len(list(effort_lines(book([5.0, 1.0, 1.0], shares=(1.0, 0.0, 0.0))))) == 1
    assert len(list(effort_lines(book([0.0, 1.0, 1.0], accounts=(0, 20, 80))))) == 1
    assert list(effort_lines(book([1.0] * 3).iloc[:0])) == []
