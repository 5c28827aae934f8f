"""Who speaks for a horizon is decided by what could be learned, and said where it is a stand-in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.definitions import Definition, recipes
from valuemodel.estimators.heads import Rows, fit_part, plan, sections, target_of

NAMES = ("past_value", "future_value", "churn_risk")
RECIPES = recipes(*(Definition.parse({"estimator": name}) for name in NAMES))
LEARNED = RECIPES["lightgbm"]


def risk(events, rows=200):
    return np.r_[np.ones(events), np.zeros(rows - events)]


def test_every_part_has_an_estimator_and_a_stand_in():
    found = {
        part: [one.estimator for one in sections(LEARNED, part).values()]
        for part in ("value", "churn", "lapse")
    }
    assert found == {
        "value": ["future_value", "past_value"],
        "churn": ["churn_risk", "recency_silence"],
        "lapse": ["lapse_risk", "renewal_clock"],
    }


@pytest.mark.parametrize(
    ("part", "events", "tag"),
    [
        ("churn", 100, ""),
        ("lapse", 100, ""),
        ("churn", 3, "fallback: silence by recency, 3 silent rows, at least 30 are needed"),
        ("churn", 190, "fallback: silence by recency, 10 rows that bought, at least 30 are needed"),
        (
            "lapse",
            3,
            "fallback: lapse by the renewal clock, 3 rows that lapsed, at least 30 are needed",
        ),
        (
            "lapse",
            190,
            "fallback: lapse by the renewal clock, 10 rows that were kept, at least 30 are needed",
        ),
    ],
)
def test_too_few_events_of_a_rule_are_told_in_its_own_words(part, events, tag):
    head = plan(LEARNED, part, ("6m",), pd.DataFrame({"6m": risk(events)}))["6m"]
    assert head.tag == tag
    assert head.estimator == (f"{part}_fallback" if tag else part)


@pytest.mark.parametrize(
    ("part", "bound"), [("churn", "an upper bound"), ("lapse", "a lower bound")]
)
def test_the_longest_complete_shorter_window_stands_in(part, bound):
    targets = pd.DataFrame({"1m": risk(50), "3m": risk(50), "6m": np.nan})
    head = plan(RECIPES["past_value"], part, ("6m",), targets)["6m"]
    assert head.learned == "3m"
    assert bound in head.tag


def rows(targets):
    days = np.linspace(1.0, 300.0, len(targets))
    X = pd.DataFrame({"past_value_3m": days, "past_value_6m": 2 * days, "recency_days": days})
    return Rows(X, targets, pd.Series(pd.Timestamp("2020-01-01"), index=targets.index))


def test_a_horizon_of_value_without_windows_is_stretched_and_says_so():
    targets = pd.DataFrame({"3m": np.linspace(1.0, 90.0, 200), "6m": np.nan})
    head = fit_part(LEARNED, "value", ("3m", "6m"), rows(targets), n_jobs=1).heads["6m"]
    assert head.estimator == "value"
    assert head.tag == "stretched: learned over 3m, no complete window"


def test_silence_is_not_stretched_without_a_law_of_buying():
    targets = pd.DataFrame({"3m": risk(50), "6m": np.nan})
    fitted = fit_part(LEARNED, "churn", ("3m", "6m"), rows(targets), n_jobs=1)
    assert fitted.heads["3m"].tag == ""
    assert fitted.heads["6m"].estimator == "churn_fallback"
    assert set(fitted.estimators) == {"churn", "churn_fallback"}


def test_without_any_window_it_is_one_half_and_says_so():
    head = plan(RECIPES["past_value"], "lapse", ("6m",), pd.DataFrame({"6m": [np.nan] * 9}))["6m"]
    assert head.tag == "fallback: churn risk of one half, no complete window"


def test_a_horizon_without_labels_is_missing_everywhere():
    assert target_of(pd.DataFrame({"6m": [1.0]}), "1y").isna().all()
