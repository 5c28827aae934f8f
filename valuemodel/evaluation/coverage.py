"""Whether intervals hold what they promise, at cutoffs that nobody had seen.

The share of truths between low and high is counted over all judged cutoffs, at each of them, by tenths
of the prediction and by declared segment, with a 95 % interval of that share (Wilson's). It takes
accounts as independent, so where a whole season was off, the figures of the single cutoffs tell more
than the interval of all.

Why this way: an interval that holds on average may fail for the accounts that matter, the largest; and
one that is wide enough always holds, so its mean width stands beside.

References
----------
Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion, Statistical Science 2001.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from valuemodel.estimators.intervals.ranges import Ranges
from valuemodel.metrics.arrays import FloatArray
from valuemodel.metrics.proportions import wilson

BOUND_COLUMNS = ("y_low", "y_high")
COVERAGE_COLUMNS = [
    "horizon", "model", "slice", "group", "accounts", "nominal", "share", "low", "high", "width",
]  # fmt: skip
ALL, BY_CUTOFF, BY_TENTH = "all", "cutoff", "tenth"

_TENTHS = 10


def bounds_of(model: object, predicted: pd.DataFrame, coverage: float) -> pd.DataFrame:
    """Return ``value_<h>_low`` and ``value_<h>_high`` of a model's predictions, where it has any.

    Parameters
    ----------
    model : object
        Anything that predicts; only what has `Ranges` has bounds.
    predicted : DataFrame
        What it predicted.
    coverage : float
        Which share of truths shall lie inside.
    """
    ranges = getattr(model, "ranges", None)
    known = ranges if isinstance(ranges, Ranges) else Ranges()
    return known.columns(predicted, coverage)


def bound_in(predicted: pd.DataFrame, column: str) -> FloatArray:
    """Return a bound of every row, missing where there is no such column."""
    if column not in predicted:
        return np.full(len(predicted), np.nan)
    return predicted[column].to_numpy("float64")


def interval_coverage(
    table: pd.DataFrame, *, nominal: float, labels: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Count how many truths lie inside their intervals.

    Parameters
    ----------
    table : DataFrame
        The tidy backtest table with ``y_low`` and ``y_high``; rows without them do not count.
    nominal : float
        Which share the intervals promise to hold.
    labels : DataFrame, optional
        To which level of each declared slice the accounts belong, by fold: of
        `valuemodel.evaluation.slices.slice_labels`.

    Returns
    -------
    DataFrame
        `COVERAGE_COLUMNS`, a row for each horizon, model, slice ("all", "cutoff", "tenth" of the
        prediction with 01 for the highest, and those declared) and group: the ``share`` held with a
        95 % interval ``low`` to ``high``, and the mean ``width`` in money.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "cutoff": pd.Timestamp("2020-01-01"),
    ...         "target": "value",
    ...         "horizon": "6m",
    ...         "model": "m",
    ...         "y_true": [1.0, 2.0, 3.0, 9.0],
    ...         "y_pred": 2.0,
    ...         "y_low": 0.0,
    ...         "y_high": 4.0,
    ...     }
    ... )
    >>> found = interval_coverage(table, nominal=0.80)
    >>> found[["slice", "group", "accounts", "share", "width"]].head(2).to_dict("split")["data"]
    [['all', 'all', 4, 0.75, 4.0], ['cutoff', '2020-01-01', 4, 0.75, 4.0]]
    """
    bounded = table.reindex(columns=[*table.columns, *_absent(table)])
    bounded = bounded[(bounded["target"] == "value") & bounded["y_low"].notna()]
    parts = [
        _counted(rows, nominal, labels).assign(horizon=str(horizon), model=str(model))
        for (horizon, model), rows in bounded.groupby(["horizon", "model"], sort=False)
    ]
    if not parts:
        return pd.DataFrame(columns=COVERAGE_COLUMNS)
    return pd.concat(parts, ignore_index=True)[COVERAGE_COLUMNS]


def coverage_words(coverage: pd.DataFrame, *, model: str, horizon: str) -> list[str]:
    """Say in a sentence what the intervals of a model held; nothing where they were not judged.

    Examples
    --------
    >>> row = ("6m", "m", "all", "all", 1000, 0.8, 0.79, 0.764, 0.814, 5.0)
    >>> table = pd.DataFrame([row], columns=COVERAGE_COLUMNS)
    >>> coverage_words(table, model="m", horizon="6m")
    ['80% intervals held 79.0% of what came at later cutoffs (76.4% to 81.4%)']
    """
    own = coverage[(coverage["model"] == model) & (coverage["horizon"] == horizon)]
    whole = own[own["slice"] == ALL]
    if whole.empty:
        return []
    figures = whole.iloc[0]
    said = (
        f"{figures['nominal']:.0%} intervals held {figures['share']:.1%} of what came at later "
        f"cutoffs ({figures['low']:.1%} to {figures['high']:.1%})"
    )
    tenths = own.loc[own["slice"] == BY_TENTH, "share"]
    if len(tenths) > 1:
        said += f"; by tenths of the prediction between {tenths.min():.0%} and {tenths.max():.0%}"
    return [said]


def _absent(table: pd.DataFrame) -> list[str]:
    return [name for name in BOUND_COLUMNS if name not in table]


def _counted(rows: pd.DataFrame, nominal: float, labels: pd.DataFrame | None) -> pd.DataFrame:
    inside = (rows["y_true"] >= rows["y_low"]) & (rows["y_true"] <= rows["y_high"])
    judged = rows.assign(inside=inside, width=rows["y_high"] - rows["y_low"])
    found = pd.concat(
        part.groupby(["slice", "group"], sort=True)
        .agg(accounts=("inside", "size"), share=("inside", "mean"), width=("width", "mean"))
        .reset_index()
        for part in _sliced(judged, labels)
    ).assign(nominal=nominal)
    low, high = wilson(found["share"].to_numpy("float64"), found["accounts"].to_numpy("float64"))
    return found.assign(low=low, high=high)


def _sliced(judged: pd.DataFrame, labels: pd.DataFrame | None) -> Iterator[pd.DataFrame]:
    """Yield the rows once for every way to group them, with ``slice`` and ``group``."""
    yield judged.assign(slice=ALL, group=ALL)
    yield judged.assign(slice=BY_CUTOFF, group=judged["cutoff"].dt.strftime("%Y-%m-%d"))
    by_cutoff = judged.groupby("cutoff")["y_pred"]
    place = by_cutoff.rank(method="first", ascending=False) - 1
    tenth = (place * _TENTHS // by_cutoff.transform("size")).astype("int64") + 1
    yield judged.assign(slice=BY_TENTH, group=tenth.map("{:02d}".format))
    if labels is not None and len(labels):
        named = labels.rename(columns={"level": "group"})
        yield judged.merge(named, on=["fold", "account_id"], validate="many_to_many")
