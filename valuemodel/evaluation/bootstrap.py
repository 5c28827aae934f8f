"""Paired bootstrap by account: how sure we are that one model is better than another.

Accounts are drawn with replacement; a drawn account brings its rows of *all* cutoffs and *all* models
(Efron and Tibshirani 1993, ch. 8; clusters as in Field and Welsh 2007). Within a draw each metric is
computed per fold and averaged over folds, as in the point estimate.

Why this way: truths of one account at neighbouring cutoffs overlap, so rows are not independent but
accounts are; and the difference of two models on the same accounts varies far less than either figure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from valuemodel.exceptions import UsageError
from valuemodel.metrics.arrays import FloatArray, IntArray
from valuemodel.metrics.churn import CHURN_METRICS_OF
from valuemodel.metrics.copies import Copies
from valuemodel.metrics.directions import badness
from valuemodel.metrics.value import VALUE_METRICS_OF

RESAMPLED: Mapping[str, Mapping[str, Callable[[Copies, Copies], FloatArray]]] = {
    "value": VALUE_METRICS_OF,
    "churn": CHURN_METRICS_OF,
}
"""The metrics that have intervals, by target: all of them."""

_CELLS = 500_000  # draws x rows worked on at a time: about 4 MB an array


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
    metrics : collection of str, optional
        Which metrics of the target are asked for; by default all. Those that are not cost nothing.

    Raises
    ------
    UsageError
        If there is no such metric, nothing is there to judge, or the models were not judged on the same rows.

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
    >>> boot.gain("good", "constant", "mae").value > 0  # an error that is lower is a gain
    True
    """

    def __init__(
        self,
        table: pd.DataFrame,
        target: str,
        horizon: str,
        resampling: Resampling,
        metrics: Collection[str] | None = None,
    ) -> None:
        chosen = table[(table["target"] == target) & (table["horizon"] == horizon)]
        if chosen.empty:
            problem = f"no backtest row for {target} over {horizon}"
            hint = "judge at cutoffs whose window is complete"
            raise UsageError(problem, received="an empty table", hint=hint)
        self.metrics = _asked(target, metrics)
        self._confidence = resampling.confidence
        self._folds = judged_folds(chosen)
        self.models = tuple(sorted(chosen["model"].unique()))
        self.accounts = int(chosen["account_id"].nunique())
        self.folds = len(self._folds)
        self._points = self._figures(np.ones((1, self.accounts)))
        drawn = draw_accounts(self.accounts, resampling)
        batches = [self._figures(counts) for counts in drawn]
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

    def gain(self, model: str, baseline: str, metric: str) -> Estimate:
        """Return by how much ``model`` is better than ``baseline``, whichever way is good.

        For a bias that is how much nearer it lies to nothing, on either side.
        """
        one, other = (model, metric), (baseline, metric)
        points, draws = (
            badness(metric, figures[other]) - badness(metric, figures[one])
            for figures in (self._points, self._draws)
        )
        return self._estimate(points, draws)

    def _estimate(self, point: FloatArray, draws: FloatArray) -> Estimate:
        return estimate(float(point[0]), draws, self._confidence)

    def _figures(self, counts: FloatArray) -> dict[tuple[str, str], FloatArray]:
        """Return every model's metrics for each draw, averaged over folds."""
        totals: dict[tuple[str, str], FloatArray] = {}
        for fold in self._folds:
            truth = Copies(fold.truth, counts[:, fold.rows])
            for model, predicted in fold.forecasts.items():
                forecast = Copies(predicted, truth.counts)
                for metric, function in self.metrics.items():
                    found = function(truth, forecast) / len(self._folds)
                    totals[model, metric] = totals.get((model, metric), 0.0) + found
        return totals


def estimate(value: float, draws: FloatArray, confidence: float) -> Estimate:
    """Return a figure with the middle part of its draws; draws without a figure are left out.

    Examples
    --------
    >>> estimate(2.5, np.arange(5.0), 0.50)
    Estimate(value=2.5, low=1.0, high=3.0)
    """
    finite = draws[np.isfinite(draws)]
    if not finite.size or not np.isfinite(value):
        return Estimate(value, float("nan"), float("nan"))
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(finite, [tail, 1.0 - tail])
    return Estimate(value, float(low), float(high))


def draw_accounts(accounts: int, resampling: Resampling) -> Iterator[FloatArray]:
    """Yield how often each account is drawn, batch by batch; shape (draws of the batch, accounts)."""
    generator = np.random.default_rng(resampling.seed)
    batch = max(1, _CELLS // accounts)
    for start in range(0, resampling.draws, batch):
        size = min(batch, resampling.draws - start)
        drawn = generator.integers(0, accounts, size=(size, accounts))
        drawn += np.arange(size)[:, None] * accounts
        counted = np.bincount(drawn.ravel(), minlength=size * accounts)
        yield counted.reshape(size, accounts).astype(np.float64)


def _asked(
    target: str, metrics: Collection[str] | None
) -> Mapping[str, Callable[[Copies, Copies], FloatArray]]:
    """Return the metrics asked for, in the order of reading."""
    there = RESAMPLED[target]
    unknown = sorted(set(metrics or ()) - set(there))
    if unknown:
        problem = f"there is no metric of {target} by that name"
        hint = f"the metrics are {', '.join(there)}"
        raise UsageError(problem, received=", ".join(unknown), hint=hint)
    return {
        name: function for name, function in there.items() if metrics is None or name in metrics
    }


@dataclass(frozen=True)
class JudgedFold:
    """The models of one fold side by side.

    Parameters
    ----------
    cutoff : Timestamp or None
        The fold's cutoff; None where the table has none.
    accounts : Index
        The ids, sorted.
    rows : ndarray of int
        Where each of them lies among all accounts of the table, sorted.
    truth : ndarray
        What came.
    forecasts : mapping of str to ndarray
        What each model had predicted.
    """

    cutoff: pd.Timestamp | None
    accounts: pd.Index
    rows: IntArray
    truth: FloatArray
    forecasts: dict[str, FloatArray]


def judged_folds(table: pd.DataFrame) -> list[JudgedFold]:
    """Set the models of each fold side by side, for one target and horizon of the tidy table.

    Raises
    ------
    UsageError
        If the models were not judged on the same accounts and truths, or one of them twice.
    """
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
    there = "cutoff" in table
    cutoffs = dict(table.groupby("fold")["cutoff"].first()) if there else {}
    found = []
    for number in sorted(table["fold"].unique()):
        one = wide.xs(number, level="fold").sort_index()
        forecasts = {str(name): one[name].to_numpy(np.float64) for name in one.columns}
        true = truth["min"].xs(number, level="fold").sort_index().to_numpy(np.float64)
        rows = accounts.get_indexer(one.index).astype(np.int64)
        found.append(JudgedFold(cutoffs.get(number), one.index, rows, true, forecasts))
    return found
