"""Train: fit a challenger, judge it out of time, and promote it if it is better than past value.

Edit this file: it is yours. It reads top to bottom, and `valuemodel train` runs this very copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from valuemodel import __version__
from valuemodel.estimators.account_model import AccountModel
from valuemodel.estimators.recorded_recipe import recipe_document
from valuemodel.evaluation.backtest import run_backtest
from valuemodel.evaluation.by_rule import rule_lines
from valuemodel.evaluation.candidates import without_outlook
from valuemodel.evaluation.censoring import censoring, censoring_words
from valuemodel.evaluation.coverage import coverage_words
from valuemodel.evaluation.evidence import Evidence, gather_evidence
from valuemodel.evaluation.gate.gate import decide
from valuemodel.evaluation.gate.standing import RECIPE_DOCUMENT
from valuemodel.evaluation.leakage import refuse_leaks
from valuemodel.evaluation.slices import slice_labels
from valuemodel.evaluation.stability import Stability, measure_stability
from valuemodel.periods import Cutoff
from valuemodel.project import Project, Result
from valuemodel.tracking import TrainingRecord

BASELINE, CHALLENGER = "past_value", "lightgbm"


def run(project: Project, as_of: str | None = None, *, promote: bool = True) -> Result:
    """Train on what was known before ``as_of``; move ``champion`` only if the gate passes."""
    cutoff, settings = project.as_of(as_of), project.settings
    horizon, schedule, builder = settings.value.tiering, project.schedule, project.builder
    candidates = {name: project.candidate(name) for name in (BASELINE, CHALLENGER)}
    champion_too, standing = project.standing([*candidates])

    # Learn from rolling snapshots whose label windows were complete, and from the newest what needs no
    # label; columns that leak are refused.
    known = builder.stack([*schedule.training(cutoff), cutoff], labels_until=cutoff)
    refuse_leaks(known, settings.features)

    # Judge on earlier cutoffs, each candidate fitted there on what was known then.
    folds = schedule.judging(cutoff, horizon, settings.backtest.folds)
    judged, rule = [*candidates.values(), *champion_too], settings.churn_rule
    threads = settings.engine.threads
    table = run_backtest(
        builder, judged, folds, labels_until=cutoff, churn_rule=rule, threads=threads
    )
    slices = slice_labels(builder, folds, settings.backtest.slices)
    against = [BASELINE, *(one.name for one in champion_too)]
    gate = decide(
        table, CHALLENGER, against, horizon=horizon.label, rule=project.gate, labels=slices
    )
    complete = censoring(schedule, cutoff, project.tables.ledger.complete_until)
    evidence = gather_evidence(table, gate, BASELINE, complete, settings.value.interval, slices)

    # Fit on everything and register; the first champion is the baseline.
    tracking, record = project.tracking, record_of(project, cutoff, evidence)
    if tracking.version("champion") is None:
        first = candidates[BASELINE].fit(known, cutoff)
        first = tracking.register(first, with_recipe(record, project, BASELINE))
        tracking.promote(first, {"reason": "the baseline is the first champion"})
    model = candidates[CHALLENGER].fit(known, cutoff)

    # Reasons that change when it is fitted again on other accounts are marked at scoring.
    promised, times = without_outlook(candidates[CHALLENGER]), settings.output.reason_refits
    again = partial(promised.fit, as_of=cutoff)
    held = measure_stability(model, again, known, refits=times)
    record = with_document(with_recipe(record, project, CHALLENGER), "stability.json", held)
    challenger = tracking.register(model, record)
    tracking.point("challenger", challenger)

    # Promotion is earned.
    promoted = promote and gate.passed
    if promoted:
        tracking.promote(challenger, {"reason": gate.verdict, "gate": gate.as_document()})
    champion = tracking.version("champion")
    lines = (
        f"{len(known):,} rows of {known.keys['cutoff'].nunique()} snapshots before {cutoff}, "
        f"judged at {', '.join(fold.cutoff.text for fold in folds) or 'no cutoff'}",
        *said(project, model, evidence),
        *held.lines,
        standing,
        gate.verdict if promote or not gate.passed else f"{gate.verdict}; left waiting",
        *(f"  {reason}" for reason in (*gate.reasons, *gate.warnings)),
        f"champion: version {champion.number}; challenger: version {challenger.number}",
    )
    document = {
        "as_of": cutoff.text,
        "promoted": promoted,
        "champion": champion.number,
        "challenger": challenger.number,
        "tags": model.tags,
        "value": settings.value.statement,
        "churn": settings.churn_statement,
    }
    return Result(lines, document | evidence.as_document())


def record_of(project: Project, cutoff: Cutoff, evidence: Evidence) -> TrainingRecord:
    """Gather what the training leaves in MLflow."""
    settings = project.settings
    return TrainingRecord(
        name=f"as of {cutoff}",
        params=project.parameters,
        metrics=evidence.metrics,
        tags={
            "vm.snapshot": cutoff.text,
            "vm.horizon": settings.value.tiering.label,
            "vm.value": settings.value.statement,
            "vm.churn": settings.churn_statement,
            "vm.data_fingerprint": project.fingerprint,
            "vm.code_version": __version__,
            "vm.decision": "passed" if evidence.gate["passed"] else "not passed",
            "mlflow.note.content": str(evidence.gate["note"]),
        },
        documents={"evidence.json": evidence.as_document()},
    )


def with_recipe(record: TrainingRecord, project: Project, name: str) -> TrainingRecord:
    """Add by what the model was made, so that it can be judged against the next one."""
    recipe = recipe_document(project.recipes[name])
    return replace(record, documents={**record.documents, RECIPE_DOCUMENT: recipe})


def with_document(record: TrainingRecord, name: str, held: Stability) -> TrainingRecord:
    """Add what refits made of the reasons to what the training leaves in MLflow."""
    return replace(record, documents={**record.documents, name: held.as_document()})


def said(project: Project, model: AccountModel, evidence: Evidence) -> Iterator[str]:
    """Say what the figures mean, what could be learned, and how well each rule of churn is known."""
    settings = project.settings
    yield f"value: {settings.value.statement}"
    yield f"churn: {settings.churn_statement}"
    yield from censoring_words(evidence.censoring)
    yield from (f"{label}: {tag}" for label, tag in model.tags.items())
    yield from model.wallet.words() if model.wallet is not None else []
    tiering = settings.value.tiering.label
    yield from coverage_words(evidence.coverage, model=CHALLENGER, horizon=tiering)
    yield from rule_lines(evidence.by_rule, settings.value.tiering.label, CHALLENGER, BASELINE)
