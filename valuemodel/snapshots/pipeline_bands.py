"""The open pipeline of an account by when it should close: within 3 months, 12 months, 3 years (S18).

The bands do not overlap: what closes within 3 months is not told again within 12. What should have closed
by now, and what nobody gave a date, is open and counted, and lies in no band.

Why this way: needs are planned by these horizons, and neither an overdue close nor a missing one is a
forecast. `valuemodel.features.opportunities` tells the models the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.pipeline import in_time, still_open

#: The bands: each ends so many months after the cutoff, and begins where the one before it ends.
BANDS = (3, 12, 36)

PIPELINE: Mapping[str, str] = MappingProxyType(
    {"open_opportunities": "float64"} | {f"pipeline_{months}m": "float64" for months in BANDS}
)


def pipeline_bands(snapshot: Snapshot) -> ir.Table | None:
    """Return the open pipeline, one row per account with any; None where the book has no opportunities.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Returns
    -------
    ibis table or None
        ``account_id``, ``open_opportunities`` (how many) and ``pipeline_<n>m``, the value of those
        expected to close in the band that ends so many months after the cutoff; those without a
        value bring nothing.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from valuemodel.periods import Cutoff
    >>> from valuemodel.tables.schemas import OPPORTUNITIES
    >>> rows = {"account_id": ["a", "a"], "opportunity_id": ["1", "2"], "stage": ["offer"] * 2}
    >>> rows |= {
    ...     "time": ["2021-05-01"] * 2,
    ...     "value": [5, 7],
    ...     "closed": ["2021-08-01", "2022-01-01"],
    ... }
    >>> kinds = OPPORTUNITIES.validated()
    >>> table = ibis.memtable(pa.table(rows))
    >>> table = table.mutate(**{n: ibis.null() for n in kinds if n not in rows}).cast(kinds)
    >>> known = Snapshot(Cutoff.parse("2021-07-01"), table, None, opportunities=table)
    >>> pipeline_bands(known).drop("account_id", "pipeline_36m").to_pyarrow().to_pylist()
    [{'open_opportunities': 2.0, 'pipeline_3m': 5.0, 'pipeline_12m': 7.0}]
    """
    stood = _stood(snapshot)
    if stood is None:
        return None
    edges = [
        snapshot.cutoff,
        *(Horizon(months, "month").after(snapshot.cutoff) for months in BANDS),
    ]
    values = {
        f"pipeline_{months}m": stood.value.sum(
            where=(stood.closed >= since.at) & (stood.closed < until.at)
        )
        for months, since, until in zip(BANDS, edges, edges[1:], strict=False)
    }
    return stood.group_by("account_id").aggregate(
        open_opportunities=stood.count().cast("float64"),
        **{name: value.cast("float64").fill_null(0.0) for name, value in values.items()},
    )


def _stood(snapshot: Snapshot) -> ir.Table | None:
    """Return the open opportunities as their last change left them."""
    rows, open_ones = snapshot.opportunities, still_open(snapshot)
    if rows is None or open_ones is None:
        return None
    rows = rows.semi_join(open_ones, ["account_id", "opportunity_id"])
    each = [rows.account_id, rows.opportunity_id]
    rows = rows.mutate(
        place=ibis.row_number().over(ibis.window(group_by=each, order_by=in_time(rows))),
        last=rows.count().over(ibis.window(group_by=each)) - 1,
    )
    return rows.filter(rows.place == rows.last)
