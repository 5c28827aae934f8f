"""Distinct rows with weights: what a likelihood needs of millions of customers.

Why this way: customers who did the same are the same to the likelihood, so it is computed once for all
of them. On a grid of days two million customers are some hundred thousand distinct rows; the result
is exact, not a sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.estimators.state import Array


@dataclass(frozen=True)
class DistinctRows:
    """The distinct rows of a table.

    Parameters
    ----------
    columns : tuple of ndarray of shape (m,)
        Each column, reduced to the distinct rows, in the order of their first appearance.
    weights : ndarray of shape (m,)
        The weight of each distinct row: how many rows, or the sum of theirs.
    place : ndarray of int, shape (n,)
        The distinct row of each row.
    """

    columns: tuple[Array, ...]
    weights: Array
    place: NDArray[np.intp]

    def expand(self, values: Array) -> Array:
        """Give every row the value of its distinct row."""
        found: Array = values[self.place]
        return found


def distinct_rows(columns: tuple[Array, ...], weights: Array | None = None) -> DistinctRows:
    """Reduce a table to its distinct rows.

    Examples
    --------
    >>> rows = distinct_rows((np.array([1.0, 2.0, 1.0]), np.array([0.0, 5.0, 0.0])))
    >>> rows.columns, rows.weights, rows.place
    ((array([1., 2.]), array([0., 5.])), array([2., 1.]), array([0, 1, 0]))
    """
    place, count = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        codes, values = pd.factorize(column)
        place, found = pd.factorize(place * len(values) + codes)
        count = len(found)
    first = np.zeros(count, dtype=np.int64)
    first[place[::-1]] = np.arange(len(place))[::-1]
    return DistinctRows(
        tuple(column[first] for column in columns),
        np.bincount(place, weights=weights, minlength=count).astype(np.float64),
        place,
    )
