from __future__ import annotations

import pandas as pd

from valuemodel.explain.levers import MOST, NOT_A_CAUSE, levers
from valuemodel.features.catalog import Feature

CONTACTS = Feature("contacts", "Contacts", "contacts", "more", "yes", "{value}", "interactions")
HOURS = Feature("hours", "Hours of contact", "hours", "more", "yes", "{value}", "interactions")
SEATS = Feature("seats", "Seats", "seats", "more", "yes", "{value}", "contracts")
WORTH = Feature("worth", "Value", "money", "more", "indirect", "{value}", "monetary")
FEATURES = [CONTACTS, HOURS, SEATS, WORTH]


def driver(account: str, feature: str, contribution: float, **more: object) -> dict[str, object]:
    row = {"account_id": account, "head": "value", "horizon": "12m", "feature": feature}
    row |= {"contribution": contribution, "shown_value": "2", "rank": 1, "stable": True}
    return row | more


def said(*rows: dict[str, object]) -> dict[str, str]:
    table = levers(pd.DataFrame(rows), FEATURES, currency="EUR")
    return dict(zip(table["account_id"], table["what_moves_up"], strict=True))


def test_only_what_can_be_moved_and_pulls_down_is_named():
    found = said(
        driver("a", "worth", -9_000.0),
        driver("a", "contacts", -100.0),
        driver("b", "contacts", 500.0),
        driver("c", "contacts", -500.0, head="churn"),
    )
    assert list(found) == ["a"]
    assert found["a"].startswith(
        "Contacts (now 2): goes with about €100 less over the next 12 months"
    )
    assert "Value" not in found["a"]


def test_it_is_told_as_an_association_and_never_as_a_cause():
    text = said(driver("a", "contacts", -100.0))["a"]
    assert text.endswith(f"({NOT_A_CAUSE})")
    assert not [word for word in ("because", "would", "causes", "increase") if word in text]


def test_the_largest_come_first_and_weak_ones_last_and_marked():
    text = said(
        driver("a", "contacts", -100.0),
        driver("a", "hours", -300.0),
        driver("a", "seats", -900.0, stable=False),
    )["a"]
    assert text.count("goes with") == MOST
    assert text.index("Hours of contact") < text.index("Contacts (")
    assert "Seats" not in text
    weak = said(driver("a", "seats", -900.0, stable=False), driver("a", "hours", -1.0))["a"]
    assert weak.index("Hours") < weak.index("Seats") < weak.index("weak: changes")


def test_a_book_without_drivers_has_no_levers():
    empty = pd.DataFrame([driver("a", "contacts", -1.0)]).iloc[:0]
    found = levers(empty, FEATURES, currency="EUR")
    assert found.columns.tolist() == ["account_id", "what_moves_up"]
    assert found.empty
