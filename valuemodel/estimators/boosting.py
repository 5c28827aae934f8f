"""LightGBM as this package uses it: deterministic, on an encoded matrix, as text.

Why this way: `deterministic` and `force_row_wise` with a seed give the same trees on one thread and
on many (without them a tweedie model differs), at no visible cost. Columns go in without names,
because the encoder enforces names and order before anything reaches a tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np
from pydantic import Field

from valuemodel.estimators.state import Array
from valuemodel.sections import Section


class TreeSettings(Section):
    """How trees are grown; ``[trees]`` of a definition.

    A leaf holds ``min_rows_per_leaf`` rows, or a twentieth of them in small books. ``rounds`` is the number of trees where there is not enough history to choose it out of time,
    ``max_rounds`` the most that may be chosen, ``patience`` how many trees without a gain end the
    choice.
    """

    learning_rate: float = Field(default=0.03, gt=0, le=1)
    num_leaves: int = Field(default=15, ge=2, le=1024)
    min_rows_per_leaf: int = Field(default=150, ge=1)
    feature_share: float = Field(default=0.7, gt=0, le=1)
    row_share: float = Field(default=0.8, gt=0, le=1)
    l2: float = Field(default=1.0, ge=0)
    rounds: int = Field(default=120, ge=1)
    max_rounds: int = Field(default=600, ge=1)
    patience: int = Field(default=40, ge=1)

    def within_bounds(self, rounds: int) -> int:
        """Return a number of trees not under half of the usual one: few cutoffs stop too early."""
        return max(rounds, self.rounds // 2)

    def parameters(self, objective: str, rows: int) -> dict[str, Any]:
        """Return LightGBM's parameters for an objective and a number of rows."""
        return {
            "objective": objective,
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": min(self.min_rows_per_leaf, max(rows // 20, 5)),
            "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.l2,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


@dataclass(frozen=True)
class Sample:
    """Rows to learn from: matrix (n, p), target (n,), scores to start from and weights, if any."""

    matrix: Array
    target: Array
    start: Array | None = None
    weight: Array | None = None


@dataclass(frozen=True)
class Grower:
    """Grows trees for one objective.

    Parameters
    ----------
    objective : {"binary", "gamma", "tweedie", "regression"}
        LightGBM's name of the loss.
    categorical : list of int
        Places of categories in the matrix.
    trees, seed, n_jobs
        How they are grown, from which seed, on how many threads.
    """

    objective: str
    categorical: list[int]
    trees: TreeSettings = field(default_factory=TreeSettings)
    seed: int = 0
    n_jobs: int | None = None

    def grow(self, sample: Sample, rounds: int) -> lgb.Booster:
        """Grow a fixed number of trees."""
        return lgb.train(self._parameters(sample), self._data(sample), num_boost_round=rounds)

    def within_bounds(self, rounds: int) -> int:
        """Return a number of trees not under half of the usual one; see `TreeSettings`."""
        return self.trees.within_bounds(rounds)

    def grow_until(self, sample: Sample, later: Sample) -> lgb.Booster:
        """Grow until later rows are no longer predicted better; keep the best number of trees."""
        data = self._data(sample)
        stop = lgb.early_stopping(self.trees.patience, verbose=False)
        return lgb.train(
            self._parameters(sample),
            data,
            num_boost_round=self.trees.max_rounds,
            valid_sets=[self._data(later, data)],
            callbacks=[stop],
        )

    def _parameters(self, sample: Sample) -> dict[str, Any]:
        grown = self.trees.parameters(self.objective, len(sample.target))
        return grown | {"seed": self.seed, "num_threads": self.n_jobs or 0}

    def _data(self, sample: Sample, reference: lgb.Dataset | None = None) -> lgb.Dataset:
        return lgb.Dataset(
            sample.matrix,
            sample.target,
            init_score=sample.start,
            weight=sample.weight,
            reference=reference,
            categorical_feature=self.categorical or "auto",
            free_raw_data=True,
        )


def raw_scores(booster: lgb.Booster, matrix: Array, n_jobs: int | None = None) -> Array:
    """Return the trees' sums on the link scale, shape (n,)."""
    if not len(matrix):
        return np.zeros(0)
    return np.asarray(booster.predict(matrix, raw_score=True, num_threads=n_jobs or 0))


def contributions(booster: lgb.Booster, matrix: Array, n_jobs: int | None = None) -> Array:
    """Return what each feature adds to the raw score, and last the base value: shape (n, p + 1)."""
    if not len(matrix):
        return np.zeros((0, matrix.shape[1] + 1))
    return np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=n_jobs or 0))


def to_text(booster: lgb.Booster) -> str:
    """Return a booster's text, without the number of threads it happened to be grown on."""
    text: str = booster.model_to_string(num_iteration=-1)
    return re.sub(r"\[num_threads: -?\d+\]\n", "", text)


def from_text(text: str) -> lgb.Booster:
    """Read a booster back from its text; vet the text's digest first (see `io.artifact`)."""
    return lgb.Booster(model_str=text)
