"""Two people get the same figure: against written-out definitions, and against published numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import UsageError
from valuemodel.metrics import value
from valuemodel.metrics.copies import Copies
from valuemodel.metrics.value import (
    VALUE_METRICS,
    bias,
    decile_mape,
    decile_mape_of,
    decile_table,
    mae,
    normalised_gini,
    rmse,
    spearman,
    top_decile_of_perfect,
    top_decile_share,
)

bounded = settings(max_examples=50, deadline=None, derandomize=True)
money = st.integers(-50, 500).map(float)
books = st.lists(st.tuples(money, money), min_size=2, max_size=60).map(
    lambda rows: (np.array([row[0] for row in rows]), np.array([row[1] for row in rows]))
)


def gini_by_pairs(truth: list[float], score: list[float]) -> float:
    """Gini as a sum over pairs: who is ranked higher must be worth more; a tie counts nothing."""
    pairs = [
        (truth[i] - truth[j]) * (int(score[i] > score[j]) - int(score[i] < score[j]))
        for i in range(len(truth))
        for j in range(i)
    ]
    return sum(pairs)


@bounded
@given(books)
def test_the_gini_is_the_sum_over_pairs_of_accounts(book):
    truth, forecast = book
    positive = [max(one, 0.0) for one in truth]
    perfect = gini_by_pairs(positive, positive)
    expected = gini_by_pairs(positive, list(forecast)) / perfect if perfect else float("nan")
    assert normalised_gini(truth, forecast) == pytest.approx(expected, abs=1e-9, nan_ok=True)


@bounded
@given(books, st.randoms(use_true_random=False))
def test_row_order_and_scale_do_not_change_the_gini(book, random):
    truth, forecast = book
    order = list(range(len(truth)))
    random.shuffle(order)
    expected = normalised_gini(truth, forecast)
    shuffled = normalised_gini(truth[order], forecast[order])
    assert shuffled == pytest.approx(expected, abs=1e-9, nan_ok=True)
    scaled = normalised_gini(truth * 7, forecast * 3 + 11)
    assert scaled == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_the_gini_is_one_for_the_perfect_order_and_minus_one_upside_down():
    truth = np.arange(20.0)
    assert normalised_gini(truth, truth) == pytest.approx(1.0)
    assert normalised_gini(truth, -truth) == pytest.approx(-1.0)
    assert normalised_gini(truth, np.ones(20)) == 0.0


@pytest.mark.parametrize("truth", [[0.0, 0.0, 0.0], [-5.0, -1.0, 0.0], [4.0, 4.0, 4.0]])
def test_a_gini_of_nothing_to_rank_is_not_a_number(truth):
    assert np.isnan(normalised_gini(truth, [1.0, 2.0, 3.0]))


def test_the_top_decile_is_a_tenth_of_the_accounts_a_broken_one_by_its_fraction():
    truth = [100.0, 80.0] + [1.0] * 13  # 15 accounts: one and a half are the top tenth
    assert top_decile_of_perfect(truth, truth) == 1.0
    swapped = [1.0, 2.0] + [0.0] * 13
    assert top_decile_of_perfect(truth, swapped) == pytest.approx((80 + 50) / (100 + 40))
    assert top_decile_share(truth, swapped) == pytest.approx(130 / 193)


def test_the_top_decile_of_worthless_accounts_is_not_a_number():
    assert np.isnan(top_decile_of_perfect([0.0] * 10, range(10)))
    assert np.isnan(top_decile_share([0.0] * 10, range(10)))


def decile_mape_by_loops(truth: np.ndarray, forecast: np.ndarray) -> float:
    order = sorted(range(len(truth)), key=lambda row: -forecast[row])
    groups: dict[int, list[int]] = {}
    for place, row in enumerate(order):
        groups.setdefault(int(10 * (place + 0.5) / len(truth)), []).append(row)
    errors = []
    for rows in groups.values():
        mean = sum(truth[row] for row in rows) / len(rows)
        if mean > 0:
            errors.append(abs(sum(forecast[row] for row in rows) / len(rows) - mean) / mean)
    return sum(errors) / len(errors) if errors else float("nan")


@bounded
@given(st.lists(money, min_size=2, max_size=60), st.integers(0, 9))
def test_the_decile_mape_is_that_of_ten_written_out_groups(truth, seed):
    forecast = np.random.default_rng(seed).permutation(len(truth)) * 7.0  # no ties
    expected = decile_mape_by_loops(np.array(truth), forecast)
    assert decile_mape(truth, forecast) == pytest.approx(expected, nan_ok=True)


def test_groups_without_positive_truth_are_left_out():
    truth = [10.0] * 10 + [0.0] * 90
    forecast = [20.0] * 10 + [5.0] * 90
    assert decile_mape(truth, forecast) == 1.0
    assert np.isnan(decile_mape([0.0] * 10, range(10)))


def test_the_decile_table_holds_every_account_and_all_money_once():
    generator = np.random.default_rng(1)
    truth, forecast = generator.gamma(1, 50, 237), generator.gamma(1, 50, 237)
    table = decile_table(truth, forecast)
    assert table["decile"].tolist() == list(range(1, 11))
    assert table["accounts"].sum() == 237
    assert set(table["accounts"]) == {23, 24}
    assert table["total_truth"].sum() == pytest.approx(truth.sum())
    assert table["mean_forecast"].is_monotonic_decreasing
    gaps = (table["mean_forecast"] - table["mean_truth"]).abs() / table["mean_truth"]
    assert decile_mape(truth, forecast) == pytest.approx(gaps.mean())


def test_errors_in_money():
    truth, forecast = [10.0, -10.0, 30.0], [13.0, -14.0, 30.0]
    assert mae(truth, forecast) == pytest.approx(7 / 3)
    assert rmse(truth, forecast) == pytest.approx((25 / 3) ** 0.5)
    assert bias(truth, forecast) == pytest.approx(29 / 30 - 1)
    assert np.isnan(bias([-1.0, 1.0], [1.0, 1.0]))


def test_ranks_of_a_constant_are_not_a_number():
    assert np.isnan(spearman([1.0, 2.0], [3.0, 3.0]))
    assert spearman([1.0, 2.0, 2.0], [10.0, 30.0, 30.0]) == pytest.approx(1.0)


@pytest.mark.parametrize("name", list(VALUE_METRICS))
def test_every_metric_refuses_missing_predictions(name):
    with pytest.raises(UsageError, match="finite"):
        VALUE_METRICS[name]([1.0, 2.0], [1.0, float("nan")])


def test_groups_that_no_drawn_account_fell_into_are_left_out():
    truth, forecast = np.array([10.0, 20.0, 0.0]), np.array([30.0, 20.0, 1.0])
    everybody_is_the_first = np.array([[5.0, 0.0, 0.0]])
    columns = (Copies(one, everybody_is_the_first) for one in (truth, forecast))
    assert decile_mape_of(*columns).tolist() == [2.0]


def past_and_next_39_weeks(path: Path, account: str) -> tuple[np.ndarray, np.ndarray]:
    lines = pd.read_parquet(path)
    time = pd.to_datetime(lines["date"].astype("str"))
    known = time < pd.Timestamp("1997-10-01")
    spend = lines["dollar_value"].astype("float64")
    past = spend[known].groupby(lines[account]).sum().sort_index()
    later = spend[~known].groupby(lines[account]).sum().reindex(past.index).fillna(0.0)
    return later.to_numpy(), past.to_numpy()


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("table", "account", "accounts", "gini", "top", "perfect", "mape", "rank"),
    [
        ("master", "customer_id", 23_570, 0.696, 0.498, 0.763, 1.361, 0.395),
        ("sample", "master_id", 2_357, 0.680, 0.481, 0.763, 1.563, 0.393),
    ],
)
def test_past_spend_on_cdnow_gives_the_reference_figures(
    real_data, table, account, accounts, gini, top, perfect, mape, rank
):
    path = real_data / "cdnow" / f"{table}.parquet"
    truth, past = past_and_next_39_weeks(path, account)
    assert truth.size == accounts
    assert normalised_gini(truth, past) == pytest.approx(gini, abs=0.0006)
    assert top_decile_share(truth, past) == pytest.approx(top, abs=0.0006)
    assert top_decile_share(truth, truth) == pytest.approx(perfect, abs=0.0006)
    assert top_decile_of_perfect(truth, past) == pytest.approx(top / perfect, abs=0.001)
    # The only figure in which the lots drawn among equal spenders show, in the third digit.
    assert decile_mape(truth, past) == pytest.approx(mape, rel=0.006)
    assert spearman(truth, past) == pytest.approx(rank, abs=0.0006)


def test_the_figures_are_listed_in_the_order_of_reading():
    assert next(iter(VALUE_METRICS)) == "normalised_gini"
    assert all(VALUE_METRICS[name] is getattr(value, name) for name in VALUE_METRICS)
