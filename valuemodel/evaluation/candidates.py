"""What can be judged: a name, and how a model is fitted on what was known at a cutoff.

Why this way: a candidate is a name and a function, so estimators never learn that they are being
judged, and anything that can be fitted (a baseline, a colleague's model) can be compared. The recipes of
a project are plain data with a function, so that a fold can be judged in another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import pandas as pd

from valuemodel.dataset import Dataset
from valuemodel.estimators.account_model import AccountModel, fit_account_model
from valuemodel.estimators.churn_rules import Rule
from valuemodel.estimators.definitions import Recipe
from valuemodel.periods import Cutoff, Horizon


class Predictor(Protocol):
    """Something fitted: predicts ``value_<h>`` and ``churn_<h>`` for the rows of ``X``."""

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return one row per row of ``X``, one column per target and horizon."""
        ...


class Fit(Protocol):
    """A recipe: fits on a dataset as it would have been done at a cutoff."""

    def __call__(self, dataset: Dataset, as_of: Cutoff) -> Predictor:
        """Return the fitted model."""
        ...


class Candidate(NamedTuple):
    """A model to be judged: its name in the tidy table, how it is fitted, and what it promises.

    ``interval`` is the share of values that its intervals are to hold, where it has any.
    """

    name: str
    fit: Fit
    interval: float = 0.80


class Builder(Protocol):
    """What the backtest asks of the dataset builder."""

    def at(self, cutoff: Cutoff, *, labels_until: Cutoff | None = None) -> Dataset:
        """Return one snapshot."""
        ...

    def stack(self, cutoffs: Sequence[Cutoff], *, labels_until: Cutoff) -> Dataset:
        """Return several snapshots, one under the other."""
        ...


@dataclass(frozen=True)
class RecipeFit:
    """How a recipe's account model is fitted in a project.

    Parameters
    ----------
    recipe : Recipe
        The heads and their fallbacks.
    horizons, tier_horizon
        The horizons of the settings, and the one that tiers are cut on.
    churn_rule : {"inactivity", "contract", "both"}
        By which rule labels of churn are made.
    threads : int, optional
        Of each fit; the result does not depend on them.
    """

    recipe: Recipe
    horizons: tuple[Horizon, ...]
    tier_horizon: Horizon
    churn_rule: Rule
    threads: int | None = None

    def __call__(self, dataset: Dataset, as_of: Cutoff) -> AccountModel:
        """Fit all heads on a dataset, as it would have been done at a cutoff."""
        return fit_account_model(
            self.recipe,
            dataset,
            horizons=self.horizons,
            tier_horizon=self.tier_horizon,
            as_of=as_of,
            churn_rule=self.churn_rule,
            n_jobs=self.threads,
        )


def without_outlook(candidate: Candidate) -> Candidate:
    """Return a recipe's candidate without winnability and wallet; others are left alone.

    What is not judged need not be fitted; see `valuemodel.estimators.outlook_heads`.
    """
    fit = candidate.fit
    if not isinstance(fit, RecipeFit):
        return candidate
    promised = replace(fit.recipe, winnability=None, wallet=None)
    return candidate._replace(fit=replace(fit, recipe=promised))


def with_threads(candidate: Candidate, threads: int) -> Candidate:
    """Return a recipe's candidate with a number of threads for each fit; others are left alone."""
    fit = candidate.fit
    if not isinstance(fit, RecipeFit):
        return candidate
    return candidate._replace(fit=replace(fit, threads=threads))
