from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.tiers.optimisation import Problem, optimise
from valuemodel.tiers.policy import TierPolicy

IDS = [f"acc{i}" for i in range(10)]
SEGMENTS = np.array(["Bank"] * 3 + ["Steel"] * 7, dtype=object)


def policy_of(share: float = 1.0, **section: Any) -> TierPolicy:
    visits = [{"name": "visit", "per_year": 1, "hours": 6.0}]
    coverage = {"A": 0.9, "B": 0.2}
    return TierPolicy.parse(
        {
            "version": "1",
            "capacity": {"productive_hours": 60.0},
            "tiers": [
                {"name": "A", "heads": 0.5, "share_of_accounts": share, "touches": visits},
                {"name": "B"},
            ],
            "optimise": {"coverage": coverage, **section},
        }
    )


def refused(policy: TierPolicy, **problem: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        optimise(Problem(np.ones(10), IDS, segment=SEGMENTS, **problem), policy)
    assert caught.value.problem == "no assignment of this book keeps to what the policy asks"
    return caught.value.details


def first(count: int, tier: int, others: int) -> np.ndarray:
    return np.where(np.arange(10) < count, tier, others)


def test_a_quota_of_more_accounts_than_the_segment_has() -> None:
    quotas = [{"segment": "Bank", "tier": "A", "at_least": 4}]
    assert refused(policy_of(quotas=quotas)) == (
        "A must hold at least 4 accounts of 'Bank' (optimise.quotas.0); 3 can be there",
    )


def test_a_quota_of_a_segment_that_the_book_does_not_have() -> None:
    quotas = [{"segment": "Food", "tier": "A", "at_least": 1}]
    assert refused(policy_of(quotas=quotas)) == (
        "A must hold at least 1 accounts of 'Food' (optimise.quotas.0); 0 can be there",
    )


def test_fixed_accounts_that_need_more_hours_than_there_are() -> None:
    assert refused(policy_of(hours=20.0), fixed=first(4, 0, -1)) == (
        "at most 20 hours a year (optimise.hours); 24 are needed at least",
    )


def test_protected_accounts_that_need_more_hours_than_there_are() -> None:
    assert refused(policy_of(hours=20.0), floor=first(4, 0, 1)) == (
        "at most 20 hours a year (optimise.hours); 24 are needed at least",
    )


def test_protected_and_fixed_accounts_that_need_more_places_than_there_are() -> None:
    fixed = np.where(np.arange(10) == 9, 0, -1)
    assert refused(policy_of(), floor=first(5, 0, 1), fixed=fixed) == (
        "the people of A can serve at most 5 accounts; 6 are needed at least",
    )


def test_fixed_accounts_that_need_more_moves_than_there_may_be() -> None:
    found = refused(policy_of(), fixed=first(3, 0, -1), previous=np.ones(10, int), may_move=2)
    assert found == ("at most 2 accounts may change tier; 3 are needed at least",)


def test_limits_that_contradict_each_other_are_told_and_no_others() -> None:
    quotas = [
        {"segment": "Bank", "tier": "A", "at_least": 2},
        {"segment": "Steel", "tier": "A", "at_least": 4},
        {"segment": "Steel", "tier": "B", "at_least": 1},
    ]
    assert refused(policy_of(quotas=quotas, hours=100.0)) == (
        "the people of A can serve at most 5 accounts",
        "A must hold at least 2 accounts of 'Bank' (optimise.quotas.0); 3 can be there",
        "A must hold at least 4 accounts of 'Steel' (optimise.quotas.1); 7 can be there",
    )
    told = refused(policy_of(0.5, quotas=quotas[:2], hours=31.0))
    assert len(told) == 3
    assert "(A.share_of_accounts = 0.5)" in " ".join(told) or "hours" in told[0]


def test_an_empty_book_cannot_fill_a_quota() -> None:
    quotas = [{"segment": "Bank", "tier": "A", "at_least": 1}]
    empty = Problem(np.array([]), [], segment=np.array([], dtype=object))
    with pytest.raises(SettingsError) as caught:
        optimise(empty, policy_of(quotas=quotas))
    assert caught.value.details == (
        "A must hold at least 1 accounts of 'Bank' (optimise.quotas.0); 0 can be there",
    )


def test_a_book_in_which_everything_is_fixed_is_checked_all_the_same() -> None:
    assert optimise(Problem(np.ones(10), IDS, fixed=first(5, 0, 1)), policy_of()).covered == 5.5
    assert refused(policy_of(), fixed=first(6, 0, 1)) == (
        "the people of A can serve at most 5 accounts; 6 are needed at least",
    )


def test_the_relaxation_is_refused_alike() -> None:
    quotas = [{"segment": "Bank", "tier": "A", "at_least": 4}]
    assert refused(policy_of(quotas=quotas, exact_up_to=1))[0].endswith("3 can be there")


def test_quotas_without_segments_are_refused() -> None:
    quotas = [{"segment": "Bank", "tier": "A", "at_most": 4}]
    with pytest.raises(SettingsError, match="need the segment of each account"):
        optimise(Problem(np.ones(10), IDS), policy_of(quotas=quotas))
