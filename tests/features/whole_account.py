"""One account and all tables of the contract: the features of one group, in a worked example."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd

from tests.contracts.harness import Book, builder_for, settings_for
from tests.features.worked import CUTOFF, LONG_AGO
from valuemodel.tables.ledger import Stages
from valuemodel.tables.schemas import TABLES


def at(days):
    """Return the instant so many days before the cutoff; after it for negative ones."""
    return CUTOFF.at - timedelta(days=days)


def row(table, days, account="a", **columns):
    """Return a row of a table, so many days before the cutoff; columns not given are empty."""
    when = {"start" if table == "contracts" else "time": at(days)}
    return dict.fromkeys(TABLES[table].names) | {"account_id": account} | when | columns


def group_of(name, accounts=None, stages=None, **tables) -> pd.DataFrame:
    """Return the features of one group at the cutoff, one row per account."""
    rows = {"transactions": (LONG_AGO,), **tables}
    if accounts is not None:
        rows["accounts"] = accounts
    chosen = settings_for(["1 year"], features={"groups": [name], "extra": {}})
    builder = builder_for(Book.of(rows), chosen)
    builder.ledger = replace(builder.ledger, stages=stages or Stages())
    data = builder.at(CUTOFF)
    return data.X.set_index(data.keys.account_id)
