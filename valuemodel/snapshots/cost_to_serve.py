"""Cost to serve: what an account cost us in the last 12 months, by how finance treats it (S43-S45).

Why this way: which treatments a value is net of is a choice of the policy, made after the run; so each
stands by itself, whatever the measure of value, and the choice can be replayed without the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis.expr.types as ir

from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.tables.schemas import TREATMENTS

COST_TO_SERVE: Mapping[str, str] = MappingProxyType(
    {f"cost_{treatment}_12m": "float64" for treatment in TREATMENTS}
)


def cost_to_serve(snapshot: Snapshot) -> ir.Table | None:
    """Return what each account cost, one row per account with any cost; None without a table.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Returns
    -------
    ibis table or None
        ``account_id`` and the columns of `COST_TO_SERVE`, the amounts of the last 12 months; 0 where
        there are none of a treatment.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.periods import Cutoff
    >>> rows = {"account_id": ["a"], "time": ["2021-05-01"], "amount": [3], "treatment": ["cogs"]}
    >>> rows = ibis.memtable(pa.table(rows)).cast({"time": "timestamp(6)"})
    >>> known = Snapshot(Cutoff.parse("2021-07-01"), rows, None, costs=rows)
    >>> cost_to_serve(known).select("cost_cogs_12m", "cost_retention_12m").to_pyarrow().to_pylist()
    [{'cost_cogs_12m': 3.0, 'cost_retention_12m': 0.0}]
    """
    costs = snapshot.costs
    if costs is None:
        return None
    lately = costs.time >= Horizon(12, "month").before(snapshot.cutoff).at
    return costs.group_by("account_id").aggregate(
        **{
            f"cost_{treatment}_12m": costs.amount.sum(where=lately & (costs.treatment == treatment))
            .cast("float64")
            .fill_null(0.0)
            for treatment in TREATMENTS
        }
    )
