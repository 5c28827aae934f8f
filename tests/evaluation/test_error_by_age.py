"""Errors by age: every judged account in one cohort, as it was known then, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.dataset import Dataset
from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.coverage import interval_coverage
from valuemodel.evaluation.error_by_age import (
    AGES,
    BEFORE,
    ERROR_COLUMNS,
    age_labels,
    age_lines,
    ages_of,
    error_by_age,
)
from valuemodel.evaluation.slices import LABELS
from valuemodel.metrics.splits import Fold
from valuemodel.periods import Cutoff, Horizon

FOLDS = [
    Fold(Cutoff.parse(at), (), Horizon.parse("3 months")) for at in ("2020-12-01", "2020-01-01")
]
FEW = Resampling(draws=50)


class Book:
    """Forty accounts: each ten days older than the one before, and older still at the later cutoff."""

    def at(self, cutoff, *, labels_until=None):
        assert labels_until is None
        passed = 335.0 if cutoff > Cutoff.parse("2020-06-01") else 0.0
        days = 10.0 * np.arange(40) + passed
        ordered = np.where(np.arange(40) % 8 == 7, np.nan, 1.0)
        X = pd.DataFrame({"account_age_days": days, "recency_days": ordered})
        keys = pd.DataFrame({"account_id": [f"a{n:02}" for n in range(40)], "cutoff": cutoff.at})
        return Dataset(X, None, keys, ())


@pytest.fixture
def labels():
    return age_labels(Book(), FOLDS)


@pytest.fixture
def table():
    """Old accounts are foreseen to the unit, young ones missed by ten, the rest by a hundred."""
    rows = []
    for fold, passed in enumerate((0.0, 335.0)):
        days = 10.0 * np.arange(40) + passed
        missed = np.where(np.arange(40) % 8 == 7, 100.0, np.where(days <= 90, 10.0, 1.0))
        for model, times in (("m", 1.0), ("past_value", 2.0)):
            one = pd.DataFrame({"account_id": [f"a{n:02}" for n in range(40)], "y_true": 200.0})
            one = one.assign(fold=fold, target="value", horizon="3m", model=model)
            one = one.assign(y_pred=200.0 + times * missed, y_low=100.0, y_high=205.0)
            rows.append(one.assign(cutoff=FOLDS[1 - fold].cutoff.at))
    return pd.concat(rows, ignore_index=True)


def test_every_account_is_in_one_cohort_by_what_was_known_then(labels):
    assert list(labels.columns) == LABELS
    assert not labels.duplicated(["fold", "account_id"]).any()
    assert len(labels) == 80
    own = labels.set_index(["fold", "account_id"])["level"]
    assert own[0, "a00"] == "0 to 90 days"
    assert own[1, "a00"] == "91 to 365 days"
    assert own[0, "a39"] == own[1, "a39"] == BEFORE
    assert own[0, "a09"] == "0 to 90 days"
    assert own[0, "a10"] == "91 to 365 days"
    assert age_labels(Book(), []).empty


def test_an_age_that_the_settings_leave_out_is_unknown():
    assert set(ages_of(pd.DataFrame({"recency_days": [1.0, 2.0]}))) == {AGES[-1]}


def test_errors_are_those_of_the_rows_of_each_cohort(table, labels):
    found = error_by_age(table, labels, FEW)
    assert list(found.columns) == ERROR_COLUMNS
    own = found[found["metric"] == "mae"].set_index(["age", "model"])["figure"]
    assert own[BEFORE, "m"] == 100.0
    assert own["0 to 90 days", "m"] == 10.0
    assert own["over 365 days", "m"] == 1.0
    assert own["over 365 days", "past_value"] == 2.0
    assert (found["low"] <= found["figure"]).all()
    assert (found["figure"] <= found["high"]).all()
    assert [*dict.fromkeys(found["age"])] == [
        BEFORE, "0 to 90 days", "91 to 365 days", "over 365 days"
    ]  # fmt: skip
    bias = found[(found["metric"] == "bias") & (found["model"] == "m")].set_index("age")["figure"]
    assert bias[BEFORE] == pytest.approx(0.5)


def test_no_judged_row_tells_nothing(table, labels):
    none = error_by_age(table[:0], labels[:0], FEW)
    assert list(none.columns) == ERROR_COLUMNS
    assert none.empty
    coverage = interval_coverage(table[:0], nominal=0.8, labels=labels[:0])
    assert not [*age_lines(none, coverage, model="m", baseline="past_value", horizon="3m")]


def test_lines_say_the_error_the_baseline_and_how_intervals_held(table, labels):
    found = error_by_age(table, labels, FEW)
    coverage = interval_coverage(table, nominal=0.8, labels=labels)
    lines = [*age_lines(found, coverage, model="m", baseline="past_value", horizon="3m")]
    assert lines[0].startswith("error by age of accounts, value over 3m")
    assert lines[1] == (
        "  before the first order, 5 accounts: mean error 100 (100 to 100; past_value 200), "
        "forecasts in total +50.0%, 80% intervals held 100.0%"
    )
    assert len(lines) == 5
