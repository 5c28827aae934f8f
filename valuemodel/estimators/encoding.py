"""From a table of features to the matrix that models read, by what `fit` has seen.

Why this way: LightGBM takes swapped or renamed numeric columns without a word and gives wrong
answers, and its own categories depend on pandas dtypes. So names, order and kinds are enforced here,
on every path, and models only ever see float64.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from sklearn.base import BaseEstimator, TransformerMixin

from valuemodel.estimators.state import Array
from valuemodel.exceptions import ModelRefused, UsageError

_MOST_BEFORE, _LEAST_NOW = 0.5, 0.9
_MORE_UNKNOWN = 0.05


class FeatureEncoder(TransformerMixin, BaseEstimator):  # type: ignore[no-untyped-call]
    """Numbers as float64, categories as codes of the levels seen in `fit`, in the order of `fit`.

    Parameters
    ----------
    max_levels : int
        How many levels of a category are kept, the most frequent first, ties by name.
    min_rows : int
        A level seen in fewer rows is rare: it is read as missing, as an unseen one is.

    Attributes
    ----------
    feature_names_in_ : list of str
        The columns, in order.
    levels_ : dict of str to list of str
        The levels of each category; a level's code is its place in the list.
    missing_ : dict of str to float
        The share of rows without a value, per column.
    unknown_ : dict of str to float
        The share of rows whose level is too rare to be kept, per category.

    Examples
    --------
    >>> X = pd.DataFrame({"orders": [3, 1, 2], "region": ["N", "S", "N"]})
    >>> encoder = FeatureEncoder(min_rows=1).fit(X)
    >>> other = pd.DataFrame({"region": ["S", "moon"], "orders": [5, 6], "note": ["a", "b"]})
    >>> encoder.transform(other)
    array([[ 5.,  1.],
           [ 6., nan]])
    """

    def __init__(self, max_levels: int = 40, min_rows: int = 20) -> None:
        self.max_levels = max_levels
        self.min_rows = min_rows

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Learn the columns, their kinds and the levels of categories.

        Raises
        ------
        UsageError
            If ``X`` is no DataFrame, or a column repeats or is neither number nor text.
        """
        del y
        names = _names(X)
        repeated = sorted({name for name in names if names.count(name) > 1})
        wrong = [
            n for n in names if n not in repeated and not _is_number(X[n]) and not _is_text(X[n])
        ]
        if repeated or wrong:
            problem = "features must be numbers or text, each column once"
            raise UsageError(problem, received=f"repeated: {repeated}, other kinds: {wrong}")
        self.feature_names_in_ = names
        self.levels_ = {n: self._levels(X[n]) for n in names if not _is_number(X[n])}
        self.missing_ = {n: float(X[n].isna().mean()) if len(X) else 0.0 for n in names}
        self.unknown_ = self.unknown(X)
        return self

    def newly_missing(self, X: pd.DataFrame) -> list[str]:
        """Name the columns that had values in `fit` and have next to none now.

        A source that has silently dried up looks like this: at least nine rows in ten without a
        value, where at the most every second was without one.

        Examples
        --------
        >>> encoder = FeatureEncoder().fit(pd.DataFrame({"employees": [10.0, 20.0]}))
        >>> encoder.newly_missing(pd.DataFrame({"employees": [np.nan, np.nan]}))
        ['employees']
        """
        known = [name for name, share in self.missing_.items() if share <= _MOST_BEFORE]
        return [n for n in known if len(X) and float(X[n].isna().mean()) >= _LEAST_NOW]

    def unknown(self, X: pd.DataFrame) -> dict[str, float]:
        """Return the share of rows whose level was not learned, per category; they count as missing.

        Examples
        --------
        >>> encoder = FeatureEncoder(min_rows=1).fit(pd.DataFrame({"region": ["N", "S"]}))
        >>> encoder.unknown(pd.DataFrame({"region": ["N", "moon", None, "S"]}))
        {'region': 0.25}
        """
        return {
            name: float((X[name].notna() & np.isnan(_codes(X[name], levels))).mean())
            for name, levels in self.levels_.items()
            if len(X)
        }

    def newly_unknown(self, X: pd.DataFrame) -> dict[str, float]:
        """Return the categories, with their shares, that hold many more unlearned levels than in `fit`.

        A source whose codes were renamed looks like this: at least five rows in a hundred more.
        """
        now = self.unknown(X)
        return {
            n: share for n, share in now.items() if share >= self.unknown_.get(n, 0) + _MORE_UNKNOWN
        }

    def _levels(self, column: pd.Series[Any]) -> list[str]:
        counts = column.dropna().astype(str).value_counts()
        kept = [
            (-int(count), str(level)) for level, count in counts.items() if count >= self.min_rows
        ]
        return [level for _, level in sorted(kept)[: self.max_levels]]

    def transform(self, X: pd.DataFrame) -> Array:
        """Encode a table; its columns may lie in any order, others are left aside.

        Returns
        -------
        ndarray of shape (n, p)
            float64, row by row in memory, columns in the order of `fit`.

        Raises
        ------
        UsageError
            If ``X`` is no DataFrame.
        ModelRefused
            If a column is missing, repeated, infinite or of another kind than in `fit`.
        """
        self._check(X)
        names = self.feature_names_in_
        if not self.levels_:
            matrix = X[names].to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            matrix = np.empty((len(X), len(names)))
            numbers = [n for n in names if n not in self.levels_]
            places = [j for j, n in enumerate(names) if n not in self.levels_]
            matrix[:, places] = X[numbers].to_numpy(dtype=np.float64, na_value=np.nan)
            for place, name in enumerate(names):
                if name in self.levels_:
                    matrix[:, place] = _codes(X[name], self.levels_[name])
        matrix = np.ascontiguousarray(matrix)
        self._refuse_infinite(matrix)
        return matrix

    @property
    def categorical(self) -> list[int]:
        """The places of categories among the columns."""
        return [j for j, name in enumerate(self.feature_names_in_) if name in self.levels_]

    @property
    def kinds(self) -> dict[str, str]:
        """Each feature's kind, "number" or "category", in order."""
        known = self.levels_
        return {name: "category" if name in known else "number" for name in self.feature_names_in_}

    def _check(self, X: pd.DataFrame) -> None:
        given = _names(X)
        names = self.feature_names_in_
        mistakes = [f"{n}: missing" for n in names if n not in given]
        mistakes += [f"{n}: given more than once" for n in names if given.count(n) > 1]
        once = [n for n in names if given.count(n) == 1]
        for name in once:
            if name in self.levels_ and not _is_text(X[name]):
                mistakes.append(f"{name}: {X[name].dtype}, but a category was learned")
            if name not in self.levels_ and not _is_number(X[name]):
                mistakes.append(f"{name}: {X[name].dtype}, but a number was learned")
        if mistakes:
            problem = "the features are not those that the model has learned from"
            hint = "build them with the same settings, or train a new model"
            raise ModelRefused(
                problem, received=f"{len(given)} columns", hint=hint, details=mistakes
            )

    def _refuse_infinite(self, matrix: Array) -> None:
        infinite = np.flatnonzero(np.isinf(matrix).any(axis=0))
        if len(infinite):
            names = [self.feature_names_in_[place] for place in infinite]
            problem = "features must be finite numbers or missing"
            raise ModelRefused(problem, received=f"infinite values in {', '.join(names)}")

    def to_json(self) -> dict[str, Any]:
        """Return what was learned, as plain data."""
        return {
            "max_levels": self.max_levels,
            "min_rows": self.min_rows,
            "features": self.feature_names_in_,
            "levels": self.levels_,
            "missing": self.missing_,
            "unknown": self.unknown_,
        }

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> FeatureEncoder:
        """Rebuild an encoder from `to_json`."""
        encoder = cls(max_levels=json["max_levels"], min_rows=json["min_rows"])
        encoder.feature_names_in_ = list(json["features"])
        encoder.levels_ = {name: list(levels) for name, levels in json["levels"].items()}
        encoder.missing_ = {name: float(share) for name, share in json["missing"].items()}
        learned = json.get("unknown", {})  # not in models of before
        encoder.unknown_ = {name: float(share) for name, share in learned.items()}
        return encoder


def _names(X: object) -> list[str]:
    if not isinstance(X, pd.DataFrame):
        problem = "features must come as a DataFrame, so that columns have names"
        raise UsageError(problem, received=type(X).__name__)
    return [str(name) for name in X.columns]


def _is_number(column: pd.Series[Any]) -> bool:
    return bool(is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype))


def _is_text(column: pd.Series[Any]) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    return isinstance(column.dtype, pd.StringDtype) or column.dtype == object


def _codes(column: pd.Series[Any], levels: list[str]) -> Array:
    codes = pd.Index(levels, dtype="str").get_indexer(pd.Index(column.astype("str")))
    return np.where(codes < 0, np.nan, codes.astype(np.float64))
