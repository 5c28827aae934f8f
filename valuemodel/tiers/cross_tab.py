"""Two policies over one score table, side by side: where they agree and where not (S21).

Why this way: a segmentation for sales does not carry over to customer success, so a company has two, and
the accounts on which they differ are the ones to talk about. Both tiers come from the same predictions, so a
difference is one of policy and never of data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from valuemodel.exceptions import UsageError

CROSS_TYPES: dict[str, str] = {
    "first_policy": "str",
    "second_policy": "str",
    "first": "str",
    "second": "str",
    "accounts": "int64",
    "share_of_accounts": "float64",
    "value": "float64",
}


def cross_tab(
    one: pd.DataFrame,
    other: pd.DataFrame,
    names: tuple[str, str],
    tiers: tuple[Sequence[str], Sequence[str]],
    value: pd.Series[float],
) -> pd.DataFrame:
    """Count accounts by their tier under two policies.

    Parameters
    ----------
    one, other : pandas.DataFrame
        ``account_id`` and ``tier`` under each policy; accounts that only one of them has are left out.
    names : pair of str
        What the policies are called.
    tiers : pair of sequence of str
        Their tiers, highest first.
    value : pandas.Series of float
        Predicted value by account.

    Returns
    -------
    pandas.DataFrame
        Columns `CROSS_TYPES`, every pair of tiers, also those that no account has.

    Raises
    ------
    UsageError
        If an account has a tier that is not among those of its policy: no account goes missing.

    Examples
    --------
    >>> one = pd.DataFrame({"account_id": ["a", "b"], "tier": ["A", "B"]})
    >>> other = one.assign(tier=["x", "x"])
    >>> value = pd.Series({"a": 3.0, "b": 1.0})
    >>> found = cross_tab(one, other, ("sales", "success"), (["A", "B"], ["x"]), value)
    >>> found[["first", "second", "accounts", "value"]].values.tolist()
    [['A', 'x', 1, 3.0], ['B', 'x', 1, 1.0]]
    """
    both = one[["account_id", "tier"]].merge(
        other[["account_id", "tier"]], on="account_id", suffixes=("_one", "_other")
    )
    for column, known in zip(("tier_one", "tier_other"), tiers, strict=True):
        strange = both.loc[~both[column].isin(list(known)), column]
        if len(strange):
            problem = f"{len(strange):,} accounts have a tier that the policy does not"
            listed = ", ".join(map(str, strange.unique()))
            raise UsageError(problem, received=listed, hint=f"its tiers are {', '.join(known)}")
    both = both.assign(value=both["account_id"].map(value).astype("float64"))
    # A sum of fractions depends on their order to the last bit; the order of rows must not show.
    both = both.sort_values("value")
    groups = both.groupby(["tier_one", "tier_other"])
    pairs = pd.MultiIndex.from_product(tiers, names=["first", "second"])
    table = pd.DataFrame({"accounts": groups.size(), "value": groups["value"].sum()})
    table = table.rename_axis(["first", "second"]).reindex(pairs).fillna(0.0).reset_index()
    table = table.assign(
        first_policy=names[0],
        second_policy=names[1],
        share_of_accounts=table["accounts"] / max(len(both), 1),
    )
    return table[list(CROSS_TYPES)].astype(CROSS_TYPES)


def cross_tab_lines(table: pd.DataFrame, show: Callable[[str], str] = str) -> Iterator[str]:
    """Lay out each pair of policies as a matrix of accounts, a line per tier of the first.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cross_tab`, of one pair of policies or several below each other.
    show : callable
        How the name of a tier is shown: those that the company has today are text of others.

    Yields
    ------
    str
        A heading, the tiers of the second policy, then a line per tier of the first.

    Examples
    --------
    >>> one = pd.DataFrame({"account_id": ["a", "b"], "tier": ["A", "B"]})
    >>> value = pd.Series({"a": 3.0, "b": 1.0})
    >>> names, tiers = ("main", "success"), (["A", "B"], ["high touch", "low"])
    >>> found = cross_tab(one, one.assign(tier=["high touch", "low"]), names, tiers, value)
    >>> print(*cross_tab_lines(found), sep=chr(10))
    accounts by tier of main (rows) and success (columns)
         high touch  low
      A           1    0
      B           0    1
    """
    for (first, second), part in table.groupby(["first_policy", "second_policy"], sort=False):
        yield f"accounts by tier of {first} (rows) and {second} (columns)"
        # Two names may look the same once they are shown, so rows are told apart by the names.
        rows = [("", [show(tier) for tier in dict.fromkeys(part["second"])])]
        for tier, row in part.groupby("first", sort=False):
            rows.append((show(str(tier)), [f"{count:,}" for count in row["accounts"]]))
        columns = zip(*(cells for _, cells in rows), strict=True)
        wide = [max(map(len, column)) for column in columns]
        margin = max(len(name) for name, _ in rows)
        for name, cells in rows:
            placed = (f"{cell:>{width}}" for cell, width in zip(cells, wide, strict=True))
            yield f"  {name:<{margin}}  {'  '.join(placed)}"
