"""Where an account stood before, and in words why it stands elsewhere now.

Why this way: a move is told against what people know: the tier of the previous run if there is one,
else the tier the account has today, else the tier that its past value gives by the same policy. The
first question after a move is whether the account, the model or the policy changed, so the words say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.tiers.assignment import Assignment, Floats
from valuemodel.tiers.policy import TierPolicy

_BY_RUN, _TODAY, _BY_PAST = "in the previous run", "today", "by past value"

Texts = npt.NDArray[np.object_]


def standing_before(
    accounts: pd.Series[str], facts: pd.DataFrame | None, previous: pd.DataFrame | None
) -> pd.DataFrame:
    """Return where each account stood: in the previous run, or else by its current tier.

    Parameters
    ----------
    accounts : pandas.Series of str
        The accounts of the book.
    facts : pandas.DataFrame, optional
        ``account_facts``, of which ``current_tier`` is read.
    previous : pandas.DataFrame, optional
        The recommendations of an earlier run.

    Returns
    -------
    pandas.DataFrame
        One row per account: ``tier`` and ``when`` it had that tier, in words, None where nothing is
        known; ``score, policy_version, model_version`` of the previous run.

    Examples
    --------
    >>> facts = pd.DataFrame({"account_id": ["b"], "current_tier": ["A"]})
    >>> standing_before(pd.Series(["a", "b"]), facts, None)[["tier", "when"]].values.tolist()
    [[None, None], ['A', 'today']]
    """
    columns = ["tier", "score", "policy_version", "model_version"]
    empty = pd.DataFrame(columns=["account_id", *columns], dtype=object)
    before = _rows_of(accounts, empty if previous is None else previous, columns)
    before["when"] = pd.Series(_BY_RUN, index=before.index, dtype=object).where(
        before["tier"].notna(), None
    )
    if facts is None or "current_tier" not in facts.columns:
        return before
    today = _rows_of(accounts, facts, ["current_tier"])["current_tier"]
    filled = before["tier"].isna() & today.notna()
    before.loc[filled, "tier"] = today[filled]
    before.loc[filled, "when"] = _TODAY
    return before


def move_reasons(
    predicted: Assignment,
    by_past: Assignment,
    before: pd.DataFrame,
    policy: TierPolicy,
    changes: Sequence[str],
) -> list[str]:
    """Say for every account from where it moved and why.

    Parameters
    ----------
    predicted, by_past : Assignment
        Tiers by predicted and by past value, same policy, same order of accounts.
    before : pandas.DataFrame
        From `standing_before`.
    policy : TierPolicy
        The policy in force now.
    changes : sequence of str
        What changed since the previous run, from `changes_since`.

    Returns
    -------
    list of str
        One sentence per account.
    """
    was = before["tier"].to_numpy(dtype=object, copy=True)
    when = before["when"].to_numpy(dtype=object, copy=True)
    unknown = before["tier"].isna().to_numpy()
    was[unknown] = np.array(policy.names, dtype=object)[by_past.tier[unknown]]
    when[unknown] = _BY_PAST
    known_steps = {name: step for step, name in enumerate(policy.names)}
    steps = [known_steps.get(name, -1) for name in was]
    n = len(was)
    places = zip(predicted.rank, by_past.rank, strict=True)
    shifts = [
        f"place {now} of {n} by predicted value, {past} by past value" for now, past in places
    ]
    because = np.where(when == _BY_RUN, np.array(changes, dtype=object), shifts)
    rows = zip(was, when, steps, predicted.tier.tolist(), because, strict=True)
    return [_sentence(*row) for row in rows]


def changes_since(
    before: pd.DataFrame, score: Floats, policy: TierPolicy, models: pd.Series[str]
) -> list[str]:
    """Say for every account what changed since the previous run: its value, the model, the policy.

    Parameters
    ----------
    before : pandas.DataFrame
        From `standing_before`.
    score : ndarray, shape (n_accounts,)
        Scores now.
    policy : TierPolicy
        The policy in force now.
    models : pandas.Series of str
        The model version behind each score now.

    Returns
    -------
    list of str
        Such as ``"predicted value +12%, the model changed"``; empty without a previous run.
    """
    by_run = (before["when"] == _BY_RUN).to_numpy()
    other_policy = by_run & (before["policy_version"] != policy.version).to_numpy()
    other_model = by_run & (before["model_version"].astype(object) != models).to_numpy()
    earlier = before["score"].to_numpy(dtype=np.float64, na_value=np.nan)
    values = [_change(*pair) for pair in zip(earlier, score, strict=True)]
    rows = zip(by_run, values, other_policy, other_model, strict=True)
    return [
        f"{value}{', the policy changed' * bool(p)}{', the model changed' * bool(m)}" if run else ""
        for run, value, p, m in rows
    ]


def _rows_of(accounts: pd.Series[str], table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    found = table.set_index("account_id").reindex(index=accounts, columns=columns)
    found = found.reset_index(drop=True).astype(object)
    return found.where(found.notna(), None)


def _change(earlier: float, now: float) -> str:
    if np.isnan(now):
        return "nothing is predicted now"
    if np.isnan(earlier) or earlier <= 0.0:
        return "no positive value was predicted then"
    change = now / earlier - 1.0
    return f"predicted value {change:+.0%}" if abs(change) >= 0.005 else "predicted value as before"


def _sentence(was: str, when: str, step: int, now: int, because: str) -> str:
    if step < 0:
        return f"was {was} {when}, a tier that this policy does not have"
    if step == now:
        return f"the same tier as {when}"
    return f"{'up' if now < step else 'down'} from {was} {when}: {because}"
