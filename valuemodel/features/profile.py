"""Who the account is, as its attributes stood at the cutoff.

Numbers and categories go to models as they are: comparing an account with its peers is learned in
``fit``, never computed from the batch that happens to be scored. A column that the source does not
have is a feature that is missing everywhere, so that the schema of a project does not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import ibis
import ibis.expr.types as ir

from valuemodel.features.catalog import Actionable, Definition, Direction, Feature, Unit
from valuemodel.periods import Cutoff
from valuemodel.tables.schemas import ACCOUNTS


class Members:
    """The population with the attributes of each account, one row per account.

    Parameters
    ----------
    population : ibis table
        ``account_id`` and ``first_seen``.
    accounts : ibis table or None
        The accounts as they stood.
    cutoff : Cutoff
        When it is asked.
    extra : mapping
        Extra columns of the accounts table: number or category.
    """

    def __init__(
        self,
        population: ir.Table,
        accounts: ir.Table | None,
        cutoff: Cutoff,
        extra: Mapping[str, Literal["number", "category"]],
    ) -> None:
        self.cutoff = cutoff
        kinds = ACCOUNTS.validated(extra=extra)
        own = {"account_id", "valid_from", *population.columns}
        if accounts is None:
            missing = {name: ibis.null(kind) for name, kind in kinds.items() if name not in own}
            self.table = population.mutate(**missing)
        else:
            attributes = accounts.select("account_id", *(name for name in kinds if name not in own))
            self.table = population.left_join(attributes, "account_id").drop("account_id_right")


def definitions(
    extra: Mapping[str, Literal["number", "category"]],
) -> tuple[Definition[Members], ...]:
    """Return the features of the profile, and the extra columns of the settings."""
    return (
        _own(
            "account_age_days",
            "Days since we know the account",
            "days",
            "either",
            "no",
            "Known for {value}",
            "first_seen",
        ),
        _own("industry", "Industry", "category", "either", "no", "Industry: {value}"),
        _own("region", "Region", "category", "either", "no", "Region: {value}"),
        _own("country", "Country", "category", "either", "no", "Country: {value}"),
        _own("employees", "Employees", "number", "more", "no", "{value} employees"),
        _own("brand_score", "Brand score", "number", "more", "no", "Brand score of {value}"),
        _own(
            "reference_score",
            "Reference score",
            "number",
            "more",
            "yes",
            "Reference score of {value}",
        ),
        _own(
            "addressable_seats",
            "Seats it could use",
            "number",
            "more",
            "no",
            "Could use {value} seats",
        ),
        *(_extra(name, kind) for name, kind in extra.items()),
    )


def _own(
    name: str,
    label: str,
    unit: Unit,
    direction: Direction,
    actionable: Actionable,
    sentence: str,
    column: str = "",
) -> Definition[Members]:
    feature = Feature(name, label, unit, direction, actionable, sentence)
    return Definition(feature, lambda members: members.table[column or name])


def _extra(name: str, kind: Literal["number", "category"]) -> Definition[Members]:
    label = name.replace("_", " ").capitalize()
    feature = Feature(name, label, kind, "either", "no", f"{label}: {{value}}")
    return Definition(feature, lambda members: members.table[name])
