"""Accounts that people can serve, and people that accounts need."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import UsageError
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.people import heads_for, largest_top_tier

bounded = settings(max_examples=50, deadline=None, derandomize=True)
VISITS = [{"name": "visit", "per_year": 50, "hours": 4.0}]
POLICY = TierPolicy.parse(
    {
        "version": "1",
        "capacity": {"productive_hours": 1_667.0},
        "tiers": [{"name": "key", "heads": 3.0, "touches": VISITS}, {"name": "rest"}],
    }
)


def test_two_hundred_hours_and_three_people_make_about_twenty_five_accounts() -> None:
    assert largest_top_tier(200.0, 3.0, 1_667.0) == 25
    assert heads_for(25, 200.0, 1_667.0) == pytest.approx(3.0, abs=1e-3)
    assert heads_for(26, 200.0, 1_667.0) > 3.0


decimals = st.integers(1, 5_000).map(lambda whole: whole / 100)


@bounded
@given(decimals, decimals, st.integers(1, 300))
def test_the_largest_tier_is_that_of_exact_arithmetic(
    hours: float, heads: float, productive: int
) -> None:
    exact = Fraction(repr(heads)) * productive / Fraction(repr(hours))
    assert largest_top_tier(hours, heads, float(productive)) == exact.numerator // exact.denominator


@bounded
@given(decimals, st.integers(0, 5_000), st.integers(100, 2_000))
def test_the_people_that_accounts_need_can_serve_them(
    hours: float, accounts: int, productive: int
) -> None:
    assert largest_top_tier(hours, heads_for(accounts, hours, productive), productive) == accounts


def test_it_agrees_with_the_places_that_tiers_are_cut_by() -> None:
    assert largest_top_tier(200.0, 3.0, 1_667.0) == POLICY.places(POLICY.tiers[0])
    assert largest_top_tier(0.1, 0.3, 1.0) == 3


def test_figures_that_set_no_limit_are_refused() -> None:
    with pytest.raises(UsageError, match="takes no hours"):
        largest_top_tier(0.0, 3.0, 1_667.0)
    with pytest.raises(UsageError, match="without hours"):
        heads_for(3, 200.0, 0.0)
