"""What the tier policy would have been worth: tiers by prediction against tiers by past value.

At every judged cutoff the accounts are cut into tiers by their predictions, under the project's own
policy. The same numbers of accounts are then taken by past value, and by what came (the best there
is). Each tier is told as the share of all value that it in fact brought, with intervals from a
bootstrap over accounts that is paired: the three choices are made anew in every draw, of tiers that
hold the same share of its accounts.

Why this way: a company does not act on a Gini but on a list of key accounts. At equal sizes the lists
cost the same, so that the difference in value caught is what the model earns. The hours are those that
the policy plans, and, beside them, those that contacts say were spent; where neither is known, none is
invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.evaluation.bootstrap import (
    JudgedFold,
    Resampling,
    draw_accounts,
    estimate,
    judged_folds,
)
from valuemodel.exceptions import UsageError
from valuemodel.metrics.arrays import FloatArray, ratio
from valuemodel.metrics.copies import Copies
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.assignment import assign, ranking
from valuemodel.tiers.policy import TierPolicy

ALL = "all"
"""Stands for the mean over cutoffs in the column ``cutoff``."""

WAYS = ("by_prediction", "by_past_value", "at_best")
POLICY_COLUMNS = [
    *("cutoff", "tier", "accounts", *WAYS),
    *("by_prediction_low", "by_prediction_high", "difference", "low", "high"),
    *("value_by_prediction", "value_by_past_value", "hours_planned"),
    *("hours_spent_by_prediction", "hours_spent_by_past_value"),
    *("planned_per_1000_by_prediction", "planned_per_1000_by_past_value"),
    *("spent_per_1000_by_prediction", "spent_per_1000_by_past_value"),
]  # fmt: skip

_YEAR = 365.25


@dataclass(frozen=True)
class _Cut:
    """One fold cut into tiers: how accounts are ranked each way, and which share lies above a line."""

    fold: JudgedFold
    ranked: tuple[FloatArray, ...]  # per way: minus the place of each account
    above: tuple[float, ...]  # per tier: the share of accounts in it and in those above
    sizes: tuple[int, ...]

    def caught(self, value: FloatArray, counts: FloatArray) -> FloatArray:
        """Return what each tier holds of a value; shape (ways, tiers, draws)."""
        found = []
        for ranked in self.ranked:
            copies = Copies(ranked, counts)
            down_to = np.stack([copies.caught_by_top(value, share) for share in self.above])
            found.append(np.diff(down_to, axis=0, prepend=np.zeros((1, len(counts)))))
        return np.stack(found)

    def shares(self, counts: FloatArray) -> FloatArray:
        """Return the share of all value that each tier brought; shape (ways, tiers, draws)."""
        whole = np.einsum("dn,n->d", counts, self.fold.truth)
        caught = self.caught(self.fold.truth, counts)
        return ratio(caught, np.broadcast_to(whole, caught.shape))


def policy_backtest(
    table: pd.DataFrame,
    policy: TierPolicy,
    *,
    model: str,
    baseline: str,
    horizon: Horizon,
    resampling: Resampling,
    effort: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Cut the judged accounts into tiers by prediction, and as many by past value.

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

    Returns
    -------
    pandas.DataFrame
        `POLICY_COLUMNS`, one row per cutoff and tier, then one per tier for ``"all"`` cutoffs, the
        mean over them. Shares of realised value by_prediction, by_past_value and at_best; difference
        (by prediction less by past value) with its interval; values in money; hours of the whole tier
        over the horizon, and hours per 1,000 of realised value. NaN where hours are not known, or
        where what came does not add up to something positive. No row where nothing was judged.

    Raises
    ------
    UsageError
        If the table does not hold the model or the baseline on that horizon.

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
    chosen = table[(table["target"] == "value") & (table["horizon"] == horizon.label)]
    missing = sorted({model, baseline} - set(chosen["model"]))
    if missing:
        problem = f"the backtest table has no value over {horizon.label} by {' and '.join(missing)}"
        raise UsageError(problem, received=", ".join(sorted(table["model"].unique())) or "nothing")
    chosen = chosen[chosen["model"].isin([model, baseline])]
    cuts = [_cut(fold, policy, model, baseline) for fold in judged_folds(chosen)]
    accounts = int(chosen["account_id"].nunique())
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


def policy_lines(
    found: pd.DataFrame, currency: str, effort: pd.DataFrame | None = None
) -> Iterator[str]:
    """Say what the first tier would have caught, and its hours beside what came, in a line each.

    Examples
    --------
    >>> row = {"cutoff": ALL, "tier": "A", "by_prediction": 0.445, "by_past_value": 0.416}
    >>> row |= {"at_best": 0.480, "difference": 0.029, "low": 0.010, "high": 0.048}
    >>> row |= {"planned_per_1000_by_prediction": 2.0, "planned_per_1000_by_past_value": 2.25}
    >>> print(*policy_lines(pd.DataFrame([row], columns=POLICY_COLUMNS), "EUR"), sep=chr(10))
    tier A by prediction would have caught 44.5 % of value, by past value 41.6 %: +2.9 points
    (1.0 to 4.8); at best 48.0 %
    hours that the policy plans for tier A, per 1,000 EUR that came: 2.00 by prediction, 2.25 by past value
    hours spent in tier A: not known, the book has no interactions
    """
    overall = found[found["cutoff"] == ALL]
    if overall.empty:
        return
    top = overall.iloc[0]
    tier, gap = top["tier"], 100 * top[["difference", "low", "high"]].astype("float64")
    yield (
        f"tier {tier} by prediction would have caught {_percent(top['by_prediction'])} of value, "
        f"by past value {_percent(top['by_past_value'])}: {gap['difference']:+.1f} points "
        f"({gap['low']:.1f} to {gap['high']:.1f}); at best {_percent(top['at_best'])}"
    )
    planned = _per_thousand(top, "planned", currency)
    lacking = "not known, the policy does not say how long its touches take"
    yield f"hours that the policy plans for tier {tier}{planned or f': {lacking}'}"
    spent = _per_thousand(top, "spent", currency)
    yield f"hours spent in tier {tier}{spent or ': not known'}{_timed(effort)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _per_thousand(top: pd.Series[Any], kind: str, currency: str) -> str:
    ours, theirs = (float(top[f"{kind}_per_1000_{way}"]) for way in WAYS[:2])
    if not np.isfinite(ours + theirs):
        return ""
    return f", per 1,000 {currency} that came: {ours:.2f} by prediction, {theirs:.2f} by past value"


def _timed(effort: pd.DataFrame | None) -> str:
    """Say of how many contacts the hours are known."""
    if effort is None:
        return ", the book has no interactions"
    contacts, timed = int(effort["contacts"].sum()), int(effort["timed"].sum())
    return f" ({timed:,} of {contacts:,} contacts say how long they took)"


def _cut(fold: JudgedFold, policy: TierPolicy, model: str, baseline: str) -> _Cut:
    """Cut a fold into tiers by prediction, and rank its accounts by past value and by what came."""
    past, ids = fold.forecasts[baseline], [str(account) for account in fold.accounts]
    lines = assign(fold.forecasts[model], past, ids, policy).lines
    reached = [line.accounts for line in lines]
    ranked = []
    for score in (fold.forecasts[model], past, fold.truth):
        place = np.empty(len(ids))
        place[ranking(score, past, ids)] = np.arange(len(ids))
        ranked.append(-place)
    sizes = np.diff(reached, prepend=0).tolist()
    return _Cut(fold, tuple(ranked), tuple(n / len(ids) for n in reached), tuple(sizes))


def _rows(points: FloatArray, draws: FloatArray, confidence: float) -> pd.DataFrame:
    """Return one row per tier from shares (ways, tiers) and their draws (ways, tiers, draws)."""
    columns: dict[str, Any] = dict(zip(WAYS, points, strict=True))
    ours = [estimate(*pair, confidence) for pair in zip(points[0].tolist(), draws[0], strict=True)]
    gaps = points[0] - points[1], draws[0] - draws[1]
    gained = [estimate(*pair, confidence) for pair in zip(gaps[0].tolist(), gaps[1], strict=True)]
    return pd.DataFrame(
        columns
        | {
            "by_prediction_low": [one.low for one in ours],
            "by_prediction_high": [one.high for one in ours],
            "difference": [one.value for one in gained],
            "low": [one.low for one in gained],
            "high": [one.high for one in gained],
        }
    )


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
        "value_by_prediction": value[0],
        "value_by_past_value": value[1],
        "hours_planned": np.array(planned) * np.array(cut.sizes) * horizon.days / _YEAR,
        "hours_spent_by_prediction": spent[0],
        "hours_spent_by_past_value": spent[1],
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
