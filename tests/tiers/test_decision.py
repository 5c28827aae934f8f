"""One book and one policy in, one tier per account out: pinned, protected, new, loss-making, optimised."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.decision import Book, by_amount, decide
from valuemodel.tiers.overrides import Overrides
from valuemodel.tiers.policy import TierPolicy

TIERS = [
    {"name": "A", "share_of_accounts": 0.2},
    {"name": "B", "share_of_accounts": 0.5},
    {"name": "C"},
]


def policy_of(**more) -> TierPolicy:
    return TierPolicy.parse({"version": "1", "tiers": TIERS, **more})


def book(facts=None, tags=None, values=None, day="2026-01-01") -> Book:
    n = 10
    predictions = pd.DataFrame(
        {
            "account_id": [f"{at}" for at in range(n)],
            "as_of": pd.Timestamp(day),
            "value_1y": np.arange(n, 0.0, -1.0) if values is None else values,
            "past_value_1y": np.arange(1.0, n + 1),
            "tags": tags or [""] * n,
        }
    )
    return Book.of(
        predictions,
        facts,
        None,
        Overrides.none(),
        as_of=Cutoff.parse(day),
        horizon=Horizon.parse("1 year"),
    )


def tiers(found) -> str:
    return "".join("ABC"[place] for place in found.tier)


def test_rank_and_cut():
    assert tiers(decide(book(), policy_of())) == "AABBBCCCCC"
    assert tiers(by_amount(book(), policy_of(), book().past)) == "CCCCCBBBAA"


def test_a_protected_account_never_falls_below_its_tier_and_may_rise():
    facts = pd.DataFrame({"account_id": ["9", "0"], "arr": [200.0, 200.0]})
    rule = {"tier": "B", "reason": "named contact", "arr_at_least": 100.0}
    found = decide(book(facts), policy_of(protected=[rule]))
    assert tiers(found) == "AABBCCCCCB"
    assert found.pinned_by.tolist() == [None] * 9 + ["protected"]


@pytest.mark.parametrize(("until", "tier"), [("2026-01-02", "B"), ("2026-01-01", "C")])
def test_protection_ends_on_its_day(until, tier):
    rule = {"tier": "B", "reason": "x", "accounts": ["9"], "until": until}
    assert tiers(decide(book(), policy_of(protected=[rule])))[9] == tier


def test_accounts_without_history_take_their_own_path():
    tags = ["no_history;by_profile"] + [""] * 9
    for path, said in (({}, "C"), ({"tier": "B"}, "B"), ({"by": "profile"}, "A")):
        found = decide(book(tags=tags), policy_of(new_accounts=path))
        assert tiers(found)[0] == said
        assert found.pinned_by[0] == (None if path.get("by") == "profile" else "new account")


def test_loss_making_accounts_have_a_rule_of_their_own():
    values = np.r_[-5.0, np.arange(9.0, 0.0, -1.0)]
    flagged = decide(book(values=values), policy_of())
    kept_down = decide(book(values=values), policy_of(cost={"loss_rule": "last_tier"}))
    assert tiers(flagged) == tiers(kept_down)
    assert (flagged.pinned_by[0], kept_down.pinned_by[0]) == (None, "loss-making")
    floor = policy_of(cost={"loss_rule": "last_tier", "loss_below": 8.5})
    assert tiers(decide(book(), floor))[:3] == "AAC"


def test_the_assignment_can_be_solved_as_one_problem():
    optimise = {"coverage": {"A": 1.0, "B": 0.5, "C": 0.0}}
    found = decide(book(), policy_of(optimise=optimise))
    assert tiers(found) == "AABBBCCCCC"
    assert found.solution is not None
    assert found.solution.covered == pytest.approx(10 + 9 + 0.5 * (8 + 7 + 6))
    assert found.solution.gap <= 1e-4
    assert [(line.accounts, line.rule) for line in found.assignment.lines] == [
        (2, "optimise"), (5, "optimise"), (10, "rest")
    ]  # fmt: skip
    assert found.findings[0].startswith("[optimise] covers 30 of predicted value; at most 30")


def test_a_quota_of_the_optimisation_is_kept():
    facts = pd.DataFrame(
        {"account_id": [f"{at}" for at in range(10)], "industry": ["x"] * 9 + ["y"]}
    )
    quota = {"segment": "y", "tier": "A", "at_least": 1}
    optimise = {"coverage": {"A": 1.0, "B": 0.5, "C": 0.0}, "quotas": [quota]}
    assert tiers(decide(book(facts), policy_of(optimise=optimise))) == "ABBBCCCCCA"
