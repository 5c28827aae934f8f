from __future__ import annotations

import re
from datetime import timedelta

import pandas as pd
import pytest

from tests.contracts.harness import Book, builder_for, random_book, settings_for
from tests.features.worked import CUTOFF, days_ago, features_of
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
    for groups in (
        ["monetary"],
        ["profile", "breadth"],
        ["trend", "recency_frequency"],
        ["season"],
    ):
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


@pytest.mark.parametrize("name", ["industry", "orders_30d", "cutoff_month"])
def test_an_extra_column_may_not_hide_a_feature(name):
    with pytest.raises(SettingsError, match=rf"features\.extra\.{name}"):
        catalog(HORIZONS, FeaturesSection(extra={name: "number"}))


#: For a cutoff on 2022-01-01: how many days back the window of a feature begins.
REACH = {
    **{f"{name}_{days}d": days
       for name in ("orders", "purchase_days", "past_value") for days in (30, 90, 180, 365, 730)},
    **{f"{name}_growth_{days}d": 2 * days
       for name in ("value", "orders") for days in (90, 180, 365)},
    "active_share_12": 360,
    "active_share_24": 720,
    "past_value_3m_before": 184,  # since 2021-07-01
    "past_value_3m_last_year": 365,  # since 2021-01-01
    "past_value_1y_before": 731,  # since 2020-01-01
    "order_value_max_730d": 730,
    "lumpiness_730d": 730,
    "products_730d": 730,
    "products_365d": 365,
    "products_new_180d": 730,  # new, because not bought in the 550 days before
}  # fmt: skip
LATELY = days_ago(5, product="p")


@pytest.mark.parametrize("days", sorted({*REACH.values()}))
def test_a_window_that_begins_before_the_records_do_is_missing_and_not_zero(days):
    names = [name for name, reach in REACH.items() if reach == days]
    begins = features_of(LATELY, others=(days_ago(days, account="other"),))
    too_late = features_of(LATELY, others=(days_ago(days - 1, account="other"),))
    assert begins[names].notna().all()
    assert too_late[names].isna().all()


def test_what_asks_for_no_window_is_known_however_short_the_records_are():
    short, long = features_of(LATELY, others=()), features_of(LATELY)
    rest = [name for name in long.index if name not in REACH]
    assert {"value_total", "recency_days", "past_value_3m", "past_value_1y"} <= {*rest}
    assert short[rest].equals(long[rest])


def test_the_past_value_of_a_horizon_is_known_even_if_a_fixed_window_is_as_long():
    found = features_of(LATELY, others=(), horizons=("90 days",))
    assert found["past_value_90d"] == 10
    assert pd.isna(found["past_value_180d"])


def test_records_begin_with_what_was_known_of_anybody_and_are_the_same_for_all():
    known_late = days_ago(800, account="other") | {"known_at": CUTOFF.at}
    given_back = days_ago(800, -10, account="other")
    assert pd.isna(features_of(LATELY, others=(known_late,))["orders_365d"])
    assert features_of(LATELY, others=(given_back,))["orders_365d"] == 1
    book = Book((LATELY, days_ago(40, account="other")))
    data = builder_for(book, settings_for()).at(CUTOFF)
    assert data.X["orders_30d"].to_list() == [1, 0]
    assert data.X["orders_90d"].isna().all()


def test_without_any_visible_line_every_window_is_missing():
    listed = ({"account_id": "a", "valid_from": CUTOFF.at - timedelta(days=900)},)
    found = features_of(days_ago(0), accounts=listed, others=())
    assert found[list(REACH)].isna().all()
    assert found[["value_total", "past_value_3m", "orders_total"]].to_list() == [0, 0, 0]
