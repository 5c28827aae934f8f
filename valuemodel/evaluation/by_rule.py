"""Churn figures for each rule apart: accounts under contract, and those judged by inactivity.

Why this way: both rules fill one column, and a book may lose few contracts and many buyers. One figure
over both would show how well the two kinds are told apart, which everybody knows without a model.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from valuemodel.metrics.churn import auc, brier, log_loss

RULE_COLUMNS = ["horizon", "rule", "model", "rows", "share", "auc", "log_loss", "brier"]

_METRICS = {"auc": auc, "log_loss": log_loss, "brier": brier}
_WORDS = {"contract": "that lapsed", "inactivity": "that bought nothing"}


def rule_metrics(table: pd.DataFrame) -> pd.DataFrame:
    """Compute churn figures per horizon, rule and model, averaged over folds.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.

    Returns
    -------
    pandas.DataFrame
        `RULE_COLUMNS`; ``rows`` is summed over folds, ``share`` is that of churners.

    Examples
    --------
    >>> one = {"target": "churn", "horizon": "6m", "rule": "contract", "model": "m", "fold": 0}
    >>> table = pd.DataFrame({"y_true": [1.0, 0.0], "y_pred": [0.9, 0.2]}).assign(**one)
    >>> rule_metrics(table)[["rows", "share", "auc"]].to_dict("records")
    [{'rows': 2, 'share': 0.5, 'auc': 1.0}]
    """
    churn = table[table["target"] == "churn"]
    rows = []
    for names, part in churn.groupby(["horizon", "rule", "model"], sort=True):
        folds = [fold for _, fold in part.groupby("fold")]
        figures = [
            pd.Series([metric(fold["y_true"], fold["y_pred"]) for fold in folds]).mean()
            for metric in _METRICS.values()
        ]
        rows.append((*names, len(part), float(part["y_true"].mean()), *map(float, figures)))
    return pd.DataFrame(rows, columns=RULE_COLUMNS)


def rule_lines(figures: pd.DataFrame, horizon: str, model: str, baseline: str) -> Iterator[str]:
    """Say the figures of one horizon, the model's beside the baseline's, where there are contracts.

    Examples
    --------
    >>> rows = [["6m", "contract", name, 900, 0.1, 0.7, 0.3, 0.1] for name in ("m", "past_value")]
    >>> print(*rule_lines(pd.DataFrame(rows, columns=RULE_COLUMNS), "6m", "m", "past_value"))
    churn by contract, 6m: 900 rows, 10.0% that lapsed; AUC 0.700 (past_value 0.700),
    log loss 0.300 (0.300)
    """
    chosen = figures[figures["horizon"] == horizon]
    if "contract" not in set(chosen["rule"]):
        return
    by_model = chosen.set_index(["rule", "model"])
    for rule in sorted(set(chosen["rule"])):
        ours, theirs = by_model.loc[(rule, model)], by_model.loc[(rule, baseline)]
        yield (
            f"churn by {rule}, {horizon}: {int(ours['rows']):,} rows, "
            f"{ours['share']:.1%} {_WORDS[rule]}; "
            f"AUC {ours['auc']:.3f} ({baseline} {theirs['auc']:.3f}), "
            f"log loss {ours['log_loss']:.3f} ({theirs['log_loss']:.3f})"
        )
