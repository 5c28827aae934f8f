"""The search for a better definition: some trials, judged out of time inside the training span.

Every trial is fitted and judged as in the backtest, at cutoffs whose windows end before the first
cutoff that training or the backtest will judge: not a day of what a model is promoted for is seen
here. The loss of a value is `money_deviance` and that of a churn risk the log loss; both are least for
a forecast that is right on average, so a better score is not bought with a biased total.

Trial 0 is the definition in force, so the best trial is never worse than it by the search's measure.
The best of many looks better than it is, so trials are compared on one half of the accounts, and the
best is set beside the definition in force on the other half, with a paired interval; it is recommended
only if the whole interval says that it is better.

Why this way: value and churn are fitted together and judged apart, so each trial serves one search of
each. The budget is a number of trials and never of minutes, which another machine would spend
otherwise: the same data and seed give the same trials, and the same answer, everywhere.

References
----------
Bergstra, Bardenet, Bengio and Kegl, Algorithms for Hyper-Parameter Optimization, NIPS 2011 (the
tree-structured Parzen estimator, as Optuna has it).
Cawley and Talbot, On Over-fitting in Model Selection, JMLR 11, 2010 (why the other half).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from valuemodel.dataset import Dataset
from valuemodel.estimators.churn_rules import Rule
from valuemodel.estimators.definitions import Definition
from valuemodel.evaluation.backtest import Builder, Candidate, run_backtest
from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.search.findings import (
    FEWEST_ACCOUNTS,
    TARGETS,
    Found,
    account_losses,
    mean_with_interval,
    other_half,
)
from valuemodel.evaluation.search.space import SearchSpace
from valuemodel.evaluation.search.span import SearchSpan
from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.periods import Cutoff

if TYPE_CHECKING:
    import optuna

#: Makes a candidate of definitions that replace those in force.
Challenger = Callable[[Mapping[str, Definition]], Candidate]

_COMPARED = rf"^({'|'.join(TARGETS.values())})_"


@dataclass(frozen=True)
class Budget:
    """What a search may spend: trials, the one in force included; and its seed."""

    trials: int = 30
    seed: int = 0

    def __post_init__(self) -> None:
        if self.trials < 2:
            problem = "a search needs two trials: the definition in force, and another"
            raise UsageError(problem, received=str(self.trials), hint="give --trials 30")


@dataclass(frozen=True)
class SearchResult:
    """All trials, and what was found.

    Parameters
    ----------
    trials : DataFrame
        Columns ``definition``, ``trial`` (0 is the one in force), ``loss``, ``best``, and one per
        option, named by its path.
    found : sequence of Found
        One per definition that was searched.
    """

    trials: pd.DataFrame
    found: tuple[Found, ...]


def search(
    builder: Builder,
    spaces: Sequence[SearchSpace],
    challenger: Challenger,
    *,
    span: SearchSpan,
    budget: Budget,
    churn_rule: Rule = "inactivity",
) -> SearchResult:
    """Try definitions within a budget, and say which are better.

    Parameters
    ----------
    builder : DatasetBuilder
        The same that serves training and scoring; every snapshot is built once.
    spaces : sequence of SearchSpace
        What may be changed; definitions with nothing to change are left alone.
    challenger : callable
        Makes a candidate of definitions that replace those in force, by name.
    span : SearchSpan
        Where trials are judged.
    budget : Budget
        How many trials, and the seed.
    churn_rule : {"inactivity", "contract", "both"}
        By which rule the labels of churn are made.

    Raises
    ------
    UsageError
        If there is nothing to search.
    DataRefused
        If there are too few accounts to choose on one half of them.
    """
    open_spaces = [space for space in spaces if space.options]
    if not open_spaces:
        problem = "no definition says what may be changed"
        raise UsageError(problem, hint="give models/future_value.toml a [search] section")
    remembered = _Remembered(builder)
    with _quiet_optuna():
        searches = [_Search(space, budget.seed + k) for k, space in enumerate(open_spaces)]
        for _ in range(budget.trials):
            changed = {one.space.name: one.ask() for one in searches}
            table = run_backtest(
                remembered,
                [challenger(changed)],
                span.folds,
                labels_until=span.until,
                churn_rule=churn_rule,
            )
            for one in searches:
                one.tell(account_losses(table, TARGETS[one.space.name], span.horizon.label))
    resampling = Resampling(seed=budget.seed)
    trials = pd.concat([one.trials() for one in searches], ignore_index=True)
    return SearchResult(trials, tuple(one.found(resampling) for one in searches))


@dataclass
class _Search:
    """The trials of one definition."""

    space: SearchSpace
    seed: int
    asked: list[dict[str, Any]] = field(default_factory=list)
    losses: list[pd.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        import optuna  # noqa: PLC0415 - scoring does not need it

        sampler = optuna.samplers.TPESampler(seed=self.seed)
        self._study = optuna.create_study(sampler=sampler)
        self._study.enqueue_trial(self.space.first_trial)
        self._trial: optuna.Trial | None = None

    def ask(self) -> Definition:
        """Return the next definition to try; the first is the one in force."""
        self._trial = self._study.ask()
        self.asked.append(self.space.asked(self._trial))
        return self.space.changed(self.asked[-1])

    def tell(self, losses: pd.DataFrame) -> None:
        """Take in each account's loss at each fold."""
        if self._trial is None:
            problem = "a trial is told before it is asked for"
            raise UsageError(problem)
        self.losses.append(losses)
        self._study.tell(self._trial, self.chosen_on(len(self.losses) - 1))

    def chosen_on(self, number: int) -> float:
        """Return a trial's mean loss on the accounts that trials are compared on."""
        losses = self.losses[number]
        half = losses[~other_half(losses.index)]
        if len(half) < FEWEST_ACCOUNTS or len(losses) - len(half) < FEWEST_ACCOUNTS:
            problem = f"fewer than {2 * FEWEST_ACCOUNTS} accounts to try definitions on"
            hint = "keep the defaults, which are meant for this"
            raise DataRefused(problem, received=f"{len(losses)} accounts", hint=hint)
        return float(half.mean().mean())

    @property
    def best(self) -> int:
        """The trial with the least loss, the earliest of equals."""
        return int(np.argmin([self.chosen_on(number) for number in range(len(self.losses))]))

    def trials(self) -> pd.DataFrame:
        """Return one row per trial."""
        numbers = range(len(self.losses))
        frame = pd.DataFrame(
            {
                "definition": self.space.name,
                "trial": list(numbers),
                "loss": [self.chosen_on(number) for number in numbers],
                "best": [number == self.best for number in numbers],
            }
        )
        for path in self.space.options:
            shown = [asked[path] for asked in self.asked]
            lists = any(isinstance(value, list) for value in shown)
            frame[path] = [", ".join(map(str, value)) for value in shown] if lists else shown
        return frame

    def found(self, resampling: Resampling) -> Found:
        """Set the best trial beside the definition in force, on the other accounts."""
        best, current = self.best, self.space.current
        changes = {
            path: value for path, value in self.asked[best].items() if value != current[path]
        }
        other = other_half(self.losses[0].index)
        gaps = (self.losses[best] - self.losses[0])[other].to_numpy()
        difference = mean_with_interval(gaps, resampling)
        return Found(
            self.space.name,
            changes,
            {path: current[path] for path in changes},
            self.chosen_on(best),
            self.chosen_on(0),
            difference,
            bool(changes) and difference.high < 0,
        )


class _Remembered:
    """A builder that builds every dataset once: trials differ in nothing but the definition."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._built: dict[tuple[object, ...], Dataset] = {}

    def at(self, cutoff: Cutoff, *, labels_until: Cutoff | None = None) -> Dataset:
        key = (cutoff, labels_until)
        if key not in self._built:
            built = self._builder.at(cutoff, labels_until=labels_until)
            truths = None if built.y is None else built.y.filter(regex=_COMPARED)
            self._built[key] = replace(built, y=truths)  # nothing else is judged
        return self._built[key]

    def stack(self, cutoffs: Sequence[Cutoff], *, labels_until: Cutoff) -> Dataset:
        key = (*cutoffs, labels_until)
        if key not in self._built:
            built = self._builder.stack(cutoffs, labels_until=labels_until)  # noqa: PD013
            self._built[key] = built
        return self._built[key]


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Let Optuna say nothing but warnings, and leave its voice as it was."""
    import optuna  # noqa: PLC0415 - scoring does not need it

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
