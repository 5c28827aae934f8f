"""Backtest: set all candidates beside what came, at cutoffs whose future is in the file.

Edit this file: it is yours. It reads top to bottom, and `valuemodel backtest` runs this very copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from valuemodel.evaluation.backtest import Candidate, judge
from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.by_rule import rule_lines, rule_metrics
from valuemodel.evaluation.censoring import censoring, censoring_words
from valuemodel.evaluation.comparison import compare, fold_metrics, overall_metrics
from valuemodel.evaluation.coverage import coverage_words, interval_coverage
from valuemodel.evaluation.effort import effort
from valuemodel.evaluation.error_by_age import age_labels, age_lines, error_by_age
from valuemodel.evaluation.evidence import records
from valuemodel.evaluation.gate.gate import decide
from valuemodel.evaluation.gate.permutation import PermutedLabels, null_trials
from valuemodel.evaluation.policy_backtest import policy_backtest, policy_lines
from valuemodel.evaluation.policy_baselines import standing_at
from valuemodel.evaluation.slices import slice_labels, slice_lines, slice_metrics
from valuemodel.evaluation.stability_backtest import stability_backtest, stability_lines
from valuemodel.evaluation.tier_calibration import calibration_lines, tier_calibration
from valuemodel.evaluation.touch_association import touch_association, touch_lines
from valuemodel.evaluation.true_values import against_truth, truth_lines
from valuemodel.io.sinks import write_table
from valuemodel.metrics.splits import Fold
from valuemodel.periods import Cutoff
from valuemodel.project import Project, Result

BASELINE, CHALLENGER = "past_value", "lightgbm"
CANDIDATES = (BASELINE, "average_retention", "rfm", "arr_rank", "buy_till_you_die", CHALLENGER)


def run(project: Project, as_of: str | None = None, *, permutations: int = 0) -> Result:
    """Judge the candidates at the cutoffs of the settings, or at the newest complete ones."""
    cutoff, settings = project.as_of(as_of), project.settings
    horizon, folds = settings.value.tiering, project.judged(cutoff)

    # Every candidate that the book has the features for, and the champion where that is another.
    candidates, left_out = project.candidates(CANDIDATES)
    champion, standing = project.standing([one.name for one in candidates])
    table, stand_ins = judged(project, [*candidates, *champion], folds, cutoff)
    slices = slice_labels(project.builder, folds, settings.backtest.slices)

    # What would be promoted, and how often that would be where there is nothing to find.
    rule, against = project.gate, [BASELINE, *(one.name for one in champion)]
    gate = decide(table, CHALLENGER, against, horizon=horizon.label, rule=rule, labels=slices)
    null = null_test(project, table, against, folds, cutoff, permutations) if permutations else {}

    # What tiers by these predictions would have caught, and what was to be expected where it is known.
    ledger, cutoffs = project.builder.ledger, [fold.cutoff for fold in folds]
    spent = effort(project.builder.connection, ledger, cutoffs, horizon, cutoff)
    tiering = tiers_replayed(project, table, spent, cutoffs)
    tenths, truths = against_truth(table, project.truth, settings.value.measure)
    found = figures(table, slices, age_labels(project.builder, folds), project)
    found |= {"stand_ins": stand_ins} | tiering
    found |= {"truth": tenths, "truth_figures": truths} if len(truths) else {}

    folder = project.output / "backtests" / cutoff.text
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in ({"backtest": table} | found).items():
        write_table(frame, folder / f"{name}.parquet")
        write_table(frame, folder / f"{name}.csv")

    at = ", ".join(fold.cutoff.text for fold in folds) or "none"
    lines = (
        f"judged at {at}, horizon {horizon}; written to {folder}",
        *said(project, folds, found, [*left_out, standing]),
        *policy_lines(tiering["policy"], settings.project.currency, spent),
        *calibration_lines(tiering["tier_calibration"]),
        *stability_lines(tiering["stability"]),
        *touch_lines(tiering["touches"]),
        *truth_lines(tenths, truths, horizon.label, CHALLENGER, settings.backtest.truth),
        *slice_lines(found["slices"], CHALLENGER, BASELINE),
        *age_lines(
            found["error_by_age"],
            found["coverage"],
            model=CHALLENGER,
            baseline=BASELINE,
            horizon=horizon.label,
        ),
        gate.note,
        *null.get("words", ()),
    )
    document = {
        "folder": str(folder),
        "cutoffs": [one.text for one in cutoffs],
        "value": settings.value.statement,
        "churn": settings.churn_statement,
        "censoring": {fold.cutoff.text: censoring(project.schedule, fold.cutoff) for fold in folds},
        "left_out": left_out,
        "champion": standing,
        "gate": gate.as_document(),
        "permutations": null,
        "differences": records(found["comparison"]),
        "truth": records(truths),
    }
    names = (
        "coverage",
        "churn_by_rule",
        "error_by_age",
        "metrics",
        "slices",
        "stand_ins",
        *tiering,
    )
    return Result(lines, document | {name: records(found[name]) for name in names})


def tiers_replayed(
    project: Project, table: pd.DataFrame, spent: pd.DataFrame | None, cutoffs: Sequence[Cutoff]
) -> dict[str, pd.DataFrame]:
    """Replay the tier policy on the judged cutoffs: what it caught, how sure it was, how it flapped."""
    policy, horizon = project.policy, project.settings.value.tiering
    caught = policy_backtest(
        table,
        policy,
        model=CHALLENGER,
        baseline=BASELINE,
        horizon=horizon,
        resampling=Resampling(),
        effort=spent,
        standing=standing_at(project.builder, cutoffs),
    )
    margin = project.settings.value.winnability_margin
    return {
        "policy": caught,
        "tier_calibration": tier_calibration(table, policy, model=CHALLENGER, horizon=horizon),
        "stability": stability_backtest(
            table, policy, model=CHALLENGER, baseline=BASELINE, horizon=horizon
        ),
        "touches": touch_association(
            table, spent, baseline=BASELINE, horizon=horizon, margin=margin
        ),
    }


def judged(
    project: Project,
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    cutoff: Cutoff,
    *,
    permuted: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit and predict at every fold; the tidy table, and what stood in for which model."""
    return judge(
        PermutedLabels(project.builder) if permuted else project.builder,
        candidates,
        folds,
        labels_until=cutoff,
        churn_rule=project.settings.churn_rule,
        threads=project.settings.engine.threads,
    )


def figures(
    table: pd.DataFrame, slices: pd.DataFrame, ages: pd.DataFrame, project: Project
) -> dict[str, pd.DataFrame]:
    """Compute every figure from the tidy table; nothing is fitted again."""
    value, fewest = project.settings.value, project.gate.minimum_slice
    return {
        "metrics": overall_metrics(fold_metrics(table)),
        "comparison": compare(table, BASELINE, Resampling()),
        "coverage": interval_coverage(
            table, nominal=value.interval, labels=pd.concat([slices, ages], ignore_index=True)
        ),
        "error_by_age": error_by_age(table, ages, Resampling()),
        "churn_by_rule": rule_metrics(table),
        "slices": slice_metrics(table, slices, horizon=value.tiering.label, fewest=fewest),
    }


def null_test(
    project: Project,
    table: pd.DataFrame,
    against: Sequence[str],
    folds: Sequence[Fold],
    cutoff: Cutoff,
    permutations: int,
) -> dict[str, Any]:
    """Permute the labels of the stored table many times, and once before anything is learned."""
    horizon, rule = project.settings.value.tiering.label, project.gate
    trials = null_trials(
        table, CHALLENGER, against, horizon=horizon, rule=rule, trials=permutations
    )
    candidates = [project.candidate(name) for name in (BASELINE, CHALLENGER)]
    again, _ = judged(project, candidates, folds, cutoff, permuted=True)
    once = decide(again, CHALLENGER, [BASELINE], horizon=horizon, rule=rule)
    retrained = f"learned from labels of other accounts: {once.verdict}"
    return trials.as_document() | {
        "retrained_promoted": once.passed,
        "words": (trials.words, retrained),
    }


def said(
    project: Project, folds: Sequence[Fold], found: dict[str, pd.DataFrame], who: Sequence[str]
) -> Iterator[str]:
    """Say what the figures mean, who was judged, and the figures of the tier horizon."""
    settings, horizon = project.settings, project.settings.value.tiering.label
    yield f"value: {settings.value.statement}"
    yield f"churn: {settings.churn_statement}"
    for fold in folds:
        counts = censoring(project.schedule, fold.cutoff)
        yield from (f"learned for {fold.cutoff}: {one}" for one in censoring_words(counts))
    yield from who
    stood = found["stand_ins"].drop(columns=["fold", "cutoff"]).drop_duplicates()
    stood = stood[stood["horizon"] == horizon]
    yield from (f"{model} over {label}: {tag}" for model, label, tag in stood.to_numpy())
    yield from rule_lines(found["churn_by_rule"], horizon, CHALLENGER, BASELINE)
    yield from coverage_words(found["coverage"], model=CHALLENGER, horizon=horizon)
    metrics, differences = found["metrics"], found["comparison"]
    yield metrics[metrics["horizon"] == horizon].round(4).to_string(index=False)
    yield "differences to past value, with 95 % intervals:"
    yield differences[differences["horizon"] == horizon].round(4).to_string(index=False)
