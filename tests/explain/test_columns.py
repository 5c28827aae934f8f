"""Whatever a prediction is made of has a label, a group and a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.estimators.buy_till_you_die.forecasts import derived_names
from valuemodel.estimators.lapse.classifier import DERIVED as DERIVED_OF_LAPSE
from valuemodel.estimators.link import LinkParts
from valuemodel.explain.columns import columns_of, group_label, made_by_the_model
from valuemodel.explain.families import LAW, RENEWALS
from valuemodel.features.catalog import Feature

ONE = Feature("recency_days", "Recency", "days", "less", "no", "{value} ago", "recency_frequency")
TWO = Feature("region", "Region", "category", "either", "no", "Region: {value}", "profile")
DERIVED = ("btyd_alive", "btyd_orders_6m", "something_else")


@pytest.fixture
def columns():
    parts = LinkParts(np.zeros(1), np.zeros((1, 3, 5)), lambda scores: scores[0], DERIVED)
    return columns_of(parts, ["region", "recency_days"], [ONE, TWO])


def test_features_come_in_the_order_of_the_parts_and_the_models_own_columns_last(columns):
    assert columns.names == ["region", "recency_days", *DERIVED]
    assert [driver.name for driver in columns.driver_of] == [
        *("place", "recency", LAW, LAW, "something_else")
    ]


def test_every_driver_is_in_its_group(columns):
    assert columns.groups == ["profile", "recency_frequency", LAW, "something_else"]
    members = {
        group.name: [columns.drivers[place].name for place in group.members]
        for group in columns.gathered
    }
    assert members[LAW] == [LAW]


@pytest.mark.parametrize("what", ["alive", "spend", "orders_39w", "value_1y", "silence_6m"])
def test_forecasts_of_a_law_have_words(what):
    feature = made_by_the_model(f"btyd_{what}")
    assert feature.group == LAW
    assert "btyd" not in feature.label
    assert "_" not in feature.label
    assert feature.sentence.startswith("Its rhythm of buying")
    assert "({value})" in feature.sentence


def test_a_column_that_nobody_described_is_called_by_its_name():
    feature = made_by_the_model("odd_hazard")
    assert (feature.label, feature.sentence, feature.group) == (
        *("odd hazard", "odd hazard", "odd_hazard"),
    )
    assert group_label("odd_hazard") == "odd_hazard"


def test_columns_that_estimators_make_are_described():
    assert {made_by_the_model(name).group for name in DERIVED_OF_LAPSE} == {RENEWALS}
    assert {made_by_the_model(name).group for name in derived_names(["6m", "1y"])} == {LAW}
    assert group_label(RENEWALS) == "How contracts like its own renew"
