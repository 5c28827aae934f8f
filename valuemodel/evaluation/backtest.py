"""The backtest: what each candidate would have predicted then, beside what came.

For every fold, each candidate is fitted on the snapshots that were complete at the fold's cutoff, with
the labels known then, and predicts at the cutoff; only the truths come from later rows. The result is
one tidy table, from which every metric, interval, chart and gate decision is computed without
fitting anything again.

Why this way: encoders and medians live inside the fit and hence see training rows only. Large books are
judged by several processes at a time, one fold each: see `valuemodel.evaluation.workers`; small ones by
this one, where only one fold's table lies in memory. Both give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, starmap
from typing import NamedTuple

import pandas as pd

from valuemodel.dataset import Dataset
from valuemodel.estimators.churn_rules import Rule, rules_of
from valuemodel.estimators.intervals.ranges import BOUNDS, QUANTILES
from valuemodel.evaluation.candidates import (
    Builder,
    Candidate,
    Fit,
    Predictor,
    with_threads,
    without_outlook,
)
from valuemodel.evaluation.coverage import bound_in, bounds_of
from valuemodel.evaluation.workers import cores, side_by_side
from valuemodel.exceptions import ModelRefused
from valuemodel.metrics.splits import Fold
from valuemodel.periods import Cutoff

__all__ = ["COLUMNS", "Builder", "Candidate", "Fit", "Judged", "Predictor", "judge", "run_backtest"]

COLUMNS = [
    "fold", "cutoff", "account_id", "target", "horizon", "y_true", "y_pred", "model", "rule",
    *(f"y_{part}" for part in (*BOUNDS, *QUANTILES)),
]  # fmt: skip
"""The columns of the tidy table; one row per fold, account, target, horizon and model."""

STAND_INS = ["fold", "cutoff", "model", "horizon", "stand_in"]
"""The columns that say what stood in for a model where it could not be learned."""

SIDE_BY_SIDE_FROM = 100_000
"""Rows learned from at the first fold, from which on folds are judged side by side."""


class Judged(NamedTuple):
    """The tidy table, and what stood in for which model at which fold."""

    table: pd.DataFrame
    stand_ins: pd.DataFrame


class _Task(NamedTuple):
    """One fold, built: everything that judging it needs."""

    number: int
    cutoff: Cutoff
    known: Dataset
    judged: Dataset


def run_backtest(
    builder: Builder,
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    *,
    labels_until: Cutoff,
    churn_rule: Rule = "inactivity",
    threads: int | None = None,
    side_by_side_from: int = SIDE_BY_SIDE_FROM,
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
    threads : int, optional
        How many threads may be used; by default those of the host. They change no byte.
    side_by_side_from : int
        Rows learned from at the first fold, from which on folds are judged in several processes.

    Returns
    -------
    pandas.DataFrame
        Columns fold (0 is the oldest cutoff), cutoff, account_id, target ("value" or "churn"),
        horizon (label), y_true, y_pred, model, rule ("contract" or "inactivity" for churn, else
        ""), y_low and y_high (the interval that the candidate promises; missing without one), y_q05,
        y_q25, y_q50, y_q75 and y_q95 (its quantiles, likewise). Horizons whose window is not complete
        by ``labels_until`` have no rows, nor have accounts that no rule of churn judges.

    Raises
    ------
    ModelRefused
        If a candidate leaves out a column or a row, or predicts a missing number.
    """
    return judge(
        builder,
        candidates,
        folds,
        labels_until=labels_until,
        churn_rule=churn_rule,
        threads=threads,
        side_by_side_from=side_by_side_from,
    ).table


def judge(
    builder: Builder,
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    *,
    labels_until: Cutoff,
    churn_rule: Rule = "inactivity",
    threads: int | None = None,
    side_by_side_from: int = SIDE_BY_SIDE_FROM,
) -> Judged:
    """Do as `run_backtest` does, and return beside its table what stood in for which model.

    The second table has the columns fold, cutoff, model, horizon and stand_in; it is empty where every
    model spoke for itself.
    """
    tasks = _tasks(builder, sorted(folds, key=lambda one: one.cutoff), labels_until)
    first = next(tasks, None)
    if first is None:
        return Judged(_nothing(), _nobody())
    available = cores(threads)
    alone = len(first.known) < side_by_side_from
    found = list(
        side_by_side(
            partial(_judge, candidates, churn_rule),
            chain([first], tasks),
            workers=1 if alone else min(len(folds), available),
            threads=available,
        )
    )
    table, stand_ins = (
        pd.concat([one[place] for one in found], ignore_index=True) for place in range(2)
    )
    return Judged(table, stand_ins)


def _tasks(builder: Builder, folds: Sequence[Fold], labels_until: Cutoff) -> Iterator[_Task]:
    for number, fold in enumerate(folds):
        known = builder.stack(fold.learned, labels_until=fold.cutoff)  # noqa: PD013 - not pandas
        judged = builder.at(fold.cutoff, labels_until=labels_until)
        yield _Task(number, fold.cutoff, known, judged)


def _judge(
    candidates: Sequence[Candidate], churn_rule: Rule, task: _Task, threads: int | None
) -> Judged:
    """Judge one fold: fit on what was known at its cutoff, predict, add the truths."""
    rows, said = [_nothing()], [_nobody()]
    cutoff = pd.Timestamp(task.cutoff.at).as_unit("us")
    for candidate in starmap(Candidate, candidates):
        chosen = without_outlook(candidate)
        chosen = chosen if threads is None else with_threads(chosen, threads)
        model = chosen.fit(task.known, task.cutoff)
        predicted = model.predict(task.judged.X)
        bounds = bounds_of(model, predicted, chosen.interval)
        predicted = predicted.assign(**{str(name): bounds[name] for name in bounds})
        rows += _rows(chosen.name, predicted, task, churn_rule)
        tags = dict(getattr(model, "tags", {}))
        stood = [(task.number, cutoff, chosen.name, label, tag) for label, tag in tags.items()]
        said.append(_nobody() if not stood else pd.DataFrame(stood, columns=STAND_INS))
    return Judged(*(pd.concat(parts, ignore_index=True) for parts in (rows, said)))


def _rows(
    name: str, predicted: pd.DataFrame, task: _Task, churn_rule: Rule
) -> Iterator[pd.DataFrame]:
    """Yield a candidate's rows of the tidy table, target by target and horizon by horizon."""
    judged = task.judged
    truths = judged.y if judged.y is not None else pd.DataFrame(index=judged.X.index)
    rules = {"value": "", "churn": rules_of(judged.X, churn_rule)}
    for column in truths.columns[truths.notna().any()]:
        target, horizon = str(column).split("_", 1)
        if target not in rules:
            continue  # a label that is learned from, and not one of the figures that are compared
        _check(name, predicted, column, truths[column])
        rows = pd.DataFrame(
            {
                "fold": task.number,
                "cutoff": pd.Timestamp(task.cutoff.at).as_unit("us"),
                "account_id": judged.keys["account_id"],
                "target": target,
                "horizon": horizon,
                "y_true": truths[column].astype("float64"),
                "y_pred": predicted[column].to_numpy("float64"),
                "model": name,
                "rule": rules[target],
                **{
                    f"y_{part}": bound_in(predicted, f"{column}_{part}")
                    for part in (*BOUNDS, *QUANTILES)
                },
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
    kinds += ["float64"] * (len(COLUMNS) - len(kinds))
    return pd.DataFrame(
        {name: pd.Series(dtype=kind) for name, kind in zip(COLUMNS, kinds, strict=True)}
    )


def _nobody() -> pd.DataFrame:
    kinds = ["int64", "datetime64[us]", "str", "str", "str"]
    return pd.DataFrame(
        {name: pd.Series(dtype=kind) for name, kind in zip(STAND_INS, kinds, strict=True)}
    )
