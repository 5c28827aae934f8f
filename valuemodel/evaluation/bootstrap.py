"""Paired bootstrap by account: how sure we are that one model is better than another.

Accounts are drawn with replacement; a drawn account brings its rows of *all* cutoffs and *all* models
(Efron and Tibshirani 1993, ch. 8; clusters as in Field and Welsh 2007). Within a draw each metric is
computed per fold and averaged over folds, as in the point estimate.

Why this way: truths of one account at neighbouring cutoffs overlap, so rows are not independent but
accounts are; and the difference of two models on the same accounts varies far less than either figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from valuemodel.exceptions import UsageError
from valuemodel.metrics.arrays import FloatArray, IntArray
from valuemodel.metrics.churn import brier_of
from valuemodel.metrics.value import (
    decile_mape_of,
    mae_of,
    normalised_gini_of,
    rmse_of,
    top_decile_of_perfect_of,
)

Resampled = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]

RESAMPLED: Mapping[str, Mapping[str, Resampled]] = {
    "value": {
        "normalised_gini": normalised_gini_of,
        "top_decile_of_perfect": top_decile_of_perfect_of,
        "decile_mape": decile_mape_of,
        "mae": mae_of,
        "rmse": rmse_of,
    },
    "churn": {"brier": brier_of},
}
"""The metrics that have intervals, by target."""

HIGHER_IS_BETTER = frozenset({"normalised_gini", "top_decile_of_perfect"})

_CELLS = 2_000_000  # draws x rows worked on at a time: about 16 MB an array


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval; `low` and `high` are NaN where it cannot be resampled."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Resampling:
    """How intervals are made: number of draws, two-sided confidence, seed."""

    draws: int = 500
    confidence: float = 0.95
    seed: int = 0


class PairedBootstrap:
    """Figures and differences of models for one target and horizon, with intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    target : {"value", "churn"}
        Which of its targets.
    horizon : str
        Which of its horizons, by label.
    resampling : Resampling
        Draws, confidence and seed.

    Raises
    ------
    UsageError
        If nothing is there to judge, or the models were not judged on the same rows.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "fold": 0,
    ...         "account_id": list("abcdef") * 2,
    ...         "target": "value",
    ...         "horizon": "6m",
    ...         "y_true": [0.0, 10, 20, 30, 40, 50] * 2,
    ...         "y_pred": [0.0, 9, 21, 30, 40, 50] + [20.0] * 6,
    ...         "model": ["good"] * 6 + ["constant"] * 6,
    ...     }
    ... )
    >>> boot = PairedBootstrap(table, "value", "6m", Resampling(draws=200))
    >>> boot.figure("good", "mae").value
    0.3333333333333333
    >>> better = boot.difference("good", "constant", "normalised_gini")
    >>> better.value, better.low > 0
    (1.0, True)
    """

    def __init__(
        self, table: pd.DataFrame, target: str, horizon: str, resampling: Resampling
    ) -> None:
        chosen = table[(table["target"] == target) & (table["horizon"] == horizon)]
        if chosen.empty:
            problem = f"no backtest row for {target} over {horizon}"
            hint = "judge at cutoffs whose window is complete"
            raise UsageError(problem, received="an empty table", hint=hint)
        self.metrics = RESAMPLED[target]
        self._confidence = resampling.confidence
        self._folds = _folds(chosen)
        self.models = tuple(sorted(chosen["model"].unique()))
        self.accounts = int(chosen["account_id"].nunique())
        self.folds = len(self._folds)
        self._points = self._figures(np.ones((1, self.accounts)))
        batches = [self._figures(counts) for counts in self._counts(resampling)]
        self._draws = {key: np.concatenate([one[key] for one in batches]) for key in self._points}

    def figure(self, model: str, metric: str) -> Estimate:
        """Return a model's figure with its interval."""
        key = (model, metric)
        return self._estimate(self._points[key], self._draws[key])

    def difference(self, model: str, baseline: str, metric: str) -> Estimate:
        """Return the figure of ``model`` minus that of ``baseline``, on the same draws."""
        one, other = (model, metric), (baseline, metric)
        points = self._points[one] - self._points[other]
        return self._estimate(points, self._draws[one] - self._draws[other])

    def _estimate(self, point: FloatArray, draws: FloatArray) -> Estimate:
        value, finite = float(point[0]), draws[np.isfinite(draws)]
        if not finite.size or not np.isfinite(value):
            return Estimate(value, float("nan"), float("nan"))
        tail = (1.0 - self._confidence) / 2.0
        low, high = np.quantile(finite, [tail, 1.0 - tail])
        return Estimate(value, float(low), float(high))

    def _counts(self, resampling: Resampling) -> Iterator[FloatArray]:
        generator = np.random.default_rng(resampling.seed)
        count = self.accounts
        batch = max(1, _CELLS // max(count, *(fold.rows.size for fold in self._folds)))
        for start in range(0, resampling.draws, batch):
            size = min(batch, resampling.draws - start)
            drawn = generator.integers(0, count, size=(size, count))
            drawn += np.arange(size)[:, None] * count
            counted = np.bincount(drawn.ravel(), minlength=size * count)
            yield counted.reshape(size, count).astype(np.float64)

    def _figures(self, counts: FloatArray) -> dict[tuple[str, str], FloatArray]:
        """Return every model's metrics for each draw, averaged over folds."""
        totals: dict[tuple[str, str], FloatArray] = {}
        for fold in self._folds:
            weights = counts[:, fold.rows]
            for model, forecast in fold.forecasts.items():
                for metric, function in self.metrics.items():
                    found = function(fold.truth, forecast, weights) / len(self._folds)
                    totals[model, metric] = totals.get((model, metric), 0.0) + found
        return totals


@dataclass(frozen=True)
class _JudgedFold:
    rows: IntArray
    truth: FloatArray
    forecasts: dict[str, FloatArray]


def _folds(table: pd.DataFrame) -> list[_JudgedFold]:
    """Set the models of each fold side by side, accounts in the order of their ids."""
    keyed = table.set_index(["fold", "account_id", "model"])["y_pred"]
    if keyed.index.has_duplicates:
        problem = "an account was judged twice at one cutoff by one model"
        raise UsageError(problem, hint="give every candidate its own name")
    wide = keyed.unstack("model")  # noqa: PD010 - duplicates are refused above, not averaged
    truth = table.groupby(["fold", "account_id"])["y_true"].agg(["min", "max"])
    if bool(wide.isna().any(axis=None)) or not truth["min"].equals(truth["max"]):
        problem = "the models were not judged on the same accounts, cutoffs and truths"
        raise UsageError(problem, hint="compare models of one backtest table")
    accounts = pd.Index(table["account_id"].unique()).sort_values()
    found = []
    for number in sorted(table["fold"].unique()):
        one = wide.xs(number, level="fold").sort_index()
        forecasts = {str(name): one[name].to_numpy(np.float64) for name in one.columns}
        true = truth["min"].xs(number, level="fold").sort_index().to_numpy(np.float64)
        rows = accounts.get_indexer(one.index).astype(np.int64)
        found.append(_JudgedFold(rows, true, forecasts))
    return found
