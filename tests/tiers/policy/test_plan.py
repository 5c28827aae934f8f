"""Sections of the coverage plan: what each accepts and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import SettingsError
from valuemodel.sections import Section, parse_section
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.plan import (
    TAKEN,
    ChecksSection,
    CompensationSection,
    ConcentrationSection,
    CostSection,
    CoverageSection,
    Pay,
    PlaySection,
    QueueSection,
    SecondPolicySection,
)


def pay(acquisition: float, retention: float) -> dict[str, Any]:
    return {"pay": {"large_many": {"acquisition": acquisition, "retention": retention}}}


def test_no_section_needs_to_be_filled_in() -> None:
    policy = TierPolicy.parse({"version": "1"})
    assert policy.cost.subtract == ["cogs"]
    assert (policy.cost.loss_rule, policy.queue.order) == ("flag", "renewal")
    assert policy.compensation.pay == {}
    assert (policy.play.own, policy.second) == (None, [])
    assert policy.concentration.top_share == 0.20


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 1_000))
def test_any_two_shares_that_make_a_whole_are_a_pay(thousandths: int) -> None:
    whole = Pay(acquisition=thousandths / 1_000, retention=(1_000 - thousandths) / 1_000)
    assert whole.acquisition + whole.retention == pytest.approx(1.0)


@pytest.mark.parametrize("beyond", [1e-8, -1e-8, 0.4, -0.6])
def test_a_pay_that_does_not_add_up_to_one_is_refused_with_its_sum(beyond: float) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_section(CompensationSection, pay(0.4, 0.6 + beyond), "[compensation]")
    (line,) = caught.value.details
    assert line.startswith("pay.large_many: acquisition = 0.4 and retention = ")
    assert "must add up to 1" in line


def test_the_message_says_what_was_added_up() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_section(CompensationSection, pay(0.7, 0.4), "[compensation]")
    said = "acquisition = 0.7 and retention = 0.4 add up to 1.1"
    assert said in caught.value.details[0]


@pytest.mark.parametrize("name", TAKEN)
def test_a_second_policy_cannot_take_the_name_of_what_stands_beside_every_policy(name: str) -> None:
    with pytest.raises(SettingsError, match=f"the name '{name}' is taken; main and today"):
        TierPolicy.parse({"version": "1", "second": [{"name": name, "file": "x.toml"}]})


def test_second_policies_need_a_name_each() -> None:
    second = [{"name": "cs", "file": "x.toml"}, {"name": "cs", "file": "y.toml"}]
    with pytest.raises(SettingsError, match="second: the name 'cs' repeats"):
        TierPolicy.parse({"version": "1", "second": second})


@pytest.mark.parametrize(
    ("section", "said", "mistake"),
    [
        (CostSection, {"loss_below": float("inf")}, "loss_below: "),
        (CostSection, {"loss_rule": "drop"}, "loss_rule: Input should be 'flag'"),
        (QueueSection, {"window_days": 0}, "window_days: "),
        (QueueSection, {"handoff_seats_used": 1.1}, "handoff_seats_used: "),
        (QueueSection, {"handoff_usage_growth": -0.1}, "handoff_usage_growth: "),
        (ChecksSection, {"account_probability": 1.1}, "account_probability: "),
        (ChecksSection, {"contact_days": 0}, "contact_days: "),
        (CoverageSection, {"hours_per_owner": 0.0}, "hours_per_owner: "),
        (CoverageSection, {"small_project_below": -1.0}, "small_project_below: "),
        (CoverageSection, {"checks": {"seler_planned": 0.5}}, "checks.seler_planned: unknown key"),
        (PlaySection, {"own": "plays/esp.py"}, "own: String should match pattern"),
        (PlaySection, {"own": "plays/esp.py:a b"}, "own: String should match pattern"),
        (CompensationSection, {"by": "owner"}, "by: Input should be 'industry'"),
        (CompensationSection, {"large_order": -1.0}, "large_order: "),
        (CompensationSection, {"many_accounts": 0}, "many_accounts: "),
        (CompensationSection, {"pay": {"large_many": {"acquisition": 1.0}}}, "retention: Field"),
        (SecondPolicySection, {"name": "x", "file": "a/b.toml"}, "file: String should match"),
        (SecondPolicySection, {"name": "x", "file": "b.json"}, "file: String should match"),
        (SecondPolicySection, {"name": "x/y", "file": "b.toml"}, "name: String should match"),
        (ConcentrationSection, {"top_share": 0.0}, "top_share: "),
    ],
)
def test_what_cannot_be_meant_is_refused(
    section: type[Section], said: dict[str, Any], mistake: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_section(section, said, "the section")
    assert len(caught.value.details) == 1
    assert mistake in caught.value.details[0]
