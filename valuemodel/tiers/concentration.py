"""How much of the value few accounts bring: on history, and on prediction (S50).

Why this way: "80 % from 20 %" is a saying; what this book has is a figure. It stands beside the cuts so that
a share of value and a share of accounts that cannot both be had are seen before they are asked for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd


def concentration(frame: pd.DataFrame, top: float = 0.2) -> pd.DataFrame:
    """Measure the concentration of past and of predicted value.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    top : float
        The top share of accounts whose share of value is told.

    Returns
    -------
    pandas.DataFrame
        One row for ``past`` and one for ``predicted``: ``value, accounts, top_share, share_of_top, gini``;
        only positive value counts, and the last two are missing where there is none.

    Examples
    --------
    >>> frame = pd.DataFrame({"past": [50.0, 30.0, 20.0, 0.0, 0.0], "value": [90.0, 5, 5, 0, 0]})
    >>> concentration(frame)[["value", "share_of_top"]].values.tolist()
    [['past', 0.5], ['predicted', 0.9]]
    """
    values = {"past": frame["past"], "predicted": frame["value"]}
    found = {name: column.to_numpy(dtype=np.float64) for name, column in values.items()}
    return pd.DataFrame(
        {
            "value": list(found),
            "accounts": len(frame),
            "top_share": top,
            "share_of_top": [share_of_top(amounts, top) for amounts in found.values()],
            "gini": [gini(amounts) for amounts in found.values()],
        }
    )


def share_of_top(values: npt.NDArray[np.float64], part: float = 0.2) -> float:
    """Return the share of all positive value that the top part of the accounts brings.

    Examples
    --------
    >>> share_of_top(np.array([80.0, 10.0, 5.0, 5.0, 0.0]))
    0.8
    """
    positive = np.sort(np.where(values > 0.0, values, 0.0))[::-1]
    total = positive.sum()
    return float(positive[: round(part * len(positive))].sum() / total) if total else float("nan")


def gini(values: npt.NDArray[np.float64]) -> float:
    """Return the Gini coefficient of positive value over accounts: 0 all equal, near 1 one has all.

    Examples
    --------
    >>> gini(np.array([1.0, 1.0, 1.0])), gini(np.array([0.0, 0.0, 0.0, 1.0]))
    (0.0, 0.75)
    """
    positive = np.sort(np.where(values > 0.0, values, 0.0))
    n, total = len(positive), positive.sum()
    if not total:
        return float("nan")
    weight = 2.0 * np.arange(1, n + 1) - n - 1.0
    return float((weight * positive).sum() / (n * total))
