"""What the model leans on: groups of features for value and for churn, side by side.

Beside them: for whom reasons were computed, and how far they hold when the model is fitted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from valuemodel.explain.agreement import STABLE_FROM
from valuemodel.explain.importance import WHOLE
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
    """The section's content: groups by their effect on value, and each head's groups for charts.

    ``told`` says for whom there are reasons where not everyone has some, ``held`` how far reasons stay
    when the model is fitted again; both empty where a run does not say.
    """

    groups: list[Leaning]
    value: pd.DataFrame
    churn: pd.DataFrame
    accounts: int
    told: str = ""
    held: str = ""


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
    of_run = tables.manifest.get("reasons", {})
    return Leanings(
        groups, drawn["value"], drawn["churn"], accounts, told_words(of_run), held_words(of_run)
    )


def told_words(of_run: Mapping[str, Any]) -> str:
    """Say for which accounts reasons were computed; nothing where all have some.

    Examples
    --------
    >>> told_words({"accounts": 50_000, "of": 90_000, "rule": "accounts that change tier first"})
    'Reasons were computed for 50,000 of 90,000 accounts: accounts that change tier first.'
    """
    if not of_run or of_run["accounts"] >= of_run["of"]:
        return ""
    return (
        f"Reasons were computed for {of_run['accounts']:,} of {of_run['of']:,} accounts: "
        f"{of_run['rule']}."
    )


def held_words(of_run: Mapping[str, Any]) -> str:
    """Say how far reasons stay when the model is fitted again; nothing where nobody measured it.

    Examples
    --------
    >>> figures = {"top_overlap": 0.62, "same_sign": 0.98}
    >>> measured = {"refits": 5, "learned_from": 1000, "value": figures}
    >>> print(held_words({"stability": measured}).split(". ")[0])
    Fitted again 5 times on 1,000 accounts drawn anew, of the three facts that an account's expected
    value leans on most 62% stayed among the three and 98% kept their direction
    """
    measured = of_run.get("stability", {})
    heads = {"value": "expected value", "churn": "risk"}
    parts = [
        f"of the three facts that an account's {words} leans on most "
        f"{measured[head]['top_overlap']:.0%} stayed among the three and "
        f"{measured[head]['same_sign']:.0%} kept their direction"
        for head, words in heads.items()
        if head in measured
    ]
    if not parts:
        return ""
    return (
        f"Fitted again {measured['refits']} times on {measured['learned_from']:,} accounts drawn "
        f"anew, {'; '.join(parts)}. A reason of a kind that held in less than {STABLE_FROM:.0%} of "
        "these fits is marked as weak."
    )


def _leading(features: pd.DataFrame) -> list[str]:
    """Name the features that lead a group, by their share of either head's total.

    Of features that say the same thing in several ways, only the first is named.
    """
    total = features.groupby("head")["mean_abs"].transform("sum")
    shares = features.assign(share=features["mean_abs"] / total.where(total > 0))
    ranked = shares.groupby(["driver", "label"], sort=False)["share"].sum().reset_index()
    ranked = ranked[ranked["share"] > 0].sort_values("share", ascending=False, kind="stable")
    return [str(label) for label in ranked.drop_duplicates("driver")["label"].iloc[:_FEATURES]]
