"""Every way to say how far a tier reaches, alone and together, in the whole book and in segments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import SettingsError
from valuemodel.tiers.assignment import NOWHERE, Assignment, Standing, assign
from valuemodel.tiers.lines import BOOK, part
from valuemodel.tiers.policy import TierPolicy

bounded = settings(max_examples=60, deadline=None, derandomize=True)
scores = st.lists(st.integers(-50, 5_000).map(float), min_size=1, max_size=60)
TOUCHES = [{"name": "visit", "per_year": 50.0, "hours": 4.0}]


def policy_of(top, *others, **more):
    tiers = [{"name": "A", **top}, *({"name": f"T{at}", **one} for at, one in enumerate(others))]
    return TierPolicy.parse({"version": "1", "tiers": [*tiers, {"name": "Z"}], **more})


def cut(score, policy, **standing) -> Assignment:
    given_score = np.array(score, dtype=float)
    ids = [f"acc{at}" for at in range(len(score))]
    return assign(given_score, np.zeros(len(score)), ids, policy, Standing(**standing))


def test_three_people_can_serve_twenty_five_accounts_of_200_hours():
    """The published figure: 200 hours, 3 heads, 1,667 productive hours."""
    policy = policy_of({"heads": 3.0, "touches": TOUCHES}, capacity={"productive_hours": 1667.0})
    assert policy.tiers[0].hours == 200.0
    found = cut(np.arange(1.0, 101.0), policy)
    assert (found.tier == 0).sum() == 25
    assert (found.lines[0].rule, found.lines[0].allows) == ("people", {"people": 25})


def test_all_four_may_be_stated_and_the_tightest_is_named():
    base = {"touches": TOUCHES, "heads": 3.0, "share_of_value": 0.5}
    more = {"capacity": {"productive_hours": 1667.0}}
    even = np.ones(1_000)
    rules = {}
    for named, top in {
        "people": {"share_of_accounts": 0.10, "top_share": 0.05},
        "accounts": {"share_of_accounts": 0.02, "top_share": 0.015},
        "top": {"share_of_accounts": 0.10, "top_share": 0.01},
    }.items():
        found = cut(even, policy_of(base | top, **more))
        rules[named] = (found.lines[0].rule, found.lines[0].accounts)
    assert rules == {"people": ("people", 25), "accounts": ("top", 15), "top": ("top", 10)}
    whale = cut(np.r_[1e6, even], policy_of(base | {"share_of_accounts": 0.1}, **more))
    assert (whale.lines[0].rule, whale.lines[0].accounts) == ("value", 1)
    assert whale.lines[0].allows == {"value": 1, "accounts": 100, "people": 25}


def test_a_policy_that_cannot_be_met_on_this_book_is_refused_with_its_numbers():
    top = {"share_of_value": 0.5, "share_of_accounts": 0.10, "least_share_of_value": 0.5}
    assert cut([1e6, *[1.0] * 99], policy_of(top)).lines[0].accounts == 1
    with pytest.raises(SettingsError, match="contradicts itself on this book") as caught:
        cut(np.ones(100), policy_of(top))
    (said,) = caught.value.details
    assert "least_share_of_value = 0.5" in said
    assert "the 10 accounts down to the line of A bring 0.1000" in said
    assert "value 50, accounts 10" in said


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ({"top_share": 0.2, "share_of_accounts": 0.1}, "asks for more accounts than"),
        ({"share_of_value": 0.3, "least_share_of_value": 0.5}, "asks for more than"),
        ({"heads": 3.0, "touches": TOUCHES}, "needs capacity.productive_hours"),
        ({"heads": 3.0}, "needs the hours of every touch"),
        ({"heads": 0.0}, "Input should be greater than 0"),
        ({"top_share": 0.0}, "Input should be greater than 0"),
    ],
)
def test_contradictions_that_need_no_book_are_refused_on_reading(tiers, said):
    with pytest.raises(SettingsError) as caught:
        policy_of(tiers)
    assert said in str(caught.value)


def test_industries_are_cut_by_lines_of_their_own():
    lines = {"steel": {"A": {"top_share": 0.5}}, "toys": {"A": {"share_of_accounts": 0.1}}}
    segments = {"by": "industry", "minimum_accounts": 4, "lines": lines}
    policy = policy_of({"share_of_accounts": 0.25}, segments=segments)
    score = np.r_[np.arange(1.0, 9.0), np.arange(100.0, 110.0), np.arange(50.0, 54.0)]
    segment = np.array(["steel"] * 8 + ["toys"] * 10 + [None] * 4, dtype=object)
    found = cut(score, policy, segment=segment)
    at = {name: (found.tier == 0)[segment == name].sum() for name in ("steel", "toys")}
    assert at == {"steel": 4, "toys": 1}
    assert (found.tier == 0)[18:].sum() == 1
    by_segment = {
        (line.segment, line.tier): (line.accounts, line.rule) for line in found.segment_lines
    }
    assert by_segment["steel", "A"] == (4, "top")
    assert by_segment["toys", "A"] == (1, "accounts")
    assert by_segment[BOOK, "A"] == (1, "accounts")
    assert (found.lines[0].accounts, found.lines[0].rule) == (6, "segments")


def test_a_segment_with_too_few_accounts_is_cut_with_the_rest_and_said():
    segments = {
        "by": "industry",
        "minimum_accounts": 5,
        "lines": {"stel": {"A": {"top_share": 0.5}}},
    }
    policy = policy_of({"share_of_accounts": 0.25}, segments=segments)
    segment = np.array(["steel"] * 4 + [None] * 4, dtype=object)
    found = cut(np.arange(1.0, 9.0), policy, segment=segment)
    assert (found.tier == 0).sum() == 2
    assert found.segment_lines == ()
    assert "segment 'stel' has 0 accounts" in found.findings[0]
    assert "did you mean 'steel'?" in found.findings[0]


def test_people_are_shared_by_all_segments_and_never_overbooked():
    lines = {"steel": {"A": {"top_share": 0.9}}, "toys": {"A": {"top_share": 0.9}}}
    segments = {"by": "industry", "minimum_accounts": 1, "lines": lines}
    policy = policy_of(
        {"top_share": 0.5, "heads": 3.0, "touches": TOUCHES},
        segments=segments,
        capacity={"productive_hours": 1667.0},
    )
    score, segment = np.arange(1.0, 201.0), np.array(["steel", "toys"] * 100, dtype=object)
    found = cut(score, policy, segment=segment)
    assert (found.tier == 0).sum() == 25
    assert set(np.flatnonzero(found.tier == 0)) == set(range(175, 200))
    assert found.lines[0].rule == "people"


def test_a_share_in_words_is_the_share_in_numbers():
    assert [part(share, 100) for share in (0.29, 0.57, 0.1, 1.0)] == [29, 57, 10, 100]
    assert part(0.07, 100, less=0.1) == 6


@bounded
@given(scores, st.data())
def test_entering_is_never_easier_than_staying_and_thresholds_say_what_happens(score, data):
    n = len(score)
    policy = policy_of(
        {"share_of_accounts": 0.3, "share_of_value": 0.6},
        {"share_of_accounts": 0.7, "share_of_value": 0.9},
        stability={"band": 0.2},
    )
    draw = st.lists(st.sampled_from([NOWHERE, 0, 1, 2]), min_size=n, max_size=n)
    previous = np.array(data.draw(draw), dtype=np.int64)
    found = cut(score, policy, previous=previous)
    assert (found.stay <= found.entry).all()
    inside = np.array(score)[:, None] >= np.where(
        (previous[:, None] == NOWHERE) | (previous[:, None] <= np.arange(2)),
        found.stay,
        found.entry,
    )
    at = np.array(score) > 0
    ties = np.array([score.count(one) > 1 for one in score])
    by_threshold = 2 - inside.sum(axis=1)
    assert (by_threshold == found.tier)[at & ~ties].all()


def plain(score, previous, shares, band):
    """Count-lines with a band, as people would do it: walk down the ranking, tier by tier."""
    n, order = len(score), sorted(range(len(score)), key=lambda i: -score[i])
    tiers = [len(shares)] * n
    for place, share in enumerate(shares):
        to_stay = part(share, n)
        to_enter = part(share, n, less=band)
        above = sum(one < place for one in tiers)
        for i in order:
            if tiers[i] < place or score[i] <= 0:
                continue
            limit = to_enter if previous[i] > place else to_stay
            if above < limit:
                tiers[i] = place
            above += 1
    return tiers


@bounded
@given(st.lists(st.integers(-20, 5_000), min_size=1, max_size=50, unique=True), st.data())
def test_the_band_is_what_people_would_do_by_hand(score, data):
    draw = st.lists(st.sampled_from([NOWHERE, 0, 1, 2]), min_size=len(score), max_size=len(score))
    previous = data.draw(draw)
    policy = policy_of(
        {"share_of_accounts": 0.25}, {"share_of_accounts": 0.6}, stability={"band": 0.2}
    )
    found = cut(score, policy, previous=np.array(previous, dtype=np.int64))
    assert found.tier.tolist() == plain(score, previous, (0.25, 0.6), 0.2)
