"""The comparison of models: metrics per fold and overall, and differences with intervals.

Why this way: all of it is computed from the tidy backtest table, so a new metric or another baseline
needs no refitting, and a loss is shown as plainly as a win.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy.typing as npt
import pandas as pd

from valuemodel.evaluation.bootstrap import PairedBootstrap, Resampling
from valuemodel.exceptions import UsageError
from valuemodel.metrics.churn import CHURN_METRICS
from valuemodel.metrics.value import VALUE_METRICS

Metric = Callable[[npt.ArrayLike, npt.ArrayLike], float]

_METRICS: Mapping[str, Mapping[str, Metric]] = {"value": VALUE_METRICS, "churn": CHURN_METRICS}
_READING_ORDER = {name: place for place, name in enumerate([*VALUE_METRICS, *CHURN_METRICS])}


def fold_metrics(table: pd.DataFrame) -> pd.DataFrame:
    """Compute every metric of every model per fold.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.

    Returns
    -------
    pandas.DataFrame
        Columns target, horizon, model, fold, cutoff, accounts, metric, figure.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "fold": 0,
    ...         "cutoff": pd.Timestamp("2011-01-01"),
    ...         "account_id": list("ab"),
    ...         "target": "value",
    ...         "horizon": "6m",
    ...         "y_true": [0.0, 10.0],
    ...         "y_pred": [1.0, 11.0],
    ...         "model": "past_value",
    ...     }
    ... )
    >>> fold_metrics(table).query("metric == 'mae'")["figure"].item()
    1.0
    """
    keys = ["target", "horizon", "model", "fold", "cutoff"]
    rows = [
        (*names, len(part), metric, function(part["y_true"], part["y_pred"]))
        for names, part in table.groupby(keys, sort=True)
        for metric, function in _METRICS[str(names[0])].items()
    ]
    return pd.DataFrame(rows, columns=[*keys, "accounts", "metric", "figure"])


def overall_metrics(per_fold: pd.DataFrame) -> pd.DataFrame:
    """Average the metrics of `fold_metrics` over folds, every fold alike.

    Returns
    -------
    pandas.DataFrame
        Columns target, horizon, metric, folds, and one column per model; metrics in reading order.
    """
    keys = ["target", "horizon", "metric"]
    wide = per_fold.pivot_table(index=keys, columns="model", values="figure", dropna=False)
    folds = per_fold.groupby(keys)["fold"].nunique().rename("folds")
    joined = folds.to_frame().join(wide).reset_index()
    joined = joined.assign(_place=joined["metric"].map(_READING_ORDER))
    ordered = joined.sort_values(["target", "horizon", "_place"], ascending=[False, True, True])
    return ordered.drop(columns="_place").reset_index(drop=True)


def compare(table: pd.DataFrame, baseline: str, resampling: Resampling) -> pd.DataFrame:
    """Set every model beside a baseline, with the interval of the difference.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    baseline : str
        The model that the others are compared with.
    resampling : Resampling
        Draws, confidence and seed of the paired bootstrap by account.

    Returns
    -------
    pandas.DataFrame
        Columns target, horizon, model, metric, figure, baseline, difference, low, high, and the
        intervals of the two figures themselves: figure_low, figure_high, baseline_low,
        baseline_high. Differences are model minus baseline.

    Raises
    ------
    UsageError
        If the table holds models, but not the baseline.
    """
    if len(table) and baseline not in set(table["model"]):
        problem = f"the backtest table has no model {baseline!r}"
        raise UsageError(problem, received=", ".join(sorted(table["model"].unique())))
    rows = []
    for (target, horizon), part in table.groupby(["target", "horizon"], sort=True):
        boot = PairedBootstrap(part, str(target), str(horizon), resampling)
        for model in boot.models:
            for metric in boot.metrics:
                figure, gap = boot.figure(model, metric), boot.difference(model, baseline, metric)
                theirs = boot.figure(baseline, metric)
                shown = (figure.value, theirs.value, gap.value, gap.low, gap.high)
                own = (figure.low, figure.high, theirs.low, theirs.high)
                rows.append((target, horizon, model, metric, *shown, *own))
    names = ["target", "horizon", "model", "metric", "figure", "baseline", "difference"]
    own_names = ["figure_low", "figure_high", "baseline_low", "baseline_high"]
    frame = pd.DataFrame(rows, columns=[*names, "low", "high", *own_names])
    return frame[frame["model"] != baseline].reset_index(drop=True)
