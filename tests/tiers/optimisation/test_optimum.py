from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import product
from time import process_time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import SettingsError
from valuemodel.tiers.optimisation import Problem, Solution, optimise
from valuemodel.tiers.policy import TierPolicy

TIERS = ("A", "B", "C")
bounded = settings(max_examples=50, deadline=None, derandomize=True)


def touch(hours: float) -> list[dict[str, Any]]:
    return [{"name": "visit", "per_year": 1, "hours": hours}]


@dataclass(frozen=True)
class Case:
    """A book, a policy, and some assignment that keeps to all limits (or none is known)."""

    problem: Problem
    document: dict[str, Any]
    witness: list[int] | None = None

    def policy(self, **section: Any) -> TierPolicy:
        optimise = {**self.document["optimise"], "gap": 1e-6, **section}
        return TierPolicy.parse({**self.document, "optimise": optimise})

    def solve(self, **section: Any) -> Solution:
        return optimise(self.problem, self.policy(**section))

    def covered(self, tiers: list[int]) -> Fraction:
        cover = [Fraction(repr(self.document["optimise"]["coverage"][name])) for name in TIERS]
        worth = [Fraction(v) if v > 0.0 else Fraction(0) for v in self.problem.value]
        return sum((cover[k] * v for k, v in zip(tiers, worth, strict=True)), Fraction(0))

    def broken(self, tiers: list[int]) -> list[str]:
        """Name the limits that an assignment breaks, each as people say it, in exact arithmetic."""
        return [name for name, broken in (*self.by_tier(tiers), *self.by_account(tiers)) if broken]

    @cached_property
    def rules(self) -> TierPolicy:
        return self.policy()

    def by_tier(self, tiers: list[int]) -> Iterator[tuple[str, bool]]:
        section = self.rules.optimise
        assert section is not None
        hours = [Fraction(repr(tier.hours or 0.0)) for tier in self.rules.tiers]
        if section.hours is not None:
            yield "hours", sum(hours[k] for k in tiers) > Fraction(repr(section.hours))
        for k, tier in enumerate(self.rules.tiers[:-1]):
            if tier.heads is not None:
                yield "heads", tiers.count(k) * hours[k] > Fraction(repr(tier.heads)) * 100
            for share in (tier.share_of_accounts, tier.top_share):
                inside = sum(1 for t in tiers if t <= k)
                yield "accounts", share is not None and inside > Fraction(repr(share)) * len(tiers)
        for quota in section.quotas:
            there = list(zip(tiers, self.problem.segment, strict=True))  # type: ignore[arg-type]
            count = there.count((TIERS.index(quota.tier), quota.segment))
            yield "at_least", quota.at_least is not None and count < quota.at_least
            yield "at_most", quota.at_most is not None and count > quota.at_most

    def by_account(self, tiers: list[int]) -> Iterator[tuple[str, bool]]:
        fixed, floor, before = (
            getattr(self.problem, name).tolist() for name in ("fixed", "floor", "previous")
        )
        for t, put, lowest in zip(tiers, fixed, floor, strict=True):
            yield "fixed", put >= 0 and t != put
            yield "floor", put < 0 and t > lowest
        moved = sum(1 for t, p in zip(tiers, before, strict=True) if p not in (-1, t))
        yield "budget", self.problem.may_move is not None and moved > self.problem.may_move


values = st.integers(-200, 100_000).map(float) | st.sampled_from(
    [0.0, 100.0, 100.0, 5_000.0, float("nan")]
)


@st.composite
def cases(draw: st.DrawFn, most: int, *, feasible: bool) -> Case:
    n = draw(st.integers(1, most))

    def each(of: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(of, min_size=n, max_size=n))

    value, segment = each(values), each(st.sampled_from(["Bank", "Steel", None]))
    before = each(st.sampled_from([-1, 0, 1, 2]))
    witness = each(st.sampled_from([0, 1, 2, 2, 2]))
    if feasible:
        fixed = [t if draw(st.integers(0, 9)) == 0 else -1 for t in witness]
        floor = [t if draw(st.integers(0, 9)) == 0 else 2 for t in witness]
    else:
        fixed, floor = each(st.sampled_from([-1, -1, -1, 0, 1])), each(st.sampled_from([2, 2, 1]))
    taken = draw(st.tuples(*[st.sampled_from([1.0, 2.5, 7.3, 0.1])] * 2))
    last = draw(st.sampled_from([0.0, 0.1]))
    parts = sorted(draw(st.tuples(*[st.sampled_from([0.0, 0.2, 0.35, 0.5, 0.9, 1.0])] * 3)))
    tiers: list[dict[str, Any]] = [
        {"name": "A", "share_of_value": 0.5, "touches": touch(taken[0])},
        {"name": "B", "touches": touch(taken[1]), "share_of_accounts": 1.0},
        {"name": "C", "touches": touch(last)},
    ]
    section: dict[str, Any] = {"coverage": dict(zip(TIERS, reversed(parts), strict=True))}
    document = {"version": "1", "tiers": tiers, "optimise": section}
    more = st.integers(0, 2)
    if draw(st.booleans()):
        need = sum([*taken, last][t] for t in witness) if feasible else draw(st.integers(1, 30))
        # Often to the last bit what the assignment takes: 3 x 0.1 hours are 0.3 hours.
        section["hours"] = round(float(need), 4) + draw(more) or 1.0
    if draw(st.booleans()):
        places = witness.count(0) if feasible else 0
        document["capacity"] = {"productive_hours": 100.0}
        tiers[0]["heads"] = (places + draw(more) + 0.5) * taken[0] / 100.0
    if draw(st.booleans()):
        inside = sum(1 for t in witness if t <= 1) if feasible else 0
        tiers[1]["share_of_accounts"] = min(1.0, (inside + draw(more) + 0.5) / n)
    else:
        tiers[0]["top_share"] = 1.0
    quotas = []
    for name, k in draw(st.sets(st.tuples(st.sampled_from(["Bank", "Steel"]), st.integers(0, 2)))):
        there = sum(
            1 for t, s in zip(witness, segment, strict=True) if feasible and (t, s) == (k, name)
        )
        bound = draw(st.sampled_from(["at_least", "at_most"]))
        off = draw(more)
        count = there + off if bound == "at_most" or not feasible else max(0, there - off)
        quotas.append({"segment": name, "tier": TIERS[k], bound: count})
    section["quotas"] = quotas
    moved = sum(1 for t, p in zip(witness, before, strict=True) if p not in (-1, t))
    budget = (moved if feasible else 0) + draw(more) if draw(st.booleans()) else None
    problem = Problem(
        np.array(value),
        [f"acc{i}" for i in range(n)],
        np.array(segment, dtype=object),
        np.array(before),
        np.array(fixed),
        np.array(floor),
        budget,
    )
    return Case(problem, document, witness if feasible else None)


@bounded
@given(cases(5, feasible=False))
def test_no_assignment_that_keeps_to_the_limits_covers_more(case: Case) -> None:
    every = map(list, product(range(3), repeat=len(case.problem.value)))
    best = max((case.covered(tiers) for tiers in every if not case.broken(tiers)), default=None)
    if best is None:
        with pytest.raises(SettingsError, match="no assignment of this book keeps"):
            case.solve()
        return
    found = case.solve()
    assert found.covered == pytest.approx(float(best), rel=2e-6, abs=1e-6)
    assert found.bound >= found.covered
    assert found.exact
    assert case.broken(found.tier.tolist()) == []


@pytest.mark.parametrize("exact_up_to", [20_000, 1])
@bounded
@given(case=cases(40, feasible=True))
def test_every_limit_holds_and_a_known_assignment_is_never_better(
    exact_up_to: int, case: Case
) -> None:
    assert case.witness is not None
    assert case.broken(case.witness) == []
    found = case.solve(exact_up_to=exact_up_to)
    tiers = found.tier.tolist()
    assert case.broken(tiers) == []
    assert found.covered == pytest.approx(float(case.covered(tiers)))
    # The bound speaks of every assignment, also of the one that we know of.
    assert found.bound >= float(case.covered(case.witness)) * (1 - 1e-9)
    assert found.gap == pytest.approx(1 - found.covered / found.bound if found.bound else 0.0)
    if exact_up_to > 1:
        assert found.exact
        assert found.covered >= float(case.covered(case.witness)) * (1 - 2e-6)


@bounded
@given(cases(30, feasible=True), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(case: Case, random: Any) -> None:
    problem, order = case.problem, list(range(len(case.problem.value)))
    random.shuffle(order)
    turned = {
        name: getattr(problem, name)[order]
        for name in ("value", "segment", "previous", "fixed", "floor")
    }
    ids = [problem.account_ids[i] for i in order]  # type: ignore[index]
    there = case.solve()
    back = replace(case, problem=replace(problem, account_ids=ids, **turned)).solve()
    assert back.tier.tolist() == there.tier[order].tolist()
    assert back.binding == there.binding


@bounded
@given(cases(30, feasible=True), st.sampled_from([0.001, 1 / 3, 0.85, 1_000.0, 152.37]))
def test_the_unit_of_money_does_not_matter(case: Case, k: float) -> None:
    other = replace(case, problem=replace(case.problem, value=case.problem.value * k))
    before, after = case.solve(), other.solve()
    assert after.tier.tolist() == before.tier.tolist()
    assert after.covered == pytest.approx(k * before.covered)


def ladder(exact_up_to: int = 20_000, **section: Any) -> TierPolicy:
    """Return a policy of four tiers that hours, people and shares of accounts limit."""
    coverage = {"A": 0.9, "B": 0.7, "C": 0.45, "D": 0.2}
    return TierPolicy.parse(
        {
            "version": "1",
            "capacity": {"productive_hours": 1_667.0},
            "tiers": [
                {"name": "A", "heads": 3.0, "share_of_accounts": 0.1, "touches": touch(200.0)},
                {"name": "B", "share_of_accounts": 0.3, "touches": touch(33.5)},
                {"name": "C", "share_of_accounts": 0.6, "touches": touch(7.25)},
                {"name": "D", "touches": touch(0.3)},
            ],
            "optimise": {"coverage": coverage, "exact_up_to": exact_up_to, **section},
        }
    )


def book(n: int, seed: int = 0, **more: Any) -> Problem:
    rng = np.random.default_rng(seed)
    value = np.where(rng.random(n) < 0.3, -5.0, rng.lognormal(6.0, 2.0, n))
    return Problem(value, [f"C{i}" for i in range(n)], **more)


def rank_and_cut(value: np.ndarray, hours: float) -> np.ndarray:
    """Fill the tiers of the ladder from the top of the ranking, with the same capacity."""
    each, n = (200.0, 33.5, 7.25, 0.3), len(value)
    room, left = (25, 3 * n // 10, 6 * n // 10), hours - 0.3 * n
    tier = np.full(n, 3)
    k, inside = 0, 0
    for place, account in enumerate(np.argsort(-value)):
        while k < 3 and (place >= room[k] or inside >= (25 if k == 0 else n)):
            k, inside = k + 1, 0
        if value[account] <= 0.0 or k == 3 or left < each[k] - 0.3:
            break
        tier[account], left, inside = k, left - each[k] + 0.3, inside + 1
    return tier


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("hours", [4_000.0, 9_000.0, 40_000.0])
def test_it_covers_no_less_than_ranking_and_cutting_with_the_same_capacity(
    seed: int, hours: float
) -> None:
    problem = book(1_000, seed)
    cover = np.array([0.9, 0.7, 0.45, 0.2])
    cut = rank_and_cut(problem.value, hours)
    by_rank = (cover[cut] * np.maximum(problem.value, 0.0)).sum()
    found = optimise(problem, ladder(hours=hours))
    assert found.covered >= by_rank
    assert np.array([200.0, 33.5, 7.25, 0.3])[found.tier].sum() <= hours


def test_what_keeps_accounts_out_of_a_tier_is_named() -> None:
    assert optimise(book(1_000), ladder()).binding == ("heads", "accounts", "accounts", "rest")
    assert optimise(book(1_000), ladder(hours=2_000.0)).binding == (
        "hours",
        "hours",
        "hours",
        "rest",
    )
    assert optimise(book(100), ladder()).binding == ("accounts", "accounts", "accounts", "rest")
    everybody = optimise(Problem(np.zeros(9), list("abcdefghi")), ladder())
    assert everybody.binding == ("rest", "rest", "rest", "rest")
    assert everybody.tier.tolist() == [3] * 9


def test_a_quota_that_binds_is_named_by_its_segment() -> None:
    banks = np.array(["Bank"] * 500 + ["Steel"] * 500, dtype=object)
    problem = replace(book(1_000), segment=banks)
    richest = int(np.argmax(problem.value))
    banks[richest] = "Bank"
    most = [{"segment": "Bank", "tier": "A", "at_most": 0}]
    found = optimise(problem, ladder(quotas=most))
    assert "quota Bank" in found.binding[0]
    assert not (banks[found.tier == 0] == "Bank").any()
    least = [{"segment": "Bank", "tier": "A", "at_least": 25}]
    found = optimise(problem, ladder(quotas=least))
    assert (banks[found.tier == 0] == "Bank").all()
    assert (found.tier == 0).sum() == 25


def test_the_movement_budget_lets_the_moves_through_that_are_worth_most() -> None:
    value = np.array([900.0, 800.0, 10.0, 5.0])
    tiers = [{"name": "A", "top_share": 0.5}, {"name": "B"}]
    section = {"coverage": {"A": 1.0, "B": 0.0}}
    policy = TierPolicy.parse({"version": "1", "tiers": tiers, "optimise": section})
    before = np.array([1, 1, 0, 0])
    ids = ["a", "b", "c", "d"]
    swap = optimise(Problem(value, ids, previous=before, may_move=2), policy)
    assert swap.tier.tolist() == [0, 1, 0, 1]
    assert swap.binding == ("accounts, movement budget", "rest")
    odd = optimise(Problem(value, ids, previous=before, may_move=1), policy)
    assert (odd.tier != before).sum() <= 1
    assert odd.tier.tolist()[:3] == [1, 1, 0]
    unknown = np.array([-1, -1, 0, 0])
    free = optimise(Problem(value, ids, previous=unknown, may_move=2), policy)
    assert free.tier.tolist() == [0, 0, 1, 1]
    unlimited = optimise(Problem(value, ids, previous=before), policy)
    assert unlimited.tier.tolist() == [0, 0, 1, 1]


def test_people_put_an_account_anywhere_and_protection_holds_for_the_others() -> None:
    value = np.array([900.0, 800.0, 10.0, 5.0])
    tiers = [{"name": "A", "top_share": 0.5}, {"name": "B"}]
    section = {"coverage": {"A": 1.0, "B": 0.0}}
    policy = TierPolicy.parse({"version": "1", "tiers": tiers, "optimise": section})
    fixed, floor = np.array([1, -1, -1, -1]), np.array([0, 1, 1, 0])
    found = optimise(Problem(value, list("abcd"), fixed=fixed, floor=floor), policy)
    assert found.tier.tolist() == [1, 0, 1, 0]
    alone = optimise(Problem(value, list("abcd"), fixed=np.array([1, 0, 0, 1])), policy)
    assert alone.tier.tolist() == [1, 0, 0, 1]
    assert alone.binding == ("fixed", "rest")
    assert (alone.covered, alone.bound, alone.gap) == (810.0, 810.0, 0.0)


def test_equal_accounts_are_told_apart_by_no_order_and_no_spelling() -> None:
    ids = [f"{i:04d}" for i in range(1_000)]
    policy = ladder()
    found = optimise(Problem(np.ones(1_000), ids), policy)
    assert np.bincount(found.tier).tolist() == [25, 275, 300, 400]
    top = {ids[i] for i in np.flatnonzero(found.tier == 0)}
    assert top != set(ids[:25])
    back = optimise(Problem(np.full(1_000, 0.1), ids[::-1]), policy)
    assert {ids[::-1][i] for i in np.flatnonzero(back.tier == 0)} == top


def test_an_empty_book_and_a_single_account() -> None:
    none = optimise(Problem(np.array([]), []), ladder())
    assert (none.tier.tolist(), none.covered, none.gap, none.exact) == ([], 0.0, 0.0, True)
    tiers = [{"name": "A", "top_share": 1.0}, {"name": "B"}]
    section = {"coverage": {"A": 1.0, "B": 0.0}}
    policy = TierPolicy.parse({"version": "1", "tiers": tiers, "optimise": section})
    assert optimise(Problem(np.array([3.0]), ["a"]), policy).tier.tolist() == [0]
    assert optimise(Problem(np.array([np.nan]), ["a"]), policy).tier.tolist() == [1]


def test_tiers_that_cover_the_same_are_not_filled_for_nothing() -> None:
    tiers = [{"name": "A", "top_share": 1.0}, {"name": "B"}]
    section = {"coverage": {"A": 0.5, "B": 0.5}}
    policy = TierPolicy.parse({"version": "1", "tiers": tiers, "optimise": section})
    found = optimise(Problem(np.array([3.0, 2.0]), ["a", "b"]), policy)
    assert found.tier.tolist() == [1, 1]
    assert found.covered == pytest.approx(2.5)


def test_the_gap_above_the_size_that_is_solved_exactly_is_small_and_told() -> None:
    problem, hours = book(5_000), 30_000.0
    near, exact = optimise(problem, ladder(1, hours=hours)), optimise(problem, ladder(hours=hours))
    assert near.covered <= exact.bound
    assert exact.covered <= near.bound
    assert near.gap <= 1e-3
    assert exact.gap <= 1e-4


def test_a_loose_gap_leaves_no_account_out_for_nothing() -> None:
    n, hours, each = 300, 3_000.0, np.array([200.0, 33.5, 7.25, 0.3])
    problem = book(n, previous=np.arange(n) % 4, may_move=120)
    found = optimise(problem, ladder(hours=hours, gap=0.3))
    moved = int((found.tier != problem.previous).sum())
    count = np.bincount(found.tier, minlength=4)
    left = hours - each @ count
    assert moved <= 120
    assert left >= 0.0
    for account in np.flatnonzero(problem.value > 0.0):
        before, now = account % 4, found.tier[account]
        for tier in range(now):
            stays = moved - (now != before) + (tier != before) <= 120
            fits = each[tier] - each[now] <= left
            above = np.cumsum(count)[tier] < (30, 90, 180)[tier]
            assert not (stays and fits and above and (tier > 0 or count[0] < 25))


def test_a_gap_that_is_not_met_near_the_relaxation_is_met_over_the_whole_book() -> None:
    problem = book(120)
    near, whole = (optimise(problem, ladder(most, hours=1_100.0, gap=1e-6)) for most in (1, 20_000))
    assert whole.exact
    assert whole.gap <= 1e-6
    assert near.covered <= whole.bound <= near.bound * (1.0 + 1e-9)
    assert not near.exact


def test_twenty_thousand_accounts_take_seconds() -> None:
    start = process_time()
    found = optimise(book(20_000), ladder(hours=200_000.0))
    assert process_time() - start < 20.0
    assert found.exact


@pytest.mark.slow
def test_a_hundred_thousand_accounts_take_less_than_a_minute() -> None:
    start = process_time()
    found = optimise(book(100_000), ladder(hours=1_000_000.0))
    assert process_time() - start < 60.0
    assert found.gap <= 1e-3
