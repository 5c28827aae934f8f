"""Weights go to whoever was right out of time, and to all alike where nothing tells them apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuemodel.estimators.future_value.weighing import Evidence, bend_of, loss, weigh

rng = np.random.default_rng(0)
TRUTH = rng.lognormal(4, 1, 3_000) * (rng.random(3_000) < 0.6)
DAY = np.zeros(3_000, dtype="datetime64[ns]")


def evidence(*columns, truth=TRUTH):
    return Evidence("6m", truth, np.column_stack(columns), DAY[: len(truth)])


def test_the_better_member_is_trusted_more():
    good = TRUTH * rng.lognormal(0, 0.2, 3_000) + 1.0
    poor = rng.permutation(good)
    weights = weigh([evidence(good, poor)], 2)
    assert weights[0] > 0.9
    assert weights.sum() == pytest.approx(1.0, abs=1e-5)


def test_members_that_err_apart_are_mixed():
    truth = rng.lognormal(4, 1, 3_000)
    one, other = truth * rng.lognormal(0, 0.5, 3_000), truth * rng.lognormal(0, 0.5, 3_000)
    weights = weigh([evidence(one, other, truth=truth)], 2)
    assert 0.35 < weights[0] < 0.65


def test_without_evidence_all_are_trusted_alike():
    assert weigh([], 4).tolist() == [0.25] * 4
    assert weigh([evidence(np.ones(9), np.ones(9), truth=np.zeros(9))], 2).tolist() == [0.5, 0.5]


def test_a_small_book_stays_nearer_to_equal_weights_than_a_large_one():
    good, poor = TRUTH * rng.lognormal(0, 0.4, 3_000) + 5.0, np.full(3_000, TRUTH.mean())
    large = weigh([evidence(good, poor)], 2)
    small = weigh([evidence(good[:60], poor[:60], truth=TRUTH[:60])], 2)
    assert small[0] < large[0]


def test_a_member_that_a_horizon_lacks_does_not_speak_there():
    good = TRUTH + 1.0
    with_gap = Evidence("3m", TRUTH, np.column_stack([good, np.full(3_000, np.nan)]), DAY)
    np.testing.assert_allclose(with_gap.blended(np.array([0.2, 0.8])), good)
    assert np.isfinite(weigh([with_gap, evidence(good, good)], 2)).all()


@given(scale=st.floats(1e-3, 1e6))
def test_the_loss_knows_no_currency(scale):
    said = TRUTH[:200] * 0.8 + 3.0
    assert loss(scale * TRUTH[:200], scale * said) == pytest.approx(
        loss(TRUTH[:200], said), rel=1e-9
    )


def test_the_mean_has_the_smallest_loss_of_all_constants():
    constants = TRUTH.mean() * np.array([0.5, 0.9, 1.0, 1.1, 2.0])
    losses = [loss(TRUTH, np.full(len(TRUTH), one)) for one in constants]
    assert int(np.argmin(losses)) == 2


def test_with_losses_the_mean_still_has_the_smallest_loss():
    truth = TRUTH - 40.0 * (rng.random(3_000) < 0.3)
    sizes = np.full(3_000, 30.0)
    constants = truth.mean() + np.array([-20.0, -5.0, 0.0, 5.0, 20.0])
    losses = [loss(truth, np.full(3_000, one), sizes) for one in constants]
    assert int(np.argmin(losses)) == 2


@pytest.mark.parametrize("power", [0.8, 1.2])
def test_a_forecast_with_too_wide_or_narrow_a_spread_is_bent_back(power):
    size = rng.lognormal(4, 1, 3_000)
    truth = size * rng.lognormal(0, 0.3, 3_000)
    found = bend_of(evidence(size**power, truth=truth), np.ones(1))
    assert 1.0 < found < 1.3 if power < 1 else 0.8 < found < 1.0
