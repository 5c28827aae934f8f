"""The leakage gate: columns that users bring must not know the answer.

An extra column of the accounts table is often a snapshot of today: a status, a close reason, a
termination date, the tier that a person has set since. At a past cutoff such a column knows what came
later, a backtest looks splendid, and the model is worthless. Two figures are taken per column, for
churn and for being among the top 10 % by value, on the newest training snapshots, because a value of
today tells most about what came last:

* **AUC alone**: how well the column by itself orders the accounts, refused from
  ``features.leakage_limit`` on. The column is read as the share of the target in its category, or in
  its twentieth of the range, learned on *other* accounts (out of fold, smoothed towards the mean); so
  what counts may be a category, a bend, or that the value is missing.
* **Gap closed**: how much of what the other features leave open (1 - AUC) the column closes when it is
  added to the same model, out of fold by account, refused from one third on. This finds the leak that
  noise hides from the first figure. It is asked only of columns that stand still, that is, show the
  same value at every cutoff for nearly all accounts, as a value of today pasted on the past does.

Features of one's own are asked the same. They are computed from what was known at the cutoff, so they
may honestly be as good as all our own features together, in a book of contracts nearly perfect; alone
they are refused only where they also beat those.

Why this way: honest columns are often good, sometimes very good; none of them is nearly perfect, and
none that stands still answers a third of what all the rest cannot. Measured on simulated books: an
account's true order rate, which nobody can know, closes 17 %; a leak that is right for six accounts in
ten 37 to 40 %. A status seen *as it stood* may honestly close a half, but then it moves from
cutoff to cutoff. Shares of the open gap mean the same for a target that is easy and one that is hard;
a fixed lift (0.05 in the Kestra leakage gate) does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from valuemodel.dataset import Dataset
from valuemodel.exceptions import DataRefused
from valuemodel.metrics.arrays import FloatArray, IntArray
from valuemodel.settings import FeaturesSection

LARGEST_GAP_CLOSED = 1 / 3
"""The share of the open gap from which a column is refused."""

_FOLDS = 3
_BINS = 20
_SMOOTHING = 20.0  # a category of 20 accounts is believed half
_ENOUGH = 3_000  # rows: older snapshots are looked at only until there are so many
_LARGEST_SAMPLE = 10_000
_MODEL = {
    "objective": "binary",
    "num_leaves": 8,
    "min_data_in_leaf": 20,
    "num_threads": 1,  # small tables: more threads only wait for each other
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
_MOVES = 0.01  # the share of accounts whose value changes, from which a column has a history
_FEWEST = 30  # of the target and of the others: below, an AUC says nothing


@dataclass(frozen=True)
class Finding:
    """What one column knows about one target.

    ``moves`` says whether it changes from cutoff to cutoff, ``own`` whether it is a feature of one's
    own, computed from the tables, and no column of the accounts table.
    """

    column: str
    target: str
    moves: bool
    auc: float
    auc_without: float
    auc_with: float
    own: bool = False

    @property
    def gap_closed(self) -> float:
        """The share of 1 - AUC of the other features that the column closes."""
        gap = 1.0 - self.auc_without
        return (self.auc_with - self.auc_without) / gap if gap > 0 else 0.0

    def suspicious(self, limit: float) -> bool:
        """Whether the column knows more than an honest one would."""
        pasted = not self.moves and self.gap_closed >= LARGEST_GAP_CLOSED
        known_otherwise = self.own and self.auc <= self.auc_without
        return (self.auc >= limit and not known_otherwise) or pasted

    def __str__(self) -> str:
        return (
            f"{self.column}: AUC {self.auc:.3f} alone for {self.target}; with it the model goes from "
            f"{self.auc_without:.3f} to {self.auc_with:.3f} ({self.gap_closed:.0%} of the gap)"
        )


def refuse_leaks(dataset: Dataset, features: FeaturesSection, *, seed: int = 0) -> list[Finding]:
    """Refuse to train on columns and features that users bring and that know the answer.

    Parameters
    ----------
    dataset : Dataset
        The training snapshots, with labels.
    features : FeaturesSection
        The extra columns, the limit, and the columns for which a person has waived the gate.
    seed : int
        Seed of the folds and of the sample (at most 10,000 rows are looked at).

    Returns
    -------
    list of Finding
        One per column and target, waived ones included, for the record.

    Raises
    ------
    DataRefused
        If a column that is not waived is suspicious; all such columns are named with their figures.
    """
    own = [feature.name for feature in dataset.features if feature.group == "own"]
    columns = [*(name for name in features.extra if name in dataset.X.columns), *own]
    findings = list(screen(dataset, columns, seed=seed))
    refused = [
        finding
        for finding in findings
        if finding.column not in features.waive and finding.suspicious(features.leakage_limit)
    ]
    if refused:
        named = ", ".join(dict.fromkeys(finding.column for finding in refused))
        problem = f"what you brought seems to know the future: {named}"
        hint = (
            "leave it out, or give the accounts a valid_from so that they are seen as they stood; "
            f"if it was known at each cutoff, add it to [features] waive (limit: AUC "
            f"{features.leakage_limit} alone, or {LARGEST_GAP_CLOSED:.0%} of the gap)"
        )
        raise DataRefused(problem, hint=hint, details=[str(finding) for finding in refused])
    return findings


def screen(dataset: Dataset, columns: Sequence[str], *, seed: int = 0) -> Iterator[Finding]:
    """Measure what each column knows about churn and about top value, per horizon.

    Parameters
    ----------
    dataset : Dataset
        Snapshots with labels.
    columns : sequence of str
        Columns of ``dataset.X`` to look at; the other features are what they are compared with,
        without any of the columns looked at.
    seed : int
        Seed of the folds and of the sample.

    Yields
    ------
    Finding
        One per column and target for which there are enough accounts on both sides.
    """
    if dataset.y is None or not columns:
        return
    moves = {column: _moves(dataset, column) for column in columns}
    own = {feature.name for feature in dataset.features if feature.group == "own"}
    for target, truth in _targets(dataset.y, dataset.keys["cutoff"]):
        rows = _newest(truth, dataset.keys["cutoff"], seed)
        hit = truth.iloc[rows].to_numpy(np.float64)
        if min(hit.sum(), (1.0 - hit).sum()) < _FEWEST:
            continue
        X, folds = dataset.X.iloc[rows], _folds(dataset.keys["account_id"].iloc[rows], seed)
        rest = _as_numbers(X.drop(columns=list(columns)))
        without = _auc_of_model(rest, None, hit, folds)
        for column in columns:
            codes = _codes(X[column])
            alone = float(roc_auc_score(hit, _share_elsewhere(codes, hit, folds)))
            both = _auc_of_model(rest, codes, hit, folds)
            best = max(alone, 1.0 - alone)
            yield Finding(column, target, moves[column], best, without, both, column in own)


def _newest(truth: pd.Series, cutoffs: pd.Series, seed: int) -> IntArray:
    """Return the rows of the newest cutoffs that have this label, a sample if they are many."""
    known = truth.notna()
    sizes = cutoffs[known].value_counts().sort_index(ascending=False)
    needed = sizes.index[sizes.cumsum().shift(fill_value=0) < _ENOUGH]
    rows = np.flatnonzero(known & cutoffs.isin(needed))
    chosen = np.random.default_rng(seed).permutation(rows.size)[:_LARGEST_SAMPLE]
    return rows[np.sort(chosen)].astype(np.int64)


def _folds(accounts: pd.Series, seed: int) -> IntArray:
    """Deal the accounts into folds, all rows of one account into one."""
    codes = pd.factorize(accounts, sort=True)[0]
    lots = np.random.default_rng(seed).permutation(int(codes.max()) + 1)
    return (lots[codes] % _FOLDS).astype(np.int64)


def _moves(dataset: Dataset, column: str) -> bool:
    """Whether the column changes over the cutoffs of enough of the accounts seen more than once."""
    values = pd.Series(pd.factorize(dataset.X[column])[0])
    seen = values.groupby(dataset.keys["account_id"].to_numpy()).agg(["min", "max", "size"])
    again = seen[seen["size"] > 1]
    return bool((again["min"] != again["max"]).mean() >= _MOVES) if len(again) else False


def _targets(y: pd.DataFrame, cutoffs: pd.Series) -> Iterator[tuple[str, pd.Series]]:
    """Yield churn and winnability as they are, and value as being among the top 10 % of its snapshot."""
    for name in y.columns:
        target, horizon = str(name).split("_", 1)
        if target in ("churn", "winnability"):
            yield f"{target} over {horizon}", y[name]
        else:
            rank = y[name].groupby(cutoffs).rank(pct=True)
            yield f"top value over {horizon}", (rank > 0.9).astype("float64").where(rank.notna())


def _as_numbers(X: pd.DataFrame) -> FloatArray:
    """Give the other features as numbers, categories as codes: trees need no more."""
    numbers = {name: _number(X[name]) for name in X.columns}
    return np.column_stack(list(numbers.values())) if numbers else np.zeros((len(X), 1))


def _number(values: pd.Series) -> FloatArray:
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(np.float64)
    return pd.factorize(values, sort=True)[0].astype(np.float64)


def _codes(values: pd.Series) -> IntArray:
    """Return the number of each row's category, or twentieth of the range; 0 where it is missing."""
    if pd.api.types.is_numeric_dtype(values):
        if values.nunique() > _BINS:
            values = pd.qcut(values, _BINS, labels=False, duplicates="drop")
        return pd.factorize(values, sort=True)[0].astype(np.int64) + 1
    return pd.factorize(values, sort=True)[0].astype(np.int64) + 1


def _share_elsewhere(codes: IntArray, hit: FloatArray, folds: IntArray) -> FloatArray:
    """Return the smoothed share of the target in each row's category, from other folds only."""
    share = np.empty(hit.size)
    for fold in np.unique(folds):
        inside, outside = folds == fold, folds != fold
        share[inside] = _share(codes[outside], hit[outside], codes[inside])
    return share


def _share(learned: IntArray, hit: FloatArray, asked: IntArray) -> FloatArray:
    size = int(max(learned.max(initial=0), asked.max(initial=0))) + 1
    hits, rows = np.bincount(learned, hit, size), np.bincount(learned, minlength=size)
    mean = hit.mean() if hit.size else 0.0
    share: FloatArray = ((hits + _SMOOTHING * mean) / (rows + _SMOOTHING))[asked]
    return share


def _auc_of_model(
    rest: FloatArray, codes: IntArray | None, hit: FloatArray, folds: IntArray
) -> float:
    """Return the out-of-fold AUC of a small boosted model, with a column added or without.

    Accounts are never split over folds, and the column's shares are learned inside each.
    """
    score = np.empty(hit.size)
    for fold in np.unique(folds):
        inside, outside = folds == fold, folds != fold
        train, test = rest[outside], rest[inside]
        if codes is not None:
            known = _share_elsewhere(codes[outside], hit[outside], folds[outside])
            asked = _share(codes[outside], hit[outside], codes[inside])
            train, test = np.column_stack([train, known]), np.column_stack([test, asked])
        learned = lightgbm.Dataset(train, hit[outside], params={"verbose": -1})
        score[inside] = lightgbm.train(_MODEL, learned, num_boost_round=40).predict(test)
    return float(roc_auc_score(hit, score))
