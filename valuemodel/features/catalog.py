"""The feature catalog: what each feature means, to a person and to a test.

Why this way: a feature without a label, a unit, a direction and a sentence cannot be reviewed by the
people who must trust it; and a feature that is not in the catalog cannot reach a model, so a contract
suite that enumerates the catalog tests everything that models see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import ibis.expr.types as ir

from valuemodel.periods import Horizon

Unit = Literal[
    "days",
    "orders",
    "money",
    "share",
    "products",
    "months",
    "ratio",
    "growth",
    "number",
    "category",
]
Direction = Literal["more", "less", "either"]
Actionable = Literal["yes", "no", "indirect"]


@dataclass(frozen=True)
class Feature:
    """One feature of the catalog.

    Parameters
    ----------
    name : str
        Its column.
    label : str
        What a sales person calls it.
    unit : str
        The unit of its values.
    direction : {"more", "less", "either"}
        Which way is usually better for the account's value.
    actionable : {"yes", "no", "indirect"}
        Whether the sales organisation can move it.
    sentence : str
        A template that states what is observed, with ``{value}`` for the shown value,
        such as ``"Last order {value} ago"``.
    group : str
        The group it belongs to, filled in by the registry.
    """

    name: str
    label: str
    unit: Unit
    direction: Direction
    actionable: Actionable
    sentence: str
    group: str = ""

    @property
    def kind(self) -> Literal["number", "category"]:
        """How models read it."""
        return "category" if self.unit == "category" else "number"


Source = TypeVar("Source")


@dataclass(frozen=True)
class Definition(Generic[Source]):
    """A feature, and next to it the expression that computes it.

    Parameters
    ----------
    feature : Feature
        What it means.
    compute : callable
        Takes what was known (orders, products or accounts) and returns one value per account.
    empty : float, optional
        Its value for an account without any row in that source: 0 for counts and sums;
        missing where the question does not arise.
    reach : Horizon, optional
        How far back its window begins. Where the visible history of the whole book is shorter, the
        feature is missing for everybody: what happened before the records began is unknown, not 0.
    """

    feature: Feature
    compute: Callable[[Source], ir.Value]
    empty: float | None = None
    reach: Horizon | None = None
