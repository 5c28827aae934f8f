"""What is known of accounts that have not come yet: who has been seen before, and what first times brought.

Of an account without a visible row nothing is known but its profile. Two things are learned for it:
from how many accounts *before their first order* the model has learned, so that a profile may speak at
all; and what accounts brought in their **first window**, the horizon's time since they became known.
Quantiles of first windows are the interval of an account without history: the same for all of them,
and wide, since nobody knows yet which of them it will be like.

Why this way: the errors of accounts that are known say nothing of one that is not. Whoever is listed
and never comes brings nothing, and so can only make the upper bound too high, never too low; how many
those are cannot be counted from a list that holds only who is on it today. A first window is what the
features tell of the past, so no label is needed and nothing is seen before its time. Accounts that had
a history before the file began look new at its start, and make the interval wider still.

References
----------
Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005 (the rule of n + 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.estimators.churn_rules import UNDER_CONTRACT, Mask
from valuemodel.estimators.intervals.conformal import ConformalIntervals
from valuemodel.estimators.intervals.ranges import BOUNDS, Ranges
from valuemodel.estimators.state import Array
from valuemodel.periods import Horizon

#: So many accounts must have been seen before their first order for profiles to tell of others.
FEWEST_NEWCOMERS = 30
#: How long an account is known, the feature that first windows are found by.
AGE = "account_age_days"

_WHOLE = 0.75  # a window that is so far over stands for a whole one


@dataclass(frozen=True)
class Newcomers:
    """What a model says of accounts without history.

    Parameters
    ----------
    seen : int
        How many rows of accounts before their first order it learned from.
    first_windows : Ranges
        What accounts brought in the first window since they became known, per horizon that enough
        of them have lived through.

    Examples
    --------
    >>> X = pd.DataFrame({AGE: [170.0] * 99, "past_value_6m": np.arange(99.0)})
    >>> new = Newcomers.learn(X, pd.Series([0.0] * 99), ["6m"])
    >>> new.columns(pd.DataFrame({"value_6m": [5.0]}), 0.80).round(0).to_dict("records")[0][
    ...     "value_6m_high"
    ... ]
    89.0
    """

    seen: int = 0
    first_windows: Ranges = field(default_factory=Ranges)

    @classmethod
    def learn(cls, X: pd.DataFrame, value: pd.Series[float], horizons: Iterable[str]) -> Newcomers:
        """Count who was seen before a first order, and keep what first windows brought.

        Parameters
        ----------
        X : DataFrame of shape (n, p)
            Features, one row per account and cutoff.
        value : Series of shape (n,)
            The label of the tier horizon; rows without one were not learned from.
        horizons : iterable of str
            Labels.
        """
        first = {label: _first_window(X, label) for label in horizons}
        found = {h: ConformalIntervals.learn(np.zeros(len(v)), v) for h, v in first.items()}
        known = {label: each for label, each in found.items() if each is not None}
        return cls(int((before_first_order(X) & value.notna().to_numpy()).sum()), Ranges(known))

    @property
    def profiles_tell(self) -> bool:
        """Whether enough were seen for a profile to say what may be expected."""
        return self.seen >= FEWEST_NEWCOMERS

    def columns(self, expected: pd.DataFrame, coverage: float) -> pd.DataFrame:
        """Return bounds and quantiles of accounts without history, as `Ranges.columns` does.

        Parameters
        ----------
        expected : DataFrame
            ``value_<h>`` in money: what is expected of each. It moves no quantile; a bound gives way
            to it, so that no value is outside its own interval.
        coverage : float
            Which share shall lie between low and high, at the least.
        """
        found = self.first_windows.columns(expected * 0.0, coverage)
        low, high = BOUNDS
        for name in map(str, expected):
            value = expected[name]
            found[f"{name}_{low}"] = found[f"{name}_{low}"].clip(upper=value)
            found[f"{name}_{high}"] = found[f"{name}_{high}"].clip(lower=value)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return what was learned as plain values."""
        known = self.first_windows.known
        return {"seen": self.seen, "first_windows": {h: one.to_json() for h, one in known.items()}}

    @classmethod
    def from_json(cls, json: Mapping[str, Any] | int) -> Newcomers:
        """Rebuild it from `to_json`; models of earlier versions stored the count alone."""
        if isinstance(json, int):
            return cls(json)
        known = {h: ConformalIntervals.from_json(one) for h, one in json["first_windows"].items()}
        return cls(json["seen"], Ranges(known))


def before_first_order(X: pd.DataFrame) -> Mask:
    """Return which rows are of accounts that are known, and have neither bought nor signed.

    Examples
    --------
    >>> before_first_order(pd.DataFrame({"recency_days": [3.0, np.nan]})).tolist()
    [False, True]
    """
    if "recency_days" not in X:
        return np.zeros(len(X), dtype=np.bool_)
    unseen: Mask = X["recency_days"].isna().to_numpy()
    if UNDER_CONTRACT in X:
        unseen = unseen & (X[UNDER_CONTRACT].to_numpy(dtype=np.float64, na_value=np.nan) != 1.0)
    return unseen


def _first_window(X: pd.DataFrame, label: str) -> Array:
    """Return what accounts had brought when their first window was over, or nearly."""
    brought = f"past_value_{label}"
    if AGE not in X or brought not in X:
        return np.empty(0)
    whole = Horizon.parse(label).days
    days, value = (X[name].to_numpy("float64", na_value=np.nan) for name in (AGE, brought))
    over = (days >= _WHOLE * whole) & (days <= whole) & ~np.isnan(value)
    found: Array = value[over]
    return found
