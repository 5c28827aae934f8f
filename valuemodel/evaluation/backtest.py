"""The backtest: what each candidate would have predicted then, beside what came.

For every fold, each candidate is fitted on the snapshots that were complete at the fold's cutoff, with
the labels known then, and predicts at the cutoff; only the truths come from later rows. The result is
one tidy table, from which every metric, interval, chart and gate decision is computed without
fitting anything again.

Why this way: a candidate is a name and a function, so estimators never learn that they are being
judged, and anything that can be fitted (a baseline, a colleague's model) can be compared. Encoders and
medians live inside the fit and hence see training rows only. Folds run one after the other: a fit uses
all cores already, and only one fold's table lies in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import pandas as pd

from valuemodel.dataset import Dataset
from valuemodel.estimators.churn_rules import Rule, rules_of
from valuemodel.exceptions import ModelRefused
from valuemodel.metrics.splits import Fold
from valuemodel.periods import Cutoff

COLUMNS = [
    "fold", "cutoff", "account_id", "target", "horizon", "y_true", "y_pred", "model", "rule",
]  # fmt: skip
"""The columns of the tidy table; one row per fold, account, target, horizon and model."""


class Predictor(Protocol):
    """Something fitted: predicts ``value_<h>`` and ``churn_<h>`` for the rows of ``X``."""

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return one row per row of ``X``, one column per target and horizon."""
        ...


class Fit(Protocol):
    """A recipe: fits on a dataset as it would have been done at a cutoff."""

    def __call__(self, dataset: Dataset, as_of: Cutoff) -> Predictor:
        """Return the fitted model."""
        ...


class Candidate(NamedTuple):
    """A model to be judged: the name it has in the tidy table, and how it is fitted."""

    name: str
    fit: Fit


class Builder(Protocol):
    """What the backtest asks of the dataset builder."""

    def at(self, cutoff: Cutoff, *, labels_until: Cutoff | None = None) -> Dataset:
        """Return one snapshot."""
        ...

    def stack(self, cutoffs: Sequence[Cutoff], *, labels_until: Cutoff) -> Dataset:
        """Return several snapshots, one under the other."""
        ...


def run_backtest(
    builder: Builder,
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    *,
    labels_until: Cutoff,
    churn_rule: Rule = "inactivity",
) -> pd.DataFrame:
    """Fit every candidate at every fold on what was known then, and set it beside the truth.

    Parameters
    ----------
    builder : Builder
        The dataset builder, the same that serves training and scoring.
    candidates : sequence of Candidate
        Names and recipes; `run_backtest` calls ``fit(dataset, as_of=cutoff)`` for each fold.
    folds : sequence of Fold
        From `valuemodel.metrics.splits.Schedule`.
    labels_until : Cutoff
        Truths come from rows known before this instant; nothing from it on is ever read.
    churn_rule : {"inactivity", "contract", "both"}
        By which rule the labels of churn are made.

    Returns
    -------
    pandas.DataFrame
        Columns fold (0 is the oldest cutoff), cutoff, account_id, target ("value" or "churn"),
        horizon (label), y_true, y_pred, model, rule ("contract" or "inactivity" for churn, else
        ""). Horizons whose window is not complete by ``labels_until`` have no rows, nor have accounts
        that no rule of churn judges.

    Raises
    ------
    ModelRefused
        If a candidate leaves out a column or a row, or predicts a missing number.
    """
    parts = [
        part.assign(fold=number)[COLUMNS]
        for number, fold in enumerate(sorted(folds, key=lambda one: one.cutoff))
        for part in _judge(builder, candidates, fold, labels_until, churn_rule)
    ]
    return pd.concat(parts, ignore_index=True) if parts else _nothing()


def _judge(
    builder: Builder,
    candidates: Sequence[Candidate],
    fold: Fold,
    labels_until: Cutoff,
    churn_rule: Rule,
) -> Iterable[pd.DataFrame]:
    """Yield the rows of one fold: fit on what was known at its cutoff, predict, add the truths."""
    known = builder.stack(fold.training, labels_until=fold.cutoff)  # noqa: PD013 - not pandas
    judged = builder.at(fold.cutoff, labels_until=labels_until)
    truths = judged.y if judged.y is not None else pd.DataFrame(index=judged.X.index)
    rules = {"value": "", "churn": rules_of(judged.X, churn_rule)}
    for name, fit in candidates:
        predicted = fit(known, fold.cutoff).predict(judged.X)
        for column in truths.columns[truths.notna().any()]:
            _check(name, predicted, column, truths[column])
            target, horizon = str(column).split("_", 1)
            rows = pd.DataFrame(
                {
                    "cutoff": pd.Timestamp(fold.cutoff.at).as_unit("us"),
                    "account_id": judged.keys["account_id"],
                    "target": target,
                    "horizon": horizon,
                    "y_true": truths[column].astype("float64"),
                    "y_pred": predicted[column].to_numpy("float64"),
                    "model": name,
                    "rule": rules[target],
                }
            )
            yield rows[rows["y_true"].notna()]


def _check(name: str, predicted: pd.DataFrame, column: str, truth: pd.Series[float]) -> None:
    """Refuse a candidate that leaves out a column, a row, or a number where there is a truth."""
    rows = len(truth)
    if column not in predicted.columns or len(predicted) != rows:
        problem = f"the candidate {name!r} does not predict {column!r} for every account"
        received = f"{len(predicted)} of {rows} rows with columns {list(predicted.columns)}"
        raise ModelRefused(problem, received=received)
    missing = int((predicted[column].isna().to_numpy() & truth.notna().to_numpy()).sum())
    if missing:
        problem = f"the candidate {name!r} predicts a missing {column!r}"
        hint = "every account gets a number; fall back to the baseline where there is no history"
        raise ModelRefused(problem, received=f"{missing} of {rows} rows", hint=hint)


def _nothing() -> pd.DataFrame:
    kinds = ["int64", "datetime64[us]", "str", "str", "str", "float64", "float64", "str", "str"]
    return pd.DataFrame(
        {name: pd.Series(dtype=kind) for name, kind in zip(COLUMNS, kinds, strict=True)}
    )
