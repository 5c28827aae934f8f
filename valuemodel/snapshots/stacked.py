"""Rows of several kinds one under the other, so that one pass over them answers everything.

Why this way: an account has days of use, products it used and seats it owns. To aggregate each kind
apart and join the results costs a join per kind; stacked, with empty cells where a kind lacks a
column, all of them are one ``GROUP BY``, and each aggregate reads only the rows that have its column.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir


def stacked(*tables: ir.Table) -> ir.Table:
    """Return all rows of the tables, with all their columns; missing where a table lacks one.

    Parameters
    ----------
    *tables : ibis table
        Columns of the same name have the type that the first table with it gives them.

    Examples
    --------
    >>> import pyarrow as pa
    >>> days = ibis.memtable(pa.table({"account_id": ["a", "a"], "quantity": [1, 2]}))
    >>> seats = ibis.memtable(pa.table({"account_id": ["a"], "seats": [5]}))
    >>> rows = stacked(days, seats)
    >>> sums = rows.aggregate(quantity=rows.quantity.sum(), seats=rows.seats.sum())
    >>> sums.to_pyarrow().to_pylist()
    [{'quantity': 3, 'seats': 5}]
    """
    kinds = {name: kind for table in reversed(tables) for name, kind in table.schema().items()}
    return ibis.union(
        *(
            table.select(
                **{
                    name: table[name].cast(kind) if name in table.columns else ibis.null(kind)
                    for name, kind in kinds.items()
                }
            )
            for table in tables
        )
    )
