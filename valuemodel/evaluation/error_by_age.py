"""Errors by the age of accounts: how far forecasts miss those who are new, and those who are known long.

Every judged account stands in one cohort, by what was known at its cutoff: **before the first order**
(listed or met, and nothing bought or signed yet), else by the days since it became known: 0 to 90, 91
to 365, and over a year. Errors of money are told for each, with intervals by a bootstrap over accounts,
and beside them how often the promised intervals held.

Why this way: an average is made by the accounts that are known best. A new account has next to no
features, so its forecast is a guess by its kind, and a team that plans visits by it must see how much
worse that guess is. The gate does not look at these cohorts: a slice that shall guard is declared in
``[backtest] slices``. Accounts without any visible row are not judged: the list holds only who is on
it today, and whoever came since would be counted and whoever was struck off would not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from valuemodel.estimators.newcomers import AGE, before_first_order
from valuemodel.evaluation.bootstrap import PairedBootstrap, Resampling
from valuemodel.evaluation.candidates import Builder
from valuemodel.evaluation.slices import LABELS
from valuemodel.metrics.splits import Fold

ERROR_COLUMNS = ["horizon", "age", "model", "accounts", "metric", "figure", "low", "high"]
#: The name of the slice, also among the slices of `valuemodel.evaluation.coverage`.
BY_AGE = "age"
BEFORE = "before the first order"
AGES = (BEFORE, "0 to 90 days", "91 to 365 days", "over 365 days", "unknown")

_METRICS = ("mae", "mae_to_mean", "bias")
_LAST_DAYS = (90.0, 365.0)


def age_labels(builder: Builder, folds: Sequence[Fold]) -> pd.DataFrame:
    """Say in which cohort every judged account stood at each cutoff.

    Parameters
    ----------
    builder : Builder
        The dataset builder that the backtest used.
    folds : sequence of Fold
        The judged folds.

    Returns
    -------
    pandas.DataFrame
        The columns of `valuemodel.evaluation.slices.LABELS`; the slice is "age".
    """
    parts = []
    for number, fold in enumerate(sorted(folds, key=lambda one: one.cutoff)):
        built = builder.at(fold.cutoff)
        found = built.keys[["account_id"]].assign(fold=number, slice=BY_AGE, level=ages_of(built.X))
        parts.append(found[LABELS])
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in LABELS}).astype({"fold": int})
    return pd.concat(parts, ignore_index=True)


def ages_of(X: pd.DataFrame) -> pd.Series[str]:
    """Return the cohort of each row, one of `AGES`; unknown where the settings leave the age out.

    Examples
    --------
    >>> X = pd.DataFrame({"account_age_days": [400, 90, 91, 5], "recency_days": [3, 9, 2, None]})
    >>> ages_of(X).to_list()
    ['over 365 days', '0 to 90 days', '91 to 365 days', 'before the first order']
    """
    days = X[AGE].to_numpy("float64", na_value=np.nan) if AGE in X else np.full(len(X), np.nan)
    place = 1 + np.searchsorted(_LAST_DAYS, days, side="left")
    place = np.where(np.isnan(days), len(AGES) - 1, place)
    place = np.where(before_first_order(X), 0, place)
    return pd.Series(np.array(AGES, dtype=object)[place], index=X.index, dtype="str")


def error_by_age(table: pd.DataFrame, labels: pd.DataFrame, resampling: Resampling) -> pd.DataFrame:
    """Compute the errors of every model for each cohort, averaged over folds.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    labels : pandas.DataFrame
        From `age_labels`.
    resampling : Resampling
        Draws, confidence and seed of the bootstrap by account.

    Returns
    -------
    pandas.DataFrame
        `ERROR_COLUMNS`: the metrics ``mae`` (money), ``mae_to_mean`` and ``bias`` of the value, by
        horizon, cohort (youngest first) and model, with their intervals; ``accounts`` are different
        ones over all folds.

    Examples
    --------
    >>> one = {"fold": 0, "target": "value", "horizon": "6m", "model": "m"}
    >>> rows = {"account_id": ["a", "b"], "y_true": [10.0, 0.0], "y_pred": [8.0, 4.0]}
    >>> labels = pd.DataFrame([(0, "a", "age", BEFORE), (0, "b", "age", BEFORE)], columns=LABELS)
    >>> error_by_age(pd.DataFrame(rows).assign(**one), labels, Resampling(draws=20))[
    ...     "figure"
    ... ].to_list()
    [3.0, 0.6, 0.19999999999999996]
    """
    value = table[table["target"] == "value"].merge(
        labels, on=["fold", "account_id"], validate="many_to_one"
    )
    rows = []
    for horizon in value["horizon"].unique():
        for age in AGES:
            part = value[(value["horizon"] == horizon) & (value["level"] == age)]
            if part.empty:
                continue
            boot = PairedBootstrap(part, "value", horizon, resampling, _METRICS)
            for model in boot.models:
                for metric in _METRICS:
                    found = boot.figure(model, metric)
                    figures = (found.value, found.low, found.high)
                    rows.append((horizon, age, model, boot.accounts, metric, *figures))
    return pd.DataFrame(rows, columns=ERROR_COLUMNS)


def age_lines(
    errors: pd.DataFrame, coverage: pd.DataFrame, *, model: str, baseline: str, horizon: str
) -> Iterator[str]:
    """Say the error of each cohort, the model's beside the baseline's, and how intervals held.

    Parameters
    ----------
    errors : pandas.DataFrame
        From `error_by_age`.
    coverage : pandas.DataFrame
        From `valuemodel.evaluation.coverage.interval_coverage`, with the labels of `age_labels`.
    model, baseline, horizon : str
        Whose figures, beside whose, and over which horizon.

    Examples
    --------
    >>> from valuemodel.evaluation.coverage import COVERAGE_COLUMNS
    >>> rows = [("6m", BEFORE, name, 90, "mae", 2.0, 1.5, 2.5) for name in ("m", "past_value")]
    >>> errors, none = (
    ...     pd.DataFrame(rows, columns=ERROR_COLUMNS),
    ...     pd.DataFrame(columns=COVERAGE_COLUMNS),
    ... )
    >>> lines = age_lines(errors, none, model="m", baseline="past_value", horizon="6m")
    >>> next(lines), next(lines).strip()
    ('error by age of accounts, value over 6m, with 95 % intervals:',
     'before the first order, 90 accounts: mean error 2 (1.5 to 2.5; past_value 2)')
    """
    own = errors[errors["horizon"] == horizon]
    found = {(row["age"], row["model"], row["metric"]): row for row in own.to_dict("records")}
    held = coverage[(coverage["slice"] == BY_AGE) & (coverage["horizon"] == horizon)]
    inside = {row["group"]: row for row in held[held["model"] == model].to_dict("records")}
    if found:
        yield f"error by age of accounts, value over {horizon}, with 95 % intervals:"
    for age in own["age"].unique():
        mae, theirs = found[age, model, "mae"], found[age, baseline, "mae"]
        figure, low, high, other = map(
            _money, (mae["figure"], mae["low"], mae["high"], theirs["figure"])
        )
        said = [f"mean error {figure} ({low} to {high}; {baseline} {other})"]
        total = found.get((age, model, "bias"))
        if total and np.isfinite(total["figure"]):
            said.append(f"forecasts in total {total['figure']:+.1%}")
        if age in inside:
            said.append(f"{inside[age]['nominal']:.0%} intervals held {inside[age]['share']:.1%}")
        yield f"  {age}, {mae['accounts']:,} accounts: {', '.join(said)}"


def _money(amount: float) -> str:
    return f"{amount:,.0f}" if abs(amount) >= 100 else f"{amount:.3g}"
