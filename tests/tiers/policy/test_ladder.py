"""How far tiers reach, and which ladders cannot be cut by."""

from __future__ import annotations

from typing import Any

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.sections import parse_section
from valuemodel.tiers.policy.ladder import Tier, Touch, default_tiers, ladder_mistakes

VISIT, CALL = Touch(name="visit", per_year=2.0, hours=4.0), Touch(name="call", per_year=12.0)


def a(**said: Any) -> Tier:
    return Tier(name="A", **said)


def test_the_default_ladder_has_four_tiers_and_no_mistakes() -> None:
    tiers = default_tiers()
    assert [tier.name for tier in tiers] == ["A", "B", "C", "D"]
    assert ladder_mistakes(tiers) == []
    assert tiers[-1].rule == "all other accounts"


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"share_of_value": 0.5}, "the top accounts that reach 50 % of predicted value"),
        ({"share_of_accounts": 0.125}, "at most 12.5 % of accounts"),
        ({"top_share": 0.05}, "the top 5 % of accounts"),
        ({"heads": 1.0}, "as many as 1 person can serve"),
        ({"heads": 2.5}, "as many as 2.5 people can serve"),
        (
            {"top_share": 0.1, "least_share_of_value": 0.4},
            "the top 10 % of accounts, at least 40 % of predicted value or none of it",
        ),
    ],
)
def test_each_tier_has_a_one_line_rule(said: dict[str, float], rule: str) -> None:
    assert a(**said).rule == rule
    assert a(**said).bounded


@pytest.mark.parametrize(
    ("touches", "hours", "play"),
    [
        ([], None, None),
        ([VISIT], 8.0, "2 x visit a year"),
        ([VISIT, CALL], None, "2 x visit, 12 x call a year"),
        ([Touch(name="mail", per_year=0.5, hours=0.0)], 0.0, "0.5 x mail a year"),
    ],
)
def test_hours_are_known_once_every_touch_says_how_long_it_takes(
    touches: list[Touch], hours: float | None, play: str | None
) -> None:
    assert (a(touches=touches).hours, a(touches=touches).play) == (hours, play)


def test_a_touch_counts_the_interactions_of_its_name_or_of_the_kinds_it_names() -> None:
    assert VISIT.counted == ("visit",)
    assert Touch(name="review", per_year=1.0, kinds=["meeting", "call"]).counted == (
        *("meeting", "call"),
    )


@pytest.mark.parametrize(
    ("tiers", "mistakes"),
    [
        ([a(top_share=0.1), Tier(name="B")], []),
        ([a(heads=2.0), Tier(name="B", heads=9.0)], []),
        ([a(top_share=0.1, share_of_value=0.5), Tier(name="B", share_of_value=0.6), a()], ["A"]),
        (
            [a(least_share_of_value=0.4), Tier(name="B")],
            [
                "A says nowhere how far it reaches: give it share_of_value, top_share, "
                "share_of_accounts or heads"
            ],
        ),
        (
            [a(top_share=0.1), Tier(name="B", least_share_of_value=0.4)],
            ["the last tier B takes the rest; drop its thresholds"],
        ),
        (
            [a(top_share=0.3), Tier(name="B", heads=1.0), Tier(name="C", top_share=0.2), a()],
            ["A", "C.top_share = 0.2 must be above A.top_share = 0.3"],
        ),
        (
            [a(top_share=0.3, share_of_accounts=0.2), Tier(name="B")],
            ["A.top_share = 0.3 asks for more accounts than A.share_of_accounts = 0.2 allows"],
        ),
        (
            [a(share_of_value=0.3, least_share_of_value=0.4), Tier(name="B")],
            ["A.least_share_of_value = 0.4 asks for more than A.share_of_value = 0.3 takes"],
        ),
        (
            [Tier(name="All", top_share=0.3), Tier(name="B")],
            ["no tier can be named 'all': in tables it stands for the tiers together"],
        ),
        (
            [a(top_share=0.3, touches=[VISIT, CALL, VISIT]), Tier(name="B")],
            ["the touches of A need a name each: visit, call, visit"],
        ),
    ],
)
def test_a_ladder_that_cannot_be_cut_by_is_told_why(tiers: list[Tier], mistakes: list[str]) -> None:
    told = [line if line != "A" else "the name 'A' repeats" for line in mistakes]
    assert ladder_mistakes(tiers) == told


@pytest.mark.parametrize(
    "touch",
    [
        {"name": "", "per_year": 1.0},
        {"name": "x", "per_year": 0.0},
        {"name": "x", "per_year": 367.0},
        {"name": "x", "per_year": 1.0, "hours": -1.0},
        {"name": "x", "per_year": float("inf")},
        {"name": "x"},
    ],
)
def test_a_touch_that_cannot_be_made_is_refused(touch: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="the touch has 1 mistake"):
        parse_section(Touch, touch, "the touch")
