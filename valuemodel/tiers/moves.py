"""Why an account moved: what its data, the model, the policy and people changed, in parts that add up.

The book is decided again, one thing changed back at a time: today's data with the model of before under
the policy of before, then with today's model, then under today's policy, then with what people decided.
Each part is the number of tiers by which that one thing moved the account (up is positive), so that the
parts add up to the move whatever it was. The change of its predicted value is split likewise, in money.

Why this way: the first question after a move is whether the account, the model or the rules changed. A
part that is computed by changing just that thing answers it; a guess from the size of changes does not.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.exceptions import SettingsError
from valuemodel.tiers.assignment import NOWHERE, Assignment, Floats, Positions
from valuemodel.tiers.decision import Book, Decision, decide
from valuemodel.tiers.earlier import BY_RUN, EarlierRun
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.stored_tables import no_rows

Texts = npt.NDArray[np.object_]

CAUSES = ("data", "model", "policy", "override")

#: The columns of the table of moves, with their pandas types.
MOVE_TYPES = {
    "account_id": "str",
    "as_of": "datetime64[us]",
    "previous_tier": "str",
    "tier": "str",
    "steps": "float64",
    **{f"steps_by_{cause}": "float64" for cause in CAUSES},
    "main_cause": "str",
    "value_before": "float64",
    "value": "float64",
    "value_by_data": "float64",
    "value_by_model": "float64",
    "told_apart": "boolean",
}

_BY_PAST = "by past value"


def moves(
    book: Book,
    decision: Decision,
    by_rules: Decision,
    policy: TierPolicy,
    earlier: EarlierRun | None,
) -> pd.DataFrame:
    """Split the move of every account since the previous run into what caused it.

    Parameters
    ----------
    book : Book
        What was decided on, with ``previous_champion_value_<h>`` among its predictions where another
        model than today's scored the previous run.
    decision : Decision
        Today's tiers.
    by_rules : Decision
        The same without what people decided.
    policy : TierPolicy
        Today's policy.
    earlier : EarlierRun, optional
        The previous run; without it there is no row.

    Returns
    -------
    pandas.DataFrame
        Columns `MOVE_TYPES`, one row per account of both runs, sorted by account. ``steps`` is the
        number of tiers it moved, up positive, and the sum of its parts. Where the previous model did
        not score today's data, or the previous policy is not stored, ``told_apart`` is false: what it
        changed is then in ``steps_by_data`` with what the data changed. ``value`` less
        ``value_before`` is ``value_by_data`` plus ``value_by_model``.
    """
    if earlier is None:
        return no_rows(MOVE_TYPES)
    old_model, known_model = _by_model_before(book)
    old_policy, with_old_policy = _under_policy_before(book, by_rules, policy, earlier)
    with_old_model = with_old_policy
    if not np.array_equal(old_model, book.value, equal_nan=True):
        with_old_model = decide(book.with_values(old_model), old_policy, overrides=False)
    levels = [
        _places_of(book.before["tier_without_override"].fillna(book.before["tier"]), policy),
        _renamed(with_old_model.tier, old_policy, policy),
        _renamed(with_old_policy.tier, old_policy, policy),
        by_rules.tier.astype(np.float64),
    ]
    was, now = _places_of(book.before["tier"], policy), decision.tier.astype(np.float64)
    # Tiers count from the top: a smaller place is a step up.
    parts = [before - after for before, after in pairwise(levels)]
    parts.append((levels[-1] - now) - (levels[0] - was))
    value_before = _value_before(book, earlier)
    names = np.array(policy.names, dtype=object)
    table = pd.DataFrame(
        {
            "account_id": book.predictions["account_id"],
            "as_of": book.as_of.at,
            "previous_tier": book.before["tier"],
            "tier": names[decision.tier],
            "steps": was - now,
            **{f"steps_by_{cause}": part for cause, part in zip(CAUSES, parts, strict=True)},
            "main_cause": _main_cause(np.stack(parts, axis=1), was - now),
            "value_before": value_before,
            "value": book.value,
            "value_by_data": old_model - value_before,
            "value_by_model": book.value - old_model,
            "told_apart": known_model & (old_policy is earlier.policy),
        }
    )
    return table[book.settled].reset_index(drop=True).astype(MOVE_TYPES)


def move_reasons(
    decision: Decision,
    by_past: Assignment,
    before: pd.DataFrame,
    policy: TierPolicy,
    changes: Texts,
) -> Texts:
    """Say for every account from where it moved and why.

    Parameters
    ----------
    decision : Decision
        Tiers now.
    by_past : Assignment
        Tiers by past value, same policy, same order of accounts.
    before : pandas.DataFrame
        From `valuemodel.tiers.earlier.standing_before`.
    policy : TierPolicy
        The policy in force now.
    changes : ndarray of object
        What changed since the previous run, from `changes_since`.

    Returns
    -------
    ndarray of object
        One sentence per account.
    """
    was = before["tier"].to_numpy(dtype=object, copy=True)
    when = before["when"].to_numpy(dtype=object, copy=True)
    unknown = pd.isna(was)
    names = np.array(policy.names, dtype=object)
    was[unknown], when[unknown] = names[by_past.tier[unknown]], _BY_PAST
    steps = _places_of(pd.Series(was, dtype=object), policy)
    foreign, same = np.isnan(steps), steps == decision.tier
    told = np.array([f"the same tier as {one}" for one in when], dtype=object)
    told[foreign] = [
        f"was {tier} {one}, a tier that this policy does not have"
        for tier, one in zip(was[foreign], when[foreign], strict=True)
    ]
    rank, n = decision.assignment.rank, len(was)
    for at in np.flatnonzero(~foreign & ~same).tolist():
        way = "up" if decision.tier[at] < steps[at] else "down"
        because = changes[at] if when[at] == BY_RUN else ""
        if not because:
            because = (
                f"place {rank[at]} of {n} by predicted value, {by_past.rank[at]} by past value"
            )
        told[at] = f"{way} from {was[at]} {when[at]}: {because}"
    for texts, said in ((decision.pinned_by, "set by"), (decision.held_by, "kept:")):
        for at in np.flatnonzero(pd.notna(texts)).tolist():
            told[at] = f"{told[at]}; {said} {texts[at]}"
    return told


def changes_since(
    book: Book, decision: Decision, policy: TierPolicy, models: pd.Series[str]
) -> Texts:
    """Say for every account that moved what changed since the previous run: value, model, policy.

    Parameters
    ----------
    book : Book
        Its ``before`` says where accounts stood.
    decision : Decision
        Tiers now.
    policy : TierPolicy
        The policy in force now.
    models : pandas.Series of str
        The model version behind each score now.

    Returns
    -------
    ndarray of object
        Such as ``"predicted value +12%, the model changed"``; empty for accounts that did not move,
        or that the previous run did not know.
    """
    before = book.before
    moved = book.settled & (_places_of(before["tier"], policy) != decision.tier)
    other_policy = (before["policy_version"] != policy.version).to_numpy(dtype=bool)
    other_model = (before["model_version"].astype(object) != models).to_numpy(dtype=bool)
    earlier = before["score"].to_numpy(dtype=np.float64, na_value=np.nan)
    score, in_money = decision.scores.score, decision.scores.section.in_money
    found = np.full(len(before), "", dtype=object)
    for at in np.flatnonzero(moved).tolist():
        said = [_change(earlier[at], score[at], "predicted value" if in_money else "score")]
        said += ["the policy changed"] * bool(other_policy[at])
        said += ["the model changed"] * bool(other_model[at])
        said += [decision.happened[at]] if decision.happened[at] is not None else []
        found[at] = ", ".join(said)
    return found


def _under_policy_before(
    book: Book, by_rules: Decision, policy: TierPolicy, earlier: EarlierRun
) -> tuple[TierPolicy, Decision]:
    """Decide by the policy of the previous run; by today's where it is not stored or cannot be met."""
    if earlier.policy is None:
        return policy, by_rules
    if earlier.policy.digest == policy.digest:
        return earlier.policy, by_rules
    try:
        return earlier.policy, decide(book, earlier.policy, overrides=False)
    except SettingsError:
        return policy, by_rules


def _by_model_before(book: Book) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return what the model of the previous run says of today's data, and where that is known."""
    before = book.before["model_version"].astype(object)
    absent = pd.Series(None, index=book.predictions.index, dtype=object)
    same = (before == book.predictions.get("model_version", absent).astype(object)).to_numpy(bool)
    column = f"previous_champion_value_{book.horizon.label}"
    value = book.value
    if column not in book.predictions:
        return value, same
    by_it = book.predictions[column].to_numpy(dtype=np.float64, na_value=np.nan)
    known = same | ~np.isnan(by_it)
    return np.where(same | np.isnan(by_it), value, by_it), known


def _value_before(book: Book, earlier: EarlierRun) -> Floats:
    column = f"value_{book.horizon.label}"
    if earlier.predictions is None or column not in earlier.predictions:
        return np.full(len(book.frame), np.nan)
    known = earlier.predictions.set_index("account_id")[column]
    found = known.reindex(book.predictions["account_id"])
    return found.to_numpy(dtype=np.float64, na_value=np.nan)


def _places_of(tiers: pd.Series[str], policy: TierPolicy) -> Floats:
    """Return the place of each tier in a policy; NaN for a tier that it does not have."""
    positions = policy.positions
    return np.array([positions.get(name, np.nan) for name in tiers], dtype=np.float64)


def _renamed(tier: Positions, theirs: TierPolicy, ours: TierPolicy) -> Floats:
    """Return places of one policy as places of another, by the names of the tiers."""
    renamed = _places_of(pd.Series(theirs.names, dtype=object), ours)
    return np.where(tier == NOWHERE, np.nan, renamed[tier])


def _main_cause(parts: Floats, steps: Floats) -> Texts:
    """Return what moved the account most in the way in which it moved; None where it did not."""
    towards = np.nan_to_num(parts * np.sign(steps)[:, None], nan=0.0)
    named: Texts = np.array(CAUSES, dtype=object)[towards.argmax(axis=1)]
    named[~(steps != 0.0) | np.isnan(steps) | (towards.max(axis=1) <= 0.0)] = None
    return named


def _change(earlier: float, now: float, what: str) -> str:
    if np.isnan(now):
        return "nothing is predicted now"
    if np.isnan(earlier) or earlier <= 0.0:
        return "no positive value was predicted then"
    change = now / earlier - 1.0
    return f"{what} {change:+.0%}" if abs(change) >= 0.005 else f"{what} as before"


def cause_table(table: pd.DataFrame) -> pd.DataFrame:
    """Count moves by where they led and what caused them.

    Parameters
    ----------
    table : pandas.DataFrame
        From `moves`.

    Returns
    -------
    pandas.DataFrame
        ``way`` ("up", "down"), ``main_cause`` and ``accounts``; every combination, also the empty.
    """
    moved = table[table["steps"].fillna(0.0) != 0.0]
    way = np.where(moved["steps"] > 0.0, "up", "down")
    counts = pd.crosstab(way, moved["main_cause"].fillna("several"))
    counts = counts.reindex(index=["up", "down"], columns=[*CAUSES, "several"], fill_value=0)
    long = counts.rename_axis(index="way").reset_index()
    long = long.melt("way", var_name="main_cause", value_name="accounts")
    return long.sort_values("way", kind="stable", ignore_index=True, ascending=False)
