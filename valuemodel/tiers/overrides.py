"""Overrides: tiers that people decided, each with a reason, an owner and a day on which it ends.

Why this way: a person may know what no table holds, so an override always wins. It says who decided and
why, it ends by itself, and what it cost or brought is counted later, so that overriding stays honest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.exceptions import SettingsError, nearest
from valuemodel.periods import Cutoff
from valuemodel.tiers.records.wording import counted

#: The columns of an overrides file; all are text.
OVERRIDE_COLUMNS = ("account_id", "tier", "reason", "owner", "expires")
_MOST_SAID = 20


@dataclass(frozen=True)
class Overrides:
    """The overrides in force at a cutoff.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per account: ``account_id, tier, reason, owner`` as text and ``expires`` as a time.
    expired : pandas.DataFrame
        The same for those that have ended by then.
    """

    table: pd.DataFrame
    expired: pd.DataFrame

    @classmethod
    def none(cls) -> Overrides:
        """Return no overrides."""
        empty = pd.DataFrame({name: pd.Series(dtype="str") for name in OVERRIDE_COLUMNS})
        empty["expires"] = pd.Series(dtype="datetime64[us]")
        return cls(empty, empty)

    def on(self, accounts: pd.Series[str]) -> pd.DataFrame:
        """Return ``tier, reason, owner, expires`` per account of a book, None where there is none."""
        found = self.table.set_index("account_id").reindex(accounts).reset_index(drop=True)
        texts = found[["tier", "reason", "owner"]].astype(object)
        return texts.where(texts.notna(), None).assign(expires=found["expires"])

    def unknown(self, accounts: pd.Series[str]) -> list[str]:
        """Return the accounts that are overridden and not in the book."""
        return sorted(set(self.table["account_id"]) - set(accounts))

    def pinned(self, accounts: pd.Series[str], tiers: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the tier that each account is put into, -1 for those that are not overridden."""
        places = {name: place for place, name in enumerate(tiers)}
        if self.table.empty:
            return np.full(len(accounts), -1, dtype=np.int64)
        return np.array(
            [places.get(name, -1) for name in self.on(accounts)["tier"]], dtype=np.int64
        )


def overrides_from(
    rows: pd.DataFrame, tiers: Sequence[str], as_of: Cutoff, *, origin: str = "the overrides"
) -> Overrides:
    """Check what people wrote, and tell what is in force from what has ended.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns `OVERRIDE_COLUMNS` as text; ``expires`` is a day such as ``2026-12-31``, and the
        override no longer holds from that day on.
    tiers : sequence of str
        The tiers of the policy.
    as_of : Cutoff
        The cutoff.
    origin : str
        What to call the file in a message.

    Raises
    ------
    SettingsError
        If a column is missing, a cell is empty, a tier or a day is none, or an account stands twice;
        all mistakes at once, with their line in the file.

    Examples
    --------
    >>> rows = pd.DataFrame(
    ...     [["c1", "A", "merger announced", "M. Ito", "2026-06-30"]], columns=OVERRIDE_COLUMNS
    ... )
    >>> found = overrides_from(rows, ["A", "B"], Cutoff.parse("2026-01-01"))
    >>> found.table[["account_id", "tier"]].values.tolist()
    [['c1', 'A']]
    """
    lacking = [name for name in OVERRIDE_COLUMNS if name not in rows.columns]
    if lacking:
        problem = f"{origin} lack the columns {', '.join(lacking)}"
        received = ", ".join(map(str, rows.columns))
        hint = f"an override has {', '.join(OVERRIDE_COLUMNS)}"
        raise SettingsError(problem, received=received, hint=hint)
    table = rows[list(OVERRIDE_COLUMNS)].astype("str").fillna("")
    table = table.apply(
        lambda column: column if column.name == "account_id" else column.str.strip()
    )
    mistakes = [*_empty_cells(table), *_wrong_tiers(table, tiers), *_repeated(table)]
    day = pd.to_datetime(table["expires"], format="%Y-%m-%d", errors="coerce")
    mistakes += [
        f"line {at + 2}: expires is no day like 2026-12-31, received {table['expires'][at]!r}"
        for at in np.flatnonzero(day.isna() & (table["expires"] != "")).tolist()
    ]
    if mistakes:
        problem = f"{origin} have {counted(len(mistakes), 'mistake')}"
        hint = "mend the lines, or take them out; nothing was changed"
        raise SettingsError(problem, hint=hint, details=sorted(mistakes)[:_MOST_SAID])
    table = table.assign(expires=day.astype("datetime64[us]")).sort_values("account_id")
    ended = table["expires"] <= as_of.at
    return Overrides(table[~ended].reset_index(drop=True), table[ended].reset_index(drop=True))


def _empty_cells(table: pd.DataFrame) -> Iterator[str]:
    for name in OVERRIDE_COLUMNS:
        for at in np.flatnonzero(table[name] == "").tolist():
            yield f"line {at + 2}: {name} is empty"


def _wrong_tiers(table: pd.DataFrame, tiers: Sequence[str]) -> Iterator[str]:
    wrong = ~table["tier"].isin([*tiers, ""])
    for at in np.flatnonzero(wrong).tolist():
        named = table["tier"][at]
        hint = nearest(named, tiers) or f"the tiers are {', '.join(tiers)}"
        yield f"line {at + 2}: there is no tier {named!r}; {hint}"


def _repeated(table: pd.DataFrame) -> Iterator[str]:
    twice = table["account_id"].duplicated() & (table["account_id"] != "")
    for at in np.flatnonzero(twice).tolist():
        yield f"line {at + 2}: the account {table['account_id'][at]!r} stands there twice"
