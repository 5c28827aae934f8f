"""Demo: make a synthetic business, then run the whole job on it, as a user would.

The true expected future of each account is known, so the demo ends by saying how near the
recommendations come to the best possible ones.
"""

from __future__ import annotations

from valuemodel.periods import Cutoff
from valuemodel.project import Project, Result
from valuemodel.tables.world import make_world, write_world

AS_OF = "2025-07-01"


def run(project: Project, *, accounts: int = 10_000, seed: int = 0) -> Result:
    """Write the tables of the settings, then check, train, score and review."""
    cutoff = Cutoff.parse(AS_OF)
    horizons = project.settings.value.ordered
    world = make_world(accounts, as_of=cutoff, horizons=horizons, seed=seed)
    folder = project.root / "data" / "demo"
    write_world(world, folder)
    steps = {
        "train": project.pipeline("train")(project, AS_OF),
        "score": project.pipeline("score")(project, AS_OF),
        "review": project.pipeline("review")(project, AS_OF),
    }
    lines = [f"a business of {accounts:,} accounts in {folder}; its future is in the file too"]
    for name, step in steps.items():
        lines += [f"{name}:", *(f"  {line}" for line in step.lines)]
    return Result(tuple(lines), {name: step.document for name, step in steps.items()})
