"""What goes with a higher prediction, among what a sales organisation can move at all.

Why this way: "what would move this account up?" is asked of every list of tiers, and a model cannot answer
it: it knows what goes together, not what follows. So only features that the catalog marks as ones that
we can move are named, only those that now pull the prediction down, and always as what they are: an
association. Everything else that pulls it down is a reason, and no lever.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from valuemodel.explain.reasons import WEAK
from valuemodel.explain.wording import NOT_KNOWN, about_money, horizon_words
from valuemodel.features.catalog import Feature

#: At most so many per account.
MOST = 2
#: What stands behind every lever.
NOT_A_CAUSE = "goes together, not shown to cause"

_SMALLEST = 0.5


def levers(drivers: pd.DataFrame, features: Iterable[Feature], *, currency: str) -> pd.DataFrame:
    """Say per account which of its facts that we can move go with a lower predicted value.

    Parameters
    ----------
    drivers : DataFrame
        The `drivers` table.
    features : iterable of Feature
        The catalog entries of the features in it; only those whose ``actionable`` is ``"yes"`` count.
    currency : str
        The project's currency.

    Returns
    -------
    DataFrame
        ``account_id`` and ``what_moves_up``, one row per account that has any, sorted by account.
        What refits did not confirm comes after what they did, and says so.

    Examples
    --------
    >>> contacts = Feature(
    ...     "contacts_90d",
    ...     "Contacts in 90 days",
    ...     "contacts",
    ...     "more",
    ...     "yes",
    ...     "{value}",
    ...     "interactions",
    ... )
    >>> row = {"account_id": "a", "head": "value", "horizon": "6m", "contribution": -1250.0}
    >>> row |= {"feature": "contacts_90d", "shown_value": "1 contact", "rank": 1, "stable": True}
    >>> levers(pd.DataFrame([row]), [contacts], currency="EUR").loc[0, "what_moves_up"]
    'Contacts in 90 days (now 1 contact): goes with about €1.2k less over the next 6 months than in an
    average account (goes together, not shown to cause)'
    """
    movable = {one.name: one.label for one in features if one.actionable == "yes"}
    ranked = (drivers["rank"] > 0).fillna(value=False).astype(bool)
    held = drivers["stable"].fillna(value=True).astype(bool)
    told = drivers.assign(weak=~held)[ranked & drivers["feature"].isin(list(movable))]
    told = told[(told["head"] == "value") & (told["contribution"] <= -_SMALLEST)]
    told = told.sort_values(["account_id", "weak", "contribution"], kind="stable")
    told = told.groupby("account_id", sort=True).head(MOST)
    rows = told[["feature", "shown_value", "contribution", "horizon", "weak"]]
    said = [
        f"{movable[str(name)]} (now {NOT_KNOWN if pd.isna(value) else value}): goes with "
        f"{about_money(amount, currency)} less over the next {horizon_words(str(horizon))} than in an "
        f"average account{f' ({WEAK})' if weak else ''}"
        for name, value, amount, horizon, weak in rows.itertuples(index=False)
    ]
    texts = pd.Series(said, index=told.index, dtype="str")
    joined = texts.groupby(told["account_id"], sort=True).agg("; ".join) + f" ({NOT_A_CAUSE})"
    table = joined.rename("what_moves_up").rename_axis("account_id").reset_index()
    return table.astype({"account_id": "str", "what_moves_up": "str"})
