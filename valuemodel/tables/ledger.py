"""The validated tables of a project, as the floors above see them."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir

from valuemodel.periods import Cutoff


@dataclass(frozen=True)
class Ledger:
    """Validated tables: typed, complete in their columns, nothing hidden.

    Parameters
    ----------
    transactions : ibis table
        Columns and types of `schemas.TRANSACTIONS` (absent ones null); `known_at` is always filled:
        the later of the row's own `known_at` (or `time` + the source's delay) and `time`.
    accounts : ibis table or None
        Columns and types of `schemas.ACCOUNTS` plus the extra feature columns; possibly several rows
        per account, told apart by `valid_from`.
    first : Cutoff
        The first event's instant.
    complete_until : Cutoff
        The first instant from which transactions may be incomplete: labels end before it.
    """

    transactions: ir.Table
    accounts: ir.Table | None
    first: Cutoff
    complete_until: Cutoff
