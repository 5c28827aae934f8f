"""The value measure: what one transaction line is worth to us.

Why this way: features look back at the same quantity that labels look forward to, so both take it
from here. Sums stay decimal, hence exact, whatever the order of rows and the number of threads.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from valuemodel.settings import ValueSection

#: The type of money: exact, and as wide as the engine adds fast.
MONEY = "decimal(18, 4)"


def line_value(lines: ir.Table, value: ValueSection) -> ir.DecimalValue:
    """Return what each line counts for in the declared measure.

    Parameters
    ----------
    lines : ibis table
        Transaction lines with ``amount`` and ``cost``.
    value : ValueSection
        Says the measure and how refunds count.

    Returns
    -------
    ibis decimal expression
        ``amount`` for revenue, ``amount - cost`` for margin (missing where the cost is unknown);
        with gross refunds, 0 for lines with a negative amount.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> rows = {"amount": [10.0, -4.0], "cost": [6.0, None]}
    >>> lines = ibis.memtable(pa.table(rows)).cast(
    ...     {"amount": "decimal(18,4)", "cost": "decimal(18,4)"}
    ... )
    >>> margin = ValueSection.model_validate({"horizons": ["1 year"], "measure": "margin"})
    >>> line_value(lines, margin).cast("float64").to_pyarrow().to_pylist()
    [4.0, None]
    """
    worth = lines.amount
    if value.measure == "margin":
        worth = (lines.amount - lines.cost).cast(MONEY)
    if value.refunds == "gross":
        worth = (lines.amount < 0).ifelse(ibis.literal(0).cast(MONEY), worth)
    return worth
