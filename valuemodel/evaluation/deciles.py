"""Money by tenths of the accounts, out of time: what was predicted, what came, what past value found.

Why this way: a leader asks whether the ranking finds money and whether the amounts are right; one table
answers both, and it is what the chart draws.
"""

from __future__ import annotations

import pandas as pd

from valuemodel.metrics.value import decile_table

DECILE_COLUMNS = ("decile", "accounts", "predicted", "actual", "by_baseline")


def decile_comparison(
    backtest: pd.DataFrame, *, model: str, baseline: str, horizon: str, seed: int = 0
) -> pd.DataFrame:
    """Compare predicted and actual value by tenths, over all folds.

    Parameters
    ----------
    backtest : DataFrame
        The tidy backtest table.
    model, baseline : str
        Names of models in it.
    horizon : str
        The label of the horizon.
    seed : int
        Ties in predictions are broken at random with this seed.

    Returns
    -------
    DataFrame
        ``decile`` (1 holds the highest predictions), ``accounts`` (summed over folds), and in money
        per account: ``predicted``, ``actual``, and ``by_baseline``, which is what the same tenth
        brought when the baseline ranks.

    Examples
    --------
    >>> one = pd.DataFrame(
    ...     {
    ...         "fold": 0,
    ...         "target": "value",
    ...         "horizon": "6m",
    ...         "model": "m",
    ...         "y_true": [float(n) for n in range(10)],
    ...         "y_pred": [2.0 * n for n in range(10)],
    ...     }
    ... )
    >>> both = pd.concat([one, one.assign(model="b", y_pred=-one["y_pred"])])
    >>> decile_comparison(both, model="m", baseline="b", horizon="6m").head(1).to_dict("records")
    [{'decile': 1, 'accounts': 1, 'predicted': 18.0, 'actual': 9.0, 'by_baseline': 0.0}]
    """
    chosen = backtest[(backtest["target"] == "value") & (backtest["horizon"] == horizon)]
    ours = _pooled(chosen[chosen["model"] == model], seed)
    theirs = _pooled(chosen[chosen["model"] == baseline], seed)
    table = ours.assign(by_baseline=theirs["actual"])
    return table.reset_index()[list(DECILE_COLUMNS)]


def _pooled(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add up the tenths of each fold, so that no fold's accounts are ranked against another's."""
    folds = [decile_table(fold["y_true"], fold["y_pred"], seed) for _, fold in rows.groupby("fold")]
    if not folds:
        return pd.DataFrame(columns=["accounts", "predicted", "actual"]).rename_axis("decile")
    table = pd.concat(folds)
    table = table.assign(total_forecast=table["mean_forecast"] * table["accounts"])
    sums = table.groupby("decile")[["accounts", "total_forecast", "total_truth"]].sum()
    return pd.DataFrame(
        {
            "accounts": sums["accounts"],
            "predicted": sums["total_forecast"] / sums["accounts"],
            "actual": sums["total_truth"] / sums["accounts"],
        }
    )
