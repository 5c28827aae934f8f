"""From cells and text fields to typed columns, or a refusal that names the column."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pandas as pd

from valuemodel.exceptions import DataRefused

Kind = Literal["text", "integer", "number", "time"]


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file as text, every field as it is written: UTF-8, or else Windows-1252.

    Raises
    ------
    DataRefused
        If it cannot be read as CSV in either encoding.
    """
    try:
        try:
            return _fields(path, "utf-8-sig")
        except UnicodeDecodeError:
            return _fields(path, "cp1252")
    except (UnicodeDecodeError, ValueError) as error:
        problem = f"{path.name} is not the published CSV file"
        received = f"{type(error).__name__}: {error}"
        raise DataRefused(problem, received=received, hint="it is not the published file") from None


def _fields(path: Path, encoding: str) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding=encoding)


def typed(
    frame: pd.DataFrame, kinds: Mapping[str, Kind], *, time_format: str | None = None
) -> pd.DataFrame:
    """Keep the columns of `kinds`, in its order, each converted; empty text becomes missing.

    Parameters
    ----------
    frame : pandas.DataFrame
        Cells of a workbook or text fields.
    kinds : mapping
        Kind of each column to keep.
    time_format : str, optional
        How times are written, where they are text.

    Raises
    ------
    DataRefused
        If a column is missing or has a value of another kind.

    Examples
    --------
    >>> cells = pd.DataFrame({"code": [85048, "79323P"], "paid": ["2.5", ""]}, dtype=object)
    >>> typed(cells, {"paid": "number", "code": "text"}).to_dict("list")
    {'paid': [2.5, nan], 'code': ['85048', '79323P']}
    """
    missing = [column for column in kinds if column not in frame.columns]
    if missing:
        problem = f"the original lacks the columns {', '.join(missing)}"
        received = ", ".join(map(str, frame.columns[:12])) or "no columns"
        raise DataRefused(problem, received=received, hint="it is not the published file")
    columns: dict[str, pd.Series] = {}
    for column, kind in kinds.items():
        try:
            columns[column] = _converted(frame[column], kind, time_format)
        except (ValueError, TypeError, OverflowError) as error:
            problem = f"the column {column} of the original is not {kind} throughout"
            hint = "it is not the published file"
            raise DataRefused(problem, received=str(error), hint=hint) from None
    return pd.DataFrame(columns)


def _converted(cells: pd.Series, kind: Kind, time_format: str | None) -> pd.Series:
    filled = cells.astype(object).where(cells.astype(str) != "", None)
    if kind == "text":
        return filled.map(str, na_action="ignore").astype("str")
    if kind == "time":
        written = time_format if filled.map(lambda cell: isinstance(cell, str)).any() else None
        return pd.to_datetime(filled, format=written).astype("datetime64[us]")
    numbers = pd.to_numeric(filled)
    return numbers.astype("Int64") if kind == "integer" else numbers.astype("float64")
