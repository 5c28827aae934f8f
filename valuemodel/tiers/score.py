"""The score that accounts are ranked by, and the four parts it is made of (S3).

By default the score is the predicted value at the tier horizon: potential in money, nothing else. Where
the policy weighs in revenue, demonstration effect or winnability, each part is brought to a scale from 0
to 1 over the book, and the score is their weighted mean in points of 100; the parts that are stored are
what each adds, so that they add up to the total before the industry's weight. What is not known of an
account earns nothing.

Why this way: parts that add up can be argued about one by one. The weight of an industry is the
company's own, stands apart from everything that was predicted, and multiplies the total.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.exceptions import DataRefused, SettingsError, UsageError
from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.score import PARTS, ScoreSection

Floats = npt.NDArray[np.float64]

_OF_CHAMPION = "previous_champion_value_"
_NOT_HORIZONS = ("_low", "_high", "_q05", "_q25", "_q50", "_q75", "_q95")

SCORE_COLUMNS = ("score", *(f"score_{part}" for part in PARTS))


@dataclass(frozen=True)
class Scores:
    """The scores of a book, one row per account.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `SCORE_COLUMNS`; NaN where there is no prediction or a part has no weight.
    industry_weight : ndarray of float
        What the score of each account was multiplied by.
    known : ndarray of float
        The potential of each account in money, sorted: what the rank of another amount would be.
    section : ScoreSection
        How the score was made.
    """

    table: pd.DataFrame
    industry_weight: Floats
    known: Floats
    section: ScoreSection

    @property
    def score(self) -> Floats:
        """What accounts are ranked by."""
        return self.table["score"].to_numpy(dtype=np.float64)

    def value_at(self, score: Floats) -> Floats:
        """Return the predicted value at which each account would have a score, all else unchanged.

        Parameters
        ----------
        score : ndarray, shape (n_accounts, n_lines)

        Returns
        -------
        ndarray, shape (n_accounts, n_lines)
            In money; infinite where no value would do, minus infinity where any does, NaN where
            potential is no predicted value, so that none can be told.
        """
        weight = np.where(self.industry_weight > 0.0, self.industry_weight, np.nan)[:, None]
        with np.errstate(invalid="ignore"):
            needed = score / weight
        if self.section.potential != "value":
            return np.full_like(needed, np.nan)
        if self.section.in_money:
            return needed
        others = [f"score_{part}" for part in PARTS if part != "potential"]
        have = self.table[others].fillna(0.0).sum(axis=1).to_numpy(dtype=np.float64)[:, None]
        share = self.section.shares["potential"]
        if not share:
            return np.where(have >= needed, -np.inf, np.inf)
        return self._amount_at((needed - have) / (100.0 * share))

    def _amount_at(self, part: Floats) -> Floats:
        """Return the amount of potential whose part of the scale is at least the given one."""
        n = len(self.known)
        if self.section.normalise == "rank":
            place = np.ceil(np.clip(part, 0.0, 1.0) * n - 1e-9).astype(np.int64)
            found = np.r_[-np.inf, self.known][place]
        else:
            found = part * _cap(self.known, self.section.cap)
        return np.where(part <= 0.0, -np.inf, np.where(part > 1.0 + 1e-12, np.inf, found))


def tier_horizon(predictions: pd.DataFrame) -> Horizon:
    """Return the horizon that a stored predictions table is tiered on.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Stored predictions, with one ``value_<h>`` column per horizon.

    Returns
    -------
    Horizon
        The one horizon with a ``previous_champion_value_<h>`` column (the contract keeps it for the
        tier horizon only), or else the longest horizon that has a prediction.

    Examples
    --------
    >>> tier_horizon(pd.DataFrame(columns=["value_3m", "value_1y", "value_1y_low"])).label
    '1y'
    """
    names = [str(name) for name in predictions.columns]
    of_champion = [name for name in names if name.startswith(_OF_CHAMPION)]
    if len(of_champion) == 1:
        return Horizon.parse(of_champion[0].removeprefix(_OF_CHAMPION))
    values = [name for name in names if name.startswith("value_")]
    labels = [n.removeprefix("value_") for n in values if not n.endswith(_NOT_HORIZONS)]
    if not labels:
        problem = "the predictions have no value_<horizon> column, so there is nothing to tier by"
        raise UsageError(problem, received=", ".join(names), hint="score the accounts first")
    return max(Horizon.parse(label) for label in labels)


def score_accounts(
    predictions: pd.DataFrame,
    horizon: Horizon,
    policy: TierPolicy | None = None,
    facts: pd.DataFrame | None = None,
) -> Scores:
    """Score each account as the policy says.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Stored predictions, one row per account.
    horizon : Horizon
        The tier horizon; its ``value_<h>`` is in the project's currency.
    policy : TierPolicy, optional
        Its ``[score]``; by default the score is the predicted value.
    facts : pandas.DataFrame, optional
        ``account_facts``, for the parts that are no predictions.

    Returns
    -------
    Scores
        On the index of ``predictions``.

    Raises
    ------
    DataRefused
        If a prediction is infinite.
    SettingsError
        If the policy weighs a part that is known of no account at all.

    Examples
    --------
    >>> found = score_accounts(pd.DataFrame({"value_1y": [120.0, -3.0]}), Horizon.parse("1y"))
    >>> found.table["score"].tolist()
    [120.0, -3.0]
    >>> policy = TierPolicy.parse(
    ...     {"version": "1", "score": {"weights": {"revenue": 1.0, "potential": 3.0}}}
    ... )
    >>> book = pd.DataFrame({"value_1y": [120.0, 40.0], "past_value_1y": [10.0, 80.0]})
    >>> book["account_id"] = ["a", "b"]
    >>> score_accounts(book, Horizon.parse("1y"), policy).table.iloc[:, :3]
       score  score_revenue  score_potential
    0   87.5           12.5             75.0
    1   62.5           25.0             37.5
    """
    section = ScoreSection() if policy is None else policy.score
    value = money(predictions, f"value_{horizon.label}")
    if section == ScoreSection():
        parts = dict.fromkeys(SCORE_COLUMNS, np.nan) | {"score": value, "score_potential": value}
        table = pd.DataFrame(parts, index=predictions.index)
        return Scores(table, np.ones(len(table)), np.empty(0), section)
    frame = account_frame(predictions[["account_id"]], predictions, facts, horizon)
    weight = _industry_weights(frame["industry"], section)
    amounts = _amounts(frame, section)
    if section.in_money:
        potential = amounts["potential"]
        parts = dict.fromkeys(SCORE_COLUMNS, np.nan) | {"score_potential": potential}
        parts["score"] = potential * weight
        table = pd.DataFrame(parts, index=predictions.index)
    else:
        _require_known(amounts, section)
        table = _composite(amounts, section, weight).set_index(predictions.index)
        table.loc[np.isnan(value), "score"] = np.nan
    return Scores(table, weight, np.sort(_known(amounts["potential"])), section)


def _composite(amounts: dict[str, Floats], section: ScoreSection, weight: Floats) -> pd.DataFrame:
    """Return the score in points, and what each part adds to it."""
    columns: dict[str, Floats] = {}
    for part, share in section.shares.items():
        if share:
            columns[f"score_{part}"] = 100.0 * share * _on_scale(part, amounts[part], section)
    total = np.sum(list(columns.values()), axis=0)
    absent = dict.fromkeys(SCORE_COLUMNS, np.full(len(weight), np.nan))
    return pd.DataFrame(absent | columns | {"score": total * weight})[list(SCORE_COLUMNS)]


def _amounts(frame: pd.DataFrame, section: ScoreSection) -> dict[str, Floats]:
    """Return what each part is made of, before it is brought to a scale."""
    revenue = "past" if section.revenue == "past_value" else "arr"
    return {
        "revenue": frame[revenue].to_numpy(np.float64),
        "potential": frame[section.potential].to_numpy(np.float64),
        "demonstration": _demonstration(frame, section),
        "winnability": frame["winnability"].to_numpy(np.float64),
    }


def _demonstration(frame: pd.DataFrame, section: ScoreSection) -> Floats:
    """Return the weighted mean of brand and reference; an unknown one earns nothing (S26, S27)."""
    parts = {"brand_score": section.demonstration.brand}
    parts["reference_score"] = section.demonstration.reference
    told = frame[list(parts)].to_numpy(np.float64)
    weights = np.array(list(parts.values()))
    found: Floats = np.nan_to_num(told, nan=0.0) @ weights / float(weights.sum())
    found[np.isnan(told).all(axis=1)] = np.nan
    return found


def _on_scale(part: str, amount: Floats, section: ScoreSection) -> Floats:
    """Bring a part to a scale from 0 to 1 over the book; a probability has one already."""
    known = _known(amount)
    if part == "winnability":
        return np.clip(np.nan_to_num(amount, nan=0.0), 0.0, 1.0)
    if section.normalise == "rank":
        place = np.searchsorted(np.sort(known), amount, side="right") / max(len(known), 1)
        return np.where(np.isnan(amount), 0.0, place)
    cap = _cap(known, section.cap)
    return (
        np.clip(np.nan_to_num(amount, nan=0.0) / cap, 0.0, 1.0)
        if cap > 0.0
        else np.zeros(len(amount))
    )


def _cap(known: Floats, quantile: float) -> float:
    """Return the amount that counts as all of a part: a high quantile of the positive ones."""
    positive = known[known > 0.0]
    return float(np.quantile(positive, quantile, method="lower")) if len(positive) else 0.0


def _known(amount: Floats) -> Floats:
    return amount[~np.isnan(amount)]


def _industry_weights(industry: pd.Series[str], section: ScoreSection) -> Floats:
    if section.industries is None:
        return np.ones(len(industry))
    known = section.industries.weights
    return np.array([known.get(name, 1.0) for name in industry], dtype=np.float64)


def _require_known(amounts: dict[str, Floats], section: ScoreSection) -> None:
    needs = {
        "revenue": f"score.revenue = {section.revenue!r} is known of",
        "potential": f"score.potential = {section.potential!r} is known of",
        "demonstration": "brand_score or reference_score is known of",
        "winnability": "winnability is predicted for",
    }
    mistakes = [
        f"score.weights.{part} = {getattr(section.weights, part):g}, but {needs[part]} no account"
        for part, share in section.shares.items()
        if share and len(amounts[part]) and not len(_known(amounts[part]))
    ]
    if mistakes:
        problem = "the tier policy weighs parts of the score that this book does not have"
        hint = "set their weights to 0, or add what they are made of to the tables"
        raise SettingsError(problem, hint=hint, details=mistakes)


def money(table: pd.DataFrame, column: str) -> Floats:
    """Take a money column of a stored table as finite float64, NaN where nothing is known."""
    if column not in table.columns:
        problem = f"the stored predictions have no column {column!r}"
        received = ", ".join(str(name) for name in table.columns)
        raise UsageError(problem, received=received, hint="score again with this horizon")
    values = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        problem = f"{column} is infinite for {int(np.isinf(values).sum())} accounts"
        raise DataRefused(problem, hint="look at the amounts of these accounts, then score again")
    return values
