"""The recommendations table: for each account its tier, why, and what to do next.

Built from stored tables only, so that a policy is replayed without a model. A column whose part does
not exist yet is null, with the type it will have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.accounts import tagged
from valuemodel.tiers.assignment import NOWHERE, Assignment, Flags, Floats
from valuemodel.tiers.decision import NO_HISTORY, OVERRIDE, Book, Decision, by_amount, decide
from valuemodel.tiers.earlier import EarlierRun
from valuemodel.tiers.moves import Texts, changes_since, move_reasons
from valuemodel.tiers.overrides import Overrides
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.probability import quantile_array, tier_probabilities, too_close
from valuemodel.tiers.reason_columns import LEVERS, REASON_COLUMNS, with_reasons
from valuemodel.tiers.score import SCORE_COLUMNS, tier_horizon
from valuemodel.tiers.stability import review_dates
from valuemodel.tiers.stored_tables import cutoff_of, known_once, once_each
from valuemodel.tiers.touches.queue import queue

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
    "rank": "int64",
    "gap_up": "float64",
    "gap_down": "float64",
    "tier_without_override": "str",
    "tier_by_contract_value": "str",
    "tier_since": "datetime64[us]",
    "pinned_by": "str",
    "held_by": "str",
    "override_reason": "str",
    "override_owner": "str",
    "override_expires": "datetime64[us]",
    "path": "str",
    "lumpy": "boolean",
    "industry_weight": "float64",
    LEVERS: "str",
}


@dataclass(frozen=True)
class Recommended:
    """Recommendations, and the decision that they tell.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `RECOMMENDATION_TYPES`, one row per account, sorted by ``account_id``.
    book : Book
        What was decided on.
    decision : Decision
        The tiers, and what each rests on.
    by_rules : Decision
        The same without what people decided.
    probability : ndarray, shape (n_accounts, n_tiers)
        The chance of each account to belong to each tier; NaN where none is known.
    """

    table: pd.DataFrame
    book: Book
    decision: Decision
    by_rules: Decision
    probability: Floats

    @property
    def findings(self) -> tuple[str, ...]:
        """What the policy could not do on this book, and overrides of accounts that are not in it."""
        gone = self.book.overrides.unknown(self.book.predictions["account_id"])
        told = (
            f"{len(gone):,} overridden accounts are not in the book, first {gone[0]!r}"
            if gone
            else ""
        )
        expired = len(self.book.overrides.expired)
        ended = f"{expired:,} overrides have ended and no longer hold" if expired else ""
        return (*self.decision.findings, *(said for said in (told, ended) if said))


def assign_tiers(
    predictions: pd.DataFrame,
    policy: TierPolicy,
    facts: pd.DataFrame | None = None,
    previous: pd.DataFrame | EarlierRun | None = None,
    reasons: pd.DataFrame | None = None,
    *,
    horizon: Horizon | str | None = None,
    overrides: Overrides | None = None,
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
        account, and its other columns are what the score, protection and the queue may ask for.
    previous : pandas.DataFrame or EarlierRun, optional
        The recommendations of an earlier run, or more of what is stored of it.
    reasons : pandas.DataFrame, optional
        ``account_id`` and any of ``reason_up_1..3``, ``reason_down_1..3``.
    horizon : Horizon or str, optional
        The tier horizon; by default the one that the predictions are stored for.
    overrides : Overrides, optional
        What people decided.

    Returns
    -------
    pandas.DataFrame
        Columns `RECOMMENDATION_TYPES`, one row per account, sorted by ``account_id``. ``hours`` is
        per account and year; ``queue_rank`` counts from 1 in each tier; ``gap_up`` and ``gap_down``
        are by how much predicted value misses the tier above, and exceeds the line of its own.

    Raises
    ------
    UsageError
        If a table lacks a column, repeats an account, mixes cutoffs, or ``previous`` is later than
        the predictions.
    DataRefused
        If a value is infinite.
    SettingsError
        If the policy contradicts itself on this book, with the numbers that show it.

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
    found = recommend(predictions, policy, facts, previous, horizon=horizon, overrides=overrides)
    return found.table if reasons is None else with_reasons(found.table, reasons)


def recommend(
    predictions: pd.DataFrame,
    policy: TierPolicy,
    facts: pd.DataFrame | None = None,
    previous: pd.DataFrame | EarlierRun | None = None,
    *,
    horizon: Horizon | str | None = None,
    overrides: Overrides | None = None,
) -> Recommended:
    """Recommend as `assign_tiers` does, and keep what the recommendations rest on."""
    stored = once_each(predictions, "predictions")
    as_of = cutoff_of(stored)
    tiering = tier_horizon(stored) if horizon is None else Horizon.parse(horizon)
    book = Book.of(
        stored,
        known_once(facts, "account facts"),
        _earlier(previous, as_of),
        overrides or Overrides.none(),
        as_of=as_of,
        horizon=tiering,
    )
    decision = by_rules = decide(book, policy)
    if (decision.pinned_by == OVERRIDE).any():
        by_rules = decide(book, policy, overrides=False)
    entry, stay = (
        decision.scores.value_at(lines)
        for lines in (decision.assignment.entry, decision.assignment.stay)
    )
    lines = np.where(_was_in(book, policy), stay, entry)
    probability = tier_probabilities(quantile_array(stored, tiering), lines)
    by_past = by_amount(book, policy, book.past)
    columns = {
        **_placed(book, decision, by_rules, policy, by_past),
        **_uncertain(decision, probability, policy),
        **_gaps(book, decision, lines),
        **_explained(book, decision, policy, by_past),
        **_served(book, decision, policy),
    }
    return Recommended(_typed(columns, stored.index), book, decision, by_rules, probability)


def _placed(
    book: Book, decision: Decision, by_rules: Decision, policy: TierPolicy, by_past: Assignment
) -> dict[str, object]:
    """Return where each account stands, and where it would stand otherwise."""
    names = np.array(policy.names, dtype=object)
    before, tier = book.before, names[decision.tier]
    since = before["tier_since"]
    stayed = (before["tier"] == tier) & since.notna()
    return {
        "account_id": book.predictions["account_id"],
        "as_of": book.as_of.at,
        "tier": tier,
        "tier_by_past_value": names[by_past.tier],
        "previous_tier": before["tier"],
        "tier_without_override": names[by_rules.tier],
        "tier_by_contract_value": _by_contract_value(book, policy),
        "tier_since": since.where(stayed, pd.Timestamp(book.as_of.at)),
        "rank": decision.assignment.rank,
        **{name: decision.scores.table[name] for name in SCORE_COLUMNS},
        "industry_weight": decision.scores.industry_weight,
        "review_date": review_dates(before, decision.held_by, policy, book.as_of),
        "policy_version": policy.version,
        "model_version": _models(book),
    }


def _by_contract_value(book: Book, policy: TierPolicy) -> object:
    """Return the tier that the ladder gives by what contracts bring in a year alone (S23)."""
    arr = book.frame["arr"].to_numpy(dtype=np.float64)
    if np.isnan(arr).all():
        return None
    return np.array(policy.names, dtype=object)[by_amount(book, policy, arr).tier]


def _uncertain(decision: Decision, probability: Floats, policy: TierPolicy) -> dict[str, object]:
    own = np.take_along_axis(probability, decision.tier[:, None], axis=1)[:, 0]
    close = too_close(probability, decision.tier, policy.uncertainty.close_call)
    return {"tier_probability": own, "too_close_to_call": close}


def _was_in(book: Book, policy: TierPolicy) -> Flags:
    """Say of which lines each account stood above before, so that it need only stay there."""
    previous = book.previous(policy)[:, None]
    lines = np.arange(len(policy.tiers) - 1)[None, :]
    # Whose tier no run gave enters and stays by the same line.
    inside: Flags = ~book.settled[:, None] | (previous == NOWHERE) | (previous <= lines)
    return inside


def _gaps(book: Book, decision: Decision, lines: Floats) -> dict[str, object]:
    """Return by how much predicted value misses the line above, and exceeds that of its own tier."""
    tier, value = decision.tier, book.value
    above = np.c_[np.full(len(tier), np.nan), lines][np.arange(len(tier)), tier]
    own = np.c_[lines, np.full(len(tier), np.nan)][np.arange(len(tier)), tier]
    up, down = np.maximum(above - value, 0.0), np.maximum(value - own, 0.0)
    return {
        "gap_up": np.where(np.isinf(up), np.nan, up),
        "gap_down": np.where(np.isinf(down), np.nan, down),
    }


def _explained(
    book: Book, decision: Decision, policy: TierPolicy, by_past: Assignment
) -> dict[str, object]:
    changes = changes_since(book, decision, policy, _models(book))
    people = book.overrides.on(book.predictions["account_id"])
    tags = book.frame["tags"]
    new = tagged(tags, NO_HISTORY)
    return {
        "binding_rule": binding_rules(decision),
        "move_reason": move_reasons(decision, by_past, book.before, policy, changes),
        "pinned_by": decision.pinned_by,
        "held_by": decision.held_by,
        "override_reason": people["reason"],
        "override_owner": people["owner"],
        "override_expires": people["expires"],
        "path": np.where(new, "new account", "history"),
        "lumpy": tagged(tags, "lumpy").astype("boolean"),
    }


def _served(book: Book, decision: Decision, policy: TierPolicy) -> dict[str, object]:
    tier = decision.tier
    frame = book.frame.assign(tier=np.array(policy.names, dtype=object)[tier])
    queued = queue(frame, decision.assignment.rank, policy, book.as_of)
    return {
        "play": np.array([one.play for one in policy.tiers], dtype=object)[tier],
        "hours": np.array([one.hours for one in policy.tiers], dtype=float)[tier],
        "queue_rank": queued["queue_rank"],
        "queue_reason": queued["queue_reason"],
    }


def _models(book: Book) -> pd.Series[str]:
    absent = pd.Series(None, index=book.predictions.index, dtype="str")
    return book.predictions.get("model_version", absent)


def binding_rules(decision: Decision) -> Texts:
    """Say per account which rule drew the lower line of its tier, or what put it there whatever that."""
    rules, score = decision.assignment.rule.copy(), decision.scores.score
    rules[score <= 0.0] = "no positive value"
    rules[np.isnan(score)] = "no prediction"
    kept, pinned = pd.notna(decision.held_by), pd.notna(decision.pinned_by)
    rules[kept] = [f"kept: {why}" for why in decision.held_by[kept]]
    rules[pinned] = decision.pinned_by[pinned]
    return rules


def _earlier(previous: pd.DataFrame | EarlierRun | None, as_of: Cutoff) -> EarlierRun | None:
    """Return the previous run, unless it knows more than the predictions."""
    if previous is None:
        return None
    run = previous if isinstance(previous, EarlierRun) else EarlierRun(previous)
    if run.recommendations.empty:
        return None
    found = cutoff_of(run.recommendations)
    if found > as_of:
        problem = "the previous recommendations are later than the predictions"
        raise UsageError(problem, received=f"{found} after {as_of}", hint="name an earlier run")
    return replace(run, recommendations=once_each(run.recommendations, "previous recommendations"))


def _typed(columns: Mapping[str, object], index: pd.Index[int]) -> pd.DataFrame:
    """Build the table with every column of the contract, typed also where it is null."""
    table = pd.DataFrame(columns, index=index).reindex(columns=list(RECOMMENDATION_TYPES))
    return table.astype(RECOMMENDATION_TYPES)
