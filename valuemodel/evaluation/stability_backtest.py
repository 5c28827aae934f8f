"""What the policy's stability would have spared, and what it would have cost (S17).

The policy is replayed over the judged cutoffs in the order of time, each time with the tiers of the cutoff
before as the previous run: once with its ``[stability]``, and once with none of it. Both ways are told by
how many accounts changed tier from one cutoff to the next, how many of them went back to where they had
been two cutoffs before, and what share of all value the first tier caught.

The backtest table holds values alone. So accounts are ranked by predicted value, and what asks for facts
is left out: a composite score, segments, protected accounts, an optimisation, overrides; and events, so
that an account which the policy would have let move between reviews is kept here.

Why this way: a tier that flaps is a promise broken, and a tier that never moves is last year's. What the
brakes of a policy are worth is seen only in time: fewer moves, fewer moves that were taken back, and the
value that the first tier misses meanwhile. Cutoffs that lie close together see more flapping than reviews
half a year apart would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.evaluation.bootstrap import JudgedFold
from valuemodel.evaluation.policy_baselines import ladder_of, value_folds
from valuemodel.metrics.arrays import FloatArray
from valuemodel.periods import Horizon
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.stability import StabilitySection
from valuemodel.tiers.recommendations import assign_tiers

WITH, WITHOUT = "with stability", "without"
"""The two ways, in the order of their rows."""

STABILITY_TYPES = {
    "way": "str",
    "cutoffs": "int64",
    "accounts": "int64",
    "moves": "Int64",
    "moved_share": "float64",
    "reversals": "Int64",
    "reversed_share": "float64",
    "top_tier_accounts": "float64",
    "top_tier_value": "float64",
    "value_given_up": "float64",
}
"""The columns of the table, in order, with their pandas types."""


def stability_backtest(
    table: pd.DataFrame, policy: TierPolicy, *, model: str, baseline: str, horizon: Horizon
) -> pd.DataFrame:
    """Replay the policy over the judged cutoffs with and without its stability.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    policy : TierPolicy
        The policy, with its ``[stability]``.
    model : str
        The model by which accounts are tiered.
    baseline : str
        The model that is past value.
    horizon : Horizon
        The tier horizon.

    Returns
    -------
    pandas.DataFrame
        `STABILITY_TYPES`, one row per way. ``accounts`` were judged at any cutoff. ``moves`` are changes
        of tier from one cutoff to the next, ``moved_share`` their share of all accounts that were
        judged at both, over all steps; missing with fewer than two cutoffs. ``reversals`` are moves back
        to the tier of two cutoffs before, and their share of the accounts judged at all three; missing
        with fewer than three. ``top_tier_accounts`` and ``top_tier_value`` are how many accounts the
        first tier held and what share of realised value they brought, means over cutoffs;
        ``value_given_up`` is by how much that share falls short of the one without stability. No row
        where nothing was judged.

    Raises
    ------
    UsageError
        If the table does not hold the model or the baseline on that horizon.

    Examples
    --------
    >>> parts = []
    >>> for at, (a, b) in enumerate([(60.0, 40.0), (49.0, 51.0), (60.0, 40.0)]):
    ...     rows = {"fold": at, "cutoff": pd.Timestamp(2020, 1 + at, 1), "account_id": ["a", "b"]}
    ...     rows |= {"target": "value", "horizon": "1y", "y_true": [60.0, 40.0], "y_pred": [a, b]}
    ...     parts += [pd.DataFrame(rows | {"model": name}) for name in ("m", "past_value")]
    >>> tiers = [{"name": "key", "top_share": 0.5}, {"name": "other"}]
    >>> stable = {"minimum_stay_months": 6}
    >>> policy = TierPolicy.parse({"version": "1", "tiers": tiers, "stability": stable})
    >>> found = stability_backtest(
    ...     pd.concat(parts),
    ...     policy,
    ...     model="m",
    ...     baseline="past_value",
    ...     horizon=Horizon.parse("1 year"),
    ... )
    >>> found[["way", "moves", "reversals", "top_tier_value"]].round(3)
                  way  moves  reversals  top_tier_value
    0  with stability      0          0           0.600
    1         without      4          2           0.533
    """
    if table.empty:
        return pd.DataFrame(columns=list(STABILITY_TYPES)).astype(STABILITY_TYPES)
    folds = value_folds(table, [model, baseline], horizon)
    ladder = ladder_of(policy)
    ways = {WITH: ladder, WITHOUT: ladder.model_copy(update={"stability": StabilitySection()})}
    rows = []
    for way, rules in ways.items():
        places = _replayed(folds, rules, model, baseline, horizon)
        rows.append({"way": way, "cutoffs": len(folds)} | _moves(places) | _top(places, folds))
    found = pd.DataFrame(rows)
    at_ease = found["top_tier_value"].iloc[-1]
    found["value_given_up"] = at_ease - found["top_tier_value"]
    return found[list(STABILITY_TYPES)].astype(STABILITY_TYPES)


def stability_lines(found: pd.DataFrame) -> Iterator[str]:
    """Say what stability spared and what it cost, in a line each.

    Parameters
    ----------
    found : pandas.DataFrame
        From `stability_backtest`.

    Examples
    --------
    >>> rows = [(WITH, 3, 900, 40, 0.022, 4, 0.004, 90.0, 0.441, 0.005)]
    >>> rows += [(WITHOUT, 3, 900, 160, 0.089, 50, 0.056, 90.0, 0.446, 0.0)]
    >>> table = pd.DataFrame(rows, columns=list(STABILITY_TYPES)).astype(STABILITY_TYPES)
    >>> print(*stability_lines(table), sep=chr(10))
    tiers changed 40 times over 3 cutoffs (2.2 % of accounts a step) with the policy's stability,
    160 times (8.9 %) without
    they went back to the tier of two cutoffs before 4 times (0.4 %) with it, 50 times (5.6 %) without
    the first tier caught 44.1 % of value with it (90 accounts on average), 44.6 % without (90): 0.5
    points given up
    """
    if found.empty:
        return
    stable, free = found.iloc[0], found.iloc[1]
    cutoffs = int(stable["cutoffs"])
    judged = f"{cutoffs} {'was' if cutoffs == 1 else 'were'} judged"
    if pd.isna(stable["moves"]):
        yield f"whether tiers change takes two cutoffs, and {judged}"
    else:
        yield (
            f"tiers changed {stable['moves']:,} times over {cutoffs} cutoffs "
            f"({_percent(stable['moved_share'])} of accounts a step) with the policy's stability, "
            f"{free['moves']:,} times ({_percent(free['moved_share'])}) without"
        )
    if pd.isna(stable["reversals"]):
        yield f"whether they go back takes three cutoffs, and {judged}"
    else:
        yield (
            f"they went back to the tier of two cutoffs before {stable['reversals']:,} times "
            f"({_percent(stable['reversed_share'])}) with it, {free['reversals']:,} times "
            f"({_percent(free['reversed_share'])}) without"
        )
    if np.isfinite(stable["value_given_up"]):
        yield (
            f"the first tier caught {_percent(stable['top_tier_value'])} of value with it "
            f"({stable['top_tier_accounts']:,.0f} accounts on average), "
            f"{_percent(free['top_tier_value'])} without ({free['top_tier_accounts']:,.0f}): "
            f"{_given_up(100.0 * stable['value_given_up'])}"
        )


def _replayed(
    folds: Sequence[JudgedFold], policy: TierPolicy, model: str, baseline: str, horizon: Horizon
) -> FloatArray:
    """Return the place of each account's tier at each cutoff, NaN where it was not judged."""
    accounts = 1 + max(int(fold.rows.max()) for fold in folds)
    places = np.full((len(folds), accounts), np.nan)
    before: pd.DataFrame | None = None
    for at, fold in enumerate(folds):
        predictions = pd.DataFrame(
            {
                "account_id": fold.accounts.astype("str"),
                "as_of": fold.cutoff,
                f"value_{horizon.label}": fold.forecasts[model],
                f"past_value_{horizon.label}": fold.forecasts[baseline],
            }
        )
        # Sorted by account, as the rows of a fold are.
        before = assign_tiers(predictions, policy, previous=before, horizon=horizon)
        places[at, fold.rows] = before["tier"].map(policy.positions).to_numpy(np.float64)
    return places


def _moves(places: FloatArray) -> dict[str, Any]:
    """Count changes of tier from step to step, and those that go back; missing without enough steps."""
    known = np.isfinite(places)
    changed = known[1:] & known[:-1] & (places[1:] != places[:-1])
    steps = int((known[1:] & known[:-1]).sum())
    thrice = known[2:] & known[1:-1] & known[:-2]
    back = thrice & changed[1:] & (places[2:] == places[:-2])
    return {
        "accounts": int(known.any(axis=0).sum()),
        "moves": int(changed.sum()) if len(changed) else pd.NA,
        "moved_share": int(changed.sum()) / steps if steps else np.nan,
        "reversals": int(back.sum()) if len(back) else pd.NA,
        "reversed_share": int(back.sum()) / int(thrice.sum()) if thrice.any() else np.nan,
    }


def _top(places: FloatArray, folds: Sequence[JudgedFold]) -> dict[str, Any]:
    """Return how many accounts the first tier held and what share of value it caught, on average."""
    caught, held = [], []
    for place, fold in zip(places, folds, strict=True):
        top, total = place[fold.rows] == 0.0, float(fold.truth.sum())
        held.append(int(top.sum()))
        caught.append(float(fold.truth[top].sum()) / total if total > 0.0 else np.nan)
    return {"top_tier_accounts": float(np.mean(held)), "top_tier_value": float(np.mean(caught))}


def _given_up(points: float) -> str:
    return f"{abs(points):.1f} points {'given up' if points > -0.05 else 'gained'}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
