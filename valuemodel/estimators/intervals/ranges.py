"""The intervals of all horizons of a model, and of sums of its accounts.

Why this way: an interval needs nothing but the prediction that it belongs to, so ranges are made from
predictions that are there already, after the horizons were made to agree, and a book is predicted
once. A horizon that a baseline speaks for has learned no residuals: its ranges are missing, and it
never borrows those of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.estimators.horizons import rising
from valuemodel.estimators.intervals.conformal import ConformalIntervals
from valuemodel.estimators.state import Array

#: The tag of accounts whose prediction is beyond all that the intervals were learned from.
OUTSIDE_RANGE = "outside_range"

QUANTILES: Mapping[str, float] = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
BOUNDS = ("low", "high")

GROUP_COLUMNS = ("group", "name", "accounts", "value", "low", "high")
#: The group and the name of the whole book.
ALL = "all"


@dataclass(frozen=True)
class Ranges:
    """What is known of the errors of each horizon's value.

    Parameters
    ----------
    known : mapping of str to ConformalIntervals
        Per horizon label; horizons without out-of-time residuals are not in it.
    """

    known: Mapping[str, ConformalIntervals] = field(default_factory=dict)

    def columns(self, predicted: pd.DataFrame, coverage: float) -> pd.DataFrame:
        """Return bounds and quantiles of predicted values.

        Parameters
        ----------
        predicted : DataFrame
            Columns ``value_<h>``, in money; others are left alone.
        coverage : float
            Which share of accounts shall lie between low and high.

        Returns
        -------
        DataFrame
            For each ``value_<h>``, the columns ``value_<h>_low``, ``_high`` and ``_q05`` to
            ``_q95``; missing where nothing is known. A value is never outside its own interval, and
            positive bounds of longer horizons are never below those of shorter ones.
        """
        values = {
            str(name).removeprefix("value_"): predicted[name].to_numpy("float64")
            for name in predicted
            if str(name).startswith("value_")
        }
        found = self._ranges({h: v for h, v in values.items() if h in self.known}, coverage)
        absent = np.full(len(predicted), np.nan)
        return pd.DataFrame(
            {
                f"value_{label}_{part}": found[part].get(label, absent)
                for label in values
                for part in (*BOUNDS, *QUANTILES)
            },
            index=predicted.index,
        )

    def _ranges(self, values: Mapping[str, Array], coverage: float) -> dict[str, dict[str, Array]]:
        """Return bounds and quantiles, per part and horizon, agreeing over the horizons."""
        found: dict[str, dict[str, Array]] = {part: {} for part in (*BOUNDS, *QUANTILES)}
        for label, value in values.items():
            intervals = self.known[label]
            bounds = intervals.interval(value, coverage)
            quantiles = intervals.quantiles(value, tuple(QUANTILES.values()))
            for part, each in zip(found, (*bounds, *quantiles), strict=True):
                found[part][label] = each
        agreed = {part: rising(each) for part, each in found.items()}
        agreed["low"] = {h: np.minimum(each, values[h]) for h, each in agreed["low"].items()}
        agreed["high"] = {h: np.maximum(each, values[h]) for h, each in agreed["high"].items()}
        return agreed

    def outside(self, predicted: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which rows have a value, of any horizon, beyond those that were learned from."""
        found = np.zeros(len(predicted), dtype=np.bool_)
        for label, intervals in self.known.items():
            if f"value_{label}" in predicted:
                found |= intervals.outside(predicted[f"value_{label}"].to_numpy("float64"))
        return found

    def sums(
        self, predicted: pd.DataFrame, groups: pd.DataFrame, *, horizon: str, coverage: float
    ) -> pd.DataFrame:
        """Return what groups of accounts will bring together, and how sure that is.

        Parameters
        ----------
        predicted : DataFrame of shape (n, .)
            ``value_<h>`` and ``value_<h>_low``. Accounts without bounds are added with their value,
            as if that were certain.
        groups : DataFrame of shape (n, g)
            One column per way to group, such as tier, industry or owner, rows as in ``predicted``;
            an account whose name is missing is in no group of that column.
        horizon : str
            The label of the horizon.
        coverage : float
            Which share of sums shall lie between low and high.

        Returns
        -------
        DataFrame
            `GROUP_COLUMNS`: the whole book first (``all``), then each column's groups by name;
            low and high are missing where nothing is known.
        """
        value = predicted[f"value_{horizon}"].to_numpy("float64")
        bounded = predicted[f"value_{horizon}_low"].notna().to_numpy()
        rows = [(ALL, ALL, np.arange(len(value)))]
        for column in map(str, groups):
            known = groups[column].reset_index(drop=True).dropna().astype("str")
            rows += [(column, str(name), at.index.to_numpy()) for name, at in known.groupby(known)]
        table = [
            (
                *(group, name, len(at), float(value[at].sum())),
                *self._sum(value[at], bounded[at], horizon, coverage),
            )
            for group, name, at in rows
        ]
        kinds = {"group": "str", "name": "str", "accounts": "int64"}
        found = pd.DataFrame(table, columns=list(GROUP_COLUMNS))
        return found.astype(kinds | dict.fromkeys(("value", "low", "high"), "float64"))

    def _sum(
        self, value: Array, bounded: npt.NDArray[np.bool_], horizon: str, coverage: float
    ) -> tuple[float, float]:
        if horizon not in self.known:
            return float("nan"), float("nan")
        certain = float(value[~bounded].sum())
        low, high = self.known[horizon].total(value[bounded], coverage)
        whole = float(value.sum())
        return min(low + certain, whole), max(high + certain, whole)
