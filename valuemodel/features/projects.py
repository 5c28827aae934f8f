"""Which projects an account runs with us, and whether one of them is most of it.

A year with one large project is not a trend: how many projects there were, and how much of their
amount is the largest one, tell a good year from a good account.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.orders import as_number, share
from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.measure import MONEY


class Projects:
    """The projects of a snapshot, one row each.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.table = snapshot.events("projects")

    def aggregate(self, columns: dict[str, ir.Value]) -> ir.Table:
        """Return one row per account with the given aggregates."""
        return self.table.group_by("account_id").aggregate(**columns)

    def history(self) -> ir.Table:
        """Return one row with ``days``: how many days ago the first visible row of the book is."""
        return self.table.aggregate(days=self.table.age.max())

    def begun(self, within: int) -> ir.IntegerScalar:
        """Count the projects that began in the last so many days."""
        return self.table.count(where=self.table.age <= within)

    def amount(self, within: int) -> ir.DecimalScalar:
        """Sum what the projects of the last so many days are worth."""
        total = self.table.amount.sum(where=self.table.age <= within)
        return total.fill_null(ibis.literal(0).cast(MONEY))

    def largest(self, within: int) -> ir.DecimalScalar:
        """Return what the largest project of the last so many days is worth."""
        return self.table.amount.max(where=self.table.age <= within)


def definitions(horizons: Sequence[Horizon]) -> tuple[Definition[Projects], ...]:
    """Return the features of projects; they do not depend on the horizons."""
    del horizons
    return (
        *(_begun(days) for days in (365, 730)),
        Definition(
            Feature(
                "project_recency_days",
                "Days since the last project began",
                "days",
                "less",
                "indirect",
                "The last project began {value} ago",
            ),
            lambda projects: projects.table.age.min(),
        ),
        Definition(
            Feature(
                "project_value_730d",
                "What the projects of the last 730 days are worth",
                "money",
                "more",
                "indirect",
                "Projects of {value} began in the last 730 days",
            ),
            lambda projects: as_number(projects.amount(730)),
            empty=0.0,
            reach=Horizon(730, "day"),
        ),
        Definition(
            Feature(
                "top_project_share_730d",
                "Share of the largest project in the last 730 days",
                "share",
                "less",
                "indirect",
                "{value} of the projects of the last 730 days is one project",
            ),
            lambda projects: share(projects.largest(730), projects.amount(730)),
            reach=Horizon(730, "day"),
        ),
    )


def _begun(days: int) -> Definition[Projects]:
    return Definition(
        Feature(
            f"projects_{days}d",
            f"Projects in the last {days} days",
            "projects",
            "more",
            "indirect",
            f"Began {{value}} in the last {days} days",
        ),
        lambda projects: projects.begun(days),
        empty=0.0,
        reach=Horizon(days, "day"),
    )
