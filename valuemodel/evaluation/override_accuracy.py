"""Whether people or the rule were right where a person overrode a tier, told once the window is over.

Every account of the run is ranked by what in fact came in the horizon after it, and cut by the policy's
ladder: that is the tier that would have been right. Of each overridden account it is asked which stood
nearer to it, the tier that the person decided or the one that the rule would have given.

What came after a run is the past value that a later run states, one horizon on: a label is the past value
of a later cutoff, to the last bit. So this needs two stored runs and no model.

Why this way: an override is a forecast by a person, and an honest company counts how its forecasts went.
Counted per owner, it shows whose knowledge the tables lack; few overrides show little, so counts are told
and no test is made of them. What came may also have come *because* of the tier that was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.evaluation.policy_baselines import ladder_of
from valuemodel.exceptions import UsageError
from valuemodel.metrics.arrays import FloatArray, IntArray
from valuemodel.periods import Horizon
from valuemodel.tiers.assignment import assign
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.records.wording import counted
from valuemodel.tiers.stored_tables import no_rows, once_each

ALL = "all"
"""Stands for all owners in the column ``owner``, in the last row."""

OVERRIDE, RULE, EQUAL = "override", "rule", "equal"
"""What stood closer to what came."""

ACCURACY_TYPES = {
    "account_id": "str",
    "as_of": "datetime64[us]",
    "tier": "str",
    "tier_without_override": "str",
    "owner": "str",
    "reason": "str",
    "direction": "str",
    "realised": "float64",
    "tier_by_realised": "str",
    "closer": "str",
}
"""The columns of the table of overrides, in order, with their pandas types."""

SUMMARY_TYPES = {
    "owner": "str",
    "overrides": "int64",
    "override_closer": "int64",
    "rule_closer": "int64",
    "equal": "int64",
    "not_known": "int64",
    "value": "float64",
}
"""The columns of the summary, in order, with their pandas types."""

_READ = (
    *("as_of", "tier", "tier_without_override"),
    *("override_owner", "override_reason"),
)
_DIRECTIONS = np.array(["down", "same", "up"], dtype=object)
_CLOSER = np.array([OVERRIDE, EQUAL, RULE], dtype=object)


def realised_from(facts_later: pd.DataFrame, horizon: Horizon) -> pd.Series[float]:
    """Return what came in the horizon before a later run, by account.

    It is what came after the run of one horizon earlier, ``horizon.after`` of whose cutoff is the later
    run's. What became known only later, and accounts that are no longer listed, are not in it.

    Parameters
    ----------
    facts_later : pandas.DataFrame
        The stored ``account_facts`` of the later run.
    horizon : Horizon
        The tier horizon.

    Returns
    -------
    pandas.Series
        Money by ``account_id``, sorted.

    Raises
    ------
    UsageError
        If the facts do not tell past value over that horizon, or hold an account twice.

    Examples
    --------
    >>> facts = pd.DataFrame({"account_id": ["b", "a"], "past_value_1y": [5.0, 7.0]})
    >>> realised_from(facts, Horizon.parse("1 year")).to_dict()
    {'a': 7.0, 'b': 5.0}
    """
    column = f"past_value_{horizon.label}"
    if column not in facts_later.columns:
        problem = f"the later account facts have no {column}, so that nobody can tell what came"
        told = [str(name) for name in facts_later if str(name).startswith("past_value_")]
        raise UsageError(problem, received=", ".join(told) or "no past value")
    facts = once_each(facts_later, "later account facts")
    return facts.set_index("account_id")[column].astype("float64").rename("realised")


def no_overrides() -> pd.DataFrame:
    """Return the table of overrides without a row: no run's horizon has closed yet.

    Examples
    --------
    >>> len(no_overrides())
    0
    """
    return no_rows(ACCURACY_TYPES)


def override_accuracy(
    recommendations: pd.DataFrame,
    realised: pd.Series[float],
    policy: TierPolicy,
    past: pd.Series[float] | None = None,
) -> pd.DataFrame:
    """Say of every overridden account which tier was nearer to what came.

    Parameters
    ----------
    recommendations : pandas.DataFrame
        Of the earlier run: all its accounts, overridden or not.
    realised : pandas.Series
        What came in the horizon after it, by account: see `realised_from`.
    policy : TierPolicy
        The policy that the run was cut by; its ladder cuts what came.
    past : pandas.Series, optional
        Past value at the run, by account, which breaks ties as it did then.

    Returns
    -------
    pandas.DataFrame
        `ACCURACY_TYPES`, one row per overridden account, sorted by account. ``direction`` is where the
        override moved it: up, down, or the same; ``closer`` says which of both tiers is fewer tiers
        away from ``tier_by_realised``: override, rule, or equal. The last two are missing where it is
        not known what came.

    Raises
    ------
    UsageError
        If a column is missing, an account stands twice, or a tier is none of the policy's.

    Examples
    --------
    >>> run = pd.DataFrame(
    ...     {
    ...         "account_id": ["a", "b", "c"],
    ...         "as_of": pd.Timestamp("2026-01-01"),
    ...         "tier": ["key", "key", "other"],
    ...         "tier_without_override": ["key", "other", "other"],
    ...         "override_owner": [None, "M. Ito", None],
    ...         "override_reason": [None, "merger announced", None],
    ...     }
    ... )
    >>> tiers = [{"name": "key", "share_of_value": 0.5}, {"name": "other"}]
    >>> policy = TierPolicy.parse({"version": "1", "tiers": tiers})
    >>> came = pd.Series({"a": 30.0, "b": 60.0, "c": 10.0})
    >>> found = override_accuracy(run, came, policy)
    >>> found[["account_id", "owner", "direction", "tier_by_realised", "closer"]]
      account_id   owner direction tier_by_realised    closer
    0          b  M. Ito        up              key  override
    """
    run = _checked(recommendations, policy)
    came, before = _of(realised, run, "realised"), np.zeros(len(run))
    if past is not None:
        before = np.nan_to_num(_of(past, run, "past"))
    # An account of which nobody knows what came ranks last, and so takes nobody's place.
    ids = run["account_id"].astype("str").tolist()
    right: IntArray = assign(came, before, ids, ladder_of(policy)).tier
    at = np.flatnonzero(run["override_reason"].notna())
    given, rule = (
        run[name].iloc[at].astype(object).map(policy.positions).to_numpy(dtype=np.int64)
        for name in ("tier", "tier_without_override")
    )
    known = ~np.isnan(came[at])
    by_realised = np.array(policy.names, dtype=object)[right[at]]
    closer = _CLOSER[1 + np.sign(np.abs(given - right[at]) - np.abs(rule - right[at]))]
    by_realised[~known] = closer[~known] = None
    columns: dict[str, object] = {
        "account_id": run["account_id"].iloc[at],
        "as_of": run["as_of"].iloc[at],
        "tier": run["tier"].iloc[at],
        "tier_without_override": run["tier_without_override"].iloc[at],
        "owner": run["override_owner"].iloc[at],
        "reason": run["override_reason"].iloc[at],
        "direction": _DIRECTIONS[1 + np.sign(rule - given)],
        "realised": came[at],
        "tier_by_realised": by_realised,
        "closer": closer,
    }
    return pd.DataFrame(columns).astype(ACCURACY_TYPES).reset_index(drop=True)


def override_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Count per owner, and for all of them, how their overrides went.

    Parameters
    ----------
    table : pandas.DataFrame
        From `override_accuracy`; those of several runs may stand one under the other.

    Returns
    -------
    pandas.DataFrame
        `SUMMARY_TYPES`, one row per owner, sorted, and ``"all"`` last: how many overrides, in how many
        of them the override or the rule was closer or both were equally close, of how many it is not
        known what came, and the value that the accounts brought. No row without overrides.

    Examples
    --------
    >>> table = pd.DataFrame({"owner": ["Ito", "Ito"], "realised": [60.0, 5.0]})
    >>> override_summary(table.assign(closer=["override", "rule"]))
      owner  overrides  override_closer  rule_closer  equal  not_known  value
    0   Ito          2                1            1      0          0   65.0
    1   all          2                1            1      0          0   65.0
    """
    if table.empty:
        return pd.DataFrame(columns=list(SUMMARY_TYPES)).astype(SUMMARY_TYPES)
    counted = pd.DataFrame(
        {
            "owner": table["owner"].astype("str"),
            "overrides": 1,
            "override_closer": table["closer"] == OVERRIDE,
            "rule_closer": table["closer"] == RULE,
            "equal": table["closer"] == EQUAL,
            "not_known": table["closer"].isna(),
            "value": table["realised"],
        }
    )
    per_owner = counted.groupby("owner", sort=True, dropna=False).sum().reset_index()
    whole = counted.drop(columns="owner").sum().to_frame().T.assign(owner=ALL)
    found = pd.concat([per_owner.astype(object), whole.astype(object)], ignore_index=True)
    return found[list(SUMMARY_TYPES)].astype(SUMMARY_TYPES)


def override_lines(summary: pd.DataFrame, show: Callable[[str], str] = str) -> Iterator[str]:
    """Say how the overrides went, all of them first and then those of each owner.

    Parameters
    ----------
    summary : pandas.DataFrame
        From `override_summary`.
    show : callable
        How the name of a person is shown: it is text of others.

    Examples
    --------
    >>> table = pd.DataFrame({"owner": ["Ito", "Ito"], "realised": [60.0, None]})
    >>> for line in override_lines(override_summary(table.assign(closer=["override", None]))):
    ...     print(line)
    of 2 overrides, the person was closer to what came in 1, the rule in 0, both alike in 0; of 1 it
    is not known what came
    Ito: of 2 overrides, the person was closer to what came in 1, the rule in 0, both alike in 0; of
    1 it is not known what came
    """
    if summary.empty:
        return
    rows = summary.to_dict("records")
    for row in (rows[-1], *rows[:-1]):
        whose = "" if row is rows[-1] else f"{show(row['owner'])}: "
        unknown = row["not_known"]
        lacking = f"; of {unknown:,} it is not known what came" if unknown else ""
        yield (
            f"{whose}of {counted(row['overrides'], 'override')}, "
            f"the person was closer to what came in {row['override_closer']:,}, "
            f"the rule in {row['rule_closer']:,}, both alike in {row['equal']:,}{lacking}"
        )


def _checked(recommendations: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    """Return the run sorted by account, once all that is read of it is there."""
    lacking = [name for name in _READ if name not in recommendations.columns]
    if lacking:
        problem = f"the recommendations lack the columns {', '.join(lacking)}"
        received = ", ".join(map(str, recommendations.columns))
        raise UsageError(problem, received=received, hint="take a run that knows of overrides")
    run = once_each(recommendations, "recommendations")
    overridden = run[run["override_reason"].notna()]
    named = pd.concat([overridden["tier"], overridden["tier_without_override"]])
    unknown = sorted(set(named[~named.isin(policy.names)].fillna("none")))
    if unknown:
        problem = f"overridden accounts stand in tiers that policy {policy.version} does not have"
        hint = "take the policy that the run was cut by; its manifest holds it"
        raise UsageError(problem, received=", ".join(unknown), hint=hint)
    return run


def _of(amount: pd.Series[float], run: pd.DataFrame, name: str) -> FloatArray:
    """Return an amount by account in the order of the run, NaN where it is not known."""
    if amount.index.has_duplicates:
        problem = f"the {name} values must hold each account once"
        twice = amount.index[amount.index.duplicated()]
        raise UsageError(problem, received=f"{twice[0]!r} and {len(twice) - 1:,} more twice")
    found: npt.NDArray[np.float64] = np.asarray(amount.reindex(run["account_id"]), dtype=np.float64)
    return found
