"""Compare: the backtests of several settings files, side by side in one table.

Edit this file: it is yours. It reads top to bottom, and `valuemodel compare` runs this very copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.evidence import records
from valuemodel.evaluation.standings import standings
from valuemodel.exceptions import DataRefused
from valuemodel.io.presence import missing_files
from valuemodel.io.sinks import durable, write_table
from valuemodel.project import Project, Result
from valuemodel.reporting.standings_table import LEGEND, markdown_table, text_table

CHALLENGER = "lightgbm"


def run(root: Path, sets: Iterable[tuple[str, Project]], markdown: Path | None = None) -> Result:
    """Judge every set at its cutoffs, each by its own project's backtest; lay the figures out."""
    parts, left_out = [], {}
    for name, project in sets:
        if missing := missing_files(project.settings, project.root):
            left_out[name] = ", ".join(missing)
            continue
        judged = project.pipeline("backtest")(project)
        table = pd.read_parquet(Path(judged.document["folder"]) / "backtest.parquet")
        horizon = project.settings.value.tiering.label
        if table.empty:
            left_out[name] = f"a complete window of {horizon}"
            continue
        found = standings(table, CHALLENGER, horizon, Resampling())
        parts.append(found.assign(set=name)[["set", *found.columns]])
    if not parts:
        problem, said = "no settings file has what a comparison needs", left_out.items()
        received = "; ".join(f"{name} lacks {lacking}" for name, lacking in said)
        raise DataRefused(problem, received=received, hint="run 'valuemodel data get NAME'")
    figures = pd.concat(parts, ignore_index=True)

    folder = root / "output" / "comparison"
    folder.mkdir(parents=True, exist_ok=True)
    write_table(figures, folder / "comparison.parquet")
    write_table(figures, folder / "comparison.csv")
    page = markdown or folder / "comparison.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    with durable(page) as file:
        file.write(markdown_table(figures, CHALLENGER).encode())

    lines = (
        text_table(figures),
        LEGEND.format(challenger=CHALLENGER),
        *(f"left out: {name}, which lacks {lacking}" for name, lacking in left_out.items()),
        f"written to {page}; with intervals to {folder / 'comparison.csv'}",
    )
    document = {
        "figures": records(figures),
        "left_out": left_out,
        "folder": str(folder),
        "page": str(page),
    }
    return Result(lines, document)
