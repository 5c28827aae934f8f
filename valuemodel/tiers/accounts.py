"""One row per account with all that decides its place in the plan: tier, predictions, facts.

Why this way: what is recommended, what is predicted and what is known lie in three stored tables; every
part of the coverage plan asks for some of each. They are joined here once, under names that do not
depend on the horizon, and whatever a book lacks is there and missing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.periods import Horizon

#: What the predictions of the tier horizon are called here.
PREDICTED = {
    "value": "value_{h}",
    "low": "value_{h}_low",
    "high": "value_{h}_high",
    "past": "past_value_{h}",
    "churn": "churn_{h}",
    "winnability": "winnability_{h}",
    "wallet": "wallet_{h}",
    "white_space": "white_space_{h}",
}

FACT_TEXTS = (
    "name",
    "parent_id",
    "industry",
    "region",
    "country",
    "owner",
    "reviewer",
    "current_tier",
)
FACT_TIMES = ("first_order", "last_order", "renewal_date", "last_contact", "last_planned")
FACT_NUMBERS = (
    *("employees", "brand_score", "reference_score", "fit_score", "addressable_seats"),
    *("orders_12m", "order_value", "arr", "arr_12m_ago", "seats", "seats_used"),
    *("closeness", "closeness_automatic", "closeness_manual"),
    *("planned_12m", "ad_hoc_12m", "reactive_12m", "hours_12m"),
    *("cost_cogs_12m", "cost_sales_and_marketing_12m", "cost_retention_12m"),
    *("usage_3m", "usage_3m_before", "open_opportunities"),
    *("pipeline_3m", "pipeline_12m", "pipeline_36m"),
)
FACT_FLAGS = ("renews_monthly", "renewed")


def account_frame(
    recommendations: pd.DataFrame,
    predictions: pd.DataFrame,
    facts: pd.DataFrame | None,
    horizon: Horizon,
) -> pd.DataFrame:
    """Join the stored tables of one run, one row per account.

    Parameters
    ----------
    recommendations : pandas.DataFrame
        Of `valuemodel.tiers.recommendations.assign_tiers`; or any table with ``account_id``.
    predictions : pandas.DataFrame
        The stored predictions of the same accounts.
    facts : pandas.DataFrame, optional
        The stored ``account_facts``.
    horizon : Horizon
        The tier horizon.

    Returns
    -------
    pandas.DataFrame
        The columns of ``recommendations`` in their order of rows, then `PREDICTED` (float64, at the
        tier horizon; ``winnability`` of the nearest horizon that has one), ``tags`` (text, empty where
        there are none), then `FACT_TEXTS` (object, None where unknown), `FACT_TIMES` (datetime64),
        `FACT_NUMBERS` (float64) and `FACT_FLAGS` (nullable boolean). All are there, whatever the book
        lacks.

    Examples
    --------
    >>> told = pd.DataFrame({"account_id": ["a", "b"], "tier": ["A", "B"]})
    >>> predicted = pd.DataFrame({"account_id": ["b", "a"], "value_1y": [1.0, 2.0]})
    >>> frame = account_frame(told, predicted, None, Horizon.parse("1 year"))
    >>> frame[["account_id", "tier", "value", "arr"]].values.tolist()
    [['a', 'A', 2.0, nan], ['b', 'B', 1.0, nan]]
    """
    ids = recommendations["account_id"]
    known = predictions.set_index("account_id").reindex(ids).reset_index(drop=True)
    columns: dict[str, object] = {
        name: _numbers(known, source.format(h=horizon.label)) for name, source in PREDICTED.items()
    }
    columns["winnability"] = _numbers(known, _nearest_winnability(known, horizon))
    columns["tags"] = known["tags"].fillna("").astype("str") if "tags" in known else ""
    table = pd.DataFrame({"account_id": []}) if facts is None else facts
    profile = table.set_index("account_id").reindex(ids).reset_index(drop=True)
    columns |= {name: _texts(profile, name) for name in FACT_TEXTS}
    columns |= {name: _times(profile, name) for name in FACT_TIMES}
    columns |= {name: _numbers(profile, name) for name in FACT_NUMBERS}
    columns |= {name: _flags(profile, name) for name in FACT_FLAGS}
    joined = pd.DataFrame(columns, index=ids.index)
    own = recommendations.drop(columns=[name for name in joined if name in recommendations])
    return pd.concat([own, joined], axis=1)


def tagged(tags: pd.Series[str], tag: str) -> pd.Series[bool]:
    """Say which accounts carry a tag; tags are joined by semicolons.

    Examples
    --------
    >>> tagged(pd.Series(["lumpy;few_orders", "", "not_lumpy"]), "lumpy").tolist()
    [True, False, False]
    """
    return (";" + tags.astype("str") + ";").str.contains(f";{tag};", regex=False)


def _nearest_winnability(known: pd.DataFrame, horizon: Horizon) -> str:
    """Return the column of the shortest horizon that has a winnability."""
    named = [str(name) for name in known if str(name).startswith("winnability_")]
    filled = [name for name in named if known[name].notna().any()]
    labels = sorted(Horizon.parse(name.removeprefix("winnability_")) for name in filled)
    return f"winnability_{labels[0].label if labels else horizon.label}"


def _numbers(table: pd.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if name not in table:
        return np.full(len(table), np.nan)
    return table[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _texts(table: pd.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    if name not in table:
        return np.full(len(table), None, dtype=object)
    column = table[name].astype(object)
    return column.where(column.notna(), None).to_numpy(dtype=object)


def _times(table: pd.DataFrame, name: str) -> pd.Series[pd.Timestamp]:
    column = table[name] if name in table else pd.Series(pd.NaT, index=table.index)
    return pd.to_datetime(column).astype("datetime64[us]").set_axis(table.index)


def _flags(table: pd.DataFrame, name: str) -> pd.Series[bool]:
    if name not in table:
        return pd.Series(pd.NA, index=table.index, dtype="boolean")
    return table[name].astype("boolean")
