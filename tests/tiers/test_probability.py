"""The chance of a tier is what draws from the predicted law say, and keeps the order of accounts."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.periods import Horizon
from valuemodel.tiers.assignment import assign
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.probability import (
    QUANTILE_PARTS,
    quantile_array,
    sampled_tiers,
    tier_of,
    tier_probabilities,
    tier_thresholds,
    too_close,
)

SOME = settings(max_examples=50, deadline=None, derandomize=True)
YEAR = Horizon.parse("1 year")
LEVELS = [0.0, 0.05, 0.25, 0.50, 0.75, 0.95, 1.0]

#: Money in cents, with many equal amounts and many nothings, as in real books.
MONEY = st.one_of(
    st.just(0.0), st.integers(-500, 100_000).map(lambda cents: cents / 100), st.just(25.0)
)
ACCOUNT = st.lists(MONEY, min_size=5, max_size=5).map(sorted)
BOOK = st.lists(ACCOUNT, min_size=1, max_size=6).map(np.array)
LINES = st.lists(MONEY, min_size=1, max_size=5).map(lambda found: np.array(sorted(found)[::-1]))


def chance_at_least(quantiles, line):
    """The chance of a value at or above a line, piece by piece in plain Python."""
    ends = [quantiles[0] - abs(quantiles[0]), *quantiles, quantiles[-1] + abs(quantiles[-1])]
    below = 0.0
    for at in range(6):
        low, high, weight = ends[at], ends[at + 1], LEVELS[at + 1] - LEVELS[at]
        if line > high or (low == high and line > low):
            below += weight
        elif line > low:
            below += weight * (line - low) / (high - low)
    return 1.0 - below


def books(rows, seed=0):
    """Accounts as the intervals make them: a lump at nothing, a heavy tail upward."""
    generator = np.random.default_rng(seed)
    size = generator.lognormal(4.0, 1.0, (rows, 1))
    found = size * np.sort(generator.lognormal(0.0, 0.7, (rows, 5)), axis=1)
    silent = generator.integers(0, 4, (rows, 1))
    return np.where(np.arange(5) < silent, 0.0, found)


@SOME
@given(BOOK, LINES)
def test_chances_are_those_of_the_pieces_one_by_one(quantiles, lines):
    found = tier_probabilities(quantiles, lines)
    for row, account in enumerate(quantiles.tolist()):
        above = [chance_at_least(account, line) for line in lines.tolist()]
        assert np.cumsum(found[row])[:-1] == pytest.approx(above, abs=1e-9)


@SOME
@given(BOOK, LINES)
def test_every_account_stands_somewhere(quantiles, lines):
    found = tier_probabilities(quantiles, lines)
    assert found.shape == (len(quantiles), len(lines) + 1)
    assert (found >= 0.0).all()
    assert np.abs(found.sum(axis=1) - 1.0).max() <= 1e-12


def test_draws_from_the_same_law_agree():
    quantiles, draws = books(400), 2_000
    lines = np.quantile(quantiles[:, 2], [0.9, 0.6, 0.2])
    found = tier_probabilities(quantiles, lines)
    drawn = sampled_tiers(quantiles, lines, draws=draws, seed=3)
    error = np.sqrt(found * (1.0 - found) / draws)
    assert (np.abs(found - drawn) <= 5.0 * error + 1e-12).all()
    assert np.mean(np.abs(found - drawn)[error > 0] <= 1.96 * error[error > 0]) > 0.93


@SOME
@given(BOOK, LINES, st.integers(0, 2**31))
def test_draws_agree_on_lumps_too(quantiles, lines, seed):
    found, draws = tier_probabilities(quantiles, lines), 400
    drawn = sampled_tiers(quantiles, lines, draws=draws, seed=seed)
    assert np.abs(found - drawn).max() < 5.0 * 0.5 / np.sqrt(draws)
    assert (drawn[found == 0.0] == 0.0).all()


def test_draws_are_the_same_for_a_seed_and_others_for_another():
    quantiles, lines = books(50), np.array([60.0])
    once = sampled_tiers(quantiles, lines, draws=100, seed=1)
    assert (once == sampled_tiers(quantiles, lines, draws=100, seed=1)).all()
    assert (once != sampled_tiers(quantiles, lines, draws=100, seed=2)).any()
    with pytest.raises(UsageError, match="one draw or more"):
        sampled_tiers(quantiles, lines, draws=0, seed=1)


@SOME
@given(BOOK, MONEY, st.floats(0.0, 1e4))
def test_a_line_drawn_higher_is_never_easier_to_reach(quantiles, line, more):
    low, high = (tier_probabilities(quantiles, np.array([at]))[:, 0] for at in (line, line + more))
    assert (high <= low).all()


@SOME
@given(ACCOUNT, LINES, st.lists(st.floats(0.0, 1e3), min_size=5, max_size=5))
def test_an_account_with_higher_quantiles_never_has_the_lower_chance(account, lines, raises):
    """Each quantile may rise by its own amount."""
    other = np.sort(np.array(account) + raises)
    found = tier_probabilities(np.array([account, other]), lines)
    above = np.cumsum(found, axis=1)
    assert (above[1] >= above[0] - 1e-9).all()


@SOME
@given(BOOK, LINES, st.sampled_from([0.01, 0.5, 3.0, 1_000.0]))
def test_the_unit_of_money_does_not_matter(quantiles, lines, unit):
    """A power of two, so that values on a line stay on it to the last bit."""
    exact = 2.0 ** round(np.log2(unit))
    before = tier_probabilities(quantiles, lines)
    assert tier_probabilities(quantiles * exact, lines * exact) == pytest.approx(before, abs=1e-9)


def test_any_unit_of_money_will_do_away_from_lumps():
    quantiles, lines = books(200), np.array([101.0, 33.0])
    before = tier_probabilities(quantiles, lines)
    assert tier_probabilities(quantiles * 1.17, lines * 1.17) == pytest.approx(before, abs=1e-9)


@pytest.mark.parametrize(
    ("account", "line", "above"),
    [
        ([0, 0, 0, 0, 0], 0.0, 1.0),  # certain to bring nothing, which is on the line
        ([0, 0, 0, 0, 0], 0.01, 0.0),
        ([0, 0, 10, 20, 30], 0.0, 1.0),
        ([0, 0, 10, 20, 30], 1e-12, 0.75),  # a quarter is a lump at nothing
        ([5, 10, 10, 10, 20], 10.0, 0.75),  # a lump that lies on the line stands above it
        ([5, 10, 10, 10, 20], 10.0 + 1e-9, 0.25),
        ([10, 20, 30, 40, 50], 25.0, 0.625),  # half-way between two quantiles
        ([10, 20, 30, 40, 50], 50.0, 0.05),
        ([10, 20, 30, 40, 50], 75.0, 0.025),  # the tail reaches up to twice as much
        ([10, 20, 30, 40, 50], 100.0, 0.0),
        ([10, 20, 30, 40, 50], 5.0, 0.975),  # and down to nothing, never below
        ([10, 20, 30, 40, 50], 0.0, 1.0),
        ([-10, 0, 5, 6, 7], -20.0, 1.0),
        ([-10, 0, 5, 6, 7], -15.0, 0.975),
        ([-9, -8, -7, -6, -5], 0.0, 0.0),
        ([-9, -8, -7, -6, -5], -2.5, 0.025),
    ],
)
def test_lumps_and_tails(account, line, above):
    found = tier_probabilities(np.array([account], dtype=float), np.array([line]))
    assert found[0] == pytest.approx([above, 1.0 - above], abs=1e-6)


def test_nobody_reaches_infinity_and_everybody_minus_infinity():
    lines = np.array([np.inf, np.inf, 20.0, -np.inf])
    quantiles = np.array([[10.0, 20, 30, 40, 50], [0, 0, 0, 0, 0]])
    found = tier_probabilities(quantiles, lines)
    assert found.tolist() == [[0.0, 0.0, 0.75, 0.25, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0]]


def test_each_account_may_have_lines_of_its_own():
    quantiles = books(40)
    lines = np.column_stack([np.linspace(50, 500, 40), np.linspace(10, 50, 40)])
    found = tier_probabilities(quantiles, lines)
    alone = [tier_probabilities(quantiles[[at]], lines[at])[0] for at in range(40)]
    assert (found == np.array(alone)).all()
    drawn = sampled_tiers(quantiles, lines, draws=500, seed=0)
    assert np.abs(found - drawn).max() < 0.12


def test_what_is_not_known_has_no_chance():
    quantiles = np.array([[0.0, 1, 2, 3, 4], [np.nan] * 5, [0.0, 1, np.nan, 3, 4]])
    for found in (
        tier_probabilities(quantiles, np.array([2.0])),
        sampled_tiers(quantiles, np.array([2.0]), draws=10, seed=0),
    ):
        assert np.isfinite(found[0]).all()
        assert np.isnan(found[1:]).all()


def test_quantiles_that_cross_are_put_in_order():
    lines = np.array([35.0, 12.0])
    crossed = tier_probabilities(np.array([[20.0, 10, 30, 50, 40]]), lines)
    assert (crossed == tier_probabilities(np.array([[10.0, 20, 30, 40, 50]]), lines)).all()


def test_no_account_and_no_line():
    assert tier_probabilities(np.empty((0, 5)), np.array([1.0])).shape == (0, 2)
    assert sampled_tiers(np.empty((0, 5)), np.array([1.0]), draws=1, seed=0).shape == (0, 2)
    assert tier_probabilities(books(3), np.empty(0)).tolist() == [[1.0]] * 3


@pytest.mark.parametrize(
    ("quantiles", "lines", "problem"),
    [
        (np.zeros((3, 4)), np.array([1.0]), "5 quantiles"),
        (np.zeros(5), np.array([1.0]), "5 quantiles"),
        (np.zeros((3, 5)), np.zeros((2, 1)), "one row for each"),
        (np.zeros((3, 5)), np.array(1.0), "one row for each"),
        (np.zeros((3, 5)), np.array([1.0, 2.0]), "never above that of a higher tier"),
        (np.zeros((3, 5)), np.array([np.nan, 2.0]), "is a number"),
    ],
)
def test_what_makes_no_sense_is_refused(quantiles, lines, problem):
    with pytest.raises(UsageError, match=problem):
        tier_probabilities(quantiles, lines)
    with pytest.raises(UsageError, match=problem):
        sampled_tiers(quantiles, lines, draws=1, seed=0)


def test_many_accounts_are_worked_on_in_parts_and_get_the_same():
    quantiles, lines = np.tile(books(500), (140, 1)), np.array([200.0, 50.0])
    found = tier_probabilities(quantiles, lines).reshape(140, 500, 3)
    assert (found == found[0]).all()


@pytest.mark.slow
def test_a_million_accounts_take_seconds_and_little_memory():
    quantiles, lines = np.tile(books(10_000), (100, 1)), np.array([400.0, 150.0, 40.0])
    started = time.perf_counter()
    found = tier_probabilities(quantiles, lines)
    assert time.perf_counter() - started < 5.0
    assert found.shape == (1_000_000, 4)
    tracemalloc.start()
    tier_probabilities(quantiles, lines)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * found.nbytes


@SOME
@given(BOOK, LINES, st.data())
def test_too_close_is_where_another_tier_is_likely_enough(quantiles, lines, data):
    chances = tier_probabilities(quantiles, lines)
    places = st.integers(-1, len(lines))
    tier = np.array([data.draw(places) for _ in quantiles])
    close_call = data.draw(st.sampled_from([0.05, 0.25, 0.5, 1.0]))
    found = too_close(chances, tier, close_call)
    for row, place in enumerate(tier):
        if place < 0:
            assert found[row] is pd.NA
        else:
            others = sum(chance for at, chance in enumerate(chances[row]) if at != place)
            assert found[row] == (others >= close_call - 1e-9)


def test_too_close_at_the_very_chance_and_unknown_without_one():
    chances = np.array([[0.5, 0.3, 0.2], [0.51, 0.29, 0.2], [np.nan] * 3, [1.0, 0.0, 0.0]])
    found = too_close(chances, np.array([0, 0, 0, 0]), 0.5)
    assert found.dtype == "boolean"
    assert found.tolist() == [True, False, pd.NA, False]
    # Three times a tenth is not three tenths to the last bit, and is all the same.
    assert too_close(np.array([[0.7, 0.1 + 0.2]]), np.array([0]), 0.3).tolist() == [True]
    assert len(too_close(np.empty((0, 3)), np.empty(0, dtype=np.int64), 0.5)) == 0


def test_quantiles_are_taken_from_the_stored_predictions():
    predictions = pd.DataFrame(
        {"account_id": ["a", "b"], "value_1y": [3.0, 4.0]}
        | {f"value_1y_{part}": [float(at), np.nan] for at, part in enumerate(QUANTILE_PARTS)}
        | {f"value_3m_{part}": 7.0 for part in QUANTILE_PARTS}
    )
    found = quantile_array(predictions, YEAR)
    assert found[0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert np.isnan(found[1]).all()
    assert (quantile_array(predictions, Horizon.parse("3 months")) == 7.0).all()
    assert np.isnan(quantile_array(predictions, Horizon.parse("2 years"))).all()
    assert quantile_array(predictions.iloc[:0], YEAR).shape == (0, 5)
    with pytest.raises(DataRefused, match="value_1y_q95 is infinite for 1"):
        quantile_array(predictions.assign(value_1y_q95=[np.inf, 1.0]), YEAR)


def test_the_line_of_a_tier_is_its_lowest_score():
    policy = TierPolicy.parse(
        {
            "version": "1",
            "tiers": [
                {"name": "A", "share_of_value": 0.5, "share_of_accounts": 0.1},
                {"name": "B", "share_of_value": 0.8, "share_of_accounts": 0.3},
                {"name": "C"},
            ],
        }
    )
    score = np.random.default_rng(0).lognormal(3.0, 1.0, 200).round(0)
    ids = [f"a{at}" for at in range(200)]
    tier = assign(score, np.zeros(200), ids, policy).tier
    lines = tier_thresholds(score, tier, 3)
    assert lines.tolist() == [score[tier == 0].min(), score[tier == 1].min()]
    # Who is certain to bring its score stands where it was put, but for ties at the line.
    stands = tier_of(score, lines)
    assert (stands <= tier).all()
    assert np.isin(score[stands != tier], lines).all()


def test_tiers_that_nobody_is_in_have_no_line_of_their_own():
    score, tier = np.array([9.0, np.nan, 4.0, 2.0]), np.array([1, 1, 3, -1])
    assert tier_thresholds(score, tier, 4).tolist() == [np.inf, 9.0, 9.0]
    assert tier_thresholds(np.empty(0), np.empty(0, dtype=np.int64), 3).tolist() == [np.inf] * 2
