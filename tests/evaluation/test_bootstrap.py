"""Intervals cover what they say, come from accounts and not rows, and are the same each time."""

from __future__ import annotations

from time import process_time

import numpy as np
import pandas as pd
import pytest

from valuemodel.evaluation.bootstrap import PairedBootstrap, Resampling
from valuemodel.exceptions import UsageError
from valuemodel.metrics.value import VALUE_METRICS


def book(seed: int, accounts: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truths, a good and a worse forecast of them."""
    generator = np.random.default_rng(seed)
    size = generator.lognormal(3, 1, accounts)
    truth = size * generator.lognormal(0, 0.5, accounts) * (generator.random(accounts) < 0.8)
    return truth, size, size * generator.lognormal(0, 1, accounts)


def test_points_are_the_metrics_averaged_over_folds(tidy):
    folds = [book(seed) for seed in range(3)]
    table = tidy([(truth, {"good": good, "worse": worse}) for truth, good, worse in folds])
    boot = PairedBootstrap(table, "value", "6m", Resampling(draws=20))
    assert (boot.folds, boot.accounts, boot.models) == (3, 300, ("good", "worse"))
    for metric in ("normalised_gini", "top_decile_of_perfect", "decile_mape", "mae", "rmse"):
        function = VALUE_METRICS[metric]
        good = np.mean([function(truth, one) for truth, one, _ in folds])
        worse = np.mean([function(truth, other) for truth, _, other in folds])
        assert boot.figure("good", metric).value == pytest.approx(good)
        gap = boot.difference("good", "worse", metric)
        assert gap.value == pytest.approx(good - worse)
        assert gap.low <= gap.high


def test_the_same_seed_gives_the_same_intervals_in_any_row_order(tidy):
    truth, good, worse = book(1)
    table = tidy([(truth, {"good": good, "worse": worse})])
    shuffled = table.sample(frac=1.0, random_state=0)

    def gap(frame: pd.DataFrame, seed: int) -> object:
        boot = PairedBootstrap(frame, "value", "6m", Resampling(draws=50, seed=seed))
        return boot.difference("good", "worse", "mae")

    assert gap(table, 1) == gap(shuffled, 1)
    assert gap(table, 1) != gap(table, 2)


def test_a_model_differs_from_itself_by_nothing(tidy):
    truth, good, _ = book(2)
    boot = PairedBootstrap(tidy([(truth, {"a": good, "b": good})]), "value", "6m", Resampling(50))
    gap = boot.difference("a", "b", "normalised_gini")
    assert (gap.value, gap.low, gap.high) == (0.0, 0.0, 0.0)


def test_judging_the_same_accounts_at_more_cutoffs_is_not_more_accounts(tidy):
    truth, good, worse = book(3)
    one = tidy([(truth, {"good": good, "worse": worse})])
    thrice = tidy([(truth, {"good": good, "worse": worse})] * 3)
    resampling = Resampling(draws=200)
    single = PairedBootstrap(one, "value", "6m", resampling).difference("good", "worse", "mae")
    tripled = PairedBootstrap(thrice, "value", "6m", resampling).difference("good", "worse", "mae")
    assert tripled.low == pytest.approx(single.low)
    assert tripled.high == pytest.approx(single.high)


def test_intervals_of_a_mean_error_cover_it_about_as_often_as_they_say(tidy):
    generator = np.random.default_rng(0)
    covered = 0
    for seed in range(120):
        error = generator.exponential(1.0, 150)  # true mean absolute error: 1
        table = tidy([(np.zeros(150), {"m": error})])
        boot = PairedBootstrap(table, "value", "6m", Resampling(150, 0.9, seed), ["mae"])
        found = boot.figure("m", "mae")
        covered += found.low <= 1.0 <= found.high
    assert 0.82 <= covered / 120 <= 0.97


def test_models_judged_on_different_accounts_are_not_compared(tidy):
    truth, good, worse = book(4)
    table = tidy([(truth, {"good": good, "worse": worse})])
    with pytest.raises(UsageError, match="not judged on the same"):
        PairedBootstrap(table.iloc[:-1], "value", "6m", Resampling(10))
    other_truth = table.assign(y_true=table["y_true"] + (table["model"] == "good"))
    with pytest.raises(UsageError, match="not judged on the same"):
        PairedBootstrap(other_truth, "value", "6m", Resampling(10))
    with pytest.raises(UsageError, match="judged twice"):
        PairedBootstrap(pd.concat([table, table]), "value", "6m", Resampling(10))


def test_there_is_nothing_to_say_about_a_horizon_that_was_not_judged(tidy):
    truth, good, _ = book(5)
    with pytest.raises(UsageError, match="no backtest row for value over 1y"):
        PairedBootstrap(tidy([(truth, {"good": good})]), "value", "1y", Resampling(10))


def test_only_the_metrics_asked_for_are_made_and_they_are_the_same(tidy):
    truth, good, worse = book(6)
    table = tidy([(truth, {"good": good, "worse": worse})])
    every = PairedBootstrap(table, "value", "6m", Resampling(50))
    one = PairedBootstrap(table, "value", "6m", Resampling(50), ["spearman"])
    assert list(one.metrics) == ["spearman"]
    assert list(every.metrics) == list(VALUE_METRICS)
    assert one.figure("good", "spearman") == every.figure("good", "spearman")
    with pytest.raises(UsageError, match="no metric of value") as caught:
        PairedBootstrap(table, "value", "6m", Resampling(50), ["auc"])
    assert caught.value.received == "auc"


def test_a_gain_is_positive_for_the_better_model_whichever_way_is_good(tidy):
    truth, good, worse = book(7)
    table = tidy([(truth, {"good": good, "worse": worse, "low": 0.5 * good, "high": 3.0 * good})])
    boot = PairedBootstrap(table, "value", "6m", Resampling(100))
    for metric in ("normalised_gini", "spearman", "mae", "rmse"):
        assert boot.gain("good", "worse", metric).low > 0
        assert boot.gain("worse", "good", metric).high < 0
    assert boot.figure("low", "bias").value < 0 < boot.figure("high", "bias").value
    gain = boot.gain("low", "high", "bias")
    off = [abs(boot.figure(name, "bias").value) for name in ("high", "low")]
    assert gain.value == pytest.approx(off[0] - off[1])


@pytest.mark.parametrize("metric", ["spearman", "decile_mape", "bias"])
def test_intervals_are_those_of_plain_resampling_of_rows(tidy, metric):
    truth, good, _ = book(8, accounts=200)
    boot = PairedBootstrap(tidy([(truth, {"m": good})]), "value", "6m", Resampling(400))
    generator = np.random.default_rng(99)
    drawn = [generator.integers(0, 200, 200) for _ in range(400)]
    plain = [VALUE_METRICS[metric](truth[rows], good[rows]) for rows in drawn]
    low, high = np.quantile(plain, [0.025, 0.975])
    found = boot.figure("m", metric)
    assert found.low == pytest.approx(low, abs=0.25 * (high - low))
    assert found.high == pytest.approx(high, abs=0.25 * (high - low))


def test_five_thousand_accounts_at_three_cutoffs_take_seconds(tidy):
    folds = [book(seed, accounts=5_000) for seed in range(3)]
    table = tidy([(truth, {"good": good, "worse": worse}) for truth, good, worse in folds])
    before = process_time()
    PairedBootstrap(table, "value", "6m", Resampling())
    assert process_time() - before < 15.0  # 1 second, on a machine of its own


def test_figures_that_do_not_exist_have_no_interval(tidy):
    table = tidy([(np.zeros(30), {"m": np.arange(30.0)})])
    found = PairedBootstrap(table, "value", "6m", Resampling(20)).figure("m", "normalised_gini")
    assert np.isnan([found.value, found.low, found.high]).all()
