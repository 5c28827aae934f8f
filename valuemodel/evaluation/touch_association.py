"""Whether accounts that were contacted more grew more: an association, no effect (S48).

Accounts that brought something in the past window are put into bands by how often they were contacted in
the window that is judged. An account *expanded* if it brought more than its past value by the margin.
Each band has the share that did, with a 95 % interval (Wilson's), over all accounts and within thirds of
past value at each cutoff, so that large accounts, which are contacted more, do not fake it.

The contacts are those *in* the window, the same in which the value came. So people may have called because
the account was growing, and a large order brings calls of its own; and who is contacted was chosen by
people who saw what no table holds.

Why this way: whether those who look after accounts also sell is asked in every company, and the honest
answer of observational data is that the two go together or not. Only an experiment tells more. One account
at two cutoffs counts twice, so the intervals are somewhat too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.evaluation.policy_baselines import value_folds
from valuemodel.metrics.arrays import FloatArray, IntArray, ratio
from valuemodel.metrics.proportions import wilson
from valuemodel.periods import Horizon

BANDS = ("0", "1-2", "3-5", "6+")
"""Contacts of an account in the window."""

SIZES = ("all", "small", "middle", "large")
"""All accounts, and thirds of past value."""

TOUCH_TYPES = {
    "size": "str",
    "contacts": "str",
    "accounts": "int64",
    "expanded": "float64",
    "low": "float64",
    "high": "float64",
    "margin": "float64",
}
"""The columns of the table, in order, with their pandas types."""

_FROM = np.array([1, 3, 6])
_NO_CAUSE = "this does not show that contacts cause it"


def touch_association(
    table: pd.DataFrame,
    effort: pd.DataFrame | None,
    *,
    baseline: str,
    horizon: Horizon,
    margin: float = 0.20,
) -> pd.DataFrame:
    """Say by bands of contacts which share of accounts brought more than before.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    effort : pandas.DataFrame or None
        The contacts in the windows that were judged: see `valuemodel.evaluation.effort.effort`. An
        account without a row had none.
    baseline : str
        The model whose prediction is past value.
    horizon : Horizon
        The tier horizon, of which the contacts are too.
    margin : float
        By how much an account must exceed its past value to have expanded.

    Returns
    -------
    pandas.DataFrame
        `TOUCH_TYPES`: a row for each of the `SIZES` and `BANDS`. ``accounts`` are those of all cutoffs
        with a past value above 0, ``expanded`` the share of them that brought more by the margin, with
        its interval ``low`` to ``high``; missing where a band holds nobody. No row where nothing was
        judged or the book has no interactions.

    Raises
    ------
    UsageError
        If the table does not hold the baseline on that horizon.

    Examples
    --------
    >>> at = pd.Timestamp("2020-01-01")
    >>> rows = {"fold": 0, "cutoff": at, "account_id": list("abc"), "target": "value"}
    >>> rows |= {"horizon": "1y", "model": "past_value"}
    >>> table = pd.DataFrame(rows | {"y_true": [15.0, 20.0, 9.0], "y_pred": [10.0, 20.0, 0.0]})
    >>> effort = pd.DataFrame({"cutoff": at, "account_id": ["a"], "contacts": [7]})
    >>> found = touch_association(
    ...     table, effort, baseline="past_value", horizon=Horizon.parse("1 year")
    ... )
    >>> found.loc[found["size"] == "all", ["contacts", "accounts", "expanded"]]
      contacts  accounts  expanded
    0        0         1       0.0
    1      1-2         0       NaN
    2      3-5         0       NaN
    3       6+         1       1.0
    """
    if effort is None or table.empty:
        return pd.DataFrame(columns=list(TOUCH_TYPES)).astype(TOUCH_TYPES)
    accounts, expanded = np.zeros((2, len(SIZES), len(BANDS)))
    for fold in value_folds(table, [baseline], horizon):
        past = fold.forecasts[baseline]
        bought = past > 0.0
        counts = effort[effort["cutoff"] == fold.cutoff].groupby("account_id")["contacts"].sum()
        contacts = counts.reindex(fold.accounts).fillna(0).to_numpy(np.float64)[bought]
        grew = fold.truth[bought] > (1.0 + margin) * past[bought]
        band = np.searchsorted(_FROM, contacts, side="right")
        cell = _third(past[bought]) * len(BANDS) + band
        for found, weight in ((accounts, np.ones(len(cell))), (expanded, grew.astype(np.float64))):
            found[1:] += np.bincount(cell, weight, minlength=found[1:].size).reshape(-1, len(BANDS))
    for found in (accounts, expanded):
        found[0] = found[1:].sum(axis=0)
    count = accounts.ravel()
    share = ratio(expanded.ravel(), count)
    low, high = wilson(share, count)
    columns = {
        "size": np.repeat(SIZES, len(BANDS)),
        "contacts": np.tile(BANDS, len(SIZES)),
        "accounts": count,
        "expanded": share,
        "low": low,
        "high": high,
        "margin": margin,
    }
    return pd.DataFrame(columns).astype(TOUCH_TYPES)


def touch_lines(found: pd.DataFrame) -> Iterator[str]:
    """Say whether contacts and growth go together among accounts of one size, and what that does not show.

    In a third of past value they do where the intervals of the outermost bands lie apart.

    Parameters
    ----------
    found : pandas.DataFrame
        From `touch_association`.

    Examples
    --------
    >>> rows = [("all", "0", 400, 0.18, 0.15, 0.22, 0.2), ("all", "6+", 300, 0.31, 0.26, 0.36, 0.2)]
    >>> rows += [
    ...     ("small", "0", 390, 0.18, 0.15, 0.22, 0.2),
    ...     ("small", "6+", 9, 0.33, 0.12, 0.65, 0.2),
    ... ]
    >>> print(*touch_lines(pd.DataFrame(rows, columns=list(TOUCH_TYPES))), sep=chr(10))
    of accounts with 6+ contacts in the window, 31.0 % brought over 20 % more than before (26.0 % to
    36.0 %), of those with 0 contacts 18.0 % (15.0 % to 22.0 %)
    the same within thirds of past value: small 33.0 % (of 9) and 18.0 % (of 390): no difference beyond
    chance; this does not show that contacts do nothing
    """
    there = found[found["accounts"] > 0]
    every = there[there["size"] == "all"]
    if len(every) < 2:
        return
    few, many = every.iloc[0], every.iloc[-1]
    yield (
        f"of accounts with {many['contacts']} contacts in the window, {_percent(many['expanded'])} "
        f"brought over {100 * many['margin']:g} % more than before ({_percent(many['low'])} to "
        f"{_percent(many['high'])}), of those with {few['contacts']} contacts "
        f"{_percent(few['expanded'])} ({_percent(few['low'])} to {_percent(few['high'])})"
    )
    ends = there[there["contacts"].isin([few["contacts"], many["contacts"]])]
    thirds = {
        size: (part.iloc[-1], part.iloc[0])
        for size in SIZES[1:]
        if len(part := ends[ends["size"] == size]) == 2
    }
    if not thirds:
        yield "no third of past value has accounts with both, so that size may explain all of it"
        return
    told = "; ".join(
        f"{size} {_counted(one)} and {_counted(other)}" for size, (one, other) in thirds.items()
    )
    yield f"the same within thirds of past value: {told}: {_verdict(list(thirds.values()))}"


def _third(past: FloatArray) -> IntArray:
    """Return in which third of past value each account lies; equal values lie in the same."""
    if not len(past):
        return np.empty(0, dtype=np.int64)
    edges = np.quantile(past, [1 / 3, 2 / 3])
    return np.searchsorted(edges, past, side="left").astype(np.int64)


def _verdict(thirds: Sequence[tuple[pd.Series[Any], pd.Series[Any]]]) -> str:
    more = sum(many["low"] > few["high"] for many, few in thirds)
    less = sum(many["high"] < few["low"] for many, few in thirds)
    of = f"in {{}} of {len(thirds)}"
    if more and less:
        return f"contacts go together with growth {of.format(more)} and with less {of.format(less)}; {_NO_CAUSE}"
    if more or less:
        what = "growth goes" if more else "less growth goes"
        return f"{what} together with contacts {of.format(more or less)}; {_NO_CAUSE}"
    return "no difference beyond chance; this does not show that contacts do nothing"


def _counted(row: pd.Series[Any]) -> str:
    return f"{_percent(row['expanded'])} (of {int(row['accounts']):,})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
