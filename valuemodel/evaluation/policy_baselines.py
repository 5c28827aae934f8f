"""The ways of choosing accounts that a tier policy is set beside, each a ranking of one book.

By prediction, by past value, and by what came, which is the best there is; and where it is known, by the
company's own tiers as they stood at the cutoff, and by contract value (S1, S23). An account without a
tier of the company's, or with one that the policy does not name, ranks behind those with one, and one
without a contract behind those with one; equals rank by past value, and then as ever.

Why this way: the company's tiers and its contract values are what people go by today, so a policy earns
only what it catches beyond them. Ranked, each of them can be cut at the very sizes of the policy, so that
all lists cost the same. Where nothing is known there is no ranking: one made of ties would be past value
under another name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from valuemodel.evaluation.bootstrap import JudgedFold, judged_folds
from valuemodel.exceptions import UsageError
from valuemodel.metrics.arrays import FloatArray
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.assignment import Ties, ranking
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.score import ScoreSection

STANDING_TYPES = {
    "cutoff": "datetime64[us]",
    "account_id": "str",
    "current_tier": "str",
    "arr": "float64",
}
"""The columns of the table of standings, in order, with their pandas types."""


class Rankings(NamedTuple):
    """Minus the place of each account in each way, so that the highest is first.

    None where nothing is known to rank by.
    """

    by_prediction: FloatArray
    by_past_value: FloatArray
    at_best: FloatArray
    by_current_tier: FloatArray | None
    by_contract_value: FloatArray | None


WAYS = Rankings._fields
"""How accounts may be chosen."""


class KnowsFacts(Protocol):
    """What is asked of the dataset builder: the facts of all accounts as of a cutoff."""

    def facts_at(self, cutoff: Cutoff) -> pd.DataFrame:
        """Return one row per account, with ``account_id``, ``current_tier`` and ``arr``."""
        ...


def standing_at(builder: KnowsFacts, cutoffs: Sequence[Cutoff]) -> pd.DataFrame | None:
    """Return the company's own tier and the contract value of each account, as of each cutoff.

    Where the accounts say from when a tier holds (``valid_from``), it is the one of then. Where they do
    not, today's tier is taken to have always held: it knows what came, and is flattered by it.

    Parameters
    ----------
    builder : KnowsFacts
        The dataset builder.
    cutoffs : sequence of Cutoff
        The judged cutoffs.

    Returns
    -------
    pandas.DataFrame or None
        `STANDING_TYPES`. None where the book knows neither of any account.

    Examples
    --------
    >>> class Book:
    ...     def facts_at(self, cutoff):
    ...         return pd.DataFrame({"account_id": ["a"], "current_tier": ["A"], "arr": [None]})
    >>> standing_at(Book(), [Cutoff.parse("2026-01-01")])
          cutoff account_id current_tier  arr
    0 2026-01-01          a            A  NaN
    """
    parts = [
        builder.facts_at(cutoff)[["account_id", "current_tier", "arr"]]
        .assign(cutoff=pd.Timestamp(cutoff.at))
        .astype(STANDING_TYPES)
        for cutoff in cutoffs
    ]
    if not parts:
        return None
    found = pd.concat(parts, ignore_index=True)[list(STANDING_TYPES)]
    return found if bool(found[["current_tier", "arr"]].notna().any(axis=None)) else None


def value_folds(table: pd.DataFrame, models: Sequence[str], horizon: Horizon) -> list[JudgedFold]:
    """Set some models' values over one horizon side by side, fold by fold, the oldest first.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    models : sequence of str
        Models of the table.
    horizon : Horizon
        One of its horizons.

    Raises
    ------
    UsageError
        If the table does not hold one of them on that horizon.

    Examples
    --------
    >>> rows = {"fold": 0, "account_id": ["b", "a"], "target": "value", "horizon": "1y"}
    >>> rows |= {"y_true": [1.0, 2.0], "y_pred": [1.5, 2.5], "model": "m"}
    >>> (fold,) = value_folds(pd.DataFrame(rows), ["m"], Horizon.parse("1 year"))
    >>> fold.accounts.tolist(), fold.forecasts["m"].tolist()
    (['a', 'b'], [2.5, 1.5])
    """
    chosen = table[(table["target"] == "value") & (table["horizon"] == horizon.label)]
    missing = sorted(set(models) - set(chosen["model"]))
    if missing:
        problem = f"the backtest table has no value over {horizon.label} by {' and '.join(missing)}"
        raise UsageError(problem, received=", ".join(sorted(table["model"].unique())) or "nothing")
    return judged_folds(chosen[chosen["model"].isin(models)])


def ladder_of(policy: TierPolicy) -> TierPolicy:
    """Return a policy as far as it can be replayed on values alone: its ladder, people and stability.

    A composite score, segments, protected accounts and an optimisation ask for facts that a table of
    values does not hold. That a tier must bring some least value is asked of today's book, and refuses
    it; a book of the past is only looked at.

    Parameters
    ----------
    policy : TierPolicy
        The whole policy.

    Examples
    --------
    >>> tiers = [{"name": "A", "top_share": 0.1, "least_share_of_value": 0.5}, {"name": "B"}]
    >>> ladder_of(TierPolicy.parse({"version": "1", "tiers": tiers})).tiers[0].rule
    'the top 10 % of accounts'
    """
    values_alone: dict[str, object] = {
        "score": ScoreSection(),
        "segments": None,
        "protected": [],
        "optimise": None,
    }
    return policy.without_least().model_copy(update=values_alone)


def rankings(
    fold: JudgedFold,
    policy: TierPolicy,
    ties: Ties,
    *,
    model: str,
    baseline: str,
    standing: pd.DataFrame | None = None,
) -> Rankings:
    """Rank the accounts of a fold in every way.

    Parameters
    ----------
    fold : JudgedFold
        The accounts, what was predicted of them, and what came.
    policy : TierPolicy
        Whose names tell which of the company's tiers is the higher.
    ties : Ties
        What breaks the ties that past value leaves.
    model, baseline : str
        The model that predicts, and the one that is past value.
    standing : pandas.DataFrame, optional
        From `standing_at`.

    Raises
    ------
    UsageError
        If an account stands twice at the cutoff.
    """
    past = fold.forecasts[baseline]

    def ranked(score: FloatArray) -> FloatArray:
        place = np.empty(len(score))
        place[ranking(score, past, ties)] = np.arange(len(score))
        return -place

    tier, arr = _stood(fold, policy, standing)
    return Rankings(
        ranked(fold.forecasts[model]),
        ranked(past),
        ranked(fold.truth),
        None if np.isnan(tier).all() else ranked(tier),
        None if np.isnan(arr).all() else ranked(arr),
    )


def _stood(
    fold: JudgedFold, policy: TierPolicy, standing: pd.DataFrame | None
) -> tuple[FloatArray, FloatArray]:
    """Return what ranks by current tier, the higher the better, and contract value; NaN if unknown."""
    if standing is None:
        return np.full(len(fold.rows), np.nan), np.full(len(fold.rows), np.nan)
    rows = standing[standing["cutoff"] == fold.cutoff].set_index("account_id")
    if rows.index.has_duplicates:
        problem = "an account stands twice in the standings of one cutoff"
        received = f"{rows.index[rows.index.duplicated()][0]!r} at {fold.cutoff}"
        raise UsageError(problem, received=received, hint="give each account one row per cutoff")
    rows = rows.reindex(fold.accounts)
    tier = -np.asarray(rows["current_tier"].astype(object).map(policy.positions), dtype=np.float64)
    return tier, np.asarray(rows["arr"], dtype=np.float64)
