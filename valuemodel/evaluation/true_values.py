"""Estimated against true values, where the maker of the data knows what was to be expected.

What came is one throw of the dice; the *expectation* is what the dice are. For every model: money by
tenths of its ranking, as forecast, as was to be expected and as it came; and figures of how near the
forecasts lie to the expectation. The expectation itself stands in the table as a forecast of what
came: no model that does not see the future can do better than it.

Why this way: against what came alone, luck and skill cannot be told apart, and nobody knows how far
above a model the ceiling is. Where the truth is known, both can be said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.metrics.arrays import GROUPS, FloatArray, highest_first
from valuemodel.metrics.churn import auc
from valuemodel.metrics.value import normalised_gini, spearman

EXPECTED: Mapping[str, str] = {
    "revenue": "expected_value",
    "margin": "expected_margin",
    "contribution": "expected_contribution",
}
"""Which column of the truth is the expectation of which measure, before ``_<horizon>``."""

RISKS: Mapping[str, str] = {"inactivity": "silence", "contract": "lapse"}
"""Which column of the truth is the probability that is judged by which rule of churn."""

TRUTH_COLUMNS = [
    "target", "rule", "horizon", "model", "decile", "accounts", "forecast", "expectation", "came",
]  # fmt: skip
FIGURE_COLUMNS = [
    *("target", "rule", "horizon", "model", "folds", "accounts", "correlation", "rank_correlation"),
    *("bias", "calibration_error", "mae", "skill", "skill_at_best"),
]


_KEYS = ["target", "rule", "horizon", "model"]


def with_expectation(table: pd.DataFrame, truth: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Add to the tidy table what was to be expected; rows without a known truth are left out.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    truth : pandas.DataFrame
        ``account_id``, ``cutoff``, and per horizon the columns of `EXPECTED` and `RISKS`, as the
        synthetic world tells them.
    measure : {"revenue", "margin", "contribution"}
        The value measure of the settings.

    Returns
    -------
    pandas.DataFrame
        The rows with a truth, and the column ``expected``: money, or a probability of churn.

    Examples
    --------
    >>> at = pd.Timestamp("2025-01-01")
    >>> truth = pd.DataFrame({"account_id": ["a"], "cutoff": [at], "expected_value_1y": [90.0]})
    >>> row = {
    ...     "account_id": ["a", "b"],
    ...     "cutoff": at,
    ...     "target": "value",
    ...     "horizon": "1y",
    ...     "rule": "",
    ... }
    >>> with_expectation(pd.DataFrame(row), truth, "revenue")[["account_id", "expected"]]
      account_id  expected
    0          a      90.0
    """
    names = {("value", ""): EXPECTED[measure]}
    names |= {("churn", rule): name for rule, name in RISKS.items()}
    known = truth.assign(cutoff=truth["cutoff"].astype("datetime64[us]"))
    known = known.set_index(["cutoff", "account_id"])
    parts = []
    for (target, rule, horizon), rows in table.groupby(["target", "rule", "horizon"], sort=False):
        column = f"{names[str(target), str(rule)]}_{horizon}"
        if column in known:
            keys = pd.MultiIndex.from_frame(rows[["cutoff", "account_id"]])
            parts.append(rows.assign(expected=known[column].reindex(keys).to_numpy(np.float64)))
    whole = pd.concat(parts) if parts else table.assign(expected=np.nan)
    return whole[whole["expected"].notna()].sort_index()


def against_truth(
    table: pd.DataFrame, truth: pd.DataFrame | None, measure: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set forecasts beside the expectation: by tenths, and in figures.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    truth : pandas.DataFrame or None
        What was to be expected: see `with_expectation`.
    measure : {"revenue", "margin", "contribution"}
        The value measure of the settings.

    Returns
    -------
    tenths : pandas.DataFrame
        `TRUTH_COLUMNS`: per target, rule of churn, horizon, model and decile of its forecasts (1 holds the highest),
        means per account over all folds.
    figures : pandas.DataFrame
        `FIGURE_COLUMNS`, means over folds: correlation and rank correlation with the expectation;
        bias, sum of forecasts / sum of expectations - 1; calibration_error, the mean over deciles of
        abs(mean forecast - mean expectation), for value over the mean expectation; mae, the mean
        distance from the expectation; skill in ranking what came (normalised Gini, or the AUC), and
        skill_at_best, that of the expectation itself.
    """
    tenths = [pd.DataFrame(columns=TRUTH_COLUMNS)]
    figures: list[dict[str, Any]] = []
    if truth is not None:
        known = with_expectation(table, truth, measure)
        for names, rows in known.groupby(_KEYS, sort=True):
            key: dict[str, Any] = dict(zip(_KEYS, map(str, names), strict=True))
            folds = [fold for _, fold in rows.groupby("fold", sort=True)]
            tenths.append(_tenths(pd.concat([_placed(fold) for fold in folds])).assign(**key))
            means = pd.DataFrame([_figures(key["target"], fold) for fold in folds]).mean()
            figures.append(key | {"folds": len(folds), "accounts": len(rows)} | dict(means))
    whole = pd.concat(tenths[1:] or tenths, ignore_index=True)
    return whole[TRUTH_COLUMNS], pd.DataFrame(figures, columns=FIGURE_COLUMNS)


def truth_lines(
    tenths: pd.DataFrame, figures: pd.DataFrame, horizon: str, model: str, declared: str | None
) -> Iterator[str]:
    """Say how near a model's forecasts of one horizon come to what was to be expected.

    ``declared`` is the file that the settings name; without one there is nothing to say.
    """
    if declared and figures.empty:
        yield f"true values: {declared} tells none of the judged accounts and cutoffs"
    for row in _of(figures, horizon, model).to_dict("records"):
        skill = "normalised Gini" if row["target"] == "value" else "AUC"
        yield (
            f"true {_called(row)}, {horizon}: {model} correlates {row['correlation']:.3f} with what "
            f"was to be expected (ranks {row['rank_correlation']:.3f}), total {row['bias']:+.1%}, "
            f"calibration error {row['calibration_error']:.1%}; {skill} of what came "
            f"{row['skill']:.3f}, of the expectation itself {row['skill_at_best']:.3f}"
        )
    shown = _of(tenths, horizon, model)
    for _, part in shown.groupby(["target", "rule"], sort=False):
        what, digits = _called(part.iloc[0]), 0 if part["target"].iloc[0] == "value" else 3
        yield f"{what} per account by tenths of {model}: forecast, expected, came"
        columns = part[["decile", "accounts", "forecast", "expectation", "came"]]
        yield columns.round(digits).to_string(index=False)


def _of(frame: pd.DataFrame, horizon: str, model: str) -> pd.DataFrame:
    """Take the rows of one horizon and model, value first."""
    chosen = frame[(frame["horizon"] == horizon) & (frame["model"] == model)]
    return chosen.sort_values("target", ascending=False, kind="stable")


def _called(row: Mapping[Any, Any] | pd.Series[Any]) -> str:
    return f"{row['target']} by {row['rule']}" if row["rule"] else str(row["target"])


def _placed(fold: pd.DataFrame) -> pd.DataFrame:
    """Put each account of a fold into its tenth."""
    order = highest_first(fold["y_pred"].to_numpy(np.float64))
    decile = np.empty(len(fold), dtype=np.int64)
    places = np.arange(len(fold)) + 0.5
    decile[order] = (places * GROUPS / len(fold)).astype(np.int64) + 1
    return fold.assign(decile=decile)


def _tenths(placed: pd.DataFrame) -> pd.DataFrame:
    return placed.groupby("decile", as_index=False).agg(
        accounts=("expected", "size"),
        forecast=("y_pred", "mean"),
        expectation=("expected", "mean"),
        came=("y_true", "mean"),
    )


def _figures(target: str, fold: pd.DataFrame) -> dict[str, float]:
    names = ("y_pred", "expected", "y_true")
    forecast, expected, came = (fold[name].to_numpy(np.float64) for name in names)
    table = _tenths(_placed(fold))
    gaps = (table["forecast"] - table["expectation"]).abs() * table["accounts"]
    error, mean = float(gaps.sum() / len(fold)), float(expected.mean())
    skill = normalised_gini if target == "value" else auc
    return {
        "correlation": _correlation(forecast, expected),
        "rank_correlation": spearman(expected, forecast),
        "bias": float(forecast.sum() / expected.sum() - 1.0) if mean > 0 else float("nan"),
        "calibration_error": _over(error, mean) if target == "value" else error,
        "mae": float(np.abs(forecast - expected).mean()),
        "skill": skill(came, forecast),
        "skill_at_best": skill(came, expected),
    }


def _over(error: float, mean: float) -> float:
    return error / mean if mean > 0 else float("nan")


def _correlation(one: FloatArray, other: FloatArray) -> float:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
