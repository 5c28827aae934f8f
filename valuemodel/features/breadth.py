"""How many products an account buys, how concentrated it is, and whether it tries new ones.

Why this way: counting distinct products per window directly costs many times everything else; one
row per account and product, with when it was first bought and for how much of late, answers all.
Only lines of the last two years with a positive amount and a product count: what was bought longer
ago says little, and "ever" would mean more at each later cutoff, just because the records do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import ibis.expr.types as ir

from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.orders import share
from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.measure import MONEY


class Products:
    """The products that each account bought in the last two years, one row per account and product.

    Columns of ``table``: ``account_id``, ``product_id``, ``first`` (age of its first purchase of the
    product in that time) and ``recent`` (amount of the last 365 days).

    Parameters
    ----------
    snapshot : Snapshot
        What was known.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._lines = lines = snapshot.lines
        since = snapshot.cutoff.at - timedelta(days=730)
        bought = lines.filter(lines.time >= since, lines.product_id.notnull(), lines.amount > 0)
        self.table = bought.group_by("account_id", "product_id").aggregate(
            first=bought.age.max(),
            recent=bought.amount.sum(where=bought.age <= 365).cast(MONEY),
        )

    def aggregate(self, columns: dict[str, ir.Value]) -> ir.Table:
        """Return one row per account with the given aggregates."""
        return self.table.group_by("account_id").aggregate(**columns)

    def history(self) -> ir.Table:
        """Return one row with ``days``: how many days ago the first visible row of the book is."""
        return self._lines.aggregate(days=self._lines.age.max())


def definitions(horizons: Sequence[Horizon]) -> tuple[Definition[Products], ...]:
    """Return the features of breadth; they do not depend on the horizons."""
    del horizons
    return (
        Definition(
            Feature(
                "products_730d",
                "Different products in the last 730 days",
                "products",
                "more",
                "yes",
                "Bought {value} in the last 730 days",
            ),
            lambda products: products.table.count(),
            reach=Horizon(730, "day"),
        ),
        Definition(
            Feature(
                "products_365d",
                "Different products in the last 365 days",
                "products",
                "more",
                "yes",
                "Bought {value} in the last 365 days",
            ),
            lambda products: products.table.count(where=products.table.recent > 0),
            reach=Horizon(365, "day"),
        ),
        Definition(
            Feature(
                "products_new_180d",
                "New products in the last 180 days",
                "products",
                "more",
                "yes",
                "Took up {value} in the last 180 days that it had not bought in the 550 days before",
            ),
            lambda products: products.table.count(where=products.table.first <= 180),
            reach=Horizon(730, "day"),
        ),
        Definition(
            Feature(
                "top_product_share_365d",
                "Share of its largest product in the last 365 days",
                "share",
                "either",
                "indirect",
                "{value} of what it bought in the last 365 days is one product",
            ),
            lambda products: share(products.table.recent.max(), products.table.recent.sum()),
        ),
    )
