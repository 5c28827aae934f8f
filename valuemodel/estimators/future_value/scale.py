"""The scale of an account: what its past values alone let expect, the start for the trees.

Why this way: trees cannot extrapolate, and account books span five orders of magnitude. Trees that
start at log(scale) learn *how much more or less than its past* an account will bring, so the
largest account is predicted at its own size and not at that of its leaf. Where values persist, as
in steady business with businesses, past value is very hard to beat and the weights come out near 1;
where they do not, they shrink towards 0 and the scale towards the mean of all. So nobody has to
choose between trusting the past and ignoring it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from valuemodel.estimators.state import Array

_POWER = 1.5  # variance grows with the mean to this power, between counts (1) and gamma (2)
_RIDGE = 1e-3
_STEPS = 50


@dataclass(frozen=True)
class Scale:
    """``log(scale) = level + sum of weight x (log(floor + max(column, 0)) - center)``.

    Parameters
    ----------
    places : tuple of int
        Columns of the encoded matrix, in money.
    weights, center : tuple of float
        Elasticity of each column, and the mean of its logarithm over the rows learned from.
    floors : tuple of float
        Money added to each column before the logarithm: its own smallest usual value. A missing
        value counts as 0.
    level : float
        log(scale) of an account at the center.

    Examples
    --------
    >>> scale = Scale(places=(0,), weights=(1.0,), center=(0.0,), floors=(1.0,), level=0.0)
    >>> np.exp(scale.log(np.array([[99.0], [np.nan]]))).round(6)
    array([100.,   1.])
    """

    places: tuple[int, ...]
    weights: tuple[float, ...]
    center: tuple[float, ...]
    floors: tuple[float, ...]
    level: float

    @classmethod
    def learn(cls, matrix: Array, target: Array, places: list[int]) -> Scale:
        """Fit a generalised linear model with log link to positive targets.

        References
        ----------
        McCullagh and Nelder, Generalized Linear Models, 1989, ch. 2 (iterated least squares).
        """
        floors = _usual_smallest(matrix[:, places])
        logs = _logs(matrix, places, floors)
        center, spread = logs.mean(axis=0), logs.std(axis=0)
        varies = spread > 1e-9
        standard = np.where(varies, (logs - center) / np.where(varies, spread, 1.0), 0.0)
        level, slopes = _fit_log_linear(standard, target)
        weights = np.where(varies, slopes / np.where(varies, spread, 1.0), 0.0)
        return cls(
            tuple(places),
            tuple(float(w) for w in weights),
            tuple(float(c) for c in center),
            floors,
            level,
        )

    def log(self, matrix: Array) -> Array:
        """Return each row's log(scale), shape (n,)."""
        logs = _logs(matrix, list(self.places), self.floors)
        found = np.full(len(matrix), self.level)
        for j, (center, weight) in enumerate(zip(self.center, self.weights, strict=True)):
            found += weight * (
                logs[:, j] - center
            )  # one by one: chunks give the bytes of the whole
        return found

    def contributions(self, matrix: Array) -> Array:
        """Return each feature's part of log(scale), shape (n, p + 1); last that of the center."""
        logs = _logs(matrix, list(self.places), self.floors)
        parts = np.zeros((len(matrix), matrix.shape[1] + 1))
        parts[:, list(self.places)] = (logs - np.array(self.center)) * np.array(self.weights)
        parts[:, -1] = self.level
        return parts

    def to_json(self) -> dict[str, Any]:
        """Return the scale as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, json: dict[str, Any]) -> Scale:
        """Rebuild a scale from `to_json`."""
        return cls(
            places=tuple(json["places"]),
            weights=tuple(json["weights"]),
            center=tuple(json["center"]),
            floors=tuple(json["floors"]),
            level=json["level"],
        )


def scale_places(names: list[str], patterns: tuple[str, ...], numbers: set[str]) -> list[int]:
    """Return the places of the numeric columns that match any of the patterns.

    Examples
    --------
    >>> scale_places(
    ...     ["orders_3m", "past_value_3m"], ("past_value_*",), {"orders_3m", "past_value_3m"}
    ... )
    [1]
    """
    return [
        j
        for j, name in enumerate(names)
        if name in numbers and any(fnmatchcase(name, pattern) for pattern in patterns)
    ]


def _logs(matrix: Array, places: list[int], floors: tuple[float, ...]) -> Array:
    past = np.maximum(np.nan_to_num(matrix[:, places], nan=0.0), 0.0)
    logs: Array = np.log(past + np.array(floors))
    return logs


def _usual_smallest(columns: Array) -> tuple[float, ...]:
    """Return the 5 % quantile of each column's positive values, 1 where it has none."""
    positive = [column[column > 0] for column in columns.T]
    return tuple(float(np.quantile(some, 0.05)) if len(some) else 1.0 for some in positive)


def _fit_log_linear(standard: Array, target: Array) -> tuple[float, Array]:
    """Iterate weighted least squares with a small ridge on the slopes; shapes (n, k) and (n,)."""
    unit = float(target.mean())
    relative = target / unit
    design = np.column_stack([np.ones(len(relative)), standard])
    penalty = np.full(design.shape[1], _RIDGE * len(relative))
    penalty[0] = 0.0
    beta = np.zeros(design.shape[1])
    score = np.zeros(len(relative))
    for _ in range(_STEPS):
        mean = np.exp(score)
        weight = mean ** (2.0 - _POWER)
        working = score + (relative - mean) / mean
        # einsum sums in one order whatever the number of threads; BLAS does not
        gram = np.einsum("ni,n,nj->ij", design, weight, design) + np.diag(penalty)
        found = np.linalg.solve(gram, np.einsum("ni,n->i", design, weight * working))
        change = float(np.abs(found - beta).max())
        beta = beta + (found - beta) * min(1.0, 1.0 / max(change, 1e-12))
        score = np.clip(np.einsum("ni,i->n", design, beta), -20.0, 20.0)
        if change < 1e-9:
            break
    return float(beta[0] + np.log(unit)), beta[1:]
