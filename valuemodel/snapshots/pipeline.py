"""How opportunities stood at a cutoff: every change is a row, and the latest visible one holds.

Why this way: features count what is open, and a label asks which of it was won later, so both must
see the same opportunity as open. Two changes at one instant are ordered by when they were known, and
then by their content, so that nothing depends on the order of rows.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from valuemodel.snapshots.as_of import Snapshot


def in_time(rows: ir.Table) -> list[ir.Value]:
    """Return what the changes of one opportunity are ordered by."""
    content = [rows[name].asc(nulls_first=True) for name in ("stage", "value", "product_id")]
    return [rows.time, rows.known_at, rows.closed.asc(nulls_first=True), *content]


def still_open(snapshot: Snapshot) -> ir.Table | None:
    """Return ``account_id`` and ``opportunity_id`` of what was neither won nor lost at the cutoff.

    None where the book has no opportunities.
    """
    rows = snapshot.opportunities
    if rows is None:
        return None
    each = [rows.account_id, rows.opportunity_id]
    ended = rows.stage.isin((*snapshot.stages.won, *snapshot.stages.lost)).fill_null(False)  # noqa: FBT003
    rows = rows.mutate(
        ended=ended,
        place=ibis.row_number().over(ibis.window(group_by=each, order_by=in_time(rows))),
        last=rows.count().over(ibis.window(group_by=each)) - 1,
    )
    stand = rows.filter((rows.place == rows.last) & ~rows.ended)
    return stand.select("account_id", "opportunity_id")
