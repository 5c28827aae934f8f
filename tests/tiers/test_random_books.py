"""Whatever the book and the policy: every constraint holds, and the order is total."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.tiers.assignment import NOWHERE, Standing, assign
from valuemodel.tiers.lines import part
from valuemodel.tiers.policy import TierPolicy

LAST = 2


RULES = ("share_of_value", "share_of_accounts", "top_share", "heads")
SHARES = st.sampled_from([0.1, 0.2, 0.34, 0.5])


def tier(draw, name: str, chosen: set[str], low: dict[str, float]) -> dict:
    """Draw a tier that reaches further than the one above it by every rule that is chosen."""
    found = {rule: round(draw(SHARES) * 0.5 + low.get(rule, 0.0) + 0.02, 3) for rule in chosen}
    if {"top_share", "share_of_accounts"} <= chosen:
        found["top_share"] = min(found["top_share"], found["share_of_accounts"])
    if "heads" in chosen:
        found["heads"] = float(draw(st.integers(1, 3)))
    touches = [{"name": "visit", "per_year": 10.0 if name == "A" else 5.0, "hours": 1.0}]
    return {"name": name, "touches": touches, **found}


@st.composite
def policies(draw) -> TierPolicy:
    chosen = draw(st.sets(st.sampled_from(RULES), min_size=1))
    top = tier(draw, "A", chosen, {})
    mid = tier(draw, "B", chosen, {rule: top[rule] for rule in chosen - {"heads"}})
    if mid.get("top_share", 1.0) <= top.get("top_share", 0.0):
        mid["top_share"] = top["top_share"] + 0.001
    document = {"version": "1", "tiers": [top, mid, {"name": "C"}]}
    document["capacity"] = {"productive_hours": 30.0}
    document["stability"] = {"band": draw(st.sampled_from([0.0, 0.2]))}
    if draw(st.booleans()):
        lines = {"x": {"A": {"share_of_accounts": 0.3}, "B": {"share_of_accounts": 0.6}}}
        document["segments"] = {"by": "industry", "minimum_accounts": 3, "lines": lines}
    return TierPolicy.parse(document)


@st.composite
def books(draw):
    n = draw(st.integers(1, 50))
    whole = st.integers(-20, 300)
    score = np.array(draw(st.lists(whole, min_size=n, max_size=n)), dtype=float)
    place = st.sampled_from([NOWHERE, 0, 1, 2])
    few = st.sampled_from([NOWHERE] * 8 + [0, 1, 2])
    previous, pinned = (
        np.array(draw(st.lists(one, min_size=n, max_size=n)), dtype=np.int64)
        for one in (place, few)
    )
    floor = np.array(
        draw(st.lists(st.sampled_from([2] * 9 + [1]), min_size=n, max_size=n)), dtype=np.int64
    )
    held = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n))) & (previous != NOWHERE)
    segment = np.array(
        draw(st.lists(st.sampled_from(["x", None]), min_size=n, max_size=n)), dtype=object
    )
    return score, Standing(
        previous=previous,
        pinned=pinned,
        floor=floor,
        held=held & (pinned == NOWHERE),
        segment=segment,
    )


@settings(max_examples=300, deadline=None, derandomize=True)
@given(books(), policies())
def test_every_constraint_holds_on_every_book(book, policy):
    score, standing = book
    n = len(score)
    ids = [f"a{at}" for at in range(n)]
    found = assign(score, np.zeros(n), ids, policy, standing)
    assert sorted(found.rank.tolist()) == list(range(1, n + 1))
    pinned = standing.pinned != NOWHERE
    assert (found.tier[pinned] == standing.pinned[pinned]).all()
    assert (found.tier[~pinned] <= standing.floor[~pinned]).all()
    forced = pinned | (standing.floor < LAST)
    nothing = (score <= 0.0) & ~forced & ~standing.held
    assert (found.tier[nothing] == LAST).all()
    kept = standing.held & ~forced
    assert (
        found.tier[kept] >= standing.previous[kept]
    ).all()  # kept ones fall only for want of room
    for place, tier in enumerate(policy.tiers[:-1]):
        places, inside = policy.places(tier), found.tier == place
        if places is not None:
            assert inside.sum() <= max(places, int((inside & forced).sum()))
        for group in _groups(policy, standing, n):
            above = (found.tier <= place) & group
            lines = _lines(policy, place, group, standing)
            for share in lines:
                firm = int((above & forced).sum()) + int((found.tier < place)[group].sum())
                assert above.sum() <= max(part(share, int(group.sum())), firm)


def _groups(policy, standing, n):
    mine = standing.segment == "x"
    if policy.segments is None or mine.sum() < policy.segments.minimum_accounts:
        return [np.ones(n, dtype=bool)]
    return [mine, ~mine]


def _lines(policy, place, group, standing):
    tier = policy.tiers[place]
    if policy.segments is not None and len(_groups(policy, standing, len(group))) == 2:
        own = policy.segments.lines["x"].get(tier.name)
        if own is not None and group[np.flatnonzero(standing.segment == "x")].all():
            tier = own
    return [share for share in (tier.share_of_accounts, tier.top_share) if share is not None]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(books(), policies(), st.randoms(use_true_random=False), st.sampled_from([0.01, 1 / 3, 7.7]))
def test_neither_rows_nor_the_unit_of_money_matter_on_any_book(book, policy, random, k):
    score, standing = book
    n = len(score)
    ids = [f"a{at}" for at in range(n)]
    found = assign(score, np.zeros(n), ids, policy, standing)
    order = list(range(n))
    random.shuffle(order)
    turned = Standing(
        **{
            name: getattr(standing, name)[order]
            for name in ("previous", "pinned", "floor", "held", "segment")
        }
    )
    again = assign(k * score[order], np.zeros(n), [ids[at] for at in order], policy, turned)
    assert again.tier.tolist() == found.tier[order].tolist()
    assert again.rank.tolist() == found.rank[order].tolist()


def test_accounts_that_are_kept_fall_where_a_tier_has_fewer_places_than_it_had():
    touches = [{"name": "visit", "per_year": 10.0, "hours": 1.0}]
    policy = TierPolicy.parse(
        {
            "version": "1",
            "capacity": {"productive_hours": 20.0},
            "tiers": [
                {"name": "A", "heads": 1.0, "touches": touches},
                {"name": "B", "top_share": 0.9},
                {"name": "C"},
            ],
        }
    )
    standing = Standing(previous=np.zeros(4, dtype=np.int64), held=np.ones(4, dtype=bool))
    found = assign(np.array([4.0, 3.0, 2.0, 1.0]), np.zeros(4), list("abcd"), policy, standing)
    assert found.tier.tolist() == pytest.approx([0, 0, 1, 2])
