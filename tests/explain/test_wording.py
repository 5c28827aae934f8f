"""Figures are said the same way everywhere, with few digits and no false precision."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.explain.wording import full_money, money, points, share, shown_value
from valuemodel.features.catalog import Feature


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "£0"), (0.004, "£0.00"), (-0.001, "£0.00"), (9.994, "£9.99"), (99.4, "£99.4"),
        (999.4, "£999"), (999.6, "£1.0k"), (12_345, "£12.3k"), (99_960, "£100k"),
        (999_499, "£999k"), (1_000_000, "£1.0m"), (-2.5e9, "-£2.5bn"), (3e12, "£3.0tn"),
        (math.nan, "not known"), (math.inf, "not known"),
    ],
)  # fmt: skip
def test_money_is_short(amount, said):
    assert money(amount, "GBP") == said


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(1.0, 1e13))
def test_short_money_is_within_five_per_cent(amount):
    scales = {"k": 1e3, "m": 1e6, "bn": 1e9, "tn": 1e12}
    text = money(amount, "EUR").removeprefix("€").replace(",", "")
    unit = next((name for name in ("tn", "bn", "m", "k") if text.endswith(name)), "")
    assert float(text.removesuffix(unit)) * scales.get(unit, 1.0) == pytest.approx(amount, rel=0.05)


def test_full_money_is_to_the_cent():
    assert full_money(1234567.891, "CHF") == "CHF 1,234,567.89"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.004, "0.4%"),
        (0.996, "99.6%"),
        (0.47, "47%"),
        (math.nan, "not known"),
    ],
)
def test_shares_are_in_per_cent(value, said):
    assert share(value) == said


def test_points_have_no_sign():
    assert [points(x) for x in (0.031, -0.031, 0.01, 0.0)] == [
        "3 points", "3 points", "1 point", "less than 1 point",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "value", "said"),
    [
        ("days", 1.0, "1 day"), ("days", 1234.0, "1,234 days"), ("days", 2.5, "2.5 days"),
        ("orders", 3.0, "3 orders"), ("products", 1.0, "1 product"), ("months", 6.0, "6 months"),
        ("share", 0.25, "25%"), ("money", 1250.0, "$1.2k"), ("ratio", 2.44, "2.4"),
        ("growth", 0.0, "+0%"), ("growth", 0.2, "+50%"), ("growth", -1.0, "-100%"),
        ("growth", 1.0, "more than +800%"), ("number", -3.0, "-3"), ("category", "Retail", "Retail"),
        ("category", "x" * 60, "x" * 39 + "…"), ("category", None, "not known"),
        ("contacts", 1.0, "1 contact"), ("contacts", 12.0, "12 contacts"),
        ("opportunities", 1.0, "1 opportunity"), ("opportunities", 3.0, "3 opportunities"),
        ("projects", 2.0, "2 projects"), ("users", 1.0, "1 user"), ("seats", -3.0, "-3 seats"),
        ("hours", 1.5, "1.5 hours"), ("points", 71.6, "72 points"),
        ("days", math.nan, "not known"),
    ],
)  # fmt: skip
def test_values_are_shown_in_their_unit(unit, value, said):
    feature = Feature("f", "F", unit, "more", "no", "{value}")
    assert shown_value(value, feature, "USD") == said
