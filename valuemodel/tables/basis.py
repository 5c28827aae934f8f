"""When a sale counts: when it was ordered (booked), billed, or paid (collected).

Why this way: the basis is applied once, when the ledger is built, so that features and labels cannot
differ in it. The three totals are counted on every basis, because a book in which they do not agree
should not be learned from on any. What is billed and not paid yet is counted beside, never lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import ibis
import ibis.expr.types as ir

from valuemodel.tables.schemas import IBIS_TYPES

Basis = Literal["billed", "booked", "collected"]

#: The column that a basis cannot do without.
NEEDS: Mapping[Basis, tuple[str, ...]] = {
    "billed": (),
    "booked": ("booked_at",),
    "collected": ("collected_at",),
}


def on_basis(lines: ir.Table, basis: Basis) -> ir.Table:
    """Return the lines with the ``time`` and ``amount`` of the basis.

    A line without ``booked_at`` was ordered when it was billed. Of a line that was paid in part, the
    paid part counts, against its whole cost. A line is never known before the time it then has.

    Parameters
    ----------
    lines : ibis table
        Validated transactions; for ``collected`` only those with ``collected_at``.
    basis : {"billed", "booked", "collected"}
        When a line counts.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from valuemodel.tables.schemas import TRANSACTIONS
    >>> row = {"time": ["2024-01-31"], "known_at": ["2024-01-31"], "amount": [10.0]}
    >>> row |= {"collected_at": ["2024-03-01"], "collected": [4.0]}
    >>> kinds = TRANSACTIONS.validated()
    >>> lines = ibis.memtable(pa.table(row))
    >>> lines = lines.mutate(**{n: ibis.null() for n in kinds if n not in row}).cast(kinds)
    >>> paid = on_basis(lines, "collected").to_pyarrow().to_pylist()[0]
    >>> f"{paid['time']:%Y-%m-%d}", str(paid["amount"]), f"{paid['known_at']:%Y-%m-%d}"
    ('2024-03-01', '4.0000', '2024-03-01')
    """
    if basis == "billed":
        return lines
    if basis == "booked":
        time, amount = ibis.coalesce(lines.booked_at, lines.time), lines.amount
    else:
        time, amount = lines.collected_at, ibis.coalesce(lines.collected, lines.amount)
    return lines.mutate(time=time, amount=amount, known_at=ibis.greatest(lines.known_at, time))


def totals(lines: ir.Table) -> dict[str, ir.Scalar]:
    """Return what reconciles booked, billed and collected, in rows and in money.

    ``booked`` are lines with a day of order, ``billed`` all, ``collected`` those with a day of
    payment, ``open`` those without, and ``part`` those that were paid in part, with the money that is
    missing: billed = collected + open + part. The rest counts what does not agree.
    """
    paid = ibis.coalesce(lines.collected, lines.amount)
    done = lines.collected_at.notnull()
    zero = ibis.literal(0).cast(IBIS_TYPES["money"])
    counted = {
        "booked": (lines.booked_at.notnull(), lines.amount),
        "billed": (lines.amount.notnull(), lines.amount),
        "collected": (done, paid),
        "open": (~done, lines.amount),
        "part": (done & (paid != lines.amount), (lines.amount - paid).cast(IBIS_TYPES["money"])),
        "booked_late": (lines.booked_at > lines.time, lines.amount),
        "paid_early": (lines.collected_at < lines.time, lines.amount),
        "paid_undated": (~done & (lines.collected.fill_null(zero) != 0), lines.collected),
    }
    found: dict[str, ir.Scalar] = {}
    for name, (where, money) in counted.items():
        found[f"{name}_rows"] = where.sum()
        found[f"{name}_money"] = money.sum(where=where)
    return found
