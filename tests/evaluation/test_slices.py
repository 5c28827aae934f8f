"""Slices are cut by what was known at the cutoff, and figures of too small ones are not shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.dataset import Dataset
from valuemodel.evaluation.slices import (
    LABELS,
    SLICE_COLUMNS,
    levels_of,
    slice_labels,
    slice_lines,
    slice_metrics,
    too_small,
)
from valuemodel.exceptions import UsageError
from valuemodel.metrics.splits import Fold
from valuemodel.metrics.value import mae
from valuemodel.periods import Cutoff, Horizon

FOLDS = [
    Fold(Cutoff.parse(at), (), Horizon.parse("3 months")) for at in ("2020-02-01", "2020-01-01")
]


class Book:
    """Eight accounts whose region changes after the first cutoff."""

    def at(self, cutoff, *, labels_until=None):
        assert labels_until is None
        moved = cutoff > Cutoff.parse("2020-01-15")
        X = pd.DataFrame({"region": ["North"] * 4 + ["South"] * 4, "size": np.arange(8.0)})
        X.loc[0, "region"] = "South" if moved else "North"
        keys = pd.DataFrame({"account_id": [f"a{n}" for n in range(8)], "cutoff": cutoff.at})
        return Dataset(X, None, keys, ())


@pytest.fixture
def labels():
    return slice_labels(Book(), FOLDS, ["region", "size"])


def test_an_account_belongs_to_what_it_was_at_each_cutoff(labels):
    assert list(labels.columns) == LABELS
    own = labels[(labels["account_id"] == "a0") & (labels["slice"] == "region")]
    assert dict(zip(own["fold"], own["level"], strict=True)) == {0: "North", 1: "South"}
    assert not labels.duplicated(["fold", "account_id", "slice"]).any()


def test_numbers_are_cut_at_quartiles_of_all_judged_rows(labels):
    sizes = labels[labels["slice"] == "size"].groupby("level", sort=False).size()
    assert sizes.to_dict() == {"up to 1.75": 4, "1.75 to 3.5": 4, "3.5 to 5.25": 4, "above 5.25": 4}


def test_what_is_missing_is_a_level_of_its_own():
    column = pd.Series([1.0, np.nan, *np.arange(20.0)])
    assert levels_of(column)[1] == "unknown"
    assert levels_of(pd.Series([np.nan, np.nan])).to_list() == ["unknown"] * 2
    assert levels_of(pd.Series(["a", None], dtype="str")).to_list() == ["a", "unknown"]


def test_a_name_that_is_no_feature_is_told_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'region'"):
        slice_labels(Book(), FOLDS, ["regoin"])


def test_without_slices_there_are_no_labels():
    assert slice_labels(Book(), FOLDS, []).empty
    assert slice_labels(Book(), [], ["region"]).empty


def test_figures_of_a_slice_are_those_of_its_rows_and_small_ones_are_named(tidy, labels):
    generator = np.random.default_rng(0)
    folds = [
        (generator.uniform(0, 9, 8), {"m": generator.uniform(0, 9, 8), "past_value": np.ones(8)})
        for _ in range(2)
    ]
    table = tidy(folds).assign(account_id=lambda rows: "a" + rows["account_id"].str[-1])
    lonely = (labels["account_id"] == "a7") & (labels["slice"] == "region")
    labels.loc[lonely, "level"] = "lonely"
    found = slice_metrics(table, labels, horizon="6m", fewest=2)
    assert list(found.columns) == SLICE_COLUMNS
    assert "lonely" not in set(found["level"])
    assert too_small(labels, 2) == ["region lonely (1 account)"]
    shown = found[
        (found["level"] == "North") & (found["model"] == "m") & (found["metric"] == "mae")
    ]
    by_hand = [
        mae(truth[rows], forecasts["m"][rows])
        for (truth, forecasts), rows in zip(folds, [slice(0, 4), slice(1, 4)], strict=True)
    ]
    assert shown["figure"].item() == pytest.approx(np.mean(by_hand))
    assert shown["accounts"].item() == 4
    lines = list(slice_lines(found, "m", "past_value"))
    assert lines[0].startswith("region North, 4 accounts: normalised_gini ")
    assert slice_metrics(table, labels, horizon="1y", fewest=2).empty
