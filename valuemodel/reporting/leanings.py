"""What the model leans on: groups of features for value and for churn, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from valuemodel.explain.drivers import WHOLE
from valuemodel.reporting.review_tables import ReviewTables

_GROUPS = 8
_FEATURES = 3


@dataclass(frozen=True)
class Leaning:
    """One group: its average effect on value (money) and churn (probability), leading features."""

    label: str
    value: float
    churn: float
    features: list[str]


@dataclass(frozen=True)
class Leanings:
    """The section's content: groups by their effect on value, and each head's groups for charts."""

    groups: list[Leaning]
    value: pd.DataFrame
    churn: pd.DataFrame
    accounts: int


def leanings(tables: ReviewTables) -> Leanings:
    """Gather the importance table by group, largest first."""
    table = tables.importance
    whole = table[table["feature"] == WHOLE].sort_values("mean_abs", ascending=False, kind="stable")
    single = table[table["feature"] != WHOLE]
    heads = {head: whole[whole["head"] == head] for head in ("value", "churn")}
    size = {head: rows.set_index("group")["mean_abs"] for head, rows in heads.items()}
    labels = whole.drop_duplicates("group").set_index("group")["label"]
    order = [*heads["value"]["group"], *heads["churn"]["group"]]
    groups = [
        Leaning(
            str(labels[group]),
            float(size["value"].get(group, float("nan"))),
            float(size["churn"].get(group, float("nan"))),
            _leading(single[single["group"] == group]),
        )
        for group in list(dict.fromkeys(order))[:_GROUPS]
    ]
    groups = [group for group in groups if group.value > 0 or group.churn > 0]
    accounts = int(table["accounts"].max()) if len(table) else 0
    drawn = {head: rows[rows["mean_abs"] > 0].head(_GROUPS) for head, rows in heads.items()}
    return Leanings(groups, drawn["value"], drawn["churn"], accounts)


def _leading(features: pd.DataFrame) -> list[str]:
    """Name the features that lead a group, by their share of either head's total."""
    total = features.groupby("head")["mean_abs"].transform("sum")
    shares = (features["mean_abs"] / total.where(total > 0)).groupby(features["label"]).sum()
    ranked = shares[shares > 0].sort_values(ascending=False, kind="stable")
    return [str(label) for label in ranked.index[:_FEATURES]]
