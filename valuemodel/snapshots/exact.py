"""Measured numbers as decimals, for as long as they are added up.

Why this way: money is decimal from the file on, but usage, hours and seats are floats, and a sum of
floats depends on the order of rows and the number of threads. As decimals they add up to the same
bytes on every engine; the last step makes floats of them again.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

#: The type in which measured numbers are added up: a billion of the largest still fit.
EXACT = "decimal(38, 6)"

#: No number counts for more than this; it leaves room for the sum.
LARGEST = 1e18


def exact(numbers: ir.FloatingColumn) -> ir.DecimalColumn:
    """Return the numbers as decimals of six digits behind the point, cut at `LARGEST`.

    Examples
    --------
    >>> import pyarrow as pa
    >>> rows = ibis.memtable(pa.table({"hours": [0.1, 0.2, None]}))
    >>> exact(rows.hours).sum().to_pyarrow().as_py()
    Decimal('0.300000')
    """
    return (numbers > LARGEST).ifelse(ibis.literal(LARGEST), numbers).cast(EXACT)
