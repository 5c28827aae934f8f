"""Reasons: at most three each way, in money or points, observed facts, no advice and no jargon."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from valuemodel.explain.reasons import reason_columns, reasons
from valuemodel.features.catalog import Feature
from valuemodel.features.registry import catalog
from valuemodel.periods import Horizon

RECENCY = Feature(
    "recency_days", "Days since the last order", "days", "less", "yes", "Last order {value} ago"
)
FEATURES = [
    RECENCY,
    *(
        Feature(f"f{n}", f"Fact {n}", "orders", "more", "no", f"Fact {n} is {{value}}")
        for n in range(6)
    ),
]


def table(*rows: tuple[str, str, float]) -> pd.DataFrame:
    lines = [
        ("a", head, "6m", name, size, "19 days", rank)
        for rank, (head, name, size) in enumerate(rows, 1)
    ]
    names = ["account_id", "head", "horizon", "feature", "contribution", "shown_value", "rank"]
    return pd.DataFrame(lines, columns=names)


def only(found: pd.DataFrame) -> dict[str, str]:
    (line,) = found.to_dict("records")
    return {name: text for name, text in line.items() if isinstance(text, str)}


def test_a_reason_says_what_is_observed_and_its_effect_in_money():
    said = only(reasons(table(("value", "recency_days", 1234.0)), FEATURES, currency="GBP"))
    assert said["reason_up_1"] == "Last order 19 days ago: adds about £1.2k to the next 6 months"


def test_what_lowers_the_value_is_told_as_such():
    said = only(reasons(table(("value", "recency_days", -840.0)), FEATURES, currency="CHF"))
    assert said["reason_down_1"].endswith("takes about CHF 840 off the next 6 months")


def test_at_most_three_each_way_largest_first():
    rows = [("value", f"f{n}", 100.0 * (n + 1)) for n in range(6)]
    rows += [("value", "recency_days", -50.0)]
    said = only(reasons(table(*rows), FEATURES, currency="EUR"))
    assert [said[f"reason_up_{n}"][:6] for n in (1, 2, 3)] == ["Fact 5", "Fact 4", "Fact 3"]
    assert sum(name.startswith("reason_down") for name in said) == 1


def test_a_large_churn_effect_takes_the_last_place_in_points():
    rows = [("value", f"f{n}", -100.0 * (n + 1)) for n in range(4)]
    rows += [("churn", "recency_days", 0.12)]
    said = only(reasons(table(*rows), FEATURES, currency="EUR"))
    assert said["reason_down_3"] == (
        "Last order 19 days ago: raises the risk of no purchase by about 12 points"
    )
    assert said["reason_down_2"].startswith("Fact 2")


def test_a_small_churn_effect_or_one_told_already_is_left_out():
    rows = [
        ("value", "recency_days", -100.0),
        ("churn", "recency_days", 0.4),
        ("churn", "f1", 0.01),
    ]
    said = only(reasons(table(*rows), FEATURES, currency="EUR"))
    assert "risk" not in " ".join(said.values())


def test_a_lower_risk_is_a_reason_up():
    said = only(reasons(table(("churn", "recency_days", -0.2)), FEATURES, currency="EUR"))
    assert said["reason_up_1"].endswith("lowers the risk of no purchase by about 20 points")


def test_effects_too_small_to_say_are_left_out():
    rows = [("value", "f1", 1000.0), ("value", "f2", 5.0), ("value", "f3", -0.3)]
    said = only(reasons(table(*rows), FEATURES, currency="EUR"))
    assert [name for name in said if name.startswith("reason")] == ["reason_up_1"]


def test_rows_that_are_no_features_are_never_reasons_and_every_account_has_its_line():
    rows = table(("value", "(base)", 500.0), ("value", "(other)", 90.0), ("value", "(rest)", 9.0))
    found = reasons(rows, FEATURES, currency="EUR")
    assert found.columns.tolist() == ["account_id", *reason_columns()]
    assert found["account_id"].tolist() == ["a"]
    assert found[reason_columns()].isna().all(axis=None)


def test_a_missing_value_is_called_not_known():
    rows = table(("value", "recency_days", -840.0)).assign(shown_value="not known")
    said = only(reasons(rows, FEATURES, currency="EUR"))
    assert said["reason_down_1"].startswith("Days since the last order not known: takes")


def test_braces_in_a_shown_value_are_only_text():
    rows = table(("value", "f1", 840.0)).assign(shown_value="{0.__class__} {value}")
    assert "{0.__class__} {value}" in only(reasons(rows, FEATURES, currency="EUR"))["reason_up_1"]


@pytest.mark.parametrize("head", ["value", "churn"])
@pytest.mark.parametrize("sign", [1, -1])
def test_every_feature_of_the_catalog_has_a_sentence_without_jargon_or_advice(head, sign):
    size = 1000.0 if head == "value" else 0.2
    for feature in catalog([Horizon.parse("6 months")]).features:
        (text, *_) = (
            text
            for name, text in only(
                reasons(table((head, feature.name, sign * size)), [feature], currency="GBP")
            ).items()
            if name != "account_id"
        )
        assert "19 days" in text
        assert not re.search(r"log|odds|shap|should|must|recommend|because", text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("rule", "risk"),
    [
        ("inactivity", "the risk of no purchase"),
        ("contract", "the risk that the contract lapses"),
        ("both", "the risk of leaving"),
    ],
)
def test_the_risk_is_called_what_the_rule_makes_it(rule, risk):
    rows = table(("churn", "recency_days", 0.2))
    said = only(reasons(rows, FEATURES, currency="EUR", churn_rule=rule))
    assert said["reason_down_1"].endswith(f"raises {risk} by about 20 points")
