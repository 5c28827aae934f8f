"""Caps: what is refused before it can exhaust the host.

Why this way: a size is asked of the file system, a metadata block or the bytes as they are expanded,
never of what the file says of itself, and every refusal names the cap, what was received and the
setting that raises it.
"""

from __future__ import annotations

from ibis.backends.duckdb import Backend

from valuemodel.exceptions import DataRefused
from valuemodel.io.engine import identifier
from valuemodel.io.parts import Part
from valuemodel.settings import TableSection

#: The size of one file or table that is read piece by piece, and of one that is read in memory.
STREAMED, IN_MEMORY = 20_000_000_000, 1_000_000_000
#: What expands to less than this is harmless, however well it was compressed.
HARMLESS = 1 << 26

_TEXTS = ("VARCHAR", "JSON", "BLOB", "STRUCT", "MAP", "UNION")


def check_bytes(size: int, section: TableSection, file: str, usual: int = STREAMED) -> None:
    """Refuse what is larger than ``max_bytes``, or than is usual where that is not set.

    Examples
    --------
    >>> check_bytes(11, TableSection(source="t.csv", max_bytes=10), "t.csv")
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.DataRefused: t.csv is larger than max_bytes = 10
      received: at least 11 bytes
      hint: split the export, or raise max_bytes
    """
    cap = usual if section.max_bytes is None else section.max_bytes
    if size > cap:
        problem = f"{file} is larger than max_bytes = {cap:,}"
        hint = "split the export, or raise max_bytes"
        raise DataRefused(problem, received=f"at least {size:,} bytes", hint=hint)


def check_expansion(
    expanded: int, packed: int, section: TableSection, file: str, usual: int = STREAMED
) -> None:
    """Refuse what expands beyond ``max_bytes``, or to more than ``max_expansion`` times itself.

    Examples
    --------
    >>> check_expansion(900_000_000, 1_000_000, TableSection(source="t.csv.gz"), "t.csv.gz")
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.DataRefused: t.csv.gz expands to more than max_expansion = 200 times its size
      received: 1,000,000 bytes, at least 900,000,000 expanded
      hint: make sure that it is what it should be, then raise max_expansion
    """
    check_bytes(expanded, section, f"{file}, expanded,", usual)
    if expanded > max(HARMLESS, section.max_expansion * packed):
        times = f"max_expansion = {section.max_expansion:g} times"
        problem = f"{file} expands to more than {times} its size"
        received = f"{packed:,} bytes, at least {expanded:,} expanded"
        hint = "make sure that it is what it should be, then raise max_expansion"
        raise DataRefused(problem, received=received, hint=hint)


def check_width(columns: int, section: TableSection, file: str) -> None:
    """Refuse more columns than ``max_columns``."""
    if columns > section.max_columns:
        problem = f"{file} has more columns than max_columns = {section.max_columns:,}"
        hint = "check the delimiter of a CSV, leave columns out, or raise max_columns"
        raise DataRefused(problem, received=f"{columns:,} columns", hint=hint)


def refuse_field(column: str, longest: int, section: TableSection, file: str) -> None:
    """Refuse a column whose longest text is beyond ``max_field_bytes``."""
    cap = section.max_field_bytes
    if longest > cap:
        problem = (
            f"{file}: a text in the column {column!r} is longer than max_field_bytes = {cap:,}"
        )
        hint = "leave the column out, or raise max_field_bytes"
        raise DataRefused(problem, received=f"at least {longest:,} bytes", hint=hint)


def check_fields(connection: Backend, part: Part, section: TableSection) -> None:
    """Look through the texts of a part that was not read as text, column by column.

    Raises
    ------
    DataRefused
        If one is longer than ``max_field_bytes``.
    """
    texts = [name for name, kind in part.types.items() if _is_long(kind)]
    if not texts:
        return
    longest = ", ".join(
        f"max(strlen(CAST({identifier(part.source[name])} AS VARCHAR)))" for name in texts
    )
    found = connection.raw_sql(f"SELECT {longest} FROM {part.relation}").fetchone()  # noqa: S608
    for name, size in zip(texts, found, strict=True):
        refuse_field(name, size or 0, section, part.label)


def _is_long(kind: str) -> bool:
    return kind.startswith(_TEXTS) or kind.endswith("]")
