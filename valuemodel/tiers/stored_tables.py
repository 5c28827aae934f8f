"""What every stored table of accounts must be before anything is decided by it: one run, each account once.

Why this way: a table that mixes two runs, or names an account twice, would still give tiers, and nobody
would notice. So it is refused at the door, with what was found in it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff


def cutoff_of(table: pd.DataFrame) -> Cutoff:
    """Return the one cutoff of a stored table."""
    found = pd.to_datetime(table.get("as_of", pd.Series(dtype="datetime64[us]")).drop_duplicates())
    if len(found) != 1 or found.isna().any():
        problem = "a stored table holds accounts of exactly one cutoff"
        received = f"{len(found)} values of as_of in {len(table)} rows"
        raise UsageError(problem, received=received, hint="take the table of one run")
    return Cutoff(found.iloc[0].to_pydatetime())


def once_each(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the table sorted by account, once it is sure that each account stands there once."""
    if "account_id" not in table.columns:
        problem = f"the {name} have no column account_id"
        raise UsageError(problem, received=", ".join(map(str, table.columns)))
    ids = table["account_id"]
    if not pd.api.types.is_string_dtype(ids.dropna()):
        problem = f"the account ids of the {name} are text, byte for byte"
        raise UsageError(problem, received=str(ids.dtype), hint="read the column as text")
    if ids.isna().any() or ids.duplicated().any():
        problem = f"the {name} must hold each account once"
        received = f"{int(ids.duplicated().sum())} repeated, {int(ids.isna().sum())} without id"
        raise UsageError(problem, received=received, hint="take the table of one run")
    return table.sort_values("account_id", ignore_index=True)


def no_rows(kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return a table without a row, whose columns have the types that they would have with some.

    Examples
    --------
    >>> no_rows({"account_id": "str", "value": "float64"}).dtypes.astype(str).tolist()
    ['str', 'float64']
    """
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def known_once(table: pd.DataFrame | None, name: str) -> pd.DataFrame | None:
    """Return the same for a table that may not be there."""
    return None if table is None else once_each(table, name)
