"""The tables without time: who is credited with an account, and what we could not deliver.

Why this way: they hold whenever one looks, so there is no *as of* to apply, and only the columns that
decide are taken; the plan reads them beside the tables that have a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis.expr.types as ir

from valuemodel.tables.ledger import Ledger
from valuemodel.tables.schemas import CAPABILITY_GAPS as GAPS_TABLE
from valuemodel.tables.schemas import CREDIT as CREDIT_TABLE

CREDIT: Mapping[str, str] = MappingProxyType(CREDIT_TABLE.validated())
CAPABILITY_GAPS: Mapping[str, str] = MappingProxyType(GAPS_TABLE.validated())


def credit(ledger: Ledger) -> ir.Table | None:
    """Return ``account_id``, ``owner`` and ``share``; None where the book has no credit table.

    The shares of an account may add up to more than one, where two are credited in full (S15).

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.periods import Cutoff
    >>> rows = ibis.memtable(pa.table({"account_id": ["a"], "owner": ["Ada"], "share": [1.0]}))
    >>> first, end = Cutoff.parse("2020-01-01"), Cutoff.parse("2021-01-01")
    >>> credit(Ledger(rows, None, first, end, credit=rows)).to_pyarrow().to_pylist()
    [{'account_id': 'a', 'owner': 'Ada', 'share': 1.0}]
    """
    return None if ledger.credit is None else ledger.credit.select(list(CREDIT))


def capability_gaps(ledger: Ledger) -> ir.Table | None:
    """Return ``product_id``, ``segment``, ``horizon`` and ``gap`` (S18); None without a table.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.periods import Cutoff
    >>> rows = {"product_id": ["M1"], "segment": ["Retail"], "horizon": ["1 year"], "gap": [0.2]}
    >>> rows = ibis.memtable(pa.table(rows))
    >>> first, end = Cutoff.parse("2020-01-01"), Cutoff.parse("2021-01-01")
    >>> ledger = Ledger(rows, None, first, end, capability_gaps=rows)
    >>> capability_gaps(ledger).select("segment", "gap").to_pyarrow().to_pylist()
    [{'segment': 'Retail', 'gap': 0.2}]
    """
    gaps = ledger.capability_gaps
    return None if gaps is None else gaps.select(list(CAPABILITY_GAPS))
