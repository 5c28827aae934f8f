"""Another unit of money is found; growth and heavy tails are not taken for one."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from valuemodel.tables.scale import STEPS, amount_histogram, scale_breaks


def months(amounts, per_month):
    """Count amounts in the buckets of the histogram, so many per month."""
    buckets = np.floor(np.log10(np.abs(amounts)) * STEPS).astype(int)
    period = np.arange(len(amounts)) // per_month
    rows = pd.DataFrame(
        {"series": "all", "period": [f"{p:03d}" for p in period], "bucket": buckets}
    )
    return rows.value_counts().rename("rows").reset_index()


@pytest.mark.parametrize("tail", ["lognormal 1", "lognormal 2.5", "pareto 1.1"])
def test_clean_books_with_heavy_tails_raise_no_alarm(tail):
    alarms = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        kind, shape = tail.split()
        draw = (
            rng.lognormal(4, float(shape), 2400)
            if kind == "lognormal"
            else rng.pareto(float(shape), 2400)
        )
        alarms += bool(scale_breaks(months(draw + 0.01, 100)))
    assert alarms == 0


def test_a_book_that_grows_tenfold_a_year_raises_no_alarm():
    rng = np.random.default_rng(1)
    growth = 10 ** (np.arange(2400) / 1200)
    assert scale_breaks(months(rng.lognormal(4, 1, 2400) * growth, 100)) == []


@pytest.mark.parametrize("factor", [100.0, 1000.0, 0.01, 0.001])
def test_one_month_in_another_unit_is_found(factor):
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        amounts = rng.lognormal(4, 1.5, 2400)
        amounts[700:800] *= factor
        breaks = scale_breaks(months(amounts, 100))
        found += [(one.group, one.factor) for one in breaks] == [("007", factor)]
    assert found >= 38


def test_a_break_that_lasts_is_found_in_the_smaller_part():
    amounts = np.random.default_rng(0).lognormal(4, 1, 2400)
    amounts[1500:] *= 100
    assert [one.group for one in scale_breaks(months(amounts, 100))] == [
        f"{month:03d}" for month in range(15, 24)
    ]


def test_small_months_are_not_judged():
    amounts = np.random.default_rng(0).lognormal(4, 1, 300)
    amounts[:30] *= 1000
    assert scale_breaks(months(amounts, 30)) == []


def test_the_histogram_counts_every_amount_but_zero():
    table = ibis.memtable(
        pa.table({"amount": [1.0, -1.0, 9.99, 0.0, 100.0], "month": ["a", "a", "a", "a", "b"]})
    )
    counted = amount_histogram(table, ibis.literal("all"), table.month).to_pyarrow().to_pylist()
    assert sum(row["rows"] for row in counted) == 4
    assert {row["bucket"] for row in counted if row["period"] == "b"} == {2 * STEPS}
