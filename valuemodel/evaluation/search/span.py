"""Where definitions are tried: folds that lie wholly before all that will be judged.

Why this way: whoever tunes on the cutoffs of the gate has already seen the exam. So the span of a
search ends where the first window that training or the backtest judges begins, and its folds end there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from valuemodel.exceptions import DataRefused
from valuemodel.metrics.splits import Fold, Schedule
from valuemodel.periods import Cutoff, Horizon


@dataclass(frozen=True)
class SearchSpan:
    """What a search may look at.

    Parameters
    ----------
    until : Cutoff
        Nothing from here on is read: the first cutoff that is judged for promotion, or the as-of.
    horizon : Horizon
        What is judged: the tier horizon, or the longest whose windows are complete.
    folds : sequence of Fold
        Where it is judged.
    """

    until: Cutoff
    horizon: Horizon
    folds: tuple[Fold, ...]


def search_span(
    schedule: Schedule,
    as_of: Cutoff,
    horizon: Horizon,
    folds: int,
    fixed: Sequence[Cutoff] = (),
) -> SearchSpan:
    """Find the folds that lie wholly before all that will be judged.

    Parameters
    ----------
    schedule : Schedule
        Of the project.
    as_of : Cutoff
        As in training.
    horizon : Horizon
        The tier horizon; the next shorter one is taken where no window of it is complete.
    folds : int
        How many.
    fixed : sequence of Cutoff
        Cutoffs that the backtest command judges besides.

    Raises
    ------
    DataRefused
        If the history is too short for that.
    """
    judged = [fold.cutoff for fold in schedule.judging(as_of, horizon, folds)]
    until = min([as_of, *judged, *fixed])
    for own in sorted((one for one in schedule.horizons if one <= horizon), reverse=True):
        found = [fold for fold in schedule.judging(until, own, folds) if _learns(fold, own)]
        if found:
            return SearchSpan(until, own, tuple(found))
    problem = f"the history before {until} is too short to try definitions on"
    received = f"data from {schedule.first} on, judged for promotion from {until} on"
    hint = "keep the defaults, which are meant for this, or bring more history"
    raise DataRefused(problem, received=received, hint=hint)


def _learns(fold: Fold, horizon: Horizon) -> bool:
    """Return whether a horizon has a complete window to learn from, and is not stretched only."""
    return any(horizon.after(at) <= fold.cutoff for at in fold.training)
