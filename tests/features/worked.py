"""One account, few lines: the features of a worked example, in a book that is old enough."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff

CUTOFF = Cutoff.parse("2022-01-01")


def days_ago(days, amount=10, order=None, product=None, cost=None, account="a"):
    """Return a line so many days before the cutoff."""
    time = CUTOFF.at - timedelta(days=days)
    return {
        "account_id": account, "time": time, "known_at": None, "amount": amount,
        "order_id": order, "product_id": product, "cost": cost,
    }  # fmt: skip


#: What another account bought, so long ago that no window begins before the records do.
LONG_AGO = days_ago(3000, account="other")


def features_of(
    *lines, accounts=None, horizons=("3 months", "1 year"), others=(LONG_AGO,), tables=None, **said
) -> pd.Series:
    """Return the features of account 'a' at the cutoff, by what the settings have ``said``."""
    book = Book((*lines, *others), accounts, tables or {})
    declared = {name: {"source": f"{name}.csv"} for name in book.others}
    data = builder_for(book, settings_for(horizons, tables=declared, **said)).at(CUTOFF)
    return data.X[data.keys.account_id == "a"].iloc[0]


__all__ = ["CUTOFF", "at", "days_ago", "features_of"]
