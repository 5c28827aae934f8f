"""The label of future value: the net sum of the measure in the window. It may be negative."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from valuemodel.labels.windows import Window


def future_value(lines: ir.Table, windows: Sequence[Window]) -> dict[str, ir.Value]:
    """Return the aggregates ``value_<h>`` of complete windows.

    Parameters
    ----------
    lines : ibis table
        Lines from the cutoff on, with ``value`` (see `valuemodel.labels.windows.future_lines`).
    windows : sequence of Window
        Windows that are not complete are passed over.

    Returns
    -------
    dict of ibis float64 aggregates
        Missing for accounts without a line in the window, whose value is 0.
    """
    return {
        f"value_{window.horizon.label}": lines.value.sum(where=window.holds(lines.time)).cast(
            "float64"
        )
        for window in windows
        if window.complete
    }
