"""Settings say all their mistakes at once, with the key and the nearest name."""

from __future__ import annotations

import copy

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.settings import Settings

GOOD = {
    "project": {"name": "shop", "currency": "GBP", "timezone": "Europe/London"},
    "tables": {"transactions": {"source": "sales.csv", "columns": {"account_id": "Customer"}}},
    "value": {"horizons": ["6 months", "3 months"], "tier_horizon": "6 months"},
}

# Where a mistake is put, what is put there, and what the message must say.
MISTAKES = [
    (("project", "nmae"), "x", "project.nmae: unknown key; did you mean 'name'?"),
    (("project", "currency"), "pounds", "project.currency"),
    (("project", "timezone"), "Europe/Londen", "did you mean 'Europe/London'?"),
    (("project", "level"), "group", "project.level"),
    (("value", "horizons"), ["6 moons"], "value.horizons.0: a horizon is a positive number"),
    (("value", "horizons"), [], "value.horizons"),
    (("value", "horizons"), ["6 months", "6m"], "the horizons repeat"),
    (("value", "horizen"), ["6 months"], "did you mean 'horizons'?"),
    (("value", "tier_horizon"), "1 year", "is not one of the horizons"),
    (("value", "measure"), "profit", "value.measure"),
    (("tables", "transaktions"), {}, "did you mean 'transactions'?"),
    (("tables", "transactions", "sorce"), "a", "did you mean 'source'?"),
    (("tables", "transactions", "decimal"), ";", "tables.transactions.decimal"),
    (("tables", "transactions", "thousands"), ".", "decimal and thousands are both '.'"),
    (("tables", "transactions", "limits"), {"missing_account": 2.0}, "limits.missing_account"),
    (("tables", "transactions", "rates"), {"USD": 0}, "rates.USD"),
    (("tables", "transactions", "exclude"), [{"reason": "overlap", "when": []}], "exclude.0.when"),
    (
        ("tables", "transactions", "exclude"),
        [{"reason": "overlap", "when": [{"column": "x"}]}],
        "give at least one of equals",
    ),
    (("tables", "transactions", "complete_until"), "soon", "must be an ISO date"),
    (("engine",), {"memory_limit": "lots"}, "engine.memory_limit"),
    (("features",), {"extra": {"x": "text"}}, "features.extra.x"),
    (("features",), {"leakage_limit": 0.2}, "features.leakage_limit"),
    (("backtest",), {"folds": 0}, "backtest.folds"),
    (("outptu",), {}, "did you mean 'output'?"),
]


def with_mistake(path, value):
    document = copy.deepcopy(GOOD)
    place = document
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
    if path[-1] == "horizons":
        document["value"].pop("tier_horizon")
    return document


@pytest.mark.parametrize(("path", "value", "message"), MISTAKES)
def test_each_mistake_is_found_and_named(path, value, message):
    with pytest.raises(SettingsError) as caught:
        Settings.parse(with_mistake(path, value))
    assert message in str(caught.value)


def test_all_mistakes_are_reported_at_once():
    document = copy.deepcopy(GOOD)
    document["project"]["currency"] = "pounds"
    document["value"]["horizen"] = 1
    document["engine"] = {"threads": 0}
    with pytest.raises(SettingsError, match="3 mistakes") as caught:
        Settings.parse(document)
    assert len(caught.value.details) == 3


def test_only_name_source_and_horizons_are_needed():
    settings = Settings.parse(
        {
            "project": {"name": "shop"},
            "tables": {"transactions": {"source": "sales.csv"}},
            "value": {"horizons": ["3 months", "1 year", "2 weeks"]},
        }
    )
    assert [horizon.label for horizon in settings.value.ordered] == ["2w", "3m", "1y"]
    assert settings.value.tiering.label == "1y"


def test_settings_cannot_be_changed_after_reading():
    settings = Settings.parse(GOOD)
    with pytest.raises(ValueError, match="frozen"):
        settings.project.name = "other"


def test_a_missing_and_a_broken_file_are_told_apart(tmp_path):
    with pytest.raises(SettingsError, match="no settings file"):
        Settings.load(tmp_path / "valuemodel.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[project\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="not a valid TOML"):
        Settings.load(broken)


SHOP = {"project": {"name": "shop"}, "value": {"horizons": ["1 year"]}}
SALES, TERMS, SERVICE = ({"source": f"{name}.csv"} for name in ("sales", "terms", "service"))


@pytest.mark.parametrize(
    ("tables", "rule"),
    [
        ({"transactions": SALES}, "inactivity"),
        ({"contracts": TERMS}, "contract"),
        ({"transactions": SALES, "contracts": TERMS}, "both"),
    ],
)
def test_the_rule_of_churn_follows_from_the_tables_unless_it_is_said(tables, rule):
    assert Settings.parse(SHOP | {"tables": tables}).churn_rule == rule
    said = Settings.parse(SHOP | {"tables": tables, "churn": {"rule": rule}})
    assert said.churn_rule == rule


@pytest.mark.parametrize(
    ("said", "needed"),
    [
        (
            {"tables": {"transactions": SALES}, "churn": {"rule": "both"}},
            "needs [tables.contracts]",
        ),
        (
            {"tables": {"contracts": TERMS}, "churn": {"rule": "inactivity"}},
            "[tables.transactions]",
        ),
        (
            {
                "tables": {"transactions": SALES},
                "value": {"horizons": ["1 year"], "measure": "contribution"},
            },
            "needs [tables.costs]",
        ),
        ({"tables": {"usage": SERVICE}}, "one of them is needed"),
    ],
)
def test_what_needs_a_table_says_which(said, needed):
    with pytest.raises(SettingsError) as caught:
        Settings.parse(SHOP | said)
    assert needed in str(caught.value)


def test_the_tables_are_named_in_the_order_of_the_contract():
    settings = Settings.parse(SHOP | {"tables": {"costs": SERVICE, "contracts": TERMS}})
    assert list(settings.tables.declared) == ["contracts", "costs"]
