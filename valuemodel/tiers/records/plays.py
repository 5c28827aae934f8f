"""The play of each account: what its tier's touches say, or what the company's own function says (S9).

How a company manages its key accounts is its own method; none is built in here. ``[play] own`` names a
function of the project, which is given all that is known of one account and returns the text of its play.

Why this way: the function gets plain values, as they would stand in JSON, so it depends on nothing of this
package and cannot change a table. Whatever it does wrong is told with the account it did it on, since its
author has to find it. A run that cannot write its plays stops: a play left out would look like none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pandas as pd

from valuemodel.exceptions import UsageError

Plain: TypeAlias = str | float | int | bool | None
#: What a play function is given: names of columns with text, numbers, true and false, or nothing.
Record: TypeAlias = dict[str, Plain]
OwnPlay: TypeAlias = Callable[[Record], str]

LONGEST = 2_000
_ROWS_AT_A_TIME = 10_000


def plays(frame: pd.DataFrame, own: OwnPlay | None) -> pd.Series[str]:
    """Return the play of each account.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    own : callable, optional
        The project's own function. It is given one account's record, a dictionary of all columns of
        the frame (times as ISO text, what is missing as None), and returns text of at most `LONGEST`
        characters. Without it the play is that of the tier.

    Returns
    -------
    pandas.Series of str
        ``play``, on the rows of the frame.

    Raises
    ------
    UsageError
        If the function fails, or returns something else than text of that length.

    Examples
    --------
    >>> frame = pd.DataFrame({"account_id": ["a"], "tier": ["A"], "play": ["4 x visit a year"]})
    >>> plays(frame, None).tolist()
    ['4 x visit a year']
    >>> plays(frame, lambda record: f"our way for {record['tier']}").tolist()
    ['our way for A']
    """
    if own is None:
        return frame["play"].astype("str").rename("play")
    said = [_play(own, record) for record in records(frame)]
    return pd.Series(said, index=frame.index, dtype="str", name="play")


def records(frame: pd.DataFrame) -> Iterator[Record]:
    """Yield one dictionary of plain values per row, as they would stand in JSON.

    Examples
    --------
    >>> rows = pd.DataFrame(
    ...     {"account_id": ["a"], "arr": [None], "last_order": pd.Timestamp("2026-01-01")}
    ... )
    >>> list(records(rows))
    [{'account_id': 'a', 'arr': None, 'last_order': '2026-01-01T00:00:00'}]
    """
    names = [str(name) for name in frame.columns]
    for start in range(0, len(frame), _ROWS_AT_A_TIME):
        rows = frame.iloc[start : start + _ROWS_AT_A_TIME]
        columns = [_plain(rows.iloc[:, at]) for at in range(len(names))]
        for values in zip(*columns, strict=True):
            yield dict(zip(names, values, strict=True))


def _plain(column: pd.Series[Any]) -> list[Plain]:
    """Return the values of a column as plain Python values, what is missing as None."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return [None if pd.isna(at) else at.isoformat() for at in column]
    values = column.astype(object)
    plain: list[Any] = values.where(values.notna(), None).tolist()
    return [one if isinstance(one, str | float | int | bool | None) else str(one) for one in plain]


def _play(own: OwnPlay, record: Record) -> str:
    account = record["account_id"]
    try:
        said: object = own(record)
    except Exception as error:  # whatever a company's function does wrong, its author is told
        problem = f"the play function {_name(own)} failed on the account {account!r}"
        raise UsageError(problem, received=f"{type(error).__name__}: {error}") from error
    if not isinstance(said, str):
        problem = f"the play function {_name(own)} must return text, for the account {account!r}"
        raise UsageError(problem, received=f"{type(said).__name__}: {said!r}"[:200])
    if len(said) > LONGEST:
        problem = f"the play of the account {account!r} is longer than {LONGEST:,} characters"
        received = f"{len(said):,} characters from {_name(own)}"
        raise UsageError(problem, received=received, hint="name a document instead")
    return said


def _name(own: OwnPlay) -> str:
    return str(getattr(own, "__name__", type(own).__name__))
