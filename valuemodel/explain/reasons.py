"""Reasons per account, in plain words: what is observed, and what the model makes of it.

Why this way: sentences come from the catalog's templates and from contributions that add up, so they
can be checked; they say what the model leans on, never what would happen if someone changed it. A
family of features (see `families`) gives one reason with its net effect, so that no two reasons
contradict one another; and one that does not survive when the model is fitted again says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from valuemodel.explain.columns import made_by_the_model
from valuemodel.explain.families import family_of
from valuemodel.explain.wording import NOT_KNOWN, RISKS, about_money, horizon_words, points
from valuemodel.features.catalog import Feature

#: At most so many reasons up and as many down.
MOST = 3
#: What is said of a reason that refits do not confirm.
WEAK = "weak: changes from one refit to the next"

#: Groups that hold the same for the whole book: part of every prediction, and no reason of any account.
_OF_NOBODY = ("season",)
_CHURN_POINTS = 0.05
_SMALLEST_SHARE = 0.02


def reason_columns() -> list[str]:
    """Return the names of the reason columns, as the recommendations store them.

    Examples
    --------
    >>> reason_columns()[:2]
    ['reason_up_1', 'reason_up_2']
    """
    return [f"reason_{way}_{number}" for way in ("up", "down") for number in range(1, MOST + 1)]


def reasons(
    drivers: pd.DataFrame,
    features: Iterable[Feature],
    *,
    currency: str,
    churn_rule: str = "inactivity",
) -> pd.DataFrame:
    """Say per account what raises and what lowers its predictions, at most three of each.

    Value comes first, in money; the churn reason with the largest effect takes the last place
    where it moves the risk by five points or more and the same driver has not been told already.

    Parameters
    ----------
    drivers : DataFrame
        The `drivers` table.
    features : iterable of Feature
        The catalog entries of the features in it.
    currency : str
        The project's currency.
    churn_rule : {"inactivity", "contract", "both"}
        By which rule accounts churn, and what the risk is called.

    Returns
    -------
    DataFrame
        ``account_id`` and `reason_columns`, one row per account, in the order of first appearance;
        reasons that do not exist are missing.

    Examples
    --------
    >>> worth = Feature(
    ...     "past_value_6m",
    ...     "Value",
    ...     "money",
    ...     "more",
    ...     "no",
    ...     "Worth {value} in the last 6 months",
    ...     "monetary",
    ... )
    >>> row = {
    ...     "account_id": "a",
    ...     "head": "value",
    ...     "horizon": "6m",
    ...     "contribution": 1250.0,
    ...     "rank": 1,
    ... }
    >>> row |= {"feature": "past_value_6m", "driver": "past_value", "members": 9}
    >>> row |= {"group": "monetary"}
    >>> table = pd.DataFrame([row | {"shown_value": "£8k", "stable": True}])
    >>> reasons(table, [worth], currency="GBP").loc[0, "reason_up_1"]
    'Worth £8k in the last 6 months, with its value in other periods: adds about £1.2k to the next
    6 months'
    """
    catalog = {feature.name: feature for feature in features}
    ranked = (drivers["rank"] > 0).fillna(value=False).astype(bool)
    told = drivers[ranked & ~drivers["group"].isin(_OF_NOBODY)]
    size = told["contribution"].abs()
    total = size.groupby([told["account_id"], told["head"]]).transform("sum")
    value = told[(told["head"] == "value") & (size >= _SMALLEST_SHARE * total) & (size >= 0.5)]
    churn = told[(told["head"] == "churn") & (size >= _CHURN_POINTS)]
    accounts = drivers["account_id"].drop_duplicates().to_list()
    found: dict[str, dict[str, str]] = {account: {} for account in accounts}
    for way, sign in (("up", 1), ("down", -1)):
        chosen = _chosen(_largest(value, sign, MOST), _largest(churn, -sign, 1))
        for row in chosen.to_dict("records"):
            line = found[row["account_id"]]
            number = 1 + sum(name.startswith(f"reason_{way}") for name in line)
            name = str(row["feature"])
            line[f"reason_{way}_{number}"] = _sentence(
                row, catalog.get(name) or made_by_the_model(name), currency, RISKS[churn_rule]
            )
    table = pd.DataFrame.from_dict(found, orient="index", columns=None)
    table = table.reindex(columns=reason_columns()).astype("str")
    return table.rename_axis("account_id").reset_index().astype({"account_id": "str"})


def _largest(rows: pd.DataFrame, sign: int, most: int) -> pd.DataFrame:
    """Return each account's largest contributions of one sign, largest first."""
    signed = rows[rows["contribution"] * sign > 0]
    by_size = signed.assign(size=signed["contribution"].abs())
    by_size = by_size.sort_values("size", ascending=False, kind="stable")
    return by_size.groupby("account_id", sort=False).head(most)


def _chosen(value: pd.DataFrame, churn: pd.DataFrame) -> pd.DataFrame:
    """Give the churn reason the last place, unless its driver is already told."""
    said = pd.MultiIndex.from_frame(value[["account_id", "driver"]])
    new = churn[~pd.MultiIndex.from_frame(churn[["account_id", "driver"]]).isin(said)]
    room = value.groupby("account_id").cumcount() < MOST - value["account_id"].isin(
        new["account_id"]
    ).astype(int)
    return pd.concat([value[room], new])


def _sentence(row: Mapping[Any, Any], feature: Feature, currency: str, risk: str) -> str:
    observed = _observed(feature, str(row["shown_value"]))
    family = family_of(feature) if row["members"] > 1 else None
    beside = f", with {family.beside}" if family and family.beside else ""
    amount = float(row["contribution"])
    if row["head"] == "churn":
        verb = "raises" if amount > 0 else "lowers"
        effect = f"{verb} the {risk} by about {points(amount)}"
    else:
        verb, way = ("adds", "to") if amount > 0 else ("takes", "off")
        horizon = horizon_words(str(row["horizon"]))
        effect = f"{verb} {about_money(amount, currency)} {way} the next {horizon}"
    weak = "" if pd.isna(row["stable"]) or row["stable"] else f" ({WEAK})"
    return f"{observed}{beside}: {effect}{weak}"


def _observed(feature: Feature, value: str) -> str:
    if value == NOT_KNOWN:
        return f"{feature.label} {NOT_KNOWN}"
    return feature.sentence.format(value=value)
