"""Out-of-time splits: which snapshots a model may learn from to be judged at a cutoff.

The rule. A model judged at cutoff t learns from snapshots whose label window *ends* by t; its own
truth window *begins* at t. So no day of a label that was learned from is a day that is judged: the
overlap is 0 days, and the gap between the last training snapshot and t is the horizon itself (purging
after López de Prado, *Advances in Financial Machine Learning*, 2018, ch. 7, done with dates instead
of rows). That is exactly what training at t could have done, so a backtest tells what would have
happened.

Why this way: accounts are not held out. At t an account's earlier windows are over and known, and in
production the model is asked about those very accounts; hiding them would judge another task. What
must never be shared is time: no account, and no member of a parent group, is in train and test at the
same cutoff, since every training cutoff lies at least a horizon before the one judged. `Fold` checks
both and refuses to exist otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.periods import Cutoff, Horizon, rolling_cutoffs

_NO_LIMIT = 100_000


@dataclass(frozen=True)
class Fold:
    """One judged cutoff and the snapshots that may be learned from before it.

    Parameters
    ----------
    cutoff : Cutoff
        Where predictions are made; truths lie in [cutoff, cutoff + horizon).
    training : tuple of Cutoff
        Snapshots to learn from, oldest first; each has at least the shortest label window complete.
    shortest : Horizon
        The shortest horizon; longer ones are learned from only those snapshots where they are
        complete.

    Raises
    ------
    UsageError
        If a training window would reach beyond the cutoff.

    Examples
    --------
    >>> half = Horizon.parse("6 months")
    >>> Fold(Cutoff.parse("2011-01-01"), (Cutoff.parse("2010-08-01"),), half)
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.UsageError: a training window reaches beyond the judged cutoff 2011-01-01
      received: 2010-08-01 + 6 months = 2011-02-01
    """

    cutoff: Cutoff
    training: tuple[Cutoff, ...]
    shortest: Horizon

    @property
    def learned(self) -> tuple[Cutoff, ...]:
        """The snapshots that a fit sees: those of training, and the judged one without labels.

        What needs no label, such as a law of buying, is learned from the newest snapshot too.
        """
        return (*self.training, self.cutoff)

    def __post_init__(self) -> None:
        for cutoff in self.training:
            end = self.shortest.after(cutoff)
            if end > self.cutoff:
                problem = f"a training window reaches beyond the judged cutoff {self.cutoff}"
                raise UsageError(problem, received=f"{cutoff} + {self.shortest} = {end}")


@dataclass(frozen=True)
class Schedule:
    """Which snapshots are learned from and judged, from dates alone.

    Training and backtest ask the same object, so a fold at t is trained as `train --as-of t` would.

    Parameters
    ----------
    horizons : tuple of Horizon
        All horizons that are learned.
    first : Cutoff
        No snapshot lies before it.
    step : Horizon
        The distance of snapshots.
    snapshots : int
        How many snapshots each horizon learns from at the most.

    Examples
    --------
    >>> schedule = Schedule(
    ...     horizons=(Horizon.parse("3 months"), Horizon.parse("6 months")),
    ...     first=Cutoff.parse("2010-01-01"),
    ...     step=Horizon.parse("1 month"),
    ...     snapshots=2,
    ... )
    >>> schedule.training(Cutoff.parse("2011-01-01"))
    (Cutoff('2010-06-01'), Cutoff('2010-07-01'), Cutoff('2010-09-01'), Cutoff('2010-10-01'))
    """

    horizons: tuple[Horizon, ...]
    first: Cutoff
    step: Horizon
    snapshots: int

    @property
    def shortest(self) -> Horizon:
        """The horizon whose windows are complete first."""
        return min(self.horizons)

    def training(self, as_of: Cutoff) -> tuple[Cutoff, ...]:
        """Return the snapshots to learn from at ``as_of``, oldest first; empty if there are none.

        They lie ``step`` apart, counted back from the newest one whose shortest window is complete;
        of them, each horizon takes the newest ``snapshots`` for which its own window is complete.
        """
        grid = rolling_cutoffs(self.first, as_of, self.shortest, self.step, _NO_LIMIT)
        chosen = {
            cutoff
            for horizon in self.horizons
            for cutoff in [at for at in grid if horizon.after(at) <= as_of][-self.snapshots :]
        }
        return tuple(sorted(chosen))

    def judging(self, as_of: Cutoff, horizon: Horizon, folds: int) -> list[Fold]:
        """Return the newest folds whose window of ``horizon`` is complete at ``as_of``.

        Only cutoffs at which something could already be learned are taken, if only over a shorter
        horizon; with too short a history there are fewer than asked for, or none. Oldest first.
        """
        cutoffs = rolling_cutoffs(self.first, as_of, horizon, self.step, folds)
        return self.folds([at for at in cutoffs if self.training(at)])

    def folds(self, cutoffs: Iterable[Cutoff]) -> list[Fold]:
        """Return one fold per cutoff, oldest first.

        Raises
        ------
        DataRefused
            If nothing can be learned before one of the cutoffs.
        """
        found = [Fold(at, self.training(at), self.shortest) for at in sorted(set(cutoffs))]
        empty = [fold.cutoff.text for fold in found if not fold.training]
        if empty:
            problem = "nothing can be learned before a cutoff that is to be judged"
            earliest = self.shortest.after(self.first)
            hint = f"judge from {earliest} on: one window of {self.shortest} after {self.first}"
            raise DataRefused(problem, received=", ".join(empty), hint=hint)
        return found
