"""The score that accounts are ranked by, and the parts it is made of.

The score is the predicted value at the tier horizon: potential in money, nothing else. The other
parts of the composite score (revenue, demonstration effect, winnability) are null columns here, so
that readers of the table need not change when a policy weighs them in.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.periods import Horizon

_OF_CHAMPION = "previous_champion_value_"
_NOT_HORIZONS = ("_low", "_high", "_q05", "_q25", "_q50", "_q75", "_q95")

SCORE_COLUMNS = (
    "score",
    "score_revenue",
    "score_potential",
    "score_demonstration",
    "score_winnability",
)


def tier_horizon(predictions: pd.DataFrame) -> Horizon:
    """Return the horizon that a stored predictions table is tiered on.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Stored predictions, with one ``value_<h>`` column per horizon.

    Returns
    -------
    Horizon
        The one horizon with a ``previous_champion_value_<h>`` column (the contract keeps it for the
        tier horizon only), or else the longest horizon that has a prediction.

    Examples
    --------
    >>> tier_horizon(pd.DataFrame(columns=["value_3m", "value_1y", "value_1y_low"])).label
    '1y'
    """
    names = [str(name) for name in predictions.columns]
    of_champion = [name for name in names if name.startswith(_OF_CHAMPION)]
    if len(of_champion) == 1:
        return Horizon.parse(of_champion[0].removeprefix(_OF_CHAMPION))
    values = [name for name in names if name.startswith("value_")]
    labels = [n.removeprefix("value_") for n in values if not n.endswith(_NOT_HORIZONS)]
    if not labels:
        problem = "the predictions have no value_<horizon> column, so there is nothing to tier by"
        raise UsageError(problem, received=", ".join(names), hint="score the accounts first")
    return max(Horizon.parse(label) for label in labels)


def score_accounts(predictions: pd.DataFrame, horizon: Horizon) -> pd.DataFrame:
    """Score each account by its predicted value at the tier horizon.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Stored predictions, one row per account.
    horizon : Horizon
        The tier horizon; its ``value_<h>`` is in the project's currency.

    Returns
    -------
    pandas.DataFrame
        Columns `SCORE_COLUMNS`, on the index of ``predictions``; NaN where there is no prediction
        or a part does not exist.

    Raises
    ------
    DataRefused
        If a prediction is infinite.

    Examples
    --------
    >>> score_accounts(pd.DataFrame({"value_1y": [120.0, -3.0]}), Horizon.parse("1y"))["score"]
    0    120.0
    1     -3.0
    Name: score, dtype: float64
    """
    value = money(predictions, f"value_{horizon.label}")
    parts = dict.fromkeys(SCORE_COLUMNS, np.nan) | {"score": value, "score_potential": value}
    return pd.DataFrame(parts, index=predictions.index)


def money(table: pd.DataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Take a money column of a stored table as finite float64, NaN where nothing is known."""
    if column not in table.columns:
        problem = f"the stored predictions have no column {column!r}"
        received = ", ".join(str(name) for name in table.columns)
        raise UsageError(problem, received=received, hint="score again with this horizon")
    values = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        problem = f"{column} is infinite for {int(np.isinf(values).sum())} accounts"
        raise DataRefused(problem, hint="look at the amounts of these accounts, then score again")
    return values
