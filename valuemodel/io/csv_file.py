"""One CSV file into the engine: every column as text, every row in its place.

Why this way: types are decided later by the declared forms, so the reader guesses nothing. A first
pass in small pieces proves the encoding, sees which newlines are used and that no line is beyond the
cap, all before memory can grow; only then does DuckDB read the file, strictly, and rows that do not
split into the header's columns are kept apart with their text instead of being shifted or dropped.
"""

from __future__ import annotations

import codecs
import csv
import glob
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import duckdb
from ibis.backends.duckdb import Backend

from valuemodel.exceptions import DataRefused, SettingsError
from valuemodel.io.caps import check_width
from valuemodel.io.engine import identifier, literal
from valuemodel.settings import TableSection
from valuemodel.tables.raw import FILE, ROW

_PIECE = 1 << 22
_MARK = "\ufeff"
#: A byte order mark that was decoded as cp1252 and stayed in the first header.
_MANGLED_MARK = "ï»¿"
#: No null but the declared ones: DuckDB gets a text that no file holds.
_NO_NULL = "\x02no null\x03"


@dataclass(frozen=True)
class CsvFacts:
    """What the first pass learned about a file.

    ``lines`` counts lines as they lie in the file, header and empty ones included; ``blank`` is how
    many of them are empty.
    """

    size: int
    digest: str
    lines: int
    blank: int
    newlines: tuple[str, ...]


def clean_header(names: list[str], file: str) -> tuple[list[str], int]:
    """Return usable column names and how many were put right.

    A byte order mark before the first name is removed, a column without a name gets one.

    Raises
    ------
    DataRefused
        If two columns have the same name, upper and lower case taken as the same.

    Examples
    --------
    >>> clean_header(["ï»¿Row ID", "", "Sales"], "orders.csv")
    (['Row ID', 'unnamed_2', 'Sales'], 1)
    >>> clean_header(["id", "amount", "Amount"], "orders.csv")
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.DataRefused: orders.csv has the column 'Amount' more than once
      received: columns 2 and 3
      hint: rename one of them in the source
    """
    first = names[0].removeprefix(_MARK).removeprefix(_MANGLED_MARK) if names else ""
    repaired = int(bool(names) and first != names[0])
    cleaned = [first, *names[1:]] if names else []
    cleaned = [name or f"unnamed_{place}" for place, name in enumerate(cleaned, start=1)]
    seen: dict[str, int] = {}
    for place, name in enumerate(cleaned, start=1):
        before = seen.setdefault(name.casefold(), place)
        if before != place:
            problem = f"{file} has the column {name!r} more than once"
            hint = "rename one of them in the source"
            raise DataRefused(problem, received=f"columns {before} and {place}", hint=hint)
    return cleaned, repaired


def inspect_csv(path: Path, section: TableSection, file: str) -> CsvFacts:
    """Read a file once in small pieces: prove its encoding, count its lines, find the longest.

    Raises
    ------
    DataRefused
        If bytes do not fit the declared encoding, or a line is longer than ``max_field_bytes``.
    """
    decoder = io.IncrementalNewlineDecoder(_decoder(section), translate=True)
    digest, size, lines, blank, open_line = hashlib.sha256(), 0, 0, 0, 0
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            parts = _decoded(decoder, piece, section, f"{file}, below line {lines}").split("\n")
            parts[0] = " " * open_line + parts[0]
            _refuse_long(parts, section.max_field_bytes, f"{file}, below line {lines}")
            lines += len(parts) - 1
            blank += parts[:-1].count("")
            open_line = len(parts[-1])
    rest = _decoded(decoder, b"", section, f"{file}, below line {lines}")
    lines += int(bool(open_line or rest))
    found = decoder.newlines
    kinds = found if isinstance(found, tuple) else (found,) if found else ()
    return CsvFacts(size, digest.hexdigest(), lines, blank, kinds)


def _decoder(section: TableSection) -> codecs.IncrementalDecoder:
    try:
        return codecs.getincrementaldecoder(section.encoding)()
    except LookupError:
        problem = f"there is no encoding {section.encoding!r}"
        raise SettingsError(problem, hint="utf-8, utf-16, cp1252 and latin-1 are usual") from None


def _decoded(
    decoder: io.IncrementalNewlineDecoder, piece: bytes, section: TableSection, place: str
) -> str:
    try:
        return decoder.decode(piece, final=not piece)
    except UnicodeError as error:
        problem = f"{place}: bytes do not fit the declared encoding {section.encoding!r}"
        likely = "utf-16" if piece[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "cp1252"
        hint = f'declare the encoding of the file, such as encoding = "{likely}"'
        raise DataRefused(problem, received=str(error), hint=hint) from None


def _refuse_long(lines: list[str], cap: int, place: str) -> None:
    longest = max(map(len, lines))
    if longest > cap:
        problem = f"{place}: a line is longer than max_field_bytes = {cap:,}"
        hint = "check quotes and delimiter, or raise max_field_bytes"
        raise DataRefused(problem, received=f"at least {longest:,} characters", hint=hint)


def prepare_csv(path: Path, section: TableSection, facts: CsvFacts, folder: Path) -> Path:
    """Return a file that DuckDB reads as meant: UTF-8 with one kind of newline.

    The file itself where it is so already; otherwise a copy, rewritten in small pieces.
    """
    usual = facts.newlines in ((), ("\n",), ("\r\n",))
    if usual and codecs.lookup(section.encoding).name in ("utf-8", "ascii"):
        return path
    copy = folder / f"{facts.digest[:16]}.csv"
    with (
        path.open("r", encoding=section.encoding, newline=None) as source,
        copy.open("w", encoding="utf-8", newline="\n") as target,
    ):
        while piece := source.read(_PIECE):
            target.write(piece)
    return copy


def read_header(path: Path, section: TableSection, file: str) -> list[str]:
    """Read the names in the first record, within the caps.

    Raises
    ------
    DataRefused
        If the file is empty, or has more columns than ``max_columns``.
    """
    with path.open("r", encoding="utf-8", newline="") as stream:
        start = stream.read(section.max_field_bytes)
    names = next(csv.reader(io.StringIO(start), delimiter=section.delimiter), [])
    if not names or names in ([""], [_MARK]):
        problem = f"{file} is empty: it has not even a header"
        raise DataRefused(problem, hint="export again, or correct the path")
    check_width(len(names), section, file)
    return names


def load_csv(
    connection: Backend, path: Path, names: list[str], section: TableSection, file: str
) -> tuple[str, str]:
    """Copy one prepared file into the engine.

    Parameters
    ----------
    connection : ibis DuckDB backend
        The engine.
    path : Path
        A file as `prepare_csv` returns it.
    names : list of str
        Its columns, cleaned.
    section : TableSection
        Delimiter and caps.
    file : str
        How messages and the quarantine call it.

    Returns
    -------
    tuple of str
        The names of two new tables: the rows, with `FILE` and `ROW`; and the rejected rows, with
        `FILE`, `ROW` and ``line``.

    Raises
    ------
    DataRefused
        If DuckDB cannot read the file at all.
    """
    like = "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'csv_read_%'"
    taken = connection.raw_sql(like).fetchone()[0]
    read, rows, rejects = f"csv_read_{taken}", f"csv_rows_{taken}", f"csv_rejects_{taken}"
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    reader = f"""read_csv({literal(glob.escape(str(path)))}, auto_detect=false, header=true,
        columns={{{columns}}}, delim={literal(section.delimiter)}, quote='"', escape='"',
        nullstr=[{literal(_NO_NULL)}], strict_mode=true, null_padding=false,
        max_line_size={4 * section.max_field_bytes}, store_rejects=true,
        rejects_table='found_rejects', rejects_scan='found_scans')"""
    connection.raw_sql("SET preserve_insertion_order = true")  # rows are counted as they lie
    try:
        connection.raw_sql(
            f"CREATE TABLE {read} AS SELECT *, row_number() OVER () AS {ROW} FROM {reader}"  # noqa: S608
        )
    except duckdb.Error as error:
        problem = f"{file} cannot be read as CSV"
        raise DataRefused(problem, received=str(error).splitlines()[0]) from None
    finally:
        connection.raw_sql("SET preserve_insertion_order = false")
    _keep_rejects(connection, rejects, file)
    _number_rows(connection, read, rows, rejects, file)
    return rows, rejects


def _keep_rejects(connection: Backend, rejects: str, file: str) -> None:
    """Keep a row per line of the rejected records; DuckDB names a record once per fault in it.

    A stray quote makes one record of many lines: each of them is a row that was not read.
    """
    connection.raw_sql(
        f"""CREATE TABLE {rejects} AS
        WITH found AS (
            SELECT line AS record,
                   string_split(rtrim(min(csv_line), chr(10) || chr(13)), chr(10)) AS pieces
            FROM found_rejects GROUP BY line
        ), placed AS (
            SELECT *, sum(len(pieces) - 1) OVER (ORDER BY record) - len(pieces) + 1 AS before
            FROM found
        )
        SELECT {literal(file)} AS {FILE}, unnest(pieces) AS line, record,
               CAST(record - 1 + before AS BIGINT) + unnest(range(len(pieces))) AS {ROW}
        FROM placed"""  # noqa: S608
    )
    for found in ("found_rejects", "found_scans"):
        connection.raw_sql(f"DROP TABLE {found}")


def _number_rows(connection: Backend, read: str, rows: str, rejects: str, file: str) -> None:
    """Give each accepted row its place in the file, rejected lines counted."""
    connection.raw_sql(
        f"""CREATE VIEW {rows} AS
        WITH records AS (
            SELECT record, count(*) AS lines FROM {rejects} GROUP BY record
        ), passed AS (
            SELECT record - row_number() OVER (ORDER BY record) AS accepted,
                   sum(lines) OVER (ORDER BY record) AS so_far FROM records
        ), steps AS (SELECT accepted, max(so_far) AS so_far FROM passed GROUP BY accepted)
        SELECT {read}.* EXCLUDE ({ROW}), {literal(file)} AS {FILE},
               CAST({read}.{ROW} + coalesce(steps.so_far, 0) AS BIGINT) AS {ROW}
        FROM {read} ASOF LEFT JOIN steps ON {read}.{ROW} >= steps.accepted"""  # noqa: S608
    )


def check_lines(
    connection: Backend, loaded: tuple[str, str], names: list[str], facts: CsvFacts, file: str
) -> None:
    """Prove that every line of the file lies in a row, a reject or the header.

    Why: a quote that is never closed swallows the lines after it, and DuckDB reports that as a
    single rejected row, however many lines are gone.

    Raises
    ------
    DataRefused
        If lines are unaccounted for.
    """
    rows, rejects = loaded
    one = connection.raw_sql(
        f"SELECT (SELECT count(*) FROM {rows}) + count(*), min({ROW}) FROM {rejects}"  # noqa: S608
    ).fetchone()
    records, first_reject = int(one[0]), one[1]
    if facts.lines - 1 - facts.blank <= records:
        return
    breaks = " + ".join(
        f"sum(length({identifier(name)}) - length(replace({identifier(name)}, chr(10), '')))"
        for name in names
    )
    inside = int(connection.raw_sql(f"SELECT {breaks} FROM {rows}").fetchone()[0] or 0)  # noqa: S608
    header = 1 + sum(name.count("\n") for name in names)
    lost = facts.lines - header - facts.blank - records - inside
    if lost > 0:
        problem = f"{file}: {lost:,} lines vanish inside a quote that is not closed"
        received = f"{facts.lines:,} lines; the first damaged data row is {first_reject}"
        hint = "correct the quote there, or export again with every field quoted"
        raise DataRefused(problem, received=received, hint=hint)
