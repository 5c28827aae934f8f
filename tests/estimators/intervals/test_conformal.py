"""Intervals hold what they promise: by simulation, by size, for zeros, losses, whales and sums."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from valuemodel.estimators.intervals.conformal import FEWEST_RESIDUALS, ConformalIntervals
from valuemodel.exceptions import UsageError

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
MONEY = st.floats(-1e7, 1e7, allow_nan=False, width=32)


def draw(rng, count, *, silent=0.3, losses=0.0, shock=0.0):
    """Accounts of very different size; small ones are less sure, many bring nothing, some lose."""
    predicted = rng.lognormal(4.0, 1.5, count)
    spread = np.where(predicted > 50.0, 0.3, 1.0)
    came = predicted * (1.0 + shock) * rng.lognormal(-(spread**2) / 2.0, spread)
    came = np.where(rng.random(count) < silent, 0.0, came / (1.0 - silent))
    return predicted, np.where(rng.random(count) < losses, -0.5 * predicted, came)


def learned(seed, count, **how):
    return ConformalIntervals.learn(*draw(np.random.default_rng(seed), count, **how))


def inside(known, predicted, came, coverage):
    low, high = known.interval(predicted, coverage)
    return (low <= came) & (came <= high)


@pytest.mark.parametrize("count", [60, 500, 5_000])
@pytest.mark.parametrize("coverage", [0.80, 0.95])
def test_as_many_truths_lie_inside_as_promised(count, coverage):
    held = []
    for seed in range(80):
        known = learned(seed, count, losses=0.1)
        held.append(
            inside(known, *draw(np.random.default_rng(10_000 + seed), 400, losses=0.1), coverage)
        )
    # No less than promised beyond noise; what is more comes from rounding ranks outward and from
    # bounds that are moved to hold the prediction.
    assert coverage - 0.01 <= np.mean(held) <= coverage + 0.035


def test_small_and_large_accounts_are_held_alike():
    held, size = [], []
    for seed in range(40):
        predicted, came = draw(np.random.default_rng(500 + seed), 1_000)
        held.append(inside(learned(seed, 3_000), predicted, came, 0.80))
        size.append(np.argsort(np.argsort(predicted)) * 5 // 1_000)
    shares = pd.Series(np.concatenate(held)).groupby(np.concatenate(size)).mean()
    assert shares.between(0.775, 0.85).all()


def test_each_quantile_is_missed_as_often_as_it_says():
    known = learned(1, 20_000, silent=0.0, losses=0.1)
    predicted, came = draw(np.random.default_rng(2), 20_000, silent=0.0, losses=0.1)
    below = (came <= known.quantiles(predicted, LEVELS)).mean(axis=1)
    np.testing.assert_allclose(below, LEVELS, atol=0.015)


@pytest.mark.parametrize("coverage", [0.80, 0.95])
def test_the_fewest_residuals_suffice_for_wide_intervals_and_fewer_give_none(coverage):
    assert learned(0, FEWEST_RESIDUALS - 1) is None
    held = [
        inside(
            learned(seed, FEWEST_RESIDUALS, silent=0.0),
            *draw(np.random.default_rng(seed + 9_000), 50, silent=0.0),
            coverage,
        )
        for seed in range(300)
    ]
    assert np.mean(held) >= coverage - 0.01
    wide, narrow = learned(3, FEWEST_RESIDUALS), learned(3, 20_000)
    assert len(wide.bins) == 1 < len(narrow.bins)


def test_a_measure_that_is_never_negative_has_no_negative_bound():
    known = learned(4, 2_000)
    predicted = np.array([0.0, 0.01, 5.0, 1e9])
    low, _ = known.interval(predicted, 0.95)
    assert (low >= 0).all()
    assert (known.quantiles(predicted, LEVELS) >= 0).all()
    assert known.total(predicted, 0.95)[0] >= 0


def test_losses_are_learned_and_predicted():
    rng = np.random.default_rng(5)
    predicted = rng.normal(0.0, 100.0, 4_000)
    came = predicted + rng.normal(0.0, 20.0, 4_000)
    known = ConformalIntervals.learn(predicted, came)
    low, high = known.interval(np.array([-200.0, 0.0, 200.0]), 0.80)
    assert (low < [-200.0, 0.0, 200.0]).all()
    assert (high > [-200.0, 0.0, 200.0]).all()
    assert high[0] < 0 < low[2]


def test_accounts_that_bring_nothing_have_a_bound_of_exactly_nothing():
    rng = np.random.default_rng(6)
    predicted = np.concatenate([np.zeros(2_000), rng.lognormal(4.0, 1.0, 2_000)])
    came = np.where(predicted > 0, predicted * rng.lognormal(0.0, 0.2, 4_000), 0.0)
    known = ConformalIntervals.learn(predicted, came)
    low, high = known.interval(np.array([0.0, 100.0]), 0.80)
    assert (low[0], high[0]) == (0.0, 0.0)
    assert 60 < low[1] < 95
    assert 105 < high[1] < 150
    nothing = ConformalIntervals.learn(np.zeros(100), np.zeros(100))
    assert nothing.interval(np.zeros(1), 0.8)[1] == 0.0
    assert nothing.total(np.zeros(3), 0.8) == (0.0, 0.0)


def test_an_account_larger_than_any_seen_gets_an_interval_in_proportion_and_is_told():
    known = learned(7, 5_000)
    largest = known.highest
    at = np.array([known.lowest, 10.0, largest, 1.01 * largest, 100.0 * largest])
    assert known.outside(at).tolist() == [False, False, False, True, True]
    assert known.outside(np.array([-1.0])).all()
    low, high = known.interval(at, 0.80)
    assert high[4] / high[2] == pytest.approx(100.0, rel=0.05)
    assert (high - low)[4] / (high - low)[2] == pytest.approx(100.0, rel=0.05)


@given(
    predicted=arrays(np.float64, st.integers(1, 30), elements=MONEY),
    truth=arrays(np.float64, 60, elements=MONEY),
    said=arrays(np.float64, 60, elements=MONEY),
    coverage=st.floats(0.5, 0.99),
)
@settings(deadline=None, max_examples=60)
def test_quantiles_rise_and_no_prediction_lies_outside_its_interval(
    predicted, truth, said, coverage
):
    known = ConformalIntervals.learn(said, truth)
    low, high = known.interval(predicted, coverage)
    assert (low <= predicted).all()
    assert (predicted <= high).all()
    assert np.isfinite([low, high]).all()
    assert (np.diff(known.quantiles(predicted, LEVELS), axis=0) >= 0).all()
    lowest, highest = known.total(predicted, coverage)
    assert lowest <= float(predicted.sum()) <= highest


@pytest.mark.parametrize("factor", [2.0**-10, 2.0**20])
def test_another_currency_gives_the_same_interval_in_that_currency(factor):
    predicted, came = draw(np.random.default_rng(8), 900, losses=0.1)
    cutoffs = pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01"]).repeat(300)
    ours = ConformalIntervals.learn(predicted, came, cutoffs, 365.0)
    theirs = ConformalIntervals.learn(predicted * factor, came * factor, cutoffs, 365.0)
    some = predicted[:50]
    np.testing.assert_array_equal(
        np.array(ours.interval(some, 0.8)) * factor, theirs.interval(some * factor, 0.8)
    )
    np.testing.assert_allclose(
        np.array(ours.total(some, 0.8)) * factor, theirs.total(some * factor, 0.8), rtol=1e-12
    )


def test_what_was_learned_survives_as_text_and_stays_small():
    predicted, came = draw(np.random.default_rng(9), 50_000, losses=0.1)
    cutoffs = pd.to_datetime(["2020-01-01", "2021-01-01"]).repeat(25_000)
    known = ConformalIntervals.learn(predicted, came, cutoffs, 365.0)
    text = json.dumps(known.to_json())
    assert len(text) < 120_000
    again = ConformalIntervals.from_json(json.loads(text))
    assert again == known
    assert again.total(predicted, 0.8) == known.total(predicted, 0.8)


def test_the_order_of_rows_changes_nothing():
    predicted, came = draw(np.random.default_rng(10), 700)
    mixed = np.random.default_rng(11).permutation(700)
    ours = ConformalIntervals.learn(predicted, came)
    theirs = ConformalIntervals.learn(predicted[mixed], came[mixed])
    assert ours.edges == theirs.edges
    assert [one.ratios for one in ours.bins] == [one.ratios for one in theirs.bins]


def test_what_is_no_number_is_refused():
    predicted, came = draw(np.random.default_rng(12), 100)
    with pytest.raises(UsageError, match="finite numbers"):
        ConformalIntervals.learn(predicted, np.where(came > 100, np.nan, came))
    with pytest.raises(UsageError, match="one length"):
        ConformalIntervals.learn(predicted, came[:-1])
    with pytest.raises(UsageError, match="between 0 and 1"):
        learned(0, 100).quantiles(predicted, (0.0,))
    assert learned(0, 100).quantiles(predicted, ()).shape == (0, 100)


@pytest.mark.parametrize("shock", [0.0, 0.15])
@pytest.mark.parametrize("cutoffs", [1, 2, 4])
def test_sums_of_accounts_are_held_with_and_without_a_common_shock(shock, cutoffs):
    """A book, its largest accounts, a random part and a handful, at a cutoff not seen before."""
    times = pd.date_range("2015-01-01", periods=cutoffs, freq="365D")
    held = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        seen = [draw(rng, 400, shock=rng.normal(0.0, shock)) for _ in times]
        predicted, came = (np.concatenate(part) for part in zip(*seen, strict=True))
        known = ConformalIntervals.learn(predicted, came, times.repeat(400), 365.0)
        predicted, came = draw(rng, 400, shock=rng.normal(0.0, shock))
        mixed = rng.permutation(400)
        for rows in (mixed, np.argsort(-predicted)[:40], mixed[:60], mixed[:5]):
            low, high = known.total(predicted[rows], 0.80)
            held.append(low <= came[rows].sum() <= high)
    assert np.mean(held) >= 0.78


@pytest.mark.parametrize("coverage", [0.80, 0.95])
def test_accounts_of_a_season_not_seen_are_held_too(coverage):
    """Each cutoff brings a fifth more or less than predicted; the next one its own."""
    times = pd.date_range("2015-01-01", periods=4, freq="365D")
    shared = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        seen = [draw(rng, 500, silent=0.0, shock=np.expm1(rng.normal(0.0, 0.2))) for _ in times]
        predicted, came = (np.concatenate(part) for part in zip(*seen, strict=True))
        later = draw(rng, 500, silent=0.0, shock=np.expm1(rng.normal(0.0, 0.2)))
        known = ConformalIntervals.learn(predicted, came, times.repeat(500), 365.0)
        shared.append(inside(known, *later, coverage))
    assert coverage - 0.025 <= np.mean(shared) <= coverage + 0.035


def test_intervals_are_centred_on_the_prediction_whatever_the_last_season_brought():
    rng = np.random.default_rng(16)
    predicted, came = draw(rng, 2_000, silent=0.0)
    times = pd.Series(pd.date_range("2020-01-01", periods=2, freq="365D").repeat(1_000))
    bad_year = came * np.where(times == times.min(), 1.0, 0.5)
    known = ConformalIntervals.learn(predicted, bad_year, times, 365.0)
    low, high = known.interval(np.array([200.0]), 0.80)
    assert low[0] < 0.75 * 200.0
    assert high[0] > 1.25 * 200.0
    assert known.shock.spread > 0.3


def test_without_cutoffs_a_sum_is_bounded_by_what_is_usual():
    known = learned(13, 2_000)
    predicted, _ = draw(np.random.default_rng(14), 20_000)
    low, high = known.total(predicted, 0.80)
    assert (known.shock.cutoffs, known.shock.spread) == (0, 0.0)
    assert 0.6 < low / predicted.sum() < 0.75
    assert 1.4 < high / predicted.sum() < 1.55
    assert known.total(predicted[:0], 0.80) == (0.0, 0.0)


def test_a_sum_is_surer_than_its_accounts_and_surer_with_more_cutoffs():
    predicted, came = draw(np.random.default_rng(15), 4_000)
    said = predicted[:1_000]
    low, high = learned(15, 4_000).interval(said, 0.80)
    widths = [float((high - low).sum())]
    for count in (1, 2, 8):
        times = pd.date_range("2010-01-01", periods=count, freq="365D").repeat(4_000 // count)
        low, high = ConformalIntervals.learn(predicted, came, times, 365.0).total(said, 0.8)
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
