"""Sheets of an Excel workbook into the engine: one type per column, every row in its place.

Why this way: Excel gives every cell a type of its own, and all numbers are floats. So a column is
what all of its cells are: numbers, times, flags; where they differ it is text, in the form that the
settings declare, so that it is read back as it was meant. The first row names the columns: a title
above it is refused, because where a table begins must not be guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
from ibis.backends.duckdb import Backend

from valuemodel.exceptions import DataRefused, UsageError, nearest
from valuemodel.io.batches import Batch, copy_batches
from valuemodel.io.csv_file import clean_header
from valuemodel.io.engine import literal
from valuemodel.io.parts import Part, Reading, fingerprint, shown_as
from valuemodel.io.xlsx_size import Extent, weigh
from valuemodel.settings import TableSection
from valuemodel.tables.raw import ROW

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

Cell: TypeAlias = (
    Any  # a text, float, flag, date, time or duration; an empty text where it is empty
)

_ROWS = 20_000
#: Whole floats from here on may have lost digits.
_EXACT = 2**53
_KINDS = {bool: "flag", str: "text", date: "time", datetime: "time"}
_ARROW = {
    frozenset({"whole"}): pa.int64(),
    frozenset({"number"}): pa.float64(),
    frozenset({"whole", "number"}): pa.float64(),
    frozenset({"flag"}): pa.bool_(),
    frozenset({"time"}): pa.timestamp("us"),
}


def read_excel(
    connection: Backend,
    name: str,
    path: Path,
    section: TableSection,
    root: Path,
    reading: Reading,
) -> None:
    """Copy the declared sheet of a workbook, or all of them, into the engine.

    Formulas are taken by the values that Excel stored with them. Error cells are empty, and counted;
    empty rows are left out, and counted; every row keeps the number it has below the header.

    Raises
    ------
    DataRefused
        If it is no workbook, larger than the caps, has no such sheet, or its first row is no header.
    UsageError
        If the library that reads Excel is not installed.
    """
    shown = shown_as(path, root)
    reading.files.append(fingerprint(path, root))
    extents = weigh(path, section, shown)
    with _opened(path, shown) as workbook:
        for title in _chosen(workbook, extents, section, shown, reading):
            sheet = workbook.get_sheet_by_name(title)
            _read_sheet(connection, name, sheet, section, f"{shown}:{title}", reading)
            reading.repair("error_cells_made_null", extents[title].errors)


def _opened(path: Path, shown: str) -> CalamineWorkbook:
    try:
        from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - an extra
    except ImportError:
        problem = f"{shown} needs the library that reads Excel"
        raise UsageError(problem, hint="pip install 'valuemodel[excel]'") from None
    try:
        return CalamineWorkbook.from_path(path)
    except CalamineError as error:
        problem = f"{shown} cannot be read as an Excel workbook"
        hint = "save it again as .xlsx, without a password"
        raise DataRefused(problem, received=str(error), hint=hint) from None


def _chosen(
    workbook: CalamineWorkbook,
    extents: Mapping[str, Extent],
    section: TableSection,
    shown: str,
    reading: Reading,
) -> list[str]:
    """Return the sheets to read, and note those that hold something and are not read."""
    filled = [
        title for title in workbook.sheet_names if title in extents and extents[title].columns
    ]
    wanted = section.sheet or (filled[0] if filled else "")
    if wanted == "*" and filled:
        return filled
    if wanted not in filled:
        problem = f"{shown} has no sheet {wanted!r} with anything in it"
        hint = nearest(wanted, filled) or f"sheets: {', '.join(filled) or 'none that is not empty'}"
        raise DataRefused(problem, received=f"sheet = {section.sheet!r}", hint=hint)
    others = [repr(title) for title in filled if title != wanted]
    if others and section.sheet is None:
        reading.notes.append(f"{shown}: {wanted!r} is read, not the sheets {', '.join(others)}")
    return [wanted]


def _read_sheet(
    connection: Backend,
    name: str,
    sheet: CalamineSheet,
    section: TableSection,
    label: str,
    reading: Reading,
) -> None:
    header, kinds, rows = _surveyed(sheet)
    places = [place for place, cell in enumerate(header) if cell != "" or kinds[place]]
    _check_header([header[place] for place in places], rows, label)
    write = _writer(section)
    names, marked = clean_header([str(write(header[place]) or "") for place in places], label)
    reading.repair("byte_order_mark_removed", marked)
    merged = sum(end[0] > 0 for _, end in sheet.merged_cell_ranges or [])
    if merged:
        reading.notes.append(
            f"{label} has {merged:,} merged cells: only the first of each is filled"
        )
    columns = [(place, _ARROW.get(frozenset(kinds[place]), pa.string())) for place in places]
    schema = pa.schema([*zip(names, (kind for _, kind in columns), strict=True), (ROW, pa.int64())])
    copy = f"copied_{name}_{len(reading.parts)}"
    batches = _batches(sheet, columns, schema, write)
    types = copy_batches(connection, copy, schema, batches, section, label)
    del types[ROW]
    kept = connection.raw_sql(f"SELECT count(*) FROM {copy}").fetchone()[0]  # noqa: S608
    reading.repair("empty_rows_dropped", rows - kept)
    source = {name: name for name in names}
    reading.parts.append(Part(label, copy, types, source, literal(label), ROW))


def _surveyed(sheet: CalamineSheet) -> tuple[list[Cell], list[set[str]], int]:
    """Return the first row, which kinds of cells each column has below it, and how many rows."""
    lines = sheet.iter_rows()
    header = next(lines, [])
    kinds: list[set[str]] = [set() for _ in header]
    rows = 0
    for line in lines:
        rows += 1
        for found, cell in zip(kinds, line, strict=True):
            if cell != "":
                found.add(_kind(cell))
    return header, kinds, rows


def _kind(cell: Cell) -> str:
    if isinstance(cell, float):
        return "whole" if cell.is_integer() and abs(cell) < _EXACT else "number"
    return _KINDS.get(type(cell), "other")


def _check_header(header: list[Cell], rows: int, label: str) -> None:
    """Refuse a first row that leaves half of the columns or more without a name."""
    named = sum(cell != "" for cell in header)
    if 2 * named <= len(header):
        problem = f"{label}: the first row does not name the columns"
        received = f"names for {named} of {len(header)} columns, and {rows:,} rows below"
        hint = "delete the titles and empty rows above the header"
        raise DataRefused(problem, received=received, hint=hint)


def _writer(section: TableSection) -> Callable[[Cell], str | None]:
    """Return what writes a cell as text, as the settings say that numbers and times are written."""

    def write(cell: Cell) -> str | None:
        if isinstance(cell, bool):
            return str(cell).upper()
        if isinstance(cell, float):
            exact = _kind(cell) == "whole"
            return str(int(cell)) if exact else repr(cell).replace(".", section.decimal)
        if isinstance(cell, date):
            moment = _moment(cell)
            return moment.strftime(section.time_format) if section.time_format else str(moment)
        return str(cell) or None

    return write


def _moment(cell: date) -> datetime:
    return cell if isinstance(cell, datetime) else datetime.combine(cell, time())


def _batches(
    sheet: CalamineSheet,
    columns: list[tuple[int, pa.DataType]],
    schema: pa.Schema,
    write: Callable[[Cell], str | None],
) -> Iterator[Batch]:
    """Yield the rows that are not empty, with their numbers below the header."""
    lines = enumerate(sheet.iter_rows())
    next(lines, None)
    while taken := list(islice(lines, _ROWS)):
        filled = [(number, line) for number, line in taken if any(cell != "" for cell in line)]
        arrays = [
            pa.array([_converted(line[place], kind, write) for _, line in filled], kind)
            for place, kind in columns
        ]
        arrays.append(pa.array([number for number, _ in filled], pa.int64()))
        yield pa.record_batch(arrays, schema)


def _converted(cell: Cell, kind: pa.DataType, write: Callable[[Cell], str | None]) -> Cell:
    if cell == "":
        return None
    if pa.types.is_string(kind):
        return write(cell)
    if pa.types.is_timestamp(kind):
        return _moment(cell)
    return int(cell) if pa.types.is_integer(kind) else cell
