"""A blend is the weighted mean of its members, bent and levelled, and comes apart again."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuemodel.estimators.future_value.blend import Bend, Blend, Stretch
from valuemodel.estimators.future_value.level import Level
from valuemodel.estimators.future_value.members import LogLinear
from valuemodel.estimators.future_value.scale import Scale

rng = np.random.default_rng(0)
#: past value, month, orders expected over a shorter and a longer window, the law's value
MATRIX = np.column_stack(
    [
        rng.lognormal(4, 1, 50),
        rng.integers(1, 13, 50),
        rng.uniform(0.5, 2.0, 50),
        rng.uniform(2.0, 6.0, 50),
        rng.lognormal(4, 1, 50),
    ]
)


def blend(**changed) -> Blend:
    scale = Scale(places=(0,), weights=(0.9,), center=(4.0,), floors=(1.0,), level=4.0)
    given_ = {
        "learned": "3m",
        "width": 2,
        "members": (LogLinear(scale),),
        "standing": {"buy_till_you_die": 4, "past_value": 0},
        "weights": {"log_linear": 0.5, "buy_till_you_die": 0.3, "past_value": 0.2},
        "bend": Bend(1.1, 0.9, 80.0),
        "level": Level(tuple(np.linspace(0.8, 1.2, 12)), place=1),
        "stretch": Stretch(2, 3, 4.0),
    }
    return Blend(**{**given_, **changed})


def test_it_is_the_weighted_mean_of_its_members():
    one = blend(stretch=None)
    said = one.forecasts(MATRIX, None)
    by_hand = 0.5 * said["log_linear"] + 0.3 * MATRIX[:, 4] + 0.2 * MATRIX[:, 0]
    np.testing.assert_allclose(one.blended(MATRIX, None), by_hand)


def test_what_was_learned_over_a_shorter_window_is_stretched_by_the_law():
    stretched, plain = blend().forecasts(MATRIX, None), blend(stretch=None).forecasts(MATRIX, None)
    ratio = np.clip(MATRIX[:, 3] / MATRIX[:, 2], 1.0, 4.0)
    np.testing.assert_allclose(stretched["log_linear"], ratio * plain["log_linear"])
    np.testing.assert_array_equal(stretched["past_value"], plain["past_value"])


@pytest.mark.parametrize("orders", [np.nan, 0.0])
def test_where_the_law_says_nothing_days_do(orders):
    matrix = MATRIX.copy()
    matrix[:, 2] = orders
    np.testing.assert_array_equal(Stretch(2, 3, 4.0).ratio(matrix), 4.0)
    np.testing.assert_array_equal(Stretch(None, None, 4.0).ratio(matrix), 4.0)


def test_parts_lead_to_the_prediction():
    one = blend()
    parts = one.link_parts(MATRIX, ("btyd_orders_3m", "btyd_orders_12m", "btyd_value_12m"), None)
    assert parts.contributions.shape == (3, 50, 5)
    found = parts.predicted
    np.testing.assert_allclose(found, one.predict(MATRIX, None), rtol=1e-12)
    assert not parts.contributions[1][:, :4].any()  # the law's value is its column's own part


def test_where_the_law_says_nothing_the_others_share_its_weight():
    matrix = MATRIX.copy()
    matrix[0, 4] = np.nan
    one = blend(stretch=None)
    said = one.forecasts(matrix, None)
    by_hand = (0.5 * said["log_linear"][0] + 0.2 * matrix[0, 0]) / 0.7
    assert one.blended(matrix, None)[0] == pytest.approx(by_hand)
    parts = one.link_parts(matrix, (), None)
    found = parts.predicted
    np.testing.assert_allclose(found, one.predict(matrix, None), rtol=1e-12)


@given(st.floats(0.5, 1.6), st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_a_bend_keeps_order_sign_and_total(power, values):
    value = np.array(values)
    bend = Bend.keeping_total(power, value)
    bent = bend(value)
    if bend != Bend() and bend.gain > 0:
        order = np.argsort(value, kind="stable")
        assert (np.diff(bent[order]) >= -1e-6 * max(np.abs(bent).max(), 1.0)).all()
        assert (np.sign(bent) == np.sign(value))[np.abs(value) > 1e-6].all()
    if bend.gain != 1.0:
        assert bent.sum() == pytest.approx(value.sum(), rel=1e-6, abs=1e-6 * np.abs(value).sum())


def test_it_survives_as_plain_data():
    one = blend()
    again = Blend.from_parts(json.loads(json.dumps(one.to_json())), one.texts())
    np.testing.assert_array_equal(again.predict(MATRIX, None), one.predict(MATRIX, None))
