"""Several quantiles at once: trees find rows that are alike, each leaf says its own quantiles.

A forest of trees is grown for the mean; the quantiles of the training rows in a leaf are the leaf's,
and those of a row are the mean over the trees of the leaves it falls into.

Why this way: quantiles that are each learned alone cross. The quantiles of one sample do not, and
neither do means of such, so nothing has to be put right afterwards. One forest serves all of them,
and what is far out in the tail costs no more than the middle.

References
----------
Perlich, Rosset, Lawrence and Zadrozny, High-quantile modeling for customer wallet estimation and other
applications, KDD 2007 (trees whose leaves give a quantile instead of the mean).
Meinshausen, Quantile Regression Forests, Journal of Machine Learning Research 7, 2006. There the
leaves' samples are pooled; here their quantiles are averaged, which needs no sample to be stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from valuemodel.estimators.boosting import from_text, to_text
from valuemodel.estimators.state import Array

_SEED_LEAF = 50  # fewer rows say little of a ninth decile


@dataclass(frozen=True)
class ForestShape:
    """How the forest is grown: trees, leaves of each, rows of a leaf, seed, threads."""

    trees: int = 60
    leaves: int = 31
    rows_per_leaf: int = _SEED_LEAF
    seed: int = 0
    n_jobs: int | None = None

    def parameters(self, rows: int) -> dict[str, Any]:
        """Return LightGBM's parameters for a number of rows."""
        return {
            "boosting": "rf",
            "objective": "regression",
            "num_leaves": self.leaves,
            "min_data_in_leaf": min(self.rows_per_leaf, max(rows // 5, 2)),
            "bagging_fraction": 0.632,
            "bagging_freq": 1,
            "feature_fraction_bynode": 0.6,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            "seed": self.seed,
            "num_threads": self.n_jobs or 0,
        }


@dataclass(frozen=True)
class QuantileForest:
    """A grown forest.

    Parameters
    ----------
    trees : lightgbm.Booster
        Where a row falls.
    leaves : ndarray of shape (trees, leaves, quantiles)
        What each leaf says.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(0, 1, (4000, 1))
    >>> y = rng.normal(0, 1, 4000) * np.where(X[:, 0] < 0.5, 1.0, 3.0)
    >>> forest = QuantileForest.grow(X, y, (0.1, 0.9), ForestShape(n_jobs=1), [])
    >>> forest.predict(np.array([[0.2], [0.8]]), 1).round(0)
    array([[-1.,  1.],
           [-4.,  4.]])
    """

    trees: lgb.Booster
    leaves: Array

    @classmethod
    def grow(
        cls,
        matrix: Array,
        target: Array,
        quantiles: tuple[float, ...],
        shape: ForestShape,
        categorical: list[int],
    ) -> QuantileForest:
        """Grow the trees on a target, shape (n,), and let each leaf say its rows' quantiles."""
        data = lgb.Dataset(matrix, target, categorical_feature=categorical or "auto")
        trees = lgb.train(shape.parameters(len(target)), data, num_boost_round=shape.trees)
        places = _places(trees, matrix, shape.n_jobs)
        most = int(places.max()) + 1
        order = np.argsort(target, kind="stable")
        said = [_leaf_quantiles(one[order], target[order], quantiles, most) for one in places.T]
        return cls(trees, np.stack(said))

    def predict(self, matrix: Array, n_jobs: int | None = None) -> Array:
        """Return the quantiles of each row, shape (n, quantiles), rising from left to right."""
        found = np.zeros((len(matrix), self.leaves.shape[2]))
        if not len(matrix):
            return found
        places = _places(self.trees, matrix, n_jobs)
        for tree, leaves in enumerate(
            self.leaves
        ):  # tree by tree: chunks give the bytes of the whole
            found += leaves[places[:, tree]]
        return found / len(self.leaves)

    def to_data(self) -> tuple[str, Array]:
        """Return the trees as text, and what the leaves say."""
        return to_text(self.trees), self.leaves

    @classmethod
    def from_data(cls, text: str, leaves: Array) -> QuantileForest:
        """Rebuild a forest from `to_data`."""
        return cls(from_text(text), leaves)


def _places(trees: lgb.Booster, matrix: Array, n_jobs: int | None) -> NDArray[np.int64]:
    """Return the leaf of each row in each tree, shape (n, trees)."""
    found = trees.predict(matrix, pred_leaf=True, num_threads=n_jobs or 0)
    return np.asarray(found, dtype=np.int64).reshape(len(matrix), -1)


def _leaf_quantiles(
    leaf: NDArray[np.int64], rising: Array, quantiles: tuple[float, ...], most: int
) -> Array:
    """Return the quantiles of each leaf's rows, linear between neighbours; shape (most, q).

    ``rising`` is the target in rising order, ``leaf`` the leaf of each of its rows. A leaf without a
    row says what all rows say: none of them falls there, and nothing is known of who does.
    """
    counts = np.bincount(leaf, minlength=most)
    grouped = rising[np.argsort(leaf, kind="stable")]
    first = np.cumsum(counts) - counts
    at = np.multiply.outer(np.maximum(counts - 1, 0), np.array(quantiles))
    below = np.floor(at).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(counts - 1, 0)[:, None])
    start = np.minimum(first, len(rising) - 1)[:, None]
    low, high = grouped[start + below], grouped[start + above]
    found: Array = low + (at - below) * (high - low)
    found[counts == 0] = np.quantile(rising, quantiles)
    return np.maximum.accumulate(found, axis=1)  # rounding between two neighbours must not cross
