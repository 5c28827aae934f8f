"""Reasons: at most three each way, in money or points, observed facts, no advice and no jargon."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from valuemodel.explain.families import LAW
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
        ("a", head, "6m", name, size, "19 days", rank, name, 1, None)
        for rank, (head, name, size) in enumerate(rows, 1)
    ]
    names = ["account_id", "head", "horizon", "feature", "contribution", "shown_value", "rank"]
    found = pd.DataFrame(lines, columns=[*names, "driver", "members", "stable"])
    return found.assign(group="monetary")


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
    rows = pd.concat([rows, table(("value", "(calibration)", 70.0))])
    rows["rank"] = pd.array([0, None, None, None], dtype="Int64")
    found = reasons(rows, FEATURES, currency="EUR")
    assert found.columns.tolist() == ["account_id", *reason_columns()]
    assert found["account_id"].tolist() == ["a"]
    assert found[reason_columns()].isna().all(axis=None)


WORTH = Feature(
    "past_value_6m",
    "Value",
    "money",
    "more",
    "no",
    "Worth {value} in the last 6 months",
    "monetary",
)


def of_family(**changes) -> pd.DataFrame:
    facts = {"driver": "past_value", "members": 9, "shown_value": "£8k"}
    return table(("value", "past_value_6m", 1250.0)).assign(**(facts | changes))


def test_a_family_is_one_reason_that_says_so():
    said = only(reasons(of_family(), [WORTH], currency="GBP"))
    assert said["reason_up_1"] == (
        "Worth £8k in the last 6 months, with its value in other periods: "
        "adds about £1.2k to the next 6 months"
    )
    alone = only(reasons(of_family(members=1), [WORTH], currency="GBP"))
    assert "with its value" not in alone["reason_up_1"]


def test_a_reason_that_refits_do_not_confirm_says_so_and_one_not_measured_says_nothing():
    weak = " (weak: changes from one refit to the next)"
    for stable, end in ((False, weak), (True, ""), (None, "")):
        said = only(reasons(of_family(stable=stable), [WORTH], currency="GBP"))
        assert said["reason_up_1"].endswith(f"to the next 6 months{end}")


def test_the_month_of_the_forecast_is_no_reason_of_an_account():
    """It is the same for the whole book: a part of each prediction, and no reason for a tier."""
    rows = table(("value", "f1", 900.0), ("value", "f2", 500.0))
    rows.loc[0, "group"] = "season"
    said = only(reasons(rows, FEATURES, currency="EUR"))
    assert said["reason_up_1"].startswith("Fact 2")
    assert "reason_up_2" not in said


def test_a_churn_reason_is_left_out_where_its_driver_is_told_through_another_member():
    rows = pd.concat(
        [
            of_family(contribution=-90.0),
            table(("churn", "past_value_12m", 0.3)).assign(driver="past_value", members=9),
        ]
    )
    twelve = replace(WORTH, name="past_value_12m")
    said = only(reasons(rows, [WORTH, twelve], currency="EUR"))
    assert list(said) == ["account_id", "reason_down_1"]


def test_the_rhythm_of_buying_is_told_by_what_the_law_reads():
    row = table(("value", "btyd_value_6m", 640.0))
    row = row.assign(driver=LAW, members=5, shown_value="24 purchase days, the last 19 days ago")
    assert only(reasons(row, [], currency="EUR"))["reason_up_1"] == (
        "Its rhythm of buying and what it usually spends (24 purchase days, the last 19 days ago): "
        "adds about €640 to the next 6 months"
    )


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
