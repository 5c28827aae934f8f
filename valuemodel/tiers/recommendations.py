"""The recommendations table: for each account its tier, why, and what to do next.

Built from stored tables only, so that a policy is replayed without a model. A column whose part does
not exist yet is null, with the type it will have.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.assignment import Assignment, assign
from valuemodel.tiers.moves import Texts, changes_since, move_reasons, standing_before
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.score import SCORE_COLUMNS, money, score_accounts, tier_horizon

REASON_COLUMNS = tuple(f"reason_{way}_{place}" for way in ("up", "down") for place in (1, 2, 3))

#: The columns of the table, in order, with their pandas types.
RECOMMENDATION_TYPES: dict[str, str] = {
    "account_id": "str",
    "as_of": "datetime64[us]",
    "tier": "str",
    "tier_by_past_value": "str",
    "previous_tier": "str",
    "tier_probability": "float64",
    "too_close_to_call": "boolean",
    **dict.fromkeys(SCORE_COLUMNS, "float64"),
    "binding_rule": "str",
    "move_reason": "str",
    **dict.fromkeys(REASON_COLUMNS, "str"),
    "play": "str",
    "hours": "float64",
    "queue_rank": "int64",
    "queue_reason": "str",
    "review_date": "datetime64[us]",
    "policy_version": "str",
    "model_version": "str",
}


def assign_tiers(
    predictions: pd.DataFrame,
    policy: TierPolicy,
    facts: pd.DataFrame | None = None,
    previous: pd.DataFrame | None = None,
    reasons: pd.DataFrame | None = None,
    *,
    horizon: Horizon | str | None = None,
) -> pd.DataFrame:
    """Recommend a tier for every account of a stored predictions table.

    Parameters
    ----------
    predictions : pandas.DataFrame
        One row per account: ``account_id``, ``as_of``, ``value_<h>`` and ``past_value_<h>`` in the
        project's currency, and ``model_version`` if known.
    policy : TierPolicy
        The rules.
    facts : pandas.DataFrame, optional
        ``account_facts``; its ``current_tier`` is the previous tier where no previous run knows the
        account.
    previous : pandas.DataFrame, optional
        The recommendations of an earlier run.
    reasons : pandas.DataFrame, optional
        ``account_id`` and any of ``reason_up_1..3``, ``reason_down_1..3``.
    horizon : Horizon or str, optional
        The tier horizon; by default the one that the predictions are stored for.

    Returns
    -------
    pandas.DataFrame
        Columns `RECOMMENDATION_TYPES`, one row per account, sorted by ``account_id``. ``hours`` is
        per account and year; ``queue_rank`` counts from 1 in each tier.

    Raises
    ------
    UsageError
        If a table lacks a column, repeats an account, mixes cutoffs, or ``previous`` is later than
        the predictions.
    DataRefused
        If a value is infinite.

    Examples
    --------
    >>> predictions = pd.DataFrame(
    ...     {
    ...         "account_id": ["a", "b", "c"],
    ...         "as_of": pd.Timestamp("2026-01-01"),
    ...         "value_1y": [90.0, 10.0, 0.0],
    ...         "past_value_1y": [20.0, 80.0, 0.0],
    ...     }
    ... )
    >>> policy = TierPolicy.parse(
    ...     {
    ...         "version": "2026-1",
    ...         "tiers": [{"name": "key", "share_of_value": 0.5}, {"name": "other"}],
    ...     }
    ... )
    >>> found = assign_tiers(predictions, policy)
    >>> found[["account_id", "tier", "tier_by_past_value", "queue_rank"]]
      account_id   tier tier_by_past_value  queue_rank
    0          a    key              other           1
    1          b  other                key           1
    2          c  other              other           2
    >>> found["move_reason"][0]
    'up from other by past value: place 1 of 3 by predicted value, 2 by past value'
    """
    book = _once_each(predictions, "predictions")
    as_of = cutoff_of(book)
    tiering = tier_horizon(book) if horizon is None else Horizon.parse(horizon)
    scores = score_accounts(book, tiering)
    score, past = scores["score"].to_numpy(), money(book, f"past_value_{tiering.label}")
    ids = book["account_id"].tolist()
    predicted, by_past = assign(score, past, ids, policy), assign(past, past, ids, policy)
    before = standing_before(
        book["account_id"], _known(facts, "account facts"), _earlier(previous, as_of)
    )
    models = book.get("model_version", pd.Series(None, index=book.index, dtype="str"))
    changes = changes_since(before, score, policy, models)
    names = np.array(policy.names, dtype=object)
    place = _place_in_tier(predicted)
    columns = {
        "account_id": book["account_id"],
        "as_of": as_of.at,
        "tier": names[predicted.tier],
        "tier_by_past_value": names[by_past.tier],
        "previous_tier": before["tier"],
        **{name: scores[name] for name in SCORE_COLUMNS},
        "binding_rule": binding_rules(predicted, score),
        "move_reason": move_reasons(predicted, by_past, before, policy, changes),
        **_reasons_of(book["account_id"], _known(reasons, "reasons")),
        "play": np.array([tier.play for tier in policy.tiers], dtype=object)[predicted.tier],
        "hours": np.array([tier.hours for tier in policy.tiers], dtype=float)[predicted.tier],
        "queue_rank": place,
        "queue_reason": _queue_reasons(predicted, place, policy, tiering),
        "review_date": _at(policy.review_date(as_of)),
        "policy_version": policy.version,
        "model_version": models,
    }
    return _typed(columns, book.index)


def with_reasons(recommendations: pd.DataFrame, reasons: pd.DataFrame) -> pd.DataFrame:
    """Fill in the reasons of a recommendations table; accounts that have none keep none.

    Tiers are cut first and explained afterwards, since a large book explains those that move.

    Parameters
    ----------
    recommendations : pandas.DataFrame
        From `assign_tiers`.
    reasons : pandas.DataFrame
        ``account_id`` and any of ``reason_up_1..3``, ``reason_down_1..3``.

    Examples
    --------
    >>> table = pd.DataFrame({"account_id": ["a", "b"], "reason_up_1": None})
    >>> why = pd.DataFrame({"account_id": ["b"], "reason_up_1": ["Orders every week"]})
    >>> with_reasons(table, why)["reason_up_1"].tolist()
    [nan, 'Orders every week']
    """
    known = _known(reasons, "reasons")
    return recommendations.assign(**_reasons_of(recommendations["account_id"], known))


def cutoff_of(table: pd.DataFrame) -> Cutoff:
    """Return the one cutoff of a stored table."""
    found = pd.to_datetime(table.get("as_of", pd.Series(dtype="datetime64[us]")).drop_duplicates())
    if len(found) != 1 or found.isna().any():
        problem = "a stored table holds accounts of exactly one cutoff"
        received = f"{len(found)} values of as_of in {len(table)} rows"
        raise UsageError(problem, received=received, hint="take the table of one run")
    return Cutoff(found.iloc[0].to_pydatetime())


def binding_rules(assigned: Assignment, score: npt.NDArray[np.float64]) -> Texts:
    """Say per account which rule drew the lower line of its tier, or what kept it out of all."""
    rules = np.array([line.rule for line in assigned.lines], dtype=object)[assigned.tier]
    rules[score <= 0.0] = "no positive value"
    rules[np.isnan(score)] = "no prediction"
    return rules


def _once_each(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the table sorted by account, once it is sure that each account stands there once."""
    if "account_id" not in table.columns:
        problem = f"the {name} have no column account_id"
        raise UsageError(problem, received=", ".join(map(str, table.columns)))
    ids = table["account_id"]
    if not pd.api.types.is_string_dtype(ids.dropna()):
        problem = f"the account ids of the {name} are text, byte for byte"
        raise UsageError(problem, received=str(ids.dtype), hint="read the column as text")
    if ids.isna().any() or ids.duplicated().any():
        problem = f"the {name} must hold each account once"
        received = f"{int(ids.duplicated().sum())} repeated, {int(ids.isna().sum())} without id"
        raise UsageError(problem, received=received, hint="take the table of one run")
    return table.sort_values("account_id", ignore_index=True)


def _known(table: pd.DataFrame | None, name: str) -> pd.DataFrame | None:
    return None if table is None else _once_each(table, name)


def _earlier(previous: pd.DataFrame | None, as_of: Cutoff) -> pd.DataFrame | None:
    """Return the previous recommendations, unless they know more than the predictions."""
    if previous is None or previous.empty:
        return None
    if cutoff_of(previous) > as_of:
        problem = "the previous recommendations are later than the predictions"
        received = f"{cutoff_of(previous)} after {as_of}"
        raise UsageError(problem, received=received, hint="name an earlier run")
    return _once_each(previous, "previous recommendations")


def _reasons_of(
    accounts: pd.Series[str], reasons: pd.DataFrame | None
) -> dict[str, pd.Series[str]]:
    """Return the reason columns on the rows of the book; nothing where there are none."""
    if reasons is None:
        return {}
    unknown = set(reasons.columns) - {"account_id", "as_of", *REASON_COLUMNS}
    if unknown:
        problem = "the reasons hold account_id and reason columns only"
        raise UsageError(problem, received=", ".join(sorted(map(str, unknown))))
    found = reasons.set_index("account_id").reindex(accounts).reset_index(drop=True)
    return {column: found[column] for column in REASON_COLUMNS if column in found}


def _place_in_tier(assigned: Assignment) -> npt.NDArray[np.int64]:
    """Return each account's place in its tier: its rank less the accounts of the tiers above."""
    above = np.array([0, *(line.accounts for line in assigned.lines[:-1])], dtype=np.int64)
    return assigned.rank - above[assigned.tier]


def _queue_reasons(
    assigned: Assignment, place: npt.NDArray[np.int64], policy: TierPolicy, tiering: Horizon
) -> list[str]:
    sizes = np.bincount(assigned.tier, minlength=len(policy.tiers))
    ends = [
        f" of {size} in tier {name} by predicted value of the next {tiering}"
        for name, size in zip(policy.names, sizes, strict=True)
    ]
    return [f"{rank}{ends[tier]}" for rank, tier in zip(place, assigned.tier, strict=True)]


def _at(cutoff: Cutoff | None) -> pd.Timestamp | None:
    return None if cutoff is None else pd.Timestamp(cutoff.at)


def _typed(columns: Mapping[str, object], index: pd.Index[int]) -> pd.DataFrame:
    """Build the table with every column of the contract, typed also where it is null."""
    table = pd.DataFrame(columns, index=index).reindex(columns=list(RECOMMENDATION_TYPES))
    return table.astype(RECOMMENDATION_TYPES)
