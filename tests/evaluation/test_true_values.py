"""Where the truth is known, forecasts are set beside it, and the ceiling is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.true_values import (
    EXPECTED,
    RISKS,
    against_truth,
    truth_lines,
    with_expectation,
)
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.world import make_world

ACCOUNTS = 400


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    return np.random.default_rng(0).lognormal(5, 1, ACCOUNTS)


@pytest.fixture
def truth(expected) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": [f"a{row:05d}" for row in range(ACCOUNTS)],
            "cutoff": pd.Timestamp("2020-01-01"),
            "expected_value_6m": expected,
            "silence_6m": np.linspace(0.05, 0.95, ACCOUNTS),
        }
    )


@pytest.fixture
def table(tidy, expected) -> pd.DataFrame:
    """What came is the expectation times luck; one model is right, one promises twice as much."""
    generator = np.random.default_rng(1)
    came = expected * generator.exponential(1.0, ACCOUNTS)
    value = tidy([(came, {"right": expected, "twice": 2 * expected})])
    risk = np.linspace(0.05, 0.95, ACCOUNTS)
    gone = (generator.random(ACCOUNTS) < risk) * 1.0
    return pd.concat([value, tidy([(gone, {"right": risk, "twice": risk / 2})], target="churn")])


def test_the_truth_is_as_near_to_itself_as_can_be(table, truth):
    _, figures = against_truth(table, truth, "revenue")
    right = figures[figures["model"] == "right"].set_index("target")
    for target in ("value", "churn"):
        row = right.loc[target]
        assert row["correlation"] == pytest.approx(1.0)
        assert row["rank_correlation"] == pytest.approx(1.0)
        assert (row["bias"], row["calibration_error"], row["mae"]) == pytest.approx((0, 0, 0))
        assert row["skill"] == row["skill_at_best"]
        assert row["skill"] < 0.95  # luck is nobody's to foresee


def test_twice_the_truth_ranks_alike_and_is_told_to_be_twice(table, truth):
    _, figures = against_truth(table, truth, "revenue")
    twice = figures[figures["model"] == "twice"].set_index("target")
    assert twice.loc["value", "bias"] == pytest.approx(1.0)
    assert twice.loc["value", "calibration_error"] == pytest.approx(1.0)
    assert twice.loc["churn", "bias"] == pytest.approx(-0.5)
    assert twice.loc["churn", "calibration_error"] == pytest.approx(0.25)
    assert twice.loc["value", "skill"] == twice.loc["value", "skill_at_best"]


def test_the_tenths_hold_every_account_once_and_all_money(table, truth, expected):
    tenths, _ = against_truth(table, truth, "revenue")
    part = tenths[(tenths["target"] == "value") & (tenths["model"] == "right")]
    assert part["decile"].tolist() == list(range(1, 11))
    assert (part["accounts"] * part["expectation"]).sum() == pytest.approx(expected.sum())
    assert part["expectation"].is_monotonic_decreasing
    assert part["forecast"].to_numpy() == pytest.approx(part["expectation"].to_numpy())


def test_only_accounts_and_cutoffs_whose_truth_is_known_are_there(table, truth):
    half = truth.iloc[: ACCOUNTS // 2]
    assert set(with_expectation(table, half, "revenue")["account_id"]) == set(half["account_id"])
    elsewhere = truth.assign(cutoff=pd.Timestamp("2021-01-01"))
    tenths, figures = against_truth(table, elsewhere, "revenue")
    assert len(tenths) == len(figures) == 0
    said = list(truth_lines(tenths, figures, "6m", "right", "truth.parquet"))
    assert said == ["true values: truth.parquet tells none of the judged accounts and cutoffs"]


def test_nothing_is_said_where_no_truth_is_declared(table):
    tenths, figures = against_truth(table, None, "revenue")
    assert list(truth_lines(tenths, figures, "6m", "right", None)) == []


def test_the_lines_tell_figures_and_tenths_value_first(table, truth):
    told = against_truth(table, truth, "revenue")
    said = list(truth_lines(*told, "6m", "twice", "truth.parquet"))
    assert said[0].startswith("true value, 6m: twice correlates 1.000")
    assert "total +100.0%" in said[0]
    assert said[1].startswith("true churn by inactivity, 6m")
    assert said[2] == "value per account by tenths of twice: forecast, expected, came"


def test_every_column_that_is_looked_for_is_one_that_the_world_tells():
    year = Horizon.parse("1 year")
    world = make_world(40, as_of=Cutoff.parse("2024-01-01"), horizons=[year], seed=1, book="whole")
    told = set(world.truth_at(Cutoff.parse("2023-07-01")).columns)
    assert {f"{name}_1y" for name in (*EXPECTED.values(), *RISKS.values())} <= told
