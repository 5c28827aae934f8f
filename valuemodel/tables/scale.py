"""Scale breaks: one file, month or region-month whose amounts are in another unit of money.

Why this way: a feed that switches to cents or thousands multiplies *all* its amounts, small and
large, by the same factor, so the quartiles of their logarithms move together by 2 or 3. Growth, a
big customer or a heavy tail move them apart or by less. Only a histogram leaves the engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

#: Groups with fewer amounts than this are not judged.
FEWEST_ROWS = 50
#: Steps per factor of ten in the histogram.
STEPS = 20
#: How far the median's and the quartiles' logarithms may lie from 2 or 3 (factors 1.6 and 2.2).
NEAR_MEDIAN, NEAR_QUARTILE = 0.2, 0.35


@dataclass(frozen=True)
class ScaleBreak:
    """One group of rows whose amounts are ``factor`` times those of the others."""

    group: str
    factor: float
    rows: int


def amount_histogram(
    table: ir.Table, series: ir.Value, period: ir.Value, money: str = "amount"
) -> ir.Table:
    """Count amounts by series, period and logarithmic bucket; zero amounts are left out."""
    rows = table.select(
        series=series.cast("string"),
        period=period.cast("string"),
        size=table[money].cast("float64").abs(),
    )
    rows = rows.filter(rows["size"] > 0)
    bucket = (rows["size"].log10() * STEPS).floor().cast("int32")
    rows = rows.mutate(bucket=bucket)
    return rows.group_by(["series", "period", "bucket"]).aggregate(rows=rows.count())


def scale_breaks(histogram: pd.DataFrame, fewest_groups: int = 3) -> list[ScaleBreak]:
    """Find the periods that are about 100 or 1000 times the others of their series, or a fraction.

    Parameters
    ----------
    histogram : DataFrame
        Columns series, period, bucket, rows, as `amount_histogram` counts them.
    fewest_groups : int
        How many periods a series must have to be judged.

    Returns
    -------
    list of ScaleBreak
        By series and period.

    Examples
    --------
    >>> months = pd.DataFrame(
    ...     {"series": "all", "period": list("abc"), "bucket": [40, 0, 1], "rows": 60}
    ... )
    >>> scale_breaks(months)
    [ScaleBreak(group='a', factor=100.0, rows=60)]
    """
    found: list[ScaleBreak] = []
    for series, rows in histogram.sort_values(["series", "period", "bucket"]).groupby("series"):
        quartiles = {
            str(period): (_quartiles(part), int(part["rows"].sum()))
            for period, part in rows.groupby("period")
            if part["rows"].sum() >= FEWEST_ROWS
        }
        if len(quartiles) < fewest_groups:
            continue
        table = np.array([place for place, _ in quartiles.values()])
        usual = np.sort(table, axis=0)[(len(table) - 1) // 2]
        for period, (place, count) in quartiles.items():
            power = _power(place - usual)
            if power:
                name = period if series == "all" else f"{series}, {period}"
                found.append(ScaleBreak(name, 10.0**power, count))
    return found


def _quartiles(part: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the quartiles of log10 of the amounts, from their buckets."""
    reached = part["rows"].cumsum().to_numpy() / part["rows"].sum()
    places = np.searchsorted(reached, [0.25, 0.5, 0.75])
    return (part["bucket"].to_numpy()[places] + 0.5) / STEPS


def _power(shift: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    for power in (2, 3, -2, -3):
        off = np.abs(shift - power)
        if off[1] <= NEAR_MEDIAN and off.max() <= NEAR_QUARTILE:
            return power
    return 0
