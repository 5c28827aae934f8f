"""What one part of the facts says of a few rows: the way from plain rows to a query and back."""

from __future__ import annotations

from dataclasses import replace

from tests.contracts.harness import Book, in_memory
from tests.features.worked import CUTOFF, LONG_AGO
from valuemodel.settings import ValueSection
from valuemodel.snapshots.as_of import snapshot
from valuemodel.tables.ledger import Stages

VALUE = ValueSection.model_validate({"horizons": ["1 year"]})


def told(part, *, stages=None, **tables):
    """Return the rows that a part gives of these tables at `CUTOFF`; None where it gives no table."""
    connection, ledger = in_memory(Book.of({"transactions": (LONG_AGO,), **tables}), 1)
    found = part(snapshot(replace(ledger, stages=stages or Stages()), VALUE, CUTOFF))
    rows = None if found is None else connection.to_pyarrow(found).to_pylist()
    connection.disconnect()
    return rows


def told_of(part, account="a", **tables):
    """Return what a part says of one account; None where it has no row of it."""
    found = [row for row in told(part, **tables) if row["account_id"] == account]
    assert len(found) <= 1
    return found[0] if found else None
