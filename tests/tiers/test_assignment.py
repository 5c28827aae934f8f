from __future__ import annotations

from fractions import Fraction
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.tiers.assignment import Assignment, assign
from valuemodel.tiers.policy import TierPolicy

POLICY = TierPolicy.parse({"version": "1"})
LAST = len(POLICY.tiers) - 1

cents = st.integers(-10_000, 1_000_000) | st.sampled_from([0, 100, 100, 5_000])
books = st.lists(st.tuples(cents, cents), min_size=1, max_size=60)
bounded = settings(max_examples=50, deadline=None, derandomize=True)


def assigned(book: list[tuple[int, int]], policy: TierPolicy = POLICY) -> Assignment:
    score, past = np.array(book, dtype=float).T / 100.0
    return assign(score, past, [f"acc{i}" for i in range(len(book))], policy)


def plain(book: list[tuple[int, int]], policy: TierPolicy = POLICY) -> list[int]:
    """Tiers of distinct scores by the rule as people say it, in exact arithmetic."""
    order = sorted(range(len(book)), key=lambda i: -book[i][0])
    total = sum(score for score, _ in book if score > 0)
    tiers, above, taken = [LAST] * len(book), 0, 0
    for i in order:
        for place, tier in enumerate(policy.tiers[:-1]):
            wanted = Fraction(str(tier.share_of_value)) * total
            allowed = Fraction(str(tier.share_of_accounts)) * len(book)
            if book[i][0] > 0 and above < wanted and taken + 1 <= allowed:
                tiers[i] = place
                break
        above, taken = above + max(book[i][0], 0), taken + 1
    return tiers


@bounded
@given(st.lists(cents, min_size=1, max_size=60, unique=True))
def test_tiers_are_those_of_the_rule_as_people_say_it(scores: list[int]) -> None:
    book = [(score, 0) for score in scores]
    assert assigned(book).tier.tolist() == plain(book)


@bounded
@given(books, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(book: list[tuple[int, int]], random: object) -> None:
    ids = [f"acc{i}" for i in range(len(book))]
    shuffled = list(range(len(book)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    score, past = np.array(book, dtype=float).T
    there = assign(score, past, ids, POLICY)
    back = assign(score[shuffled], past[shuffled], [ids[i] for i in shuffled], POLICY)
    assert back.tier.tolist() == there.tier[shuffled].tolist()
    assert back.rank.tolist() == there.rank[shuffled].tolist()


@bounded
@given(books, st.sampled_from([0.001, 1 / 3, 0.85, 1.17, 1_000.0, 152.37]))
def test_the_unit_of_money_does_not_matter(book: list[tuple[int, int]], k: float) -> None:
    score, past = np.array(book, dtype=float).T
    ids = [f"acc{i}" for i in range(len(book))]
    before, after = assign(score, past, ids, POLICY), assign(k * score, k * past, ids, POLICY)
    assert after.tier.tolist() == before.tier.tolist()


@bounded
@given(books, st.data(), st.integers(0, 2_000_000))
def test_an_account_whose_value_rises_never_falls(
    book: list[tuple[int, int]], data: st.DataObject, rise: int
) -> None:
    i = data.draw(st.integers(0, len(book) - 1))
    in_past = data.draw(st.booleans())
    score, past = book[i]
    better = [*book]
    better[i] = (score, past + rise) if in_past else (score + rise, past)
    assert assigned(better).tier[i] <= assigned(book).tier[i]


@bounded
@given(books)
def test_no_tier_holds_more_than_it_may_and_none_without_value_stands_above_the_last(
    book: list[tuple[int, int]],
) -> None:
    found = assigned(book)
    for place, tier in enumerate(POLICY.tiers[:-1]):
        allowed = Fraction(str(tier.share_of_accounts)) * len(book)
        assert (found.tier <= place).sum() <= allowed
        assert found.lines[place].accounts == (found.tier <= place).sum()
    assert all(t == LAST for t, (score, _) in zip(found.tier, book, strict=True) if score <= 0)


def test_a_thousand_equal_accounts_fill_the_tiers_to_the_brim_and_stay_where_they_are() -> None:
    ids = [f"{i:04d}" for i in range(1_000)]
    found = assign(np.ones(1_000), np.zeros(1_000), ids, POLICY)
    assert np.bincount(found.tier).tolist() == [100, 200, 300, 400]
    top = {ids[i] for i in np.flatnonzero(found.tier == 0)}
    assert top != set(ids[:100])  # the spelling of ids favours nobody
    again = assign(np.full(1_000, 0.1), np.zeros(1_000), ids, POLICY)
    assert again.rank.tolist() == found.rank.tolist()


def test_past_value_breaks_ties_before_the_id_does() -> None:
    found = assign(np.array([5.0, 5.0, 5.0]), np.array([1.0, 3.0, np.nan]), list("abc"), POLICY)
    assert found.rank.tolist() == [2, 1, 3]


@pytest.mark.parametrize("worth", [0.0, -4.0, np.nan])
def test_a_book_without_value_is_all_in_the_last_tier(worth: float) -> None:
    found = assign(np.full(20, worth), np.zeros(20), [str(i) for i in range(20)], POLICY)
    assert set(found.tier.tolist()) == {LAST}
    assert [line.accounts for line in found.lines] == [0, 0, 0, 20]
    assert all(np.isnan(line.share_of_value) for line in found.lines)


def test_an_account_without_prediction_ranks_behind_losses() -> None:
    found = assign(np.array([np.nan, -9.0, 3.0]), np.zeros(3), list("abc"), POLICY)
    assert found.rank.tolist() == [3, 2, 1]


def test_each_line_says_which_rule_drew_it() -> None:
    whale = assigned([(1_000_000, 0)] + [(100, 0)] * 99)
    assert [line.rule for line in whale.lines] == ["value", "value", "value", "rest"]
    even = assigned([(100, 0)] * 100)
    assert [line.rule for line in even.lines] == ["accounts", "accounts", "accounts", "rest"]
    assert even.lines[0].share_of_value == pytest.approx(0.1)


def test_a_share_that_is_reached_exactly_is_reached() -> None:
    tiers = [{"name": "A", "share_of_value": 0.8}, {"name": "B"}]
    policy = TierPolicy.parse({"version": "1", "tiers": tiers})
    for k in (1.0, 0.1, 1 / 3, 7.7):
        found = assign(np.full(5, k), np.zeros(5), list("abcde"), policy)
        assert found.lines[0].accounts == 4


def test_an_empty_book_has_empty_tiers() -> None:
    found = assign(np.array([]), np.array([]), [], POLICY)
    assert [line.accounts for line in found.lines] == [0, 0, 0, 0]


@pytest.mark.slow
def test_a_million_accounts_take_seconds() -> None:
    rng = np.random.default_rng(3)
    score, ids = rng.lognormal(5.0, 2.0, 1_000_000), [f"C{i}" for i in range(1_000_000)]
    start = process_time()
    found = assign(score, score, ids, POLICY)
    assert process_time() - start < 5.0
    assert found.lines[0].share_of_value == pytest.approx(0.5, abs=1e-3)
