from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.labels.classes import buying, classify, under_contract
from valuemodel.tiers.policy.labels import LabelsSection

PREDICTED = ("past_value", "value", "churn", "winnability", "white_space")


def frame_of(n: int = 1, **known) -> pd.DataFrame:
    """A book of accounts ``0, 1, ...``; what is not named is not known."""
    told = pd.DataFrame({"account_id": [f"{at}" for at in range(n)]})
    predicted = {f"{name}_1y": known.pop(name) for name in PREDICTED if name in known}
    facts = told.assign(**known)
    return account_frame(told, told.assign(**predicted), facts, Horizon.parse("1 year"))


def rules(*rules: dict) -> LabelsSection:
    return LabelsSection.model_validate({"classes": list(rules)})


def test_the_first_rule_that_holds_names_the_class():
    frame = frame_of(4, orders_12m=[2.0, 0.0, 0.0, 0.0], open_opportunities=[1.0, 1.0, 0.0, 0.0])
    frame["white_space"] = [5.0, 5.0, 5.0, 0.0]
    assert classify(frame, LabelsSection()).tolist() == [
        *("serve", "attacking", "potential", "not now"),
    ]
    turned = rules({"name": "attacking", "pipeline": True}, {"name": "serve", "buying": True})
    assert classify(frame, turned).tolist() == ["attacking", "attacking", "not now", "not now"]


@pytest.mark.parametrize(
    "known",
    [
        {"orders_12m": 1.0},
        {"past_value": 0.01},
        {"arr": 1.0, "orders_12m": 0.0},
        {"arr": np.nan, "renewed": False, "orders_12m": 0.0},
    ],
    ids=["an order", "value of the past window", "a contract", "a contract of no stated amount"],
)
def test_each_sign_of_buying_is_enough(known):
    assert classify(frame_of(**known), LabelsSection()).tolist() == ["serve"]


@pytest.mark.parametrize("wanted", [True, False])
def test_of_whom_nothing_is_known_no_condition_holds_whichever_way_it_asks(wanted):
    nothing = frame_of()
    assert classify(nothing, rules({"name": "serve", "buying": wanted})).tolist() == ["not now"]
    assert classify(nothing, rules({"name": "serve", "pipeline": wanted})).tolist() == ["not now"]


def test_who_is_known_to_buy_nothing_can_be_asked_for():
    frame = frame_of(3, orders_12m=[0.0, 1.0, np.nan], past_value=[0.0, 0.0, -5.0])
    found = classify(frame, rules({"name": "potential", "buying": False}))
    assert found.tolist() == ["potential", "not now", "potential"]


@pytest.mark.parametrize(
    ("rule", "column", "holds", "fails"),
    [
        ({"churn_at_most": 0.3}, "churn", 0.3, 0.31),
        ({"winnability_at_least": 0.5}, "winnability", 0.5, 0.49),
        ({"value_at_least": 100.0}, "value", 100.0, 99.9),
        ({"white_space_at_least": 10.0}, "white_space", 10.0, 9.9),
        ({"fit_at_least": -1.0}, "fit_score", -1.0, -1.1),
        ({"pipeline": True}, "open_opportunities", 1.0, 0.0),
        ({"pipeline": False}, "open_opportunities", 0.0, 1.0),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else None,
)
def test_a_condition_holds_at_its_limit_and_not_beyond_nor_where_nothing_is_known(
    rule, column, holds, fails
):
    frame = frame_of(3, **{column: [holds, fails, np.nan]})
    assert classify(frame, rules({"name": "serve", **rule})).tolist() == [
        *("serve", "not now", "not now"),
    ]


def test_an_industry_must_be_one_of_those_named():
    frame = frame_of(3, industry=["toys", "steel", None])
    found = classify(frame, rules({"name": "attacking", "industries": ["toys", "glass"]}))
    assert found.tolist() == ["attacking", "not now", "not now"]


def test_all_conditions_of_a_rule_must_hold():
    both = rules({"name": "serve", "buying": True, "churn_at_most": 0.5})
    frame = frame_of(3, orders_12m=[1.0, 1.0, 0.0], churn=[0.4, 0.6, 0.4])
    assert classify(frame, both).tolist() == ["serve", "not now", "not now"]


def test_a_rule_without_conditions_takes_whoever_is_left():
    section = rules({"name": "serve", "buying": True}, {"name": "potential"})
    assert classify(frame_of(2, orders_12m=[1.0, np.nan]), section).tolist() == [
        *("serve", "potential"),
    ]


def test_without_rules_nobody_is_worked_now():
    assert classify(frame_of(2), rules()).tolist() == ["not now", "not now"]


def test_an_empty_book_has_no_classes():
    found = classify(frame_of(0), LabelsSection())
    assert (len(found), found.dtype, found.name) == (0, "str", "class")


def test_a_contract_is_in_force_where_it_brings_something_or_its_terms_are_known():
    frame = frame_of(4, arr=[9.0, 0.0, np.nan, np.nan])
    frame["renewed"] = pd.array([None, None, True, None], dtype="boolean")
    assert under_contract(frame).tolist() == [True, False, True, False]
    assert buying(frame).tolist() == [True, False, True, False]


AMOUNT = st.sampled_from([math.nan, 0.0, 0.5, 2.0])
ACCOUNT = st.fixed_dictionaries(
    {
        **dict.fromkeys(("orders_12m", "past_value", "arr", "open_opportunities"), AMOUNT),
        **dict.fromkeys(("churn", "winnability", "value", "white_space", "fit_score"), AMOUNT),
        "industry": st.sampled_from([None, "toys", "steel"]),
    }
)
LIMIT = st.sampled_from([None, 0.0, 0.5, 1.0])
RULE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["serve", "attacking", "potential", "not now"]),
        "buying": st.sampled_from([None, True, False]),
        "pipeline": st.sampled_from([None, True, False]),
        **dict.fromkeys(("churn_at_most", "winnability_at_least", "value_at_least"), LIMIT),
        **dict.fromkeys(("white_space_at_least", "fit_at_least"), LIMIT),
        "industries": st.sampled_from([[], ["toys"]]),
    }
)


def asked(wanted: bool | None, amounts: list[float]) -> bool:
    known = [amount for amount in amounts if not math.isnan(amount)]
    return wanted is None or (bool(known) and any(one > 0 for one in known) == wanted)


def by_hand(account: dict, rule: dict) -> bool:
    least = ("winnability", "value", "white_space", "fit")
    columns = {"fit": "fit_score"}
    return (
        asked(rule["buying"], [account[name] for name in ("orders_12m", "past_value", "arr")])
        and asked(rule["pipeline"], [account["open_opportunities"]])
        and (rule["churn_at_most"] is None or account["churn"] <= rule["churn_at_most"])
        and all(
            rule[f"{name}_at_least"] is None
            or account[columns.get(name, name)] >= rule[f"{name}_at_least"]
            for name in least
        )
        and (not rule["industries"] or account["industry"] in rule["industries"])
    )


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(ACCOUNT, max_size=12), st.lists(RULE, max_size=4))
def test_classes_are_what_trying_the_rules_by_hand_gives_in_any_order_of_rows(
    accounts, given_rules
):
    columns = {name: [one[name] for one in accounts] for name in (accounts or [{}])[0]}
    frame = frame_of(len(accounts), **columns)
    section = rules(*given_rules)
    expected = [
        next((rule["name"] for rule in given_rules if by_hand(one, rule)), "not now")
        for one in accounts
    ]
    assert classify(frame, section).tolist() == expected
    assert classify(frame.iloc[::-1], section).tolist() == expected[::-1]
