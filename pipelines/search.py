"""Search: try other definitions of the challenger inside the training span, and say what is better.

Edit this file: it is yours. It reads top to bottom, and `valuemodel search` runs this very copy. It
writes what it found beside the output and never into `models/`: copy a file there if you want it.
"""

from __future__ import annotations

from valuemodel.evaluation.search.definition_text import with_values
from valuemodel.evaluation.search.findings import TARGETS
from valuemodel.evaluation.search.search import Budget, search
from valuemodel.evaluation.search.space import SearchSpace
from valuemodel.evaluation.search.span import search_span
from valuemodel.io.sinks import write_table
from valuemodel.project import Project, Result


def run(project: Project, as_of: str | None = None, *, trials: int = 30, seed: int = 0) -> Result:
    """Tune value and churn within a number of trials; recommend only what is better beyond noise."""
    cutoff, backtest = project.as_of(as_of), project.settings.backtest
    horizon = project.settings.value.tiering
    texts = {
        name: (project.root / "models" / f"{name}.toml").read_text("utf-8") for name in TARGETS
    }
    spaces = [SearchSpace.of(name, project.definitions[name]) for name in TARGETS]
    for space in spaces:
        with_values(texts[space.name], space.current)  # a layout that cannot be changed is said now

    # Nothing that training or the backtest will judge is read.
    span = search_span(project.schedule, cutoff, horizon, backtest.folds, backtest.cutoffs)
    result = search(
        project.builder,
        spaces,
        project.challenger,
        span=span,
        budget=Budget(trials, seed),
        churn_rule=project.settings.churn_rule,
    )

    folder = project.output / "search" / cutoff.text
    folder.mkdir(parents=True, exist_ok=True)
    write_table(result.trials, folder / "trials.parquet")
    write_table(result.trials, folder / "trials.csv")
    for found in result.found:
        path = folder / f"{found.name}.toml"
        path.unlink(missing_ok=True)  # of an earlier search
        if found.changes:
            said = "".join(f"# {line}\n" for line in found.lines())
            path.write_text(said + with_values(texts[found.name], found.changes), "utf-8")

    judged = ", ".join(fold.cutoff.text for fold in span.folds)
    lines = (
        f"tried {trials} definitions at {judged}, horizon {span.horizon}; nothing from {span.until} "
        f"on was read; written to {folder}",
        *(line for found in result.found for line in found.lines()),
    )
    document = {
        "folder": str(folder),
        "cutoffs": [fold.cutoff.text for fold in span.folds],
        "horizon": span.horizon.label,
        "until": span.until.text,
        "trials": trials,
        "seed": seed,
        "found": [found.as_document() for found in result.found],
    }
    return Result(lines, document)
