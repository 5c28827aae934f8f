"""What each segment could still buy, product by product (S63).

Why this way: not every customer buys every product, so what is left to win is told per product; and a
segment as a whole shows where an offer is missing, which no single account does. The stored table names
only the few most promising products of each account, so these are what is added up: accounts that lack a
product and have better prospects elsewhere are not counted.
"""

from __future__ import annotations

import pandas as pd

from valuemodel.tiers.stored_tables import no_rows

WHITE_SPACE_TYPES: dict[str, str] = {
    "segment": "str",
    "product_id": "str",
    "accounts": "int64",
    "expected": "float64",
}
NOT_KNOWN = "not known"


def segment_white_space(
    white_space: pd.DataFrame | None, frame: pd.DataFrame, by: str
) -> pd.DataFrame:
    """Add up the products that accounts lack and their peers have, by segment.

    Parameters
    ----------
    white_space : pandas.DataFrame, optional
        The stored table: ``account_id, product_id, expected_value``, a row per account and product.
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    by : str
        The text fact that segments are told by.

    Returns
    -------
    pandas.DataFrame
        Columns `WHITE_SPACE_TYPES`: by segment, for how many of its accounts the product is among
        those that they lack, and what it would bring with them, the most first. Accounts that the
        frame does not have are left out.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a", "b"]})
    >>> frame = account_frame(told, told, told.assign(industry="toys"), Horizon.parse("1 year"))
    >>> lacking = pd.DataFrame(
    ...     {"account_id": ["a", "b", "b"], "product_id": ["glue", "glue", "wood"]}
    ... ).assign(expected_value=[3.0, 4.0, 5.0])
    >>> segment_white_space(lacking, frame, "industry")
      segment product_id  accounts  expected
    0    toys       glue         2       7.0
    1    toys       wood         1       5.0
    """
    if white_space is None or white_space.empty:
        return no_rows(WHITE_SPACE_TYPES)
    known = frame.set_index("account_id")[by].astype(object)
    told = white_space[white_space["account_id"].isin(known.index)]
    segment = told["account_id"].map(known)
    told = told.assign(segment=segment.where(segment.notna(), NOT_KNOWN))
    # A sum of fractions depends on their order to the last bit; the order of rows must not show.
    told = told.sort_values("expected_value")
    groups = told.groupby(["segment", "product_id"], sort=True)
    table = pd.DataFrame({"accounts": groups.size(), "expected": groups["expected_value"].sum()})
    table = table.reset_index().sort_values(
        ["segment", "expected", "product_id"], ascending=[True, False, True], ignore_index=True
    )
    return table[list(WHITE_SPACE_TYPES)].astype(WHITE_SPACE_TYPES)
