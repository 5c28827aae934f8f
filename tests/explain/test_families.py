"""Families: what says the same thing in several ways is one driver, declared and exact."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.explain.families import FAMILIES, LAW, RENEWALS, drivers_of, family_of, summed
from valuemodel.features.catalog import Feature
from valuemodel.features.registry import GROUPS, catalog
from valuemodel.periods import Horizon

TABLES = (
    *("transactions", "accounts", "contracts", "usage", "interactions", "opportunities"),
    *("projects", "costs"),
)
FEATURES = catalog([Horizon.parse("6 months"), Horizon.parse("12 months")], tables=TABLES).features


def test_no_feature_is_in_two_families():
    for feature in FEATURES:
        assert sum(family.holds(feature) for family in FAMILIES) <= 1, feature.name


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_gathers_features_that_exist_and_says_what_else_it_holds(family):
    members = [feature.name for feature in FEATURES if family.holds(feature)]
    by_the_model = family.name in (LAW, RENEWALS)
    assert len(members) >= 2 or by_the_model
    assert set(family.groups) <= {*GROUPS, LAW, RENEWALS}
    assert family.beside or by_the_model
    assert family.name not in {feature.name for feature in FEATURES}


def test_the_same_measure_over_several_windows_is_one_driver():
    """Two names that differ in nothing but a length of time belong together."""

    def without_its_window(name: str) -> str:
        parts = name.split("_")
        return "_".join(part for part in parts if not part.rstrip("dmwy").isdigit())

    of_stem: dict[str, set[str]] = {}
    for driver in drivers_of(FEATURES):
        for place in driver.members:
            of_stem.setdefault(without_its_window(FEATURES[place].name), set()).add(driver.name)
    assert {stem: names for stem, names in of_stem.items() if len(names) > 1} == {}


def test_every_feature_is_in_one_driver_and_every_driver_in_one_group():
    drivers = drivers_of(FEATURES)
    places = sorted(place for driver in drivers for place in driver.members)
    assert places == list(range(len(FEATURES)))
    assert len({driver.name for driver in drivers}) == len(drivers)


def test_a_feature_of_the_companys_own_stands_alone_whatever_its_name():
    own = Feature("past_value_of_ours", "Ours", "money", "more", "no", "{value}", "own")
    assert family_of(own) is None
    assert drivers_of([own])[0].name == "past_value_of_ours"


def test_sums_lose_nothing():
    parts = np.random.default_rng(0).normal(size=(20, len(FEATURES)))
    sums = summed(parts, drivers_of(FEATURES))
    np.testing.assert_allclose(sums.sum(axis=1), parts.sum(axis=1))
