"""What the tier policy would have been worth: tiers by prediction against how accounts are chosen today.

At every judged cutoff the accounts are cut into tiers by their predictions, under the project's own
policy. The same numbers of accounts are then taken by past value (S1), by the company's own tiers as they
stood then, by contract value (S23), and by what came (the best there is). Each tier is told as the share
of all value that it in fact brought, with intervals from a bootstrap over accounts that is paired: every
choice is made anew in every draw, of tiers that hold the same share of its accounts.

Why this way: a company does not act on a Gini but on a list of key accounts. At equal sizes the lists
cost the same, so that the difference in value caught is what the model earns. The hours are those that
the policy plans, and, beside them, those that contacts say were spent (S12, S52); where neither is known,
none is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.evaluation.bootstrap import (
    JudgedFold,
    Resampling,
    draw_accounts,
    estimate,
)
from valuemodel.evaluation.policy_baselines import WAYS, Rankings, ladder_of, rankings, value_folds
from valuemodel.evaluation.policy_lines import (
    ALL,
    DIFFERENCE_TO_CONTRACT,
    DIFFERENCE_TO_CURRENT,
    policy_lines,
)
from valuemodel.metrics.arrays import FloatArray, ratio
from valuemodel.metrics.copies import Copies
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.assignment import Ties, assign
from valuemodel.tiers.policy import TierPolicy

__all__ = ["ALL", "POLICY_COLUMNS", "WAYS", "policy_backtest", "policy_lines"]

POLICY_COLUMNS = [
    *("cutoff", "tier", "accounts", "by_prediction", "by_past_value", "at_best"),
    *("by_prediction_low", "by_prediction_high", "difference", "low", "high"),
    *("value_by_prediction", "value_by_past_value", "hours_planned"),
    *("hours_spent_by_prediction", "hours_spent_by_past_value"),
    *("planned_per_1000_by_prediction", "planned_per_1000_by_past_value"),
    *("spent_per_1000_by_prediction", "spent_per_1000_by_past_value"),
    *("by_current_tier", "value_by_current_tier", *DIFFERENCE_TO_CURRENT),
    *("by_contract_value", "value_by_contract_value", *DIFFERENCE_TO_CONTRACT),
]  # fmt: skip

_YEAR = 365.25
_OURS, _PAST, _, _CURRENT, _CONTRACT = range(len(WAYS))
_DIFFERENCES = {
    _PAST: ("difference", "low", "high"),
    _CURRENT: DIFFERENCE_TO_CURRENT,
    _CONTRACT: DIFFERENCE_TO_CONTRACT,
}


@dataclass(frozen=True)
class _Cut:
    """One fold cut into tiers: how accounts are ranked each way, and which share lies above a line."""

    fold: JudgedFold
    ranked: Rankings
    above: tuple[float, ...]  # per tier: the share of accounts in it and in those above
    sizes: tuple[int, ...]

    def caught(self, value: FloatArray, counts: FloatArray) -> FloatArray:
        """Return what each tier holds of a value; shape (ways, tiers, draws); NaN where not known."""
        found = []
        for ranked in self.ranked:
            if ranked is None:
                found.append(np.full((len(self.above), len(counts)), np.nan))
                continue
            copies = Copies(ranked, counts)
            down_to = np.stack([copies.caught_by_top(value, share) for share in self.above])
            found.append(np.diff(down_to, axis=0, prepend=np.zeros((1, len(counts)))))
        return np.stack(found)

    def shares(self, counts: FloatArray) -> FloatArray:
        """Return the share of all value that each tier brought; shape (ways, tiers, draws)."""
        whole = np.einsum("dn,n->d", counts, self.fold.truth)
        caught = self.caught(self.fold.truth, counts)
        return ratio(caught, np.broadcast_to(whole, caught.shape))


def policy_backtest(  # noqa: PLR0913 - two tables that a book may lack, all by name
    table: pd.DataFrame,
    policy: TierPolicy,
    *,
    model: str,
    baseline: str,
    horizon: Horizon,
    resampling: Resampling,
    effort: pd.DataFrame | None = None,
    standing: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Cut the judged accounts into tiers by prediction, and take as many in each other way.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    policy : TierPolicy
        The rules that tiers are cut by.
    model : str
        The model by which accounts are tiered.
    baseline : str
        The model that is past value; it also breaks ties, as tiers do.
    horizon : Horizon
        The tier horizon.
    resampling : Resampling
        Draws, confidence and seed.
    effort : pandas.DataFrame, optional
        What accounts were in fact given: see `valuemodel.evaluation.effort.effort`.
    standing : pandas.DataFrame, optional
        The company's own tiers and contract values then, with the columns ``cutoff, account_id,
        current_tier, arr``: see `valuemodel.evaluation.policy_baselines.standing_at`.

    Returns
    -------
    pandas.DataFrame
        `POLICY_COLUMNS`, one row per cutoff and tier, then one per tier for ``"all"`` cutoffs, the
        mean over them. Shares of realised value by_prediction, by_past_value, at_best, by_current_tier
        and by_contract_value; difference (by prediction less by past value), difference_to_current and
        difference_to_contract (less by the company's own tiers, and by contract value), with their
        intervals; values in money; hours of the whole tier over the horizon, and hours per 1,000 of
        realised value. NaN where hours, tiers or contract values are not known (for ``"all"``: at
        some cutoff), or where what came does not add up to something positive. No row where nothing
        was judged.

    Raises
    ------
    UsageError
        If the table does not hold the model or the baseline on that horizon, or an account stands
        twice in the standings of a cutoff.

    Examples
    --------
    >>> came = [60.0, 0.0, 30.0, 10.0]
    >>> rows = {"fold": 0, "cutoff": pd.Timestamp("2020-01-01"), "account_id": list("abcd")}
    >>> rows |= {"target": "value", "horizon": "1y", "y_true": came}
    >>> seen = pd.DataFrame(rows | {"y_pred": [50.0, 5, 40, 5], "model": "m"})
    >>> past = pd.DataFrame(rows | {"y_pred": [20.0, 50, 10, 5], "model": "past_value"})
    >>> tiers = [{"name": "key", "share_of_value": 0.5}, {"name": "other"}]
    >>> found = policy_backtest(
    ...     pd.concat([seen, past]),
    ...     TierPolicy.parse({"version": "1", "tiers": tiers}),
    ...     model="m",
    ...     baseline="past_value",
    ...     horizon=Horizon.parse("1 year"),
    ...     resampling=Resampling(draws=20),
    ... )
    >>> found.loc[found.cutoff == ALL, ["tier", "by_prediction", "by_past_value", "difference"]]
        tier  by_prediction  by_past_value  difference
    2    key            0.6            0.0         0.6
    3  other            0.4            1.0        -0.6
    """
    if table.empty:
        return pd.DataFrame(columns=POLICY_COLUMNS)
    folds = value_folds(table, [model, baseline], horizon)
    cuts = [_cut(fold, policy, model, baseline, standing) for fold in folds]
    accounts = 1 + max(int(fold.rows.max()) for fold in folds)
    points = np.stack([cut.shares(np.ones((1, len(cut.fold.rows))))[..., 0] for cut in cuts])
    draws = np.concatenate(
        [
            np.stack([cut.shares(counts[:, cut.fold.rows]) for cut in cuts])
            for counts in draw_accounts(accounts, resampling)
        ],
        axis=-1,
    )
    per_fold = [
        _rows(points[at], draws[at], resampling.confidence).assign(
            **_facts(cut, policy, horizon, effort)
        )
        for at, cut in enumerate(cuts)
    ]
    overall = _rows(points.mean(axis=0), draws.mean(axis=0), resampling.confidence)
    frame = pd.concat([*per_fold, overall.assign(**_means(per_fold))], ignore_index=True)
    frame["tier"] = policy.names * (len(cuts) + 1)
    return _per_value(frame)[POLICY_COLUMNS]


def _cut(
    fold: JudgedFold, policy: TierPolicy, model: str, baseline: str, standing: pd.DataFrame | None
) -> _Cut:
    """Cut a fold into tiers by prediction, and rank its accounts in every way."""
    past, ties = fold.forecasts[baseline], Ties.of([str(account) for account in fold.accounts])
    lines = assign(fold.forecasts[model], past, ties, ladder_of(policy)).lines
    reached = [line.accounts for line in lines]
    ranked = rankings(fold, policy, ties, model=model, baseline=baseline, standing=standing)
    sizes = np.diff(reached, prepend=0).tolist()
    return _Cut(fold, ranked, tuple(n / len(fold.rows) for n in reached), tuple(sizes))


def _rows(points: FloatArray, draws: FloatArray, confidence: float) -> pd.DataFrame:
    """Return one row per tier from shares (ways, tiers) and their draws (ways, tiers, draws)."""
    columns: dict[str, Any] = dict(zip(WAYS, points, strict=True))
    ours = _bounds(points[_OURS], draws[_OURS], confidence)
    columns |= {"by_prediction_low": ours[1], "by_prediction_high": ours[2]}
    for way, names in _DIFFERENCES.items():
        gaps = points[_OURS] - points[way], draws[_OURS] - draws[way]
        columns |= dict(zip(names, _bounds(*gaps, confidence), strict=True))
    return pd.DataFrame(columns)


def _bounds(points: FloatArray, draws: FloatArray, confidence: float) -> FloatArray:
    """Return a figure per tier, and the ends of its interval; shape (3, tiers)."""
    pairs = zip(points.tolist(), draws, strict=True)
    found = [estimate(point, drawn, confidence) for point, drawn in pairs]
    return np.array([[one.value, one.low, one.high] for one in found]).T


def _facts(
    cut: _Cut, policy: TierPolicy, horizon: Horizon, effort: pd.DataFrame | None
) -> dict[str, Any]:
    """Return sizes, money and hours of the tiers of one fold."""
    at, once = cut.fold.cutoff, np.ones((1, len(cut.fold.rows)))
    value = cut.caught(cut.fold.truth, once)[..., 0]
    spent = np.full_like(value, np.nan)
    hours = _spent(cut.fold, effort)
    if hours is not None:
        spent = cut.caught(hours, once)[..., 0]
    planned = [np.nan if tier.hours is None else tier.hours for tier in policy.tiers]
    return {
        "cutoff": "" if at is None else Cutoff(at.to_pydatetime()).text,
        "accounts": cut.sizes,
        **{f"value_{WAYS[way]}": value[way] for way in (_OURS, *_DIFFERENCES)},
        "hours_planned": np.array(planned) * np.array(cut.sizes) * horizon.days / _YEAR,
        "hours_spent_by_prediction": spent[_OURS],
        "hours_spent_by_past_value": spent[_PAST],
    }


def _spent(fold: JudgedFold, effort: pd.DataFrame | None) -> FloatArray | None:
    """Return the hours of each account of a fold; None where no contact says how long it took."""
    if effort is None:
        return None
    rows = effort[effort["cutoff"] == fold.cutoff]
    if not rows["timed"].sum():
        return None
    hours = rows.set_index("account_id")["hours"].reindex(fold.accounts).fillna(0.0)
    return hours.to_numpy(np.float64)


def _means(per_fold: list[pd.DataFrame]) -> dict[str, Any]:
    """Average the facts of all folds, every fold alike; a size that is not whole stays so."""
    names = ["accounts", *[n for n in POLICY_COLUMNS if n.startswith(("value_", "hours_"))]]
    stacked = np.stack([one[names].to_numpy(np.float64) for one in per_fold]).mean(axis=0)
    return {"cutoff": ALL} | {name: stacked[:, at] for at, name in enumerate(names)}


def _per_value(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the hours per 1,000 of value that came."""
    for way in WAYS[:2]:
        thousands = frame[f"value_{way}"].to_numpy(np.float64) / 1_000.0
        planned, spent = (
            frame[name].to_numpy(np.float64) for name in ("hours_planned", f"hours_spent_{way}")
        )
        frame[f"planned_per_1000_{way}"] = ratio(planned, thousands)
        frame[f"spent_per_1000_{way}"] = ratio(spent, thousands)
    return frame
