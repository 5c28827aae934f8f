"""The feature catalog: what each feature means, to a person and to a test.

Why this way: a feature without a label, a unit, a direction and a sentence cannot be reviewed by the
people who must trust it; and a feature that is not in the catalog cannot reach a model, so a contract
suite that enumerates the catalog tests everything that models see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

import ibis.expr.types as ir

from valuemodel.periods import Horizon

Unit = Literal[
    "days",
    "orders",
    "money",
    "share",
    "products",
    "contacts",
    "opportunities",
    "projects",
    "contracts",
    "renewals",
    "users",
    "seats",
    "hours",
    "points",
    "months",
    "ratio",
    "growth",
    "number",
    "yes_no",
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
        Whether the sales organisation can move it by what it does. What an account bought is moved
        indirectly at best: only what we do ourselves, offer or agree with it is marked ``yes``.
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


class Source(Protocol):
    """What features are computed from: rows of each account, as they stood at the cutoff."""

    def aggregate(self, columns: dict[str, ir.Value]) -> ir.Table:
        """Return one row per account: ``account_id`` and the given aggregates."""
        ...

    def history(self) -> ir.Table:
        """Return one row with ``days``: how many days ago the first visible row of the book is."""
        ...


Of = TypeVar("Of")


@dataclass(frozen=True)
class Definition(Generic[Of]):
    """A feature, and next to it the expression that computes it.

    Parameters
    ----------
    feature : Feature
        What it means.
    compute : callable
        Takes what was known (orders, products, contracts, ...) and returns one value per account.
    empty : float, optional
        Its value for an account without any row in that source: 0 for counts and sums;
        missing where the question does not arise.
    reach : Horizon, optional
        How far back its window begins. Where the visible history of its source is shorter, the
        feature is missing for everybody: what happened before the records began is unknown, not 0.
    records : str
        The column of its source's history that says when these records began.
    """

    feature: Feature
    compute: Callable[[Of], ir.Value]
    empty: float | None = None
    reach: Horizon | None = None
    records: str = "days"
