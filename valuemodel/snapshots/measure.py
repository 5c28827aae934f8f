"""The value measure: what one transaction line, and one row of cost, is worth to us.

Why this way: features look back at the same quantity that labels look forward to, so both take it
from here. Sums stay decimal, hence exact, whatever the order of rows and the number of threads. What
a contract brings is counted by its terms (see `valuemodel.snapshots.entries`), so the invoices that it
covers count nothing beside it.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from valuemodel.settings import ValueSection

#: The type of money: exact, and as wide as the engine adds fast.
MONEY = "decimal(18, 4)"


def line_value(
    lines: ir.Table, value: ValueSection, contracts: ir.Table | None = None
) -> ir.DecimalValue:
    """Return what each line counts for in the declared measure.

    Parameters
    ----------
    lines : ibis table
        Transaction lines with ``amount``, ``cost`` and ``under_contract``.
    value : ValueSection
        Says the measure and how refunds count.
    contracts : ibis table, optional
        The contracts of the ledger; where there are some, they bring what is under contract.

    Returns
    -------
    ibis decimal expression
        ``amount`` for revenue, ``amount - cost`` for margin and contribution (missing where the cost
        is unknown); with gross refunds, 0 for lines with a negative amount; 0 for lines under a
        contract that is counted by itself.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> rows = {"amount": [10.0, -4.0], "cost": [6.0, None], "under_contract": [False, True]}
    >>> lines = ibis.memtable(pa.table(rows)).cast(
    ...     {"amount": "decimal(18,4)", "cost": "decimal(18,4)"}
    ... )
    >>> margin = ValueSection.model_validate({"horizons": ["1 year"], "measure": "margin"})
    >>> line_value(lines, margin).cast("float64").to_pyarrow().to_pylist()
    [4.0, None]
    >>> line_value(lines, margin, contracts=lines).cast("float64").to_pyarrow().to_pylist()
    [4.0, 0.0]
    """
    nothing = ibis.literal(0).cast(MONEY)
    worth = lines.amount
    if value.measure != "revenue":
        worth = (lines.amount - lines.cost).cast(MONEY)
    if value.refunds == "gross":
        worth = (lines.amount < 0).ifelse(nothing, worth)
    if contracts is not None:
        worth = lines.under_contract.fill_null(False).ifelse(nothing, worth)  # noqa: FBT003
    return worth


def cost_value(costs: ir.Table, value: ValueSection) -> ir.DecimalValue:
    """Return what each row of cost to serve counts for in the declared measure.

    Parameters
    ----------
    costs : ibis table
        Rows with ``amount`` and ``treatment``.
    value : ValueSection
        Says the measure, and the treatments that a contribution is net of.

    Returns
    -------
    ibis decimal expression
        The amount, negative, for the treatments that are subtracted; 0 for all others, and for every
        row in measures that know no cost to serve.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> rows = {"amount": [10.0, 4.0], "treatment": ["cogs", "retention"]}
    >>> costs = ibis.memtable(pa.table(rows)).cast({"amount": "decimal(18,4)"})
    >>> net = ValueSection.model_validate({"horizons": ["1 year"], "measure": "contribution"})
    >>> cost_value(costs, net).cast("float64").to_pyarrow().to_pylist()
    [-10.0, 0.0]
    """
    nothing = ibis.literal(0).cast(MONEY)
    if value.measure != "contribution":
        return nothing
    counts = costs.treatment.isin(value.subtract)
    return counts.ifelse((-costs.amount).cast(MONEY), nothing)
