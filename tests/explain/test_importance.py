"""The importance table: exact for every feature and group, calibration apart, chunks or not."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.explain.columns import Columns
from valuemodel.explain.contributions import ShownContributions
from valuemodel.explain.importance import CALIBRATION, IMPORTANCE_TYPES, WHOLE, importance, sizes
from valuemodel.features.catalog import Feature

COLUMNS = Columns(
    [
        Feature("past_value_6m", "Half", "money", "more", "no", "{value}", "monetary"),
        Feature("gap_variation", "Gaps", "share", "less", "no", "{value}", "recency_frequency"),
        Feature("past_value_12m", "Year", "money", "more", "no", "{value}", "monetary"),
    ]
)


def split(features, calibration=0.0):
    n = len(features)
    return ShownContributions(
        np.zeros(n), np.array(features, dtype=float), np.full(n, calibration), np.zeros(n)
    )


def heard(*splits, accounts):
    return [sizes(one, COLUMNS).assign(head="value", accounts=accounts) for one in splits]


def test_features_are_exact_and_groups_are_sizes_of_sums():
    table = importance(heard(split([[5, 1, -3], [-1, 1, 3]]), accounts=2), "6m")
    size = table.set_index(["group", "feature"])["mean_abs"]
    assert size["monetary", "past_value_6m"] == 3.0
    assert size["monetary", "past_value_12m"] == 3.0
    assert size["monetary", WHOLE] == 2.0  # not 6: within the group they cancel
    assert size["recency_frequency", WHOLE] == 1.0
    drivers = table.set_index("feature")["driver"]
    assert drivers["past_value_6m"] == drivers["past_value_12m"] == "past_value"


def test_calibration_is_a_group_of_its_own_where_there_is_any():
    with_it = importance(heard(split([[1, 1, 1]], -7.0), accounts=1), "6m")
    row = with_it[with_it["group"] == CALIBRATION].iloc[0]
    assert (row["feature"], row["mean_abs"]) == (WHOLE, 7.0)
    assert row["label"] == "Bringing the level to what came on later dates"
    assert CALIBRATION not in set(importance(heard(split([[1, 1, 1]]), accounts=1), "6m")["group"])


def test_chunks_give_the_same():
    rows = np.random.default_rng(0).normal(size=(10, 3))
    whole = importance(heard(split(rows, 1.0), accounts=10), "6m")
    parts = importance(heard(split(rows[:3], 1.0), split(rows[3:], 1.0), accounts=10), "6m")
    assert whole["mean_abs"].to_numpy() == pytest.approx(parts["mean_abs"].to_numpy())
    assert whole.drop(columns="mean_abs").equals(parts.drop(columns="mean_abs"))


def test_nothing_to_tell_is_an_empty_table_with_its_types():
    none = importance([], "6m")
    assert none.empty
    assert none.dtypes.astype(str).to_dict() == IMPORTANCE_TYPES
