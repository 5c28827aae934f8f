"""What all accounts miss together is learned from cutoffs, and overlapping ones count for less."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.intervals.shock import USUAL_SPREAD, CommonShock, shared_factors

MONTH, WINDOW = 30, 180
SPREAD = 0.15


def windows(rng, count):
    """Log factors of windows of six months, a month apart, and of the first one after the last."""
    length = WINDOW // MONTH
    months = rng.normal(0.0, SPREAD / np.sqrt(length), count + 2 * length)
    ends = np.cumsum(months)
    last = length + count - 1
    return ends[length : length + count] - ends[:count], ends[last + length] - ends[last]


def learn(logs, days, window=WINDOW, own=None):
    times = np.datetime64("2020-01-01", "us") + np.arange(len(logs)) * np.timedelta64(days, "D")
    return CommonShock.learn(np.exp(logs), times, window, own)


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_the_next_cutoff_is_held_although_windows_overlap(count):
    rng = np.random.default_rng(0)
    pairs = [windows(rng, count) for _ in range(2_000)]
    found = [learn(logs, MONTH) for logs, _ in pairs]
    assert np.mean([one.spread**2 for one in found]) == pytest.approx(SPREAD**2, rel=0.12)
    held = [
        abs(later) <= one.half_width(0.80) for one, (_, later) in zip(found, pairs, strict=True)
    ]
    assert 0.78 <= np.mean(held) <= 0.96


def test_windows_that_overlap_tell_less():
    logs = np.array([0.25, -0.22, 0.21, 0.23])
    apart, overlapping = learn(logs, WINDOW), learn(logs, MONTH)
    assert apart.freedom == pytest.approx(4.0)
    assert overlapping.freedom < 2.0
    assert apart.spread == overlapping.spread == pytest.approx(np.sqrt((logs**2).mean()))
    assert learn(logs, MONTH, window=None) == apart
    assert overlapping.half_width(0.8) > apart.half_width(0.8)


def test_without_cutoffs_the_usual_is_expected_and_cutoffs_correct_it():
    none = CommonShock()
    assert learn(np.array([]), MONTH) == none
    assert none.half_width(0.80) == pytest.approx(1.886 * USUAL_SPREAD, rel=1e-3)
    calm, wild = learn(np.zeros(12), 365), learn(np.full(12, 0.6), 365)
    assert calm.half_width(0.80) < 0.6 * none.half_width(0.80)
    assert wild.half_width(0.80) > 1.5 * none.half_width(0.80)
    assert none.half_width(0.95) > none.half_width(0.80)


def test_what_accounts_explain_on_their_own_is_not_counted_twice():
    logs = np.array([0.05, -0.02, 0.01, 0.03])
    whole = learn(logs, 365)
    assert learn(logs, 365, own=np.full(4, 1e-4)).spread < whole.spread
    assert learn(logs, 365, own=np.full(4, 1.0)).spread == 0.0


def test_factors_are_those_of_each_cutoff_and_stay_within_reason():
    at = pd.Series(pd.to_datetime(["2021-01-01", "2020-01-01", "2021-01-01", "2022-01-01"]))
    predicted, came = np.array([10.0, 5.0, 30.0, 0.0]), np.array([0.0, 100.0, 60.0, 3.0])
    factors, times, place = shared_factors(predicted, came, at)
    assert factors.tolist() == [5.0, 1.5, 1.0]
    assert times.tolist() == sorted(at.unique().astype("datetime64[us]").tolist())
    assert place.tolist() == [1, 0, 1, 2]
    losses, _, _ = shared_factors(np.full(2, -10.0), np.full(2, -5.0), at[:2])
    assert losses.tolist() == [1.5, 1.5]  # half of the loss did not come


def test_it_survives_as_plain_values():
    shock = learn(np.array([0.05, -0.02]), MONTH)
    assert CommonShock.from_json(shock.to_json()) == shock
