"""Lines of their own for some accounts: which a policy may state."""

from __future__ import annotations

from typing import Any

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.segments import Reach

LADDER = [
    {"name": "A", "top_share": 0.1, "least_share_of_value": 0.4},
    {"name": "B", "top_share": 0.3, "share_of_value": 0.8},
    {"name": "C"},
]


def policy_of(lines: dict[str, Any], **said: Any) -> TierPolicy:
    section = {"by": "industry", "lines": lines, **said}
    return TierPolicy.parse({"version": "1", "tiers": LADDER, "segments": section})


@pytest.mark.parametrize("by", ["industry", "region", "country", "class"])
def test_segments_are_told_by_a_fact_or_the_class(by: str) -> None:
    policy = policy_of({"serve": {"A": {"top_share": 0.2}}}, by=by)
    assert policy.segments is not None
    assert policy.segments.lines == {"serve": {"A": Reach(top_share=0.2)}}
    assert policy.segments.minimum_accounts == 30


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"B": {"share_of_accounts": 0.5}},
        {"A": {"top_share": 0.5}, "B": {"top_share": 0.6}},
        # Said in another way, it stands in place of what the ladder says, and is not compared.
        {"A": {"share_of_accounts": 0.9}},
        # What A must bring at least is asked of the whole book.
        {"A": {"share_of_value": 0.3}},
    ],
)
def test_lines_that_make_a_ladder_with_the_others_are_taken(own: dict[str, Any]) -> None:
    assert policy_of({"toys": own}).segments is not None


@pytest.mark.parametrize(
    ("own", "mistake"),
    [
        ({"A": {}}, "say how far it reaches: share_of_value, share_of_accounts or top_share"),
        ({"A": {"heads": 1.0}}, "heads: unknown key"),
        ({"A": {"top_share": 0.0}}, "top_share: Input should be greater than 0"),
        (
            {"A": {"top_share": 0.3}},
            "segments.lines.toys: B.top_share = 0.3 must be above A.top_share = 0.3",
        ),
        (
            {"A": {"share_of_value": 0.9}},
            "segments.lines.toys: B.share_of_value = 0.8 must be above A.share_of_value = 0.9",
        ),
        (
            {"A": {"top_share": 0.2, "share_of_accounts": 0.1}},
            "segments.lines.toys: A.top_share = 0.2 asks for more accounts than",
        ),
        ({"C": {"top_share": 0.9}}, "segments.lines.toys: the last tier C takes the rest"),
        ({"Z": {"top_share": 0.9}}, "segments.lines.toys names the tier 'Z'"),
    ],
)
def test_lines_that_leave_a_tier_empty_or_without_an_end_are_refused(
    own: dict[str, Any], mistake: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        policy_of({"toys": own})
    assert mistake in str(caught.value)


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ({"by": "owner"}, "segments.by: Input should be"),
        ({"minimum_accounts": 0}, "segments.minimum_accounts: Input should be greater"),
        ({"lines": {}}, "segments.lines: Dictionary should have at least 1 item"),
    ],
)
def test_a_section_that_cuts_nothing_is_refused(said: dict[str, Any], mistake: str) -> None:
    with pytest.raises(SettingsError) as caught:
        policy_of(**{"lines": {"toys": {}}, **said})
    assert mistake in str(caught.value)
