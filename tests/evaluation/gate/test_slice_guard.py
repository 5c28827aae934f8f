"""Damage to a declared slice is found; luck among many slices is not taken for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.gate.gate import GateRule, decide
from valuemodel.evaluation.gate.slice_guard import Guarding, guard_words, slice_figures

REGIONS = 10
RULE = GateRule(draws=200)
GUARDING = Guarding(("normalised_gini", "mae"), 50, Resampling(300, 0.98))


def book(seed: int, damage: float, accounts: int = 2_000):
    """A challenger that is better everywhere, but for one region, whose money it overstates."""
    generator = np.random.default_rng(seed)
    size = generator.lognormal(3, 1.2, accounts)
    truth = size * generator.lognormal(0, 0.5, accounts)
    past = size * generator.lognormal(0, 0.5, accounts)
    region = generator.integers(0, REGIONS, accounts)
    forecast = size * np.where(region == 3, 1.0 + damage, 1.0)
    labels = pd.DataFrame({"fold": 0, "account_id": [f"a{row:05d}" for row in range(accounts)]})
    labels = labels.assign(slice="region", level=[f"R{one}" for one in region])
    return (truth, {"challenger": forecast, "past_value": past}), labels


def guarded(tidy, seed, damage):
    fold, labels = book(seed, damage)
    found = slice_figures(tidy([fold]), labels, "challenger", "past_value", GUARDING)
    return {one.level for one in found if one.hurt}, found


def test_one_broken_region_keeps_a_model_out_that_is_better_on_average(tidy):
    fold, labels = book(1, damage=1.5)
    table = tidy([fold])
    blind = decide(table, "challenger", ["past_value"], horizon="6m", rule=RULE)
    seeing = decide(table, "challenger", ["past_value"], horizon="6m", rule=RULE, labels=labels)
    assert blind.passed
    assert [check.part for check in seeing.checks if not check.passed] == ["it hurts no slice"]
    assert "region R3, whose mae is worse by" in seeing.reasons[0]
    assert seeing.as_document()["slices"]


def test_the_smallest_damage_that_is_found_is_near_what_is_said(tidy):
    """Break one region ever more; say from which damage of its money error on it is found."""
    found_from, said = None, None
    for overstated in np.arange(0.0, 2.0, 0.1):
        hurt, figures = guarded(tidy, 2, overstated)
        own = next(one for one in figures if one.level == "R3" and one.metric == "mae")
        if hurt:
            found_from, said = own.damage.value / own.standing, own.findable / own.standing
            break
    assert hurt == {"R3"}
    assert found_from == pytest.approx(said, abs=0.15)
    assert 0.0 < found_from < 1.0


def test_luck_among_many_slices_does_not_block(tidy):
    """Two forecasts of equal worth: ten slices, two figures each, thirty books."""
    blocked = 0
    for seed in range(30):
        generator = np.random.default_rng(1_000 + seed)
        (truth, forecasts), labels = book(seed, 0.0, accounts=1_000)
        rival = forecasts["past_value"] * generator.lognormal(0, 0.2, truth.size)
        twin = forecasts["past_value"] * generator.lognormal(0, 0.2, truth.size)
        table = tidy([(truth, {"challenger": rival, "past_value": twin})])
        quick = Guarding(GUARDING.metrics, 50, Resampling(150, 0.98, seed))
        figures = slice_figures(table, labels, "challenger", "past_value", quick)
        blocked += any(one.hurt for one in figures)
    assert blocked <= 2


def test_a_copy_hurts_nobody_and_says_what_would_have_been_found(tidy):
    fold, labels = book(3, 0.0)
    fold = (fold[0], {"challenger": fold[1]["past_value"], "past_value": fold[1]["past_value"]})
    figures = slice_figures(tidy([fold]), labels, "challenger", "past_value", GUARDING)
    assert len(figures) == 2 * REGIONS
    assert {one.chance for one in figures} == {1.0}
    assert "none of 10 slices is surely worse" in guard_words(figures, "past_value", "mae")


def test_slices_without_any_worth_and_small_ones_are_no_reason(tidy):
    fold, labels = book(4, 0.0, accounts=200)
    nothing = (np.where(labels["level"] == "R3", 0.0, fold[0]), fold[1])
    labels["level"] = np.where(labels["level"] == "R3", "nothing", "all others")
    labels.loc[:5, "level"] = "few"
    decision = decide(
        tidy([nothing]),
        "challenger",
        ["past_value"],
        horizon="6m",
        rule=GateRule(draws=200, minimum_slice=10),
        labels=labels,
    )
    assert {(one.level, one.metric) for one in decision.slices} == {
        ("all others", "mae"),
        ("all others", "normalised_gini"),
        ("nothing", "mae"),
    }
    assert any(
        "fewer than 10 accounts were not judged: region few (6" in w for w in decision.warnings
    )
