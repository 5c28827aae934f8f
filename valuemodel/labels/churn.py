"""The label of churn by inactivity: nothing bought in the whole window.

An account that only returns goods in the window is gone; one whose purchases are later refunded is
not. The probability falls as the horizon grows: a longer window leaves more time to come back.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from valuemodel.labels.windows import Window


def silence(lines: ir.Table, windows: Sequence[Window]) -> dict[str, ir.Value]:
    """Return the aggregates ``churn_<h>`` of complete windows: 1.0 gone, 0.0 bought something.

    Parameters
    ----------
    lines : ibis table
        Lines from the cutoff on (see `valuemodel.labels.windows.future_lines`).
    windows : sequence of Window
        Windows that are not complete are passed over.

    Returns
    -------
    dict of ibis float64 aggregates
        Missing for accounts without any line, who are gone.
    """
    return {
        f"churn_{window.horizon.label}": (
            lines.count(where=window.holds(lines.time) & (lines.amount > 0)) == 0
        ).cast("float64")
        for window in windows
        if window.complete
    }
