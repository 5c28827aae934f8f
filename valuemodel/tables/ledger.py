"""The validated tables of a project, as the floors above see them."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir

from valuemodel.periods import Cutoff


@dataclass(frozen=True)
class Stages:
    """The stages in which an opportunity has ended; in all others it is open."""

    won: tuple[str, ...] = ("won",)
    lost: tuple[str, ...] = ("lost",)


@dataclass(frozen=True)
class Ledger:
    """Validated tables: typed, complete in their columns, nothing hidden.

    Every table has the columns and types of its schema in `valuemodel.tables.schemas`, absent ones
    null; ``known_at`` is always filled: the later of the row's own (or ``time`` + the source's delay)
    and ``time``. The event of a contract is that it was signed, so there ``known_at`` may lie before
    ``start``. A table that the settings do not declare is None, but for the transactions, which are
    then empty.

    Parameters
    ----------
    transactions : ibis table
        What was bought.
    accounts : ibis table or None
        Columns and types of `schemas.ACCOUNTS` plus the extra feature columns; possibly several rows
        per account, told apart by `valid_from`.
    first : Cutoff
        The first event's instant.
    complete_until : Cutoff
        The first instant from which value may be incomplete: labels end before it.
    contracts, usage, interactions, opportunities, costs, projects, credit, capability_gaps
        The other tables of the contract, or None.
    stages : Stages
        How the settings name the stages of opportunities.
    """

    transactions: ir.Table
    accounts: ir.Table | None
    first: Cutoff
    complete_until: Cutoff
    contracts: ir.Table | None = None
    usage: ir.Table | None = None
    interactions: ir.Table | None = None
    opportunities: ir.Table | None = None
    costs: ir.Table | None = None
    projects: ir.Table | None = None
    credit: ir.Table | None = None
    capability_gaps: ir.Table | None = None
    stages: Stages = Stages()
