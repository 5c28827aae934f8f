"""The evidence of a training: what the backtest found and what the gate made of it.

Why this way: the evidence is kept with the model it speaks for, as a JSON document, so that the review
page can be written from it years later, and nobody has to fit anything again to answer "is it better
than what we did before, and how sure are you?".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.by_rule import RULE_COLUMNS, rule_metrics
from valuemodel.evaluation.censoring import Censoring
from valuemodel.evaluation.comparison import compare, fold_metrics
from valuemodel.evaluation.coverage import COVERAGE_COLUMNS, interval_coverage
from valuemodel.evaluation.deciles import DECILE_COLUMNS, decile_comparison
from valuemodel.evaluation.gate.gate import GateDecision

COMPARISON_COLUMNS = [
    "target", "horizon", "model", "metric", "figure", "baseline", "difference", "low", "high",
]  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """What a model's out-of-time judgement left behind.

    Parameters
    ----------
    gate : mapping
        The gate decision as a document; empty where there was none.
    comparison : DataFrame
        Every model beside the baseline: `COMPARISON_COLUMNS`.
    deciles : DataFrame
        ``model`` and the columns of `decile_comparison`, on the tier horizon.
    by_rule : DataFrame
        Churn figures of every model for each rule apart: `RULE_COLUMNS`.
    metrics : mapping of str to float
        ``backtest/<cutoff>/<target>_<horizon>/<model>/<metric>``, finite figures only.
    censoring : mapping
        Per horizon, at how many of the snapshots learned from the labels are complete.
    coverage : DataFrame
        How many truths lay inside their intervals: `COVERAGE_COLUMNS`.
    """

    gate: Mapping[str, Any]
    comparison: pd.DataFrame
    deciles: pd.DataFrame
    by_rule: pd.DataFrame
    metrics: Mapping[str, float]
    censoring: Censoring = field(default_factory=dict)
    coverage: pd.DataFrame = field(default_factory=partial(pd.DataFrame, columns=COVERAGE_COLUMNS))

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON values; figures that do not exist are null."""
        return {
            "gate": dict(self.gate),
            "comparison": records(self.comparison),
            "deciles": records(self.deciles),
            "churn_by_rule": records(self.by_rule),
            "coverage": records(self.coverage),
            "censoring": {label: dict(count) for label, count in self.censoring.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Evidence:
        """Read it back; a model that was never judged has empty tables."""
        comparison = pd.DataFrame(document.get("comparison", []), columns=COMPARISON_COLUMNS)
        numbers = dict.fromkeys(COMPARISON_COLUMNS[4:], "float64")
        deciles = pd.DataFrame(document.get("deciles", []), columns=["model", *DECILE_COLUMNS])
        shares = dict.fromkeys(DECILE_COLUMNS[2:], "float64")
        by_rule = pd.DataFrame(document.get("churn_by_rule", []), columns=RULE_COLUMNS)
        return cls(
            document.get("gate", {}),
            comparison.astype(numbers),
            deciles.astype(shares),
            by_rule.astype(dict.fromkeys(RULE_COLUMNS[4:], "float64")),
            {},
            document.get("censoring", {}),
            pd.DataFrame(document.get("coverage", []), columns=COVERAGE_COLUMNS).astype(
                dict.fromkeys(COVERAGE_COLUMNS[5:], "float64")
            ),
        )


def gather_evidence(
    table: pd.DataFrame,
    decision: GateDecision,
    baseline: str,
    censoring: Censoring | None = None,
    interval: float = 0.80,
    labels: pd.DataFrame | None = None,
) -> Evidence:
    """Condense a tidy backtest table and the gate's decision into evidence.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table; may be empty where nothing could be judged.
    decision : GateDecision
        What the gate decided on it.
    baseline : str
        The model that the others are compared with.
    censoring : mapping, optional
        From `valuemodel.evaluation.censoring`, of the snapshots that the model learned from.
    interval : float
        Which share of values the intervals in the table were to hold.
    labels : DataFrame, optional
        Of `valuemodel.evaluation.slices.slice_labels`: by which parts of the book to count them too.
    """
    if table.empty:
        return Evidence(decision.as_document(), *_no_tables(), {}, censoring or {})
    models = [str(name) for name in table["model"].unique() if name != baseline]
    deciles = [
        decile_comparison(table, model=name, baseline=baseline, horizon=decision.horizon).assign(
            model=name
        )
        for name in models
    ]
    return Evidence(
        gate=decision.as_document(),
        comparison=compare(table, baseline, Resampling())[COMPARISON_COLUMNS],
        deciles=pd.concat(deciles, ignore_index=True)[["model", *DECILE_COLUMNS]],
        by_rule=rule_metrics(table),
        metrics=_metrics(table),
        censoring=censoring or {},
        coverage=interval_coverage(table, nominal=interval, labels=labels),
    )


def _metrics(table: pd.DataFrame) -> dict[str, float]:
    found = fold_metrics(table).dropna(subset="figure")
    days = found["cutoff"].dt.strftime("%Y-%m-%d")
    parts = [days, found["target"] + "_" + found["horizon"], found["model"], found["metric"]]
    names = ["/".join(path) for path in zip(*parts, strict=True)]
    return {
        f"backtest/{name}": float(figure)
        for name, figure in zip(names, found["figure"].to_numpy("float64"), strict=True)
    }


def _no_tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    empty = Evidence.from_document({})
    return empty.comparison, empty.deciles, empty.by_rule


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as JSON values, a mapping per row; missing figures are null.

    Examples
    --------
    >>> records(pd.DataFrame({"metric": ["mae", "auc"], "figure": [12.5, float("nan")]}))
    [{'metric': 'mae', 'figure': 12.5}, {'metric': 'auc', 'figure': None}]
    """
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]
