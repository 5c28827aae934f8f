"""Chances of tiers are set beside what came: those that are right hold, and boasts are noticed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.tier_calibration import (
    ALL,
    BAND_EDGES,
    CALIBRATION_TYPES,
    calibration_error,
    calibration_lines,
    tier_calibration,
)
from valuemodel.periods import Horizon
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.probability import QUANTILE_PARTS, tier_probabilities

HALF = Horizon.parse("6 months")
POLICY = TierPolicy.parse(
    {
        "version": "1",
        "tiers": [
            {"name": "A", "share_of_value": 0.5, "share_of_accounts": 0.1},
            {"name": "B", "share_of_value": 0.8, "share_of_accounts": 0.3},
            {"name": "C"},
        ],
    }
)
#: What an account brings, as a multiple of its size: at the ends, and at the five levels.
LEVELS = [0.0, 0.05, 0.25, 0.50, 0.75, 0.95, 1.0]
MULTIPLES = [0.0, 0.0, 0.4, 0.9, 1.3, 2.0, 4.0]
PROMISED = MULTIPLES[1:-1]


@pytest.fixture
def judged(tidy):
    """A tidy table in which each value is drawn from the very law that was promised, or another."""

    def make(folds=2, accounts=2_000, seed=0, promised=PROMISED):
        generator = np.random.default_rng(seed)
        book, bounds = [], []
        for _ in range(folds):
            size = generator.lognormal(3.0, 1.0, accounts)
            came = size * np.interp(generator.random(accounts), LEVELS, MULTIPLES)
            past = size * generator.lognormal(0.0, 1.0, accounts)
            book.append((came, {"ours": size, "past_value": past}))
            bounds += [np.outer(size, promised), np.full((accounts, 5), np.nan)]
        columns = [f"y_{part}" for part in QUANTILE_PARTS]
        table = tidy(book)
        return table.assign(**dict(zip(columns, np.concatenate(bounds).T, strict=True)))

    return make


def judge(table, **more):
    return tier_calibration(table, POLICY, model="ours", horizon=HALF, **more)


def held(found):
    return found["promised"].between(found["low"], found["high"])


def test_chances_that_are_right_hold(judged):
    every = pd.concat([judge(judged(seed=seed), seed=seed) for seed in range(4)])
    assert held(every).mean() >= 0.90
    pooled = every[every["cutoff"] == ALL]
    assert held(pooled).mean() >= 0.90
    assert calibration_error(pooled) < 0.015


def test_boasts_are_noticed(judged):
    """Quantiles half as far from the middle as they should be."""
    boast = [0.9 + (one - 0.9) / 2.0 for one in PROMISED]
    found = judge(judged(promised=boast))
    pooled = found[found["cutoff"] == ALL]
    assert held(pooled).mean() < 0.5
    right = judge(judged())
    assert calibration_error(pooled) > 4.0 * calibration_error(right[right["cutoff"] == ALL])
    said, off = calibration_lines(found)
    assert "promised too much" in said
    assert "promised too little" in said
    assert float(off.split("off by ")[1].split(" ")[0]) > 3.0


def test_a_prediction_that_is_too_high_is_noticed(judged):
    found = judge(judged(promised=[1.5 * one for one in PROMISED]))
    top = found[(found["cutoff"] == ALL) & (found["tier"] == "A")]
    assert (top["promised"] > top["happened"]).all()
    assert not held(top[top["accounts"] >= 30]).any()


def test_figures_are_those_of_a_plain_count(judged):
    """Every account is looked at; chances nearly those of the closed form."""
    table = judged(folds=1, accounts=600)
    found = judge(table, draws=4_000)
    own = table[table["model"] == "ours"].reset_index(drop=True)
    by_size = own.sort_values("y_pred", ascending=False)["y_pred"].tolist()
    total, lines = sum(by_size), []
    for share, places in ((0.5, 60), (0.8, 180)):
        reached = next(n for n in range(600) if sum(by_size[: n + 1]) / total >= share)
        lines.append(by_size[min(reached, places - 1)])
    came = [0 if y >= lines[0] else 1 if y >= lines[1] else 2 for y in own["y_true"]]
    quantiles = own[[f"y_{part}" for part in QUANTILE_PARTS]].to_numpy()
    chances = tier_probabilities(quantiles, np.array(lines))
    for at, tier in enumerate("ABC"):
        rows = found[(found["cutoff"] == ALL) & (found["tier"] == tier)]
        assert rows["accounts"].sum() == 600
        happened = (rows["happened"] * rows["accounts"]).sum()
        assert happened == pytest.approx(came.count(at))
        mean = (rows["promised"] * rows["accounts"]).sum() / 600
        assert mean == pytest.approx(chances[:, at].mean(), abs=0.003)
        for row in rows.itertuples():
            assert row.bin_low <= row.promised <= row.bin_high


def test_intervals_are_wilsons(judged):
    z = 1.959963984540054
    for row in judge(judged(accounts=300)).itertuples():
        n, share = row.accounts, row.happened
        half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        assert (row.low, row.high) == pytest.approx((centre - half, centre + half), abs=1e-12)


def test_each_cutoff_is_told_and_all_of_them_together(judged):
    found = judge(judged(), sample=500)
    assert {name: str(kind) for name, kind in found.dtypes.items()} == CALIBRATION_TYPES
    assert found["cutoff"].unique().tolist() == ["2020-01-01", "2020-02-01", ALL]
    assert found["tier"].unique().tolist() == ["A", "B", "C"]
    accounts = found.groupby(["cutoff", "tier"])["accounts"].sum().unstack()
    assert (accounts.loc[["2020-01-01", "2020-02-01"]] == 500).all(axis=None)
    assert (accounts.loc[ALL] == 1_000).all()
    assert set(zip(found["bin_low"], found["bin_high"], strict=True)) <= set(pairwise(BAND_EDGES))
    assert not found.duplicated(["cutoff", "tier", "bin_low"]).any()
    # What all say is what the cutoffs say, account by account.
    keys = ["tier", "bin_low"]
    single, pooled = found[found["cutoff"] != ALL], found[found["cutoff"] == ALL].set_index(keys)
    times = (single["happened"] * single["accounts"]).groupby([single[key] for key in keys]).sum()
    summed = (pooled["happened"] * pooled["accounts"]).sort_index()
    assert summed.to_numpy() == pytest.approx(times.sort_index().to_numpy())


def test_the_order_of_rows_does_not_matter_and_a_seed_names_the_sample(judged):
    table = judged(accounts=400)
    found = judge(table, sample=200)
    shuffled = judge(table.sample(frac=1.0, random_state=1), sample=200)
    pd.testing.assert_frame_equal(found, shuffled)
    assert not found.equals(judge(table, sample=200, seed=7))


def test_accounts_without_quantiles_are_ranked_and_not_sampled(judged):
    table = judged(accounts=400)
    columns = [f"y_{part}" for part in QUANTILE_PARTS]
    largest = (table["model"] == "ours") & (table["y_pred"] > table["y_pred"].quantile(0.97))
    table.loc[largest, columns] = np.nan
    found = judge(table)
    looked_at = found[(found["cutoff"] == ALL) & (found["tier"] == "A")]["accounts"].sum()
    assert looked_at == 800 - largest.sum()
    # Were the largest not ranked, the line of A would be lower and more would have come.
    without = judge(table[~largest])
    top = [one[(one["cutoff"] == ALL) & (one["tier"] == "A")] for one in (found, without)]
    few, many = ((one["happened"] * one["accounts"]).sum() for one in top)
    assert few < many


def test_past_value_breaks_ties_only_and_may_be_absent(judged):
    table = judged(accounts=300)
    alone = judge(table[table["model"] == "ours"])
    pd.testing.assert_frame_equal(judge(table), alone)


def test_where_nothing_was_promised_nothing_is_said(judged):
    table = judged(accounts=50)
    for nothing in (
        table.iloc[:0],
        table[table["model"] == "past_value"],
        table.drop(columns=[f"y_{part}" for part in QUANTILE_PARTS]),
        table.assign(target="churn"),
        table.assign(horizon="3m"),
        table.assign(y_q50=np.nan),
    ):
        found = judge(nothing)
        assert found.empty
        assert {name: str(kind) for name, kind in found.dtypes.items()} == CALIBRATION_TYPES
        assert list(calibration_lines(found)) == []


def test_a_book_without_value_has_no_tier_but_the_last(judged):
    table = judged(accounts=60)
    money = ["y_true", "y_pred", *(f"y_{part}" for part in QUANTILE_PARTS)]
    found = judge(table.assign(**dict.fromkeys(money, 0.0)))
    pooled = found[found["cutoff"] == ALL].set_index("tier")
    assert pooled["promised"].tolist() == [0.0, 0.0, 1.0]
    assert pooled["happened"].tolist() == [0.0, 0.0, 1.0]
    said, off = calibration_lines(found)
    assert said == (
        "chances of tier A held at later cutoffs in 1 of 1 bands: where 0-10 % was promised "
        "(0.0 % on average), 0.0 % came (0.0 % to 3.1 %)"
    )
    assert off.startswith("chances of tiers were off by 0.0 points on average")


def test_the_first_tier_is_told_band_by_band(judged):
    found = judge(judged())
    said, off = calibration_lines(found)
    top = found[(found["cutoff"] == ALL) & (found["tier"] == "A")]
    assert said.startswith(f"chances of tier A held at later cutoffs in {held(top).sum()} of ")
    assert said.count("was promised (") == len(top)
    assert "where 30-50 % was promised (" in said
    assert "expected calibration error of all tiers" in off


def test_what_is_asked_of_todays_book_refuses_no_book_of_the_past(judged):
    """The chances of values alone, as the other replays: see `ladder_of`."""
    table, tiers = judged(folds=1, accounts=300), POLICY.model_dump()["tiers"]
    tiers[0]["least_share_of_value"] = 0.5
    asks = TierPolicy.parse({"version": "1", "tiers": tiers})
    found = tier_calibration(table, asks, model="ours", horizon=HALF)
    pd.testing.assert_frame_equal(found, judge(table))
