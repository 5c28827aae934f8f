"""What a coverage plan takes from a stored run beside its predictions and facts.

Why this way: a plan is made from files alone, so a replay years later needs neither the tables of the
company nor a model. What an older run did not store is simply not known.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from valuemodel.io.policies import Policies
from valuemodel.io.stored import StoredRun, read_run, run_before
from valuemodel.periods import Cutoff
from valuemodel.tiers.plan import PlanSources

#: The stored tables that hold what a plan asks for.
SOURCES = ("touches", "projects", "credit", "capability_gaps", "white_space")

_LABELS = "plan_labels"


def plan_sources(stored: StoredRun, policies: Policies, output: Path) -> PlanSources:
    """Return what a plan takes from a stored run.

    Parameters
    ----------
    stored : StoredRun
        The run, with all its tables.
    policies : Policies
        The second policies and the own play.
    output : pathlib.Path
        The output folder, where the run before lies.
    """
    manifest = stored.manifest
    return PlanSources(
        currency=str(manifest.get("currency", "")),
        statement=str(manifest.get("value_statement", "")),
        net_of=tuple(map(str, manifest.get("subtract", ()))),
        labels_before=labels_before(output, stored.as_of),
        second=policies.second,
        play=policies.play,
        **{name: stored.tables.get(name) for name in SOURCES},
    )


def labels_before(output: Path, as_of: Cutoff) -> pd.DataFrame | None:
    """Return the labels of the champion's run before a cutoff; None where there are none."""
    before = run_before(output, as_of, [])
    if before is None or f"{_LABELS}.parquet" not in before.manifest["files"]:
        return None
    return read_run(before.folder, [_LABELS]).tables[_LABELS]
