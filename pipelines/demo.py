"""Demo: make a synthetic business, then run the whole job on it, as a user would.

The true expected future of each account is known here, so the demo ends by saying how near tier A
comes to the best accounts there are.
"""

from __future__ import annotations

import pandas as pd

from valuemodel.io.stored import current_run, read_run
from valuemodel.periods import Cutoff
from valuemodel.project import Project, Result
from valuemodel.tables.world import make_world, write_world

AS_OF = "2025-07-01"


def run(project: Project, *, accounts: int = 10_000, seed: int = 0) -> Result:
    """Write the tables of the settings, then check, train, score and review."""
    horizons = project.settings.value.ordered
    world = make_world(accounts, as_of=Cutoff.parse(AS_OF), horizons=horizons, seed=seed)
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
    found = found_by_tier_a(project, world.truth)
    shares = ", ".join(f"{share:.1%} {how}" for how, share in found.items())
    lines.append(f"true future value in as many accounts as tier A holds: {shares}")
    documents = {name: step.document for name, step in steps.items()}
    return Result(tuple(lines), documents | {"true_value_in_tier_a": found})


def found_by_tier_a(project: Project, truth: pd.DataFrame) -> dict[str, float]:
    """Return the share of true future value in tier A, and in as many accounts chosen otherwise."""
    label = project.settings.value.tiering.label
    tables = read_run(current_run(project.output), ["recommendations", "predictions"]).tables
    book = tables["recommendations"].merge(tables["predictions"], on="account_id")
    book = book.merge(truth, on="account_id")
    true, top = book[f"expected_value_{label}"], book["tier"] == project.policy.names[0]
    by_past = book[f"past_value_{label}"].rank(ascending=False, method="first") <= top.sum()
    by_truth = true.rank(ascending=False, method="first") <= top.sum()
    chosen = {"by our tiers": top, "by past value": by_past, "at best": by_truth}
    return {how: float(true[which].sum() / true.sum()) for how, which in chosen.items()}
