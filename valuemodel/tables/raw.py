"""The raw table: what a source holds, before anything is believed about it.

Why this way: readers of every format hand over the same thing, so that one validation judges them
all: the source's own columns, each row's file and place in it, and the rows that could not even be
split into columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis.expr.types as ir

from valuemodel.exceptions import DataRefused, SettingsError, nearest
from valuemodel.settings import TableSection
from valuemodel.tables.schemas import Column

#: The columns that every raw table has beside its own: the file, and the row in it counted from 1
#: for the first row below the header.
FILE, ROW = "__file", "__row"


@dataclass(frozen=True)
class SourceFile:
    """One file that was read: its name below the project's root, its size and its SHA-256."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True)
class RawTable:
    """One source table as read.

    Parameters
    ----------
    name : str
        Its name in the contract: ``transactions`` or ``accounts``.
    table : ibis table
        The source's columns, and `FILE` and `ROW`.
    rejects : ibis table or None
        `FILE`, `ROW` and ``line`` of the rows that could not be split into the header's columns.
    files : tuple of SourceFile
        What was read.
    repairs : mapping
        Named repairs of whole files or headers, and how many of these there were.
    notes : tuple of str
        What a person should know about how it was read.
    """

    name: str
    table: ir.Table
    rejects: ir.Table | None
    files: tuple[SourceFile, ...]
    repairs: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The source's own columns."""
        return tuple(name for name in self.table.columns if name not in (FILE, ROW))


def map_columns(
    section: TableSection, known: tuple[Column, ...], found: tuple[str, ...], table: str
) -> dict[str, str]:
    """Say which source column holds each column of the contract.

    A column that the settings do not mention is taken from a source column of the same name.

    Returns
    -------
    dict
        Source column by contract column, only those that exist.

    Raises
    ------
    SettingsError
        If the settings map a name that the contract does not know.
    DataRefused
        If a mapped source column is not there, with the nearest name that is.
    """
    names = [column.name for column in known]
    strangers = [name for name in section.columns if name not in names]
    if strangers:
        problem = f"tables.{table}.columns maps names that the contract does not know"
        details = [f"{name}: {nearest(name, names) or 'no such column'}" for name in strangers]
        raise SettingsError(problem, details=details, hint=f"known: {', '.join(names)}")
    absent = {name: source for name, source in section.columns.items() if source not in found}
    if absent:
        problem = f"{table} lacks columns that the settings map"
        details = [
            f"{name} = {source!r}: {nearest(source, found) or 'nothing like it'}"
            for name, source in absent.items()
        ]
        raise DataRefused(problem, received=f"columns {', '.join(found)}", details=details)
    implied = {name: name for name in names if name in found}
    return implied | dict(section.columns)


def require_columns(mapped: Mapping[str, str], required: tuple[str, ...], raw: RawTable) -> None:
    """Refuse a table without one of its required columns.

    Raises
    ------
    DataRefused
        Naming the columns, what the source has, and how to map it.
    """
    absent = [name for name in required if name not in mapped]
    if absent:
        problem = f"{raw.name} has no column for {', '.join(absent)}"
        named = ", ".join(f'{name} = "name in the source"' for name in absent)
        hint = f"map it: [tables.{raw.name}] columns = {{ {named} }}"
        shown = ", ".join(raw.columns[:20]) + (", ..." if len(raw.columns) > 20 else "")
        raise DataRefused(problem, received=f"columns {shown}", hint=hint)
