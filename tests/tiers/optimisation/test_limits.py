from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from valuemodel.exceptions import SettingsError, UsageError
from valuemodel.tiers.optimisation.limits import limits_of, section_of
from valuemodel.tiers.policy import TierPolicy

VISIT = [{"name": "visit", "per_year": 2, "hours": 3.0}]


def policy_of(tiers: list[dict[str, Any]], **section: Any) -> TierPolicy:
    return TierPolicy.parse(
        {
            "version": "1",
            "capacity": {"productive_hours": 60.0},
            "tiers": tiers,
            "optimise": {"coverage": {"A": 0.9, "B": 0.2}, **section},
        }
    )


def test_each_limit_weighs_the_accounts_that_it_speaks_of() -> None:
    tiers = [
        {"name": "A", "heads": 1.0, "top_share": 0.29, "touches": VISIT},
        {"name": "B", "heads": 0.1, "touches": [{"name": "call", "per_year": 1, "hours": 0.5}]},
    ]
    quotas = [{"segment": "Bank", "tier": "A", "at_least": 1, "at_most": 4}]
    found = limits_of(policy_of(tiers, hours=50.0, quotas=quotas), 100, may_move=7)
    assert [(limit.name, limit.most) for limit in found] == [
        ("hours", 50.0),
        ("heads", 10.0),
        ("accounts", 29.0),
        ("quota Bank", -1.0),
        ("quota Bank", 4.0),
        ("movement budget", 7.0),
    ]
    bank, other, unknown = 0, 1, 2
    hours, heads, accounts, least, most, moves = (limit.weight for limit in found)
    assert hours[other, unknown].tolist() == [6.0, 0.5]
    assert heads[other, unknown].tolist() == [1.0, 0.0]
    assert accounts[bank, 0].tolist() == [1.0, 0.0]
    assert least[bank, unknown].tolist() == [-1.0, 0.0]
    assert most[bank, unknown].tolist() == [1.0, 0.0]
    assert not least[other].any()
    assert moves[bank].tolist() == [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]


def test_shares_of_accounts_count_the_tiers_above_too() -> None:
    shares = [0.1, 0.4, None]
    tiers = [
        {"name": name, **({} if share is None else {"share_of_accounts": share})}
        for name, share in zip("ABC", shares, strict=True)
    ]
    policy = policy_of(tiers, coverage={"A": 0.9, "B": 0.3, "C": 0.2})
    found = limits_of(policy, 55, None)
    assert [(limit.most, limit.weight[0, 0].tolist()) for limit in found] == [
        (5, [1.0, 0.0, 0.0]),
        (22, [1.0, 1.0, 0.0]),
    ]
    assert found[1].text.startswith("B and the tiers above it may hold at most 22 accounts of 55")


def test_a_policy_without_the_section_cannot_be_optimised() -> None:
    with pytest.raises(UsageError, match="no section"):
        section_of(TierPolicy.parse({"version": "1"}))


def test_a_section_that_does_not_fit_the_ladder_is_refused_with_every_mistake() -> None:
    calls = [{"name": "call", "per_year": 4}]
    tiers = [{"name": "A", "share_of_value": 0.5, "touches": calls}, {"name": "B"}]
    with pytest.raises(SettingsError) as caught:
        section_of(policy_of(tiers, coverage={"A": 0.2, "B": 0.9}, hours=10.0))
    # A policy may have been checked when it was read: then its mistakes are in one line.
    told = " ".join(caught.value.details)
    assert "optimise.coverage of B = 0.9 must not lie above that of A = 0.2" in told
    assert "optimise.hours needs the hours of every touch of A" in told
    assert "nothing limits A" in told


def test_weights_do_not_depend_on_the_book() -> None:
    policy = policy_of([{"name": "A", "top_share": 0.5}, {"name": "B"}])
    small, large = limits_of(policy, 2, 1), limits_of(policy, 2_000, 1)
    for one, other in zip(small, large, strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)
    assert [limit.most for limit in large] == [1_000, 1]
