"""Censoring: at how many of the snapshots that are learned from each horizon's label is known.

Why this way: a window that reaches beyond the data has no label yet. Nothing is made up for it, so a
long horizon is learned from older snapshots only; how many those are is said beside every figure.
"""

from __future__ import annotations

from collections.abc import Mapping

from valuemodel.metrics.splits import Schedule
from valuemodel.periods import Cutoff

Censoring = Mapping[str, Mapping[str, int]]


def censoring(schedule: Schedule, as_of: Cutoff, until: Cutoff | None = None) -> Censoring:
    """Count per horizon the snapshots that are learned from, and those whose window is complete.

    Parameters
    ----------
    schedule : Schedule
        Which snapshots are learned from.
    as_of : Cutoff
        When it is learned.
    until : Cutoff, optional
        The instant until which the tables are complete, where that is earlier.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> horizons = (Horizon.parse("3 months"), Horizon.parse("1 year"))
    >>> first, step = Cutoff.parse("2020-01-01"), Horizon.parse("3 months")
    >>> schedule = Schedule(horizons, first, step, snapshots=6)
    >>> found = censoring(schedule, Cutoff.parse("2021-07-01"))
    >>> found["1y"]
    {'complete': 3, 'snapshots': 6}
    >>> print(*censoring_words(found), sep="; ")
    3m: labels complete at all 6 snapshots; 1y: labels complete at 3 of 6 snapshots, the others
    are censored
    """
    snapshots = schedule.training(as_of)
    end = as_of if until is None else min(as_of, until)
    return {
        horizon.label: {
            "complete": sum(horizon.after(at) <= end for at in snapshots),
            "snapshots": len(snapshots),
        }
        for horizon in sorted(schedule.horizons)
    }


def censoring_words(counts: Censoring) -> list[str]:
    """Say it, one sentence per horizon."""
    return [f"{label}: {_said(**count)}" for label, count in counts.items()]


def _said(complete: int, snapshots: int) -> str:
    if not snapshots:
        return "no snapshot to learn from yet"
    if complete == snapshots:
        return f"labels complete at all {snapshots} snapshots"
    return f"labels complete at {complete} of {snapshots} snapshots, the others are censored"
