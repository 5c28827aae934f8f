"""Write tables to files that are either wholly there or not there at all.

A table is written as Parquet for machines and as CSV for people. Spreadsheets run cells that look like
formulas, so in the CSV a text that starts with ``= + - @``, their full-width forms, a tab, a line
break or NUL gets an apostrophe in front, headers too; numbers are never touched, and `read_csv` takes
exactly these apostrophes away again. Quoting is that of RFC 4180, every text in quotes: nothing stands
without quotes but numbers, dates, flags and nulls. Records end with a line feed.

Why this way: a reader must never see half a file, so each is written beside its place, forced to disk
and moved in one step. The bytes depend on the table alone: no time, no host.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from valuemodel.exceptions import DataRefused, OutOfReach

Format = Literal["parquet", "csv"]
ArrowTable: TypeAlias = Any  # pyarrow ships no types

#: What starts a live cell, after any apostrophes; the last four are = + - @ in full width. (RE2)
_LIVE = r"^('*[=+\-@\t\r\n\x00\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])"
_GUARDED = _LIVE.replace("^(", "^'(")


def write_table(table: pd.DataFrame | ArrowTable, path: Path) -> None:
    """Write a table to ``path`` as Parquet or CSV, by its suffix, whole and on disk.

    Parameters
    ----------
    table : pandas.DataFrame or pyarrow.Table
        The table; a pandas index is not written.
    path : pathlib.Path
        ``*.parquet`` or ``*.csv``; its folder must exist.

    Raises
    ------
    DataRefused
        If a column cannot be written.
    OutOfReach
        If the folder cannot be written to, or its disk is full.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> names = pd.DataFrame({"name": ["=1+1", "Ltd"], "value": [-1.5, 2.0]})
    >>> with TemporaryDirectory() as folder:
    ...     write_table(names, Path(folder) / "names.csv")
    ...     print((Path(folder) / "names.csv").read_text())
    "name","value"
    "'=1+1",-1.5
    "Ltd",2
    """
    write = {".parquet": _write_parquet, ".csv": _write_csv}[path.suffix]
    try:
        arrow = _as_arrow(table)
        with reaching(path, needed=arrow.nbytes), durable(path) as file:
            write(arrow, file)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeError) as error:
        problem = f"the table {path.stem!r} holds something that cannot be written"
        hint = "a column must hold one kind of value, and texts must be valid Unicode"
        raise DataRefused(problem, received=str(error), hint=hint) from error


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV of `write_table` back as texts, without the apostrophes; nulls stay null.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_table(pd.DataFrame({"=n": ["@x", None, ""]}), Path(folder) / "t.csv")
    ...     read_csv(Path(folder) / "t.csv")["=n"].tolist()
    ['@x', nan, '']
    """
    with path.open("rb") as file:
        names = pyarrow.csv.open_csv(file, parse_options=_csv_layout()).schema.names
    kinds = dict.fromkeys(names, pa.string())
    nulls = pyarrow.csv.ConvertOptions(
        column_types=kinds,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    read = pyarrow.csv.read_csv(path, parse_options=_csv_layout(), convert_options=nulls)
    columns = [pc.replace_substring_regex(column, _GUARDED, r"\1") for column in read.columns]
    headers = pc.replace_substring_regex(pa.array(names, pa.string()), _GUARDED, r"\1")
    frame: pd.DataFrame = pa.table(columns, names=headers.to_pylist()).to_pandas()
    return frame


@contextmanager
def durable(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears at ``path`` only when the block ends well, whole and on disk.

    It is written beside its place, forced to disk and moved over what was there in one step. When
    the block fails, what was there stays and nothing else remains.
    """
    beside = path.with_name(f".{path.name}.tmp")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


@contextmanager
def reaching(path: Path, *, needed: int = 0) -> Iterator[None]:
    """Turn an error of the file system into `OutOfReach`, with what is needed and what is free."""
    try:
        yield
    except OSError as error:
        problem = f"{path} is out of reach"
        received = error.strerror or str(error)
        if needed:
            received += f"; the table holds about {needed:,} bytes, {_free(path)} are free there"
        hint = "free some space or name a folder that can be written to, then run again"
        raise OutOfReach(problem, received=received, hint=hint) from error


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk, so that a move survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _as_arrow(table: pd.DataFrame | ArrowTable) -> ArrowTable:
    frame = isinstance(table, pd.DataFrame)
    return pa.Table.from_pandas(table, preserve_index=False) if frame else table


def _free(path: Path) -> str:
    with suppress(OSError):
        return f"{shutil.disk_usage(path.parent).free:,}"
    return "an unknown number"


def _write_parquet(table: ArrowTable, file: BinaryIO) -> None:
    pyarrow.parquet.write_table(table, file, compression="zstd")


def _write_csv(table: ArrowTable, file: BinaryIO) -> None:
    headers = _guard(pa.array([str(name) for name in table.column_names], pa.string()))
    columns = [_for_people(column) for column in table.columns]
    guarded = pa.table(columns, names=headers.to_pylist())
    pyarrow.csv.write_csv(guarded, file, pyarrow.csv.WriteOptions(batch_size=16_384))


def _for_people(column: ArrowTable) -> ArrowTable:
    """Guard texts, and cut timestamps to whole seconds where they have no smaller part."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _for_people(column.cast(kind.value_type))
    if _is_text(kind):
        return _guard(column.cast(pa.large_string()))
    if pa.types.is_timestamp(kind):
        with suppress(pa.ArrowInvalid):
            return column.cast(pa.timestamp("s", kind.tz))
    return column


def _is_text(kind: ArrowTable) -> bool:
    types = pa.types
    texts = (types.is_string, types.is_large_string, types.is_string_view)
    bytes_ = (types.is_binary, types.is_large_binary, types.is_binary_view)
    return any(test(kind) for test in texts + bytes_)


def _guard(texts: ArrowTable) -> ArrowTable:
    """Put one apostrophe before what a spreadsheet would run, also where some stand already."""
    return pc.replace_substring_regex(texts, _LIVE, r"'\1")


def _csv_layout() -> ArrowTable:
    return pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
