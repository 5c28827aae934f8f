"""Scoring: a model and the accounts of one cutoff in, the stored tables out.

Predictions are looked at before anybody else sees them: a model that gives something that is no number,
or a probability outside 0 and 1, is refused. An account without any visible row is listed, tagged
``no_history``, without a churn risk (nobody can leave who never came). Its value is what accounts of the
same profile brought that had not bought either, tagged ``by_profile``, where the model has seen enough of
them; else 0. Its interval is what the first windows of others brought, and wide. Where churn is judged by contracts alone, accounts without one have
no risk either, and are tagged ``no_contract``.

Why this way: what was learned lives in the model, so accounts are scored in chunks, in bounded memory,
with the same bytes as all at once; and all columns of the contract are there from the start, null where
the part that fills them does not exist yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.dataset import Dataset
from valuemodel.estimators.churn_rules import NO_CONTRACT
from valuemodel.estimators.intervals.ranges import BOUNDS, OUTSIDE_RANGE, QUANTILES, Ranges
from valuemodel.estimators.newcomers import Newcomers
from valuemodel.exceptions import DataRefused, ModelRefused
from valuemodel.settings import ValueSection

CHUNK = 100_000
NO_HISTORY, BY_PROFILE = "no_history", "by_profile"

_LUMPY_FROM = 0.5
_FEW_ORDERS = 3


class ScoringModel(Protocol):
    """What scoring asks of a model: predictions per horizon, and what must be said of them."""

    def tags_for(self, X: pd.DataFrame) -> Mapping[str, npt.NDArray[np.bool_]]:
        """Return which tags hold for which rows: fallbacks, and who has no risk."""
        ...

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predict ``value_<h>`` and ``churn_<h>`` for each row; no churn where there is no contract.

        ``winnability_<h>`` and ``wallet_<h>`` may stand beside them.
        """
        ...

    @property
    def ranges(self) -> Ranges:
        """What is known of the errors of the values."""
        ...

    @property
    def newcomers(self) -> Newcomers:
        """What it says of accounts without history."""
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
    parts = (*BOUNDS, *QUANTILES)
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
    newcomers: Dataset | None = None,
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
    newcomers : Dataset, optional
        Accounts that are listed but have no visible row: all that is known of them is their profile.
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
    silent = _of_newcomers(model, newcomers, value)
    _check_accounts(pd.concat([account, silent["account_id"]]), facts["account_id"])
    labels = [horizon.label for horizon in value.ordered]
    predicted, said = _predict(model, dataset.X), model.tags_for(dataset.X)
    predicted = predicted.join(model.ranges.columns(predicted, value.interval))
    predicted = predicted.join(white_space(predicted, dataset.X))
    said = {**said, OUTSIDE_RANGE: model.ranges.outside(predicted)}
    check_predictions(predicted, account, labels, without_risk=said.get(NO_CONTRACT))
    past = dataset.X[[f"past_value_{label}" for label in labels]].reset_index(drop=True)
    table = pd.concat([predicted.reset_index(drop=True), past], axis=1).assign(
        account_id=account,
        tags=_tags(said, dataset.X, predicted[f"value_{value.tiering.label}"]),
        **_of_previous(previous, dataset.X, value.tiering.label),
    )
    table = pd.concat([table, silent], ignore_index=True) if len(silent) else table
    table = table.assign(as_of=dataset.keys["cutoff"].max(), model_version=model_version)
    table = table.reindex(columns=prediction_columns(value)).sort_values("account_id")
    in_order = facts.set_index("account_id").loc[table["account_id"]].reset_index()
    return Scored(_typed(table.reset_index(drop=True)), in_order)


def white_space(predicted: pd.DataFrame, X: pd.DataFrame) -> pd.DataFrame:
    """Return ``white_space_<h>`` of each ``wallet_<h>``: what it holds beyond current spend, in money.

    Current spend is ``past_value_<h>``: as much as the window before the cutoff brought.

    Examples
    --------
    >>> X = pd.DataFrame({"past_value_6m": [80.0, 120.0]})
    >>> white_space(pd.DataFrame({"wallet_6m": [100.0, 120.0]}), X)
       white_space_6m
    0            20.0
    1             0.0
    """
    wallets = [str(name).split("_", 1)[1] for name in predicted if str(name).startswith("wallet_")]
    spent = {label: _floats(X[f"past_value_{label}"]) for label in wallets}
    left = {f"white_space_{h}": _floats(predicted[f"wallet_{h}"]) - spent[h] for h in wallets}
    return pd.DataFrame(left, index=predicted.index)


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
    risk must have none. A wallet holds at least the predicted value and what is spent already.

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
        yield from _outlook_faults(predicted, label, value)


def _outlook_faults(
    predicted: pd.DataFrame, label: str, value: npt.NDArray[np.float64]
) -> Iterator[tuple[str, str, npt.NDArray[np.bool_]]]:
    """Yield what is wrong with winnability and wallet; a column that is missing altogether is not."""
    known = {
        head: _floats(predicted[f"{head}_{label}"])
        for head in ("winnability", "wallet", "white_space")
        if f"{head}_{label}" in predicted and predicted[f"{head}_{label}"].notna().any()
    }
    for head, found in known.items():
        if head == "winnability":
            yield f"{head}_{label}", "no probability", ~((found >= 0) & (found <= 1))
        elif head == "wallet":
            yield f"{head}_{label}", "no finite number", ~np.isfinite(found)
            yield f"{head}_{label}", "less than the predicted value", found < value
        else:
            yield f"{head}_{label}", "less than what is spent already", ~(found >= 0)


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


def _of_newcomers(
    model: ScoringModel, newcomers: Dataset | None, value: ValueSection
) -> pd.DataFrame:
    """Return the accounts without a visible row, and what peers of their profile let expect.

    A model that has seen enough accounts before their first order says what became of those with the
    same profile; of one that has not, nothing is promised.
    """
    if newcomers is None or not len(newcomers):
        return pd.DataFrame({"account_id": pd.Series(dtype="str")})
    labels = [horizon.label for horizon in value.ordered]
    names = [f"value_{label}" for label in labels]
    if model.newcomers.profiles_tell:
        expected = _predict(model, newcomers.X)[names].clip(lower=0.0).reset_index(drop=True)
        tags = f"{NO_HISTORY};{BY_PROFILE}"
    else:
        expected, tags = pd.DataFrame(0.0, index=range(len(newcomers)), columns=names), NO_HISTORY
    past = {f"past_value_{label}": 0.0 for label in labels}
    found = newcomers.keys[["account_id"]].reset_index(drop=True).assign(**past, tags=tags)
    return found.join(expected).join(model.newcomers.columns(expected, value.interval))


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
