from __future__ import annotations

from typing import Any

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.sections import parse_section
from valuemodel.tiers.policy.ladder import Tier, Touch
from valuemodel.tiers.policy.optimise import OptimiseSection, Quota

VISIT = [Touch(name="visit", per_year=1, hours=6.0)]
CALL = [Touch(name="call", per_year=1)]


def mistakes(*tiers: Tier, **section: Any) -> list[str]:
    coverage = {tier.name: 0.9 - 0.2 * at for at, tier in enumerate(tiers)}
    return list(OptimiseSection(**{"coverage": coverage, **section}).mistakes(tiers))


def test_a_ladder_that_people_shares_or_hours_limit_fits() -> None:
    last = Tier(name="C")
    top = Tier(name="A", heads=1.0, touches=VISIT)
    assert mistakes(top, Tier(name="B", share_of_accounts=0.3), last) == []
    # The share of B is one of A and B together.
    assert mistakes(Tier(name="A", share_of_value=0.5), Tier(name="B", top_share=0.3), last) == []
    both = [
        Tier(name=name, share_of_value=share, touches=VISIT)
        for name, share in (("A", 0.5), ("B", 0.8))
    ]
    assert mistakes(*both, last, hours=10.0) == []


def test_a_tier_that_nothing_limits_is_named() -> None:
    found = mistakes(
        Tier(name="A", share_of_accounts=0.1), Tier(name="B", share_of_value=0.8), Tier(name="C")
    )
    assert len(found) == 1
    assert found[0].startswith("optimise: nothing limits B")
    free = mistakes(Tier(name="A", share_of_value=0.5), Tier(name="B"), hours=10.0)
    assert free[0].startswith("optimise: nothing limits A")


def test_coverage_names_every_tier_and_never_rises() -> None:
    ladder = (Tier(name="A", top_share=0.1), Tier(name="B", top_share=0.5), Tier(name="C"))
    assert mistakes(*ladder, coverage={"A": 0.9, "C": 0.1}) == [
        "optimise.coverage does not say which part of value B covers"
    ]
    assert mistakes(*ladder, coverage={"A": 0.9, "B": 0.9, "C": 0.1}) == []
    assert mistakes(*ladder, coverage={"A": 0.5, "B": 0.6, "C": 0.1}) == [
        "optimise.coverage of B = 0.6 must not lie above that of A = 0.5"
    ]


def test_hours_need_the_hours_of_every_touch_that_is_planned() -> None:
    ladder = (Tier(name="A", top_share=0.1, touches=CALL), Tier(name="B", touches=CALL))
    assert mistakes(*ladder) == []
    assert mistakes(*ladder, hours=5.0) == [
        "optimise.hours needs the hours of every touch of A",
        "optimise.hours needs the hours of every touch of B",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "say how many: at_least = ..., at_most = ... or both"),
        ({"at_least": 3, "at_most": 2}, "at_least = 3 asks for more than at_most = 2"),
    ],
)
def test_a_quota_that_says_nothing_or_too_much_is_refused(given: dict[str, int], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_section(Quota, {"segment": "Bank", "tier": "A", **given}, "the quota")
    assert said in caught.value.details[0]
