"""What may keep tiers from flapping, and whom a policy may protect."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.sections import Section, parse_section
from valuemodel.tiers.policy.stability import (
    Event,
    Protected,
    StabilitySection,
    UncertaintySection,
)


def test_by_default_nothing_keeps_an_account_from_moving() -> None:
    section = StabilitySection()
    assert (section.band, section.minimum_stay_months, section.movement_budget) == (0.0, None, None)
    assert (section.review_only, section.events) == (False, [])


def test_every_event_can_be_named() -> None:
    events = list(get_args(Event))
    assert StabilitySection(events=events).events == events
    assert "contract_signed" in events


def test_a_budget_of_nothing_is_a_budget() -> None:
    assert StabilitySection(movement_budget=0.0).movement_budget == 0.0


def test_protection_is_of_named_accounts_or_of_contracts_of_some_size_for_a_reason() -> None:
    named = Protected(tier="B", reason="promised", accounts=["007"])
    assert (named.accounts, named.arr_at_least, named.until) == (["007"], None, None)
    large = Protected(tier="B", reason="promised", arr_at_least=0.0, until=date(2027, 1, 1))
    assert large.until == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("section", "said", "mistake"),
    [
        (StabilitySection, {"band": -0.1}, "band: Input should be greater than or equal to 0"),
        (StabilitySection, {"band": float("nan")}, "band: "),
        (StabilitySection, {"minimum_stay_months": 0}, "minimum_stay_months: "),
        (StabilitySection, {"minimum_stay_months": 1.5}, "minimum_stay_months: "),
        (StabilitySection, {"movement_budget": 1.1}, "movement_budget: "),
        (StabilitySection, {"review_only": 1}, "review_only: Input should be a valid boolean"),
        (StabilitySection, {"closeness_months": 0}, "closeness_months: "),
        (StabilitySection, {"needs_months": 61}, "needs_months: "),
        (Protected, {"tier": "B", "reason": "", "accounts": ["x"]}, "reason: "),
        (Protected, {"tier": "B", "accounts": ["x"]}, "reason: Field required"),
        (Protected, {"tier": "B", "reason": "x", "accounts": []}, "say whom it protects"),
        (Protected, {"tier": "B", "reason": "x", "arr_at_least": -1.0}, "arr_at_least: "),
        (Protected, {"tier": "B", "reason": "x", "accounts": [7]}, "accounts.0: Input should be"),
        (UncertaintySection, {"close_call": 1.1}, "close_call: "),
    ],
)
def test_what_cannot_be_meant_is_refused(
    section: type[Section], said: dict[str, Any], mistake: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_section(section, said, "the section")
    assert len(caught.value.details) == 1
    assert mistake in caught.value.details[0]
