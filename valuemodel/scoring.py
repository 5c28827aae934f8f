"""Scoring: a model and the accounts of one cutoff in, the stored tables out.

Predictions are looked at before anybody else sees them: a model that gives something that is no number,
or a probability outside 0 and 1, is refused. An account without any visible row is listed, tagged
``no_history``, with a value of 0 (nothing was ever bought, so nothing is promised) and no churn risk
(nobody can leave who never came). Where churn is judged by contracts alone, accounts without one have
no risk either, and are tagged ``no_contract``.

Why this way: what was learned lives in the model, so accounts are scored in chunks, in bounded memory,
with the same bytes as all at once; and all columns of the contract are there from the start, null where
the part that fills them does not exist yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.dataset import Dataset
from valuemodel.estimators.churn_rules import NO_CONTRACT
from valuemodel.exceptions import DataRefused, ModelRefused
from valuemodel.explain.drivers import Head
from valuemodel.settings import ValueSection

CHUNK = 100_000
QUANTILES = ("q05", "q25", "q50", "q75", "q95")
NO_HISTORY = "no_history"

_LUMPY_FROM = 0.5
_FEW_ORDERS = 3


class ScoringModel(Protocol):
    """What scoring asks of a model: predictions per horizon, and what must be said of them."""

    def tags_for(self, X: pd.DataFrame) -> Mapping[str, npt.NDArray[np.bool_]]:
        """Return which tags hold for which rows: fallbacks, and who has no risk."""
        ...

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predict ``value_<h>`` and ``churn_<h>`` for each row; no churn where there is no contract."""
        ...


@dataclass(frozen=True)
class Scored:
    """The stored tables of one run that come straight from the model.

    Parameters
    ----------
    predictions : DataFrame
        One row per account, `prediction_columns`, sorted by account.
    account_facts : DataFrame
        Profile and transaction facts as of the cutoff, the same accounts in the same order.
    """

    predictions: pd.DataFrame
    account_facts: pd.DataFrame


def prediction_columns(value: ValueSection) -> list[str]:
    """Return the columns of the stored predictions, in order.

    Examples
    --------
    >>> columns = prediction_columns(ValueSection.model_validate({"horizons": ["6 months"]}))
    >>> columns[:5], columns[-2:]
    (['account_id', 'as_of', 'value_6m', 'value_6m_low', 'value_6m_high'],
     ['previous_champion_value_6m', 'previous_champion_churn_6m'])
    """
    labels = [horizon.label for horizon in value.ordered]
    tier = value.tiering.label
    parts = ("low", "high", *QUANTILES)
    heads = ("churn", "winnability", "wallet", "white_space", "past_value")
    return [
        *("account_id", "as_of"),
        *(name for h in labels for name in (f"value_{h}", *(f"value_{h}_{p}" for p in parts))),
        *(f"{head}_{h}" for head in heads for h in labels),
        *("tags", "model_version"),
        *(f"previous_champion_value_{tier}", f"previous_champion_churn_{tier}"),
    ]


def score_accounts(
    model: ScoringModel,
    dataset: Dataset,
    facts: pd.DataFrame,
    *,
    value: ValueSection,
    model_version: str,
    without_history: Iterable[str] = (),
    previous: ScoringModel | None = None,
) -> Scored:
    """Score every account of one cutoff.

    Parameters
    ----------
    model : ScoringModel
        The champion, or whichever model is asked for.
    dataset : Dataset
        One snapshot, without labels.
    facts : DataFrame
        ``account_id`` and what is known of each account; may hold accounts that are not scored.
    value : ValueSection
        The horizons of the settings.
    model_version : str
        What the rows are marked with.
    without_history : iterable of str
        Accounts that are listed but have no visible row.
    previous : ScoringModel, optional
        The champion before this one, so that a move can be split; its columns are null where it
        does not exist or cannot read these features.

    Returns
    -------
    Scored
        The stored tables.

    Raises
    ------
    ModelRefused
        If a prediction is no finite number or a probability outside 0 and 1.
    DataRefused
        If an account appears twice, or the facts lack one.
    """
    account = dataset.keys["account_id"].reset_index(drop=True)
    silent = pd.Series(sorted(without_history), dtype="str")
    _check_accounts(pd.concat([account, silent]), facts["account_id"])
    labels = [horizon.label for horizon in value.ordered]
    predicted, said = _predict(model, dataset.X), model.tags_for(dataset.X)
    check_predictions(predicted, account, labels, without_risk=said.get(NO_CONTRACT))
    past = dataset.X[[f"past_value_{label}" for label in labels]].reset_index(drop=True)
    table = pd.concat([predicted.reset_index(drop=True), past], axis=1).assign(
        account_id=account,
        tags=_tags(said, dataset.X, predicted[f"value_{value.tiering.label}"]),
        **_of_previous(previous, dataset.X, value.tiering.label),
    )
    table = _with_silent_accounts(table, silent, labels)
    table = table.assign(as_of=dataset.keys["cutoff"].max(), model_version=model_version)
    table = table.reindex(columns=prediction_columns(value)).sort_values("account_id")
    in_order = facts.set_index("account_id").loc[table["account_id"]].reset_index()
    return Scored(_typed(table.reset_index(drop=True)), in_order)


def most_at_stake(
    dataset: Dataset, predictions: pd.DataFrame, *, value: ValueSection, most: int
) -> tuple[Dataset, dict[Head, npt.NDArray[np.float64]]]:
    """Return the accounts whose reasons matter most, and their tier horizon's predictions.

    Contributions cost about fifty times a prediction, so a large book explains the accounts with
    the highest predicted or past value only.

    Parameters
    ----------
    dataset : Dataset
        The accounts that were scored.
    predictions : DataFrame
        Their stored predictions.
    value : ValueSection
        The horizons of the settings.
    most : int
        How many accounts at the most.

    Returns
    -------
    tuple
        The chosen part of the dataset, in its order; and per head the stored predictions of its
        accounts, missing where an account has none. A head that says nothing is left out.
    """
    label = value.tiering.label
    shown = predictions.set_index("account_id").loc[dataset.keys["account_id"]]
    stake = shown[[f"value_{label}", f"past_value_{label}"]].max(axis=1).to_numpy()
    rows = np.sort(np.argsort(-stake, kind="stable")[:most])
    chosen = Dataset(
        dataset.X.iloc[rows].reset_index(drop=True),
        None,
        dataset.keys.iloc[rows].reset_index(drop=True),
        dataset.features,
    )
    found = {head: shown[f"{head}_{label}"].to_numpy("float64")[rows] for head in get_args(Head)}
    return chosen, {head: part for head, part in found.items() if not np.isnan(part).all()}


def check_predictions(
    predicted: pd.DataFrame,
    account: pd.Series[str],
    labels: Sequence[str],
    *,
    without_risk: npt.NDArray[np.bool_] | None = None,
) -> None:
    """Refuse predictions that must not be published.

    Values must be finite, probabilities finite and between 0 and 1 (or absent altogether, where a
    horizon has no churn model), and an interval must hold its value. Accounts that are said to have no
    risk must have none.

    Raises
    ------
    ModelRefused
        With one line per mistake: the column, how many accounts, and the first of them.
    """
    mistakes = [
        f"{column}: {what} for {int(wrong.sum())} accounts, first {account[wrong.argmax()]!r}"
        for column, what, wrong in _faults(predicted, labels, without_risk)
        if wrong.any()
    ]
    if mistakes:
        problem = "the model gives predictions that must not be published"
        hint = "roll back with 'valuemodel rollback', or train again"
        received = f"{len(predicted)} accounts"
        raise ModelRefused(problem, received=received, hint=hint, details=mistakes)


def _faults(
    predicted: pd.DataFrame, labels: Sequence[str], without_risk: npt.NDArray[np.bool_] | None
) -> Iterator[tuple[str, str, npt.NDArray[np.bool_]]]:
    absent = np.full(len(predicted), np.nan)
    exempt = np.zeros(len(predicted), dtype=np.bool_) if without_risk is None else without_risk
    for label in labels:
        value = _floats(predicted.get(f"value_{label}", absent))
        yield f"value_{label}", "no finite number", ~np.isfinite(value)
        churn = _floats(predicted.get(f"churn_{label}", absent))
        if not np.isnan(churn).all():
            yield f"churn_{label}", "no probability", ~exempt & ~((churn >= 0) & (churn <= 1))
            yield f"churn_{label}", "a risk without a contract", exempt & ~np.isnan(churn)
        low = _floats(predicted.get(f"value_{label}_low", absent))
        high = _floats(predicted.get(f"value_{label}_high", absent))
        yield f"value_{label}", "outside its own interval", (low > value) | (value > high)


def _floats(column: object) -> npt.NDArray[np.float64]:
    return np.asarray(column, dtype=np.float64)


def _check_accounts(account: pd.Series[str], known: pd.Series[str]) -> None:
    twice = account[account.duplicated()].to_list() + known[known.duplicated()].to_list()
    if twice:
        problem = "an account appears more than once at one cutoff"
        raise DataRefused(problem, received=f"{len(twice)} repeated, first {twice[0]!r}")
    lacking = account.loc[pd.Index(known).get_indexer(pd.Index(account)) < 0].to_list()
    if lacking:
        problem = "the account facts lack accounts that are scored"
        raise DataRefused(problem, received=f"{len(lacking)}, first {lacking[0]!r}")


def _predict(model: ScoringModel, X: pd.DataFrame) -> pd.DataFrame:
    starts = range(0, max(len(X), 1), CHUNK)
    return pd.concat([model.predict(X.iloc[at : at + CHUNK]) for at in starts])


def _of_previous(
    previous: ScoringModel | None, X: pd.DataFrame, tier: str
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the previous champion's columns, null where it cannot read these features."""
    if previous is None:
        return {}
    try:
        table = _predict(previous, X)
    except ModelRefused:
        return {}
    heads = [head for head in ("value", "churn") if f"{head}_{tier}" in table]
    return {f"previous_champion_{head}_{tier}": _floats(table[f"{head}_{tier}"]) for head in heads}


def _with_silent_accounts(
    table: pd.DataFrame, silent: pd.Series[str], labels: Sequence[str]
) -> pd.DataFrame:
    """Append the accounts that are listed and have no visible row."""
    if silent.empty:
        return table
    zeros = {f"{head}_{label}": 0.0 for head in ("value", "past_value") for label in labels}
    rows = pd.DataFrame({"account_id": silent}).assign(**zeros, tags=NO_HISTORY)
    return pd.concat([table, rows], ignore_index=True)


def _tags(
    said: Mapping[str, npt.NDArray[np.bool_]], X: pd.DataFrame, value: pd.Series[float]
) -> npt.NDArray[np.object_]:
    """Join each account's tags by semicolons: what the model says, then features and predictions."""
    known = dict(said)
    if "lumpiness_730d" in X:
        known["lumpy"] = _floats(X["lumpiness_730d"]) >= _LUMPY_FROM
    if "orders_total" in X:
        known["few_orders"] = _floats(X["orders_total"]) < _FEW_ORDERS
    if "under_contract" in X:
        known["under_contract"] = _floats(X["under_contract"]) == 1.0
    known["loss_making"] = _floats(value) < 0
    code = np.zeros(len(X), dtype=np.int64)
    for place, holds in enumerate(known.values()):
        code |= holds.astype(np.int64) << place
    numbers, member = np.unique(code, return_inverse=True)
    texts = [
        ";".join(tag for place, tag in enumerate(known) if int(number) >> place & 1)
        for number in numbers
    ]
    return np.array(texts, dtype=object)[member]


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Give text columns text, and every other column numbers (null where a part is absent)."""
    text = {"account_id", "tags", "model_version"}
    numbers = [name for name in table if name not in text and name != "as_of"]
    return table.astype(dict.fromkeys(sorted(text), "str") | dict.fromkeys(numbers, "float64"))
