"""Train: fit a challenger, judge it out of time, and promote it if it is better than past value.

Edit this file: it is yours. It reads top to bottom, and `valuemodel train` runs this very copy.
"""

from __future__ import annotations

from valuemodel import __version__
from valuemodel.evaluation.backtest import run_backtest
from valuemodel.evaluation.evidence import gather_evidence
from valuemodel.evaluation.gate import decide
from valuemodel.evaluation.leakage import refuse_leaks
from valuemodel.project import Project, Result
from valuemodel.tracking import TrainingRecord

BASELINE, RIVAL, CHALLENGER = "past_value", "average_retention", "lightgbm"


def run(project: Project, as_of: str | None = None, *, promote: bool = True) -> Result:
    """Train on what was known before ``as_of``; move ``champion`` only if the gate passes."""
    cutoff, settings = project.as_of(as_of), project.settings
    horizon, schedule, builder = settings.value.tiering, project.schedule, project.builder
    candidates = {name: project.candidate(name) for name in (BASELINE, RIVAL, CHALLENGER)}

    # Learn from rolling snapshots whose label windows were complete; columns that leak are refused.
    known = builder.stack(schedule.training(cutoff) or [cutoff], labels_until=cutoff)
    refuse_leaks(known, settings.features)

    # Judge on earlier cutoffs, each candidate fitted there on what was known then.
    folds = schedule.judging(cutoff, horizon, settings.backtest.folds)
    table = run_backtest(builder, list(candidates.values()), folds, labels_until=cutoff)
    gate = decide(table, CHALLENGER, [BASELINE], horizon=horizon.label, rule=project.gate)
    evidence = gather_evidence(table, gate, BASELINE)

    # Fit on everything and register; the first champion is the baseline.
    tracking = project.tracking
    record = TrainingRecord(
        name=f"as of {cutoff}",
        params=project.parameters,
        metrics=evidence.metrics,
        tags={
            "vm.snapshot": cutoff.text,
            "vm.horizon": horizon.label,
            "vm.data_fingerprint": project.fingerprint,
            "vm.code_version": __version__,
            "vm.decision": "passed" if gate.passed else "not passed",
            "mlflow.note.content": gate.verdict,
        },
        documents={"evidence.json": evidence.as_document()},
    )
    if tracking.version("champion") is None:
        first = tracking.register(candidates[BASELINE].fit(known, cutoff), record)
        tracking.promote(first, {"reason": "the baseline is the first champion"})
    model = candidates[CHALLENGER].fit(known, cutoff)
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
        *(f"{label}: {tag}" for label, tag in model.tags.items()),
        gate.verdict if promote or not gate.passed else f"{gate.verdict}; left waiting",
        *(f"  {reason}" for reason in (*gate.reasons, *gate.warnings)),
        f"champion: version {champion.number}; challenger: version {challenger.number}",
    )
    return Result(
        lines,
        {
            "as_of": cutoff.text,
            "promoted": promoted,
            "champion": champion.number,
            "challenger": challenger.number,
            "tags": model.tags,
            **evidence.as_document(),
        },
    )
