"""Slices: the figures of each part of the book that the settings declare.

``[backtest] slices`` names features. A category is cut by level, a number by its values where it has four
at the most, else at its quartiles over all judged rows; what is missing is a level of its own. The
labels lie beside the tidy table, by fold and account, and so nothing is fitted anew for another cut.

Why this way: a model that is good on average may be bad where it matters (a region, new accounts), and
an average hides it. A slice of few accounts shows luck, so it is named but not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from valuemodel.evaluation.candidates import Builder
from valuemodel.evaluation.comparison import fold_metrics, overall_metrics
from valuemodel.exceptions import UsageError, nearest
from valuemodel.metrics.splits import Fold

LABELS = ["fold", "account_id", "slice", "level"]
"""The columns of the table of labels: one row per fold, account and declared feature."""

SLICE_COLUMNS = ["slice", "level", "accounts", "target", "horizon", "model", "metric", "figure"]

_UNKNOWN = "unknown"
_VALUES = 4  # so many different numbers are levels of their own


def slice_labels(builder: Builder, folds: Sequence[Fold], names: Sequence[str]) -> pd.DataFrame:
    """Say to which level of each declared feature every judged account belongs, as known then.

    Parameters
    ----------
    builder : Builder
        The dataset builder that the backtest used.
    folds : sequence of Fold
        The judged folds.
    names : sequence of str
        Names of features.

    Returns
    -------
    pandas.DataFrame
        `LABELS`; the fold as in the tidy table.

    Raises
    ------
    UsageError
        If a name is no feature.
    """
    if not names or not folds:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in LABELS}).astype({"fold": int})
    built = [builder.at(fold.cutoff) for fold in sorted(folds, key=lambda one: one.cutoff)]
    X = pd.concat([one.X for one in built], ignore_index=True)
    unknown = [name for name in names if name not in X.columns]
    if unknown:
        problem = "[backtest] slices names what is no feature"
        hint = nearest(unknown[0], X.columns) or "any feature may be named"
        raise UsageError(problem, received=", ".join(unknown), hint=hint)
    keys = pd.concat([one.keys[["account_id"]] for one in built], ignore_index=True)
    keys["fold"] = np.repeat(np.arange(len(built)), [len(one) for one in built])
    parts = [keys.assign(slice=name, level=levels_of(X[name])) for name in dict.fromkeys(names)]
    return pd.concat(parts, ignore_index=True)[LABELS]


def levels_of(column: pd.Series[float] | pd.Series[str]) -> pd.Series[str]:
    """Return the level of each row.

    Examples
    --------
    >>> levels_of(pd.Series(["North", None])).to_list()
    ['North', 'unknown']
    >>> levels_of(pd.Series([0.0, 1.0, 1.0])).to_list()
    ['0', '1', '1']
    >>> levels_of(pd.Series([10.0, 20.0, 30.0, 40.0, 50.0])).to_list()
    ['up to 20', 'up to 20', '20 to 30', '30 to 40', 'above 40']
    """
    if not is_numeric_dtype(column):
        return column.astype("str").fillna(_UNKNOWN)
    numbers = column.to_numpy(dtype=np.float64)
    seen = numbers[~np.isnan(numbers)]
    values = np.unique(seen)
    if len(values) <= _VALUES:
        texts = [f"{one:,.6g}" for one in numbers]
    else:
        edges = np.unique(np.quantile(seen, [0.25, 0.5, 0.75]))
        shown = [f"{edge:,.6g}" for edge in edges]
        between = [f"{low} to {high}" for low, high in pairwise(shown)]
        names = [f"up to {shown[0]}", *between, f"above {shown[-1]}"]
        texts = [
            names[place] for place in np.searchsorted(edges, numbers, side="left") % len(names)
        ]
    found = pd.Series(texts, index=column.index, dtype="str")
    return found.mask(np.isnan(numbers), _UNKNOWN)


def slices_of(
    table: pd.DataFrame, labels: pd.DataFrame, fewest: int
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield each slice that is large enough: its name, its level, and its rows of the tidy table."""
    if labels.empty or table.empty:
        return
    joined = table.merge(labels, on=["fold", "account_id"], validate="many_to_many")
    for (name, level), part in joined.groupby(["slice", "level"], sort=True):
        if part["account_id"].nunique() >= fewest:
            yield str(name), str(level), part.drop(columns=["slice", "level"])


def too_small(labels: pd.DataFrame, fewest: int) -> list[str]:
    """Name the slices that are too small to be judged.

    Examples
    --------
    >>> labels = pd.DataFrame([(0, "a", "region", "North")], columns=LABELS)
    >>> too_small(labels, fewest=100)
    ['region North (1 account)']
    """
    counts = labels.groupby(["slice", "level"], sort=True)["account_id"].nunique().reset_index()
    return [
        f"{name} {level} ({count} account{'s' if count > 1 else ''})"
        for name, level, count in counts.itertuples(index=False)
        if count < fewest
    ]


def slice_metrics(
    table: pd.DataFrame, labels: pd.DataFrame, *, horizon: str, fewest: int
) -> pd.DataFrame:
    """Compute every metric of every model for each slice, averaged over folds.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    labels : pandas.DataFrame
        From `slice_labels`.
    horizon : str
        The label of the horizon to look at.
    fewest : int
        Slices of fewer accounts are left out; see `too_small`.

    Returns
    -------
    pandas.DataFrame
        `SLICE_COLUMNS`.
    """
    rows = []
    for name, level, part in slices_of(table[table["horizon"] == horizon], labels, fewest):
        wide = overall_metrics(fold_metrics(part)).drop(columns="folds")
        long = wide.melt(["target", "horizon", "metric"], var_name="model", value_name="figure")
        rows.append(long.assign(slice=name, level=level, accounts=part["account_id"].nunique()))
    if not rows:
        return pd.DataFrame(columns=SLICE_COLUMNS)
    return pd.concat(rows, ignore_index=True)[SLICE_COLUMNS]


def slice_lines(figures: pd.DataFrame, model: str, baseline: str) -> Iterator[str]:
    """Say the ranking and the money error of each slice, the model's beside the baseline's.

    Examples
    --------
    >>> rows = [("region", "North", 90, "value", "6m", "m", "normalised_gini", 0.81)]
    >>> rows += [("region", "North", 90, "value", "6m", "past_value", "normalised_gini", 0.75)]
    >>> print(*slice_lines(pd.DataFrame(rows, columns=SLICE_COLUMNS), "m", "past_value"))
    region North, 90 accounts: normalised_gini 0.81 (past_value 0.75)
    """
    shown = figures[figures["metric"].isin(["normalised_gini", "mae"])]
    for names, part in shown.groupby(["slice", "level", "accounts"], sort=True):
        name, level, accounts = tuple(names)
        wide = part.pivot_table(index="metric", columns="model", values="figure", sort=False)
        said = ", ".join(
            f"{metric} {ours:.4g} ({baseline} {theirs:.4g})"
            for metric, ours, theirs in wide[[model, baseline]].itertuples()
        )
        yield f"{name} {level}, {accounts:,} accounts: {said}"
