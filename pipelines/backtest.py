"""Backtest: set all candidates beside what came, at cutoffs whose future is in the file.

Edit this file: it is yours. It reads top to bottom, and `valuemodel backtest` runs this very copy.
"""

from __future__ import annotations

from valuemodel.evaluation.backtest import run_backtest
from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.by_rule import rule_lines, rule_metrics
from valuemodel.evaluation.censoring import censoring, censoring_words
from valuemodel.evaluation.comparison import compare, fold_metrics, overall_metrics
from valuemodel.io.sinks import write_table
from valuemodel.project import Project, Result

BASELINE, CHALLENGER = "past_value", "lightgbm"
CANDIDATES = (BASELINE, "average_retention", CHALLENGER)


def run(project: Project, as_of: str | None = None) -> Result:
    """Judge the candidates at the cutoffs of the settings, or at the newest complete ones."""
    cutoff, settings = project.as_of(as_of), project.settings
    horizon, schedule = settings.value.tiering, project.schedule
    asked = [at for at in settings.backtest.cutoffs if horizon.after(at) <= cutoff]
    folds = (
        schedule.folds(asked)
        if asked
        else schedule.judging(cutoff, horizon, settings.backtest.folds)
    )
    candidates = [project.candidate(name) for name in CANDIDATES]
    table = run_backtest(
        project.builder, candidates, folds, labels_until=cutoff, churn_rule=settings.churn_rule
    )
    metrics = overall_metrics(fold_metrics(table))
    differences, by_rule = compare(table, BASELINE, Resampling()), rule_metrics(table)
    labels = {fold.cutoff.text: censoring(schedule, fold.cutoff) for fold in folds}

    folder = project.output / "backtests" / cutoff.text
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"backtest": table, "metrics": metrics, "comparison": differences}
    for name, frame in (tables | {"churn_by_rule": by_rule}).items():
        write_table(frame, folder / f"{name}.parquet")
        write_table(frame, folder / f"{name}.csv")

    shown = metrics[metrics["horizon"] == horizon.label].round(4)
    judged = ", ".join(fold.cutoff.text for fold in folds) or "none"
    lines = (
        f"judged at {judged}, horizon {horizon}; written to {folder}",
        f"value: {settings.value.statement}",
        f"churn: {settings.churn_statement}",
        *(
            f"learned for {at}: {sentence}"
            for at, counts in labels.items()
            for sentence in censoring_words(counts)
        ),
        *rule_lines(by_rule, horizon.label, CHALLENGER, BASELINE),
        shown.to_string(index=False),
        "differences to past value, with 95 % intervals:",
        differences[differences["horizon"] == horizon.label].round(4).to_string(index=False),
    )
    document = {
        "folder": str(folder),
        "cutoffs": [fold.cutoff.text for fold in folds],
        "value": settings.value.statement,
        "churn": settings.churn_statement,
        "censoring": labels,
        "churn_by_rule": by_rule.astype(object).where(by_rule.notna(), None).to_dict("records"),
        "metrics": metrics.astype(object).where(metrics.notna(), None).to_dict("records"),
        "differences": differences.astype(object)
        .where(differences.notna(), None)
        .to_dict("records"),
    }
    return Result(lines, document)
