"""Order size against number of accounts, per segment, and what each quadrant asks of sales (S58-S62).

Large orders from many accounts pay winning and keeping alike; few large ones want named people who sell
solutions; many small ones are won by sales and kept by another, mostly digital unit; few small ones are
paid mostly for winning.

How much of the pay hangs on winning and how much on keeping is the company's own table and empty by default:
the source of the quadrants has lost its figures (S59), and a guess must not become anybody's salary.

Why this way: what is compared is segments, so accounts whose segment is not known are counted in a row of
their own, but are no market that anybody could be sent to: they have no quadrant, and move no cut.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from valuemodel.tiers.policy.plan import CompensationSection

QUADRANT_TYPES: dict[str, str] = {
    "segment": "str",
    "accounts": "int64",
    "order_value": "float64",
    "quadrant": "str",
    "hint": "str",
    "acquisition": "float64",
    "retention": "float64",
    "white_space": "float64",
}
NOT_KNOWN = "not known"

HINTS: Mapping[str, str] = {
    "large_many": "pay both winning an account and keeping it for life",
    "large_few": "named key-account team, selling solutions",
    "small_many": "sales wins as many as it can; another, digital unit keeps them",
    "small_few": "pay mostly for winning accounts, so that share is worth the effort",
}
_NO_ORDERS = "no order value is known, so no quadrant can be told"
_NO_SEGMENT = "which segment they belong to is not known, so no quadrant can be told"


def quadrants(frame: pd.DataFrame, section: CompensationSection) -> pd.DataFrame:
    """Place each segment by its usual order and its number of accounts.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    section : CompensationSection
        What segments are told by, the company's own cut points, and its own table of pay.

    Returns
    -------
    pandas.DataFrame
        Columns `QUADRANT_TYPES`, by segment. ``order_value`` is the median over the accounts of the
        account's own usual order; without cut points of the company a segment is compared with the
        median of all segments, and one at the cut counts as large or many. A segment of which no
        order value is known, and the accounts whose segment is `NOT_KNOWN`, have no quadrant, and
        ``hint`` says so; ``acquisition`` and ``retention`` are missing where the company's table is
        blank, and ``white_space`` where none is known.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a", "b", "c"]})
    >>> facts = told.assign(industry=["toys", "toys", "steel"], order_value=[10.0, 30.0, 900.0])
    >>> frame = account_frame(told, told, facts, Horizon.parse("1 year"))
    >>> quadrants(frame, CompensationSection())[["segment", "order_value", "quadrant"]]
      segment  order_value    quadrant
    0   steel        900.0   large_few
    1    toys         20.0  small_many
    """
    segment = frame[section.by].astype(object)
    book = frame[["order_value", "white_space"]].assign(
        segment=segment.where(segment.notna(), NOT_KNOWN).astype("str")
    )
    # A sum of fractions depends on their order to the last bit; the order of rows must not show.
    groups = book.sort_values("white_space").groupby("segment", sort=True)
    table = pd.DataFrame(
        {
            "accounts": groups.size(),
            "order_value": groups["order_value"].median(),
            "white_space": groups["white_space"].sum(min_count=1),
        }
    ).reset_index()
    told = table["segment"] != NOT_KNOWN
    large, many = _cuts(table[told], section)
    size = np.where(table["order_value"] >= large, "large", "small")
    count = np.where(table["accounts"] >= many, "many", "few")
    named = pd.Series(
        [f"{a}_{b}" for a, b in zip(size, count, strict=True)], index=table.index, dtype=object
    )
    table["quadrant"] = named.where(table["order_value"].notna() & told, None)
    table["hint"] = [
        HINTS.get(name, _NO_ORDERS if one else _NO_SEGMENT)
        for name, one in zip(table["quadrant"], told, strict=True)
    ]
    for way in ("acquisition", "retention"):
        pay = {name: getattr(one, way) for name, one in section.pay.items()}
        table[way] = [pay.get(name, np.nan) for name in table["quadrant"]]
    return table[list(QUADRANT_TYPES)].astype(QUADRANT_TYPES)


def _cuts(table: pd.DataFrame, section: CompensationSection) -> tuple[float, float]:
    """Return from which order value and which number of accounts on a segment is large or many."""
    large, many = section.large_order, section.many_accounts
    if large is None:
        large = float(table["order_value"].median())
    if many is None:
        return large, float(table["accounts"].median())
    return large, float(many)
