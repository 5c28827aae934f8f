from __future__ import annotations

import re

import pytest

from tests.contracts.harness import builder_for, random_book, settings_for
from valuemodel.exceptions import SettingsError
from valuemodel.features.registry import GROUPS, catalog
from valuemodel.periods import Cutoff, Horizon
from valuemodel.settings import FeaturesSection

HORIZONS = [Horizon.parse(text) for text in ("90 days", "6 months", "1 year")]
FEATURES = catalog(HORIZONS).features


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_person_can_read_every_feature(feature):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", feature.name)
    assert feature.group in GROUPS
    assert feature.label[0].isupper()
    assert "_" not in feature.label + feature.sentence
    assert feature.sentence.count("{value}") == 1
    assert feature.sentence.format(value="7 days") != feature.sentence


def test_names_and_labels_tell_features_apart():
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)
    assert len({feature.label for feature in FEATURES}) == len(FEATURES)


def test_a_horizon_as_long_as_a_fixed_window_is_one_feature():
    names = [feature.name for feature in FEATURES]
    assert names.count("past_value_90d") == 1
    assert {"past_value_90d", "past_value_6m", "past_value_1y", "past_value_365d"} <= {*names}


def test_the_past_value_of_every_horizon_is_a_feature():
    for horizon in HORIZONS:
        assert f"past_value_{horizon.label}" in {feature.name for feature in FEATURES}


def test_groups_can_be_left_out_and_the_rest_stays_the_same():
    book, cutoff = random_book(seed=4), Cutoff.parse("2021-06-01")
    whole = builder_for(book, settings_for()).at(cutoff)
    for groups in (["monetary"], ["profile", "breadth"], ["trend", "recency_frequency"]):
        part = builder_for(book, settings_for(features={"groups": groups, "extra": {}})).at(cutoff)
        assert {feature.group for feature in part.features} == {*groups}
        assert part.X.equals(whole.X[list(part.X.columns)])


def test_all_mistakes_are_reported_at_once():
    section = FeaturesSection(groups=["monetry"], extra={"value_90d": "number"})
    with pytest.raises(SettingsError) as caught:
        catalog(HORIZONS, section)
    assert len(caught.value.details) == 2
    assert "did you mean 'monetary'?" in caught.value.details[0]
    assert "value_90d" in caught.value.details[1]


def test_an_extra_column_may_not_hide_a_feature():
    with pytest.raises(SettingsError, match=r"features\.extra\.industry"):
        catalog(HORIZONS, FeaturesSection(extra={"industry": "category"}))
