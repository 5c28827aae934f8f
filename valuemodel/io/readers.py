"""From a declared source to a raw table in the engine: files of every kind, and databases.

Why this way: each format gives *parts* (a piece of SQL and its column types); one place joins the
parts by column name and decides what to do where files disagree on a type. Parquet is read
where it lies, as a view; all others are copied, because only so do rows keep their place.
"""

from __future__ import annotations

import glob
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from valuemodel.exceptions import DataRefused, SettingsError
from valuemodel.io.caps import check_bytes, check_fields, check_width
from valuemodel.io.csv_file import (
    check_lines,
    clean_header,
    inspect_csv,
    load_csv,
    prepare_csv,
    read_header,
)
from valuemodel.io.duckdb_file import read_database
from valuemodel.io.engine import literal, spill_folder
from valuemodel.io.excel_file import read_excel
from valuemodel.io.gzip_file import expand
from valuemodel.io.parts import (
    Part,
    Reading,
    fingerprint,
    join_parts,
    join_rejects,
    shown_as,
)
from valuemodel.io.postgres import read_postgres
from valuemodel.io.postgres_address import SCHEMES
from valuemodel.settings import TableSection, fill_environment
from valuemodel.tables.raw import FILE, ROW, RawTable
from valuemodel.tables.schemas import Column

_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_PARQUET = (".parquet", ".pq")
_EXCEL = (".xlsx", ".xlsm")
_READABLE = (*_CSV, *_PARQUET, *_EXCEL)


def read_source(
    connection: Backend, name: str, section: TableSection, known: tuple[Column, ...], root: Path
) -> RawTable:
    """Read one declared table into the engine, as the view ``raw_<name>``.

    Parameters
    ----------
    connection : ibis DuckDB backend
        The engine, from `valuemodel.io.engine.connect`.
    name : str
        As in the contract: ``transactions``, ``accounts`` and so on.
    section : TableSection
        Its settings.
    known : tuple of Column
        The contract's columns, to know what each mapped column is for.
    root : Path
        The project's root: relative paths start there.

    Returns
    -------
    RawTable
        Columns as the files name them; from CSV all are text.

    Raises
    ------
    DataRefused
        If a file is not there, empty, or cannot be read as declared.
    SettingsError
        If the source is of no kind that can be read, or ``time_format`` is no form of time.
    """
    _check_form(connection, name, section.time_format)
    reading = Reading()
    for declared in section.sources:
        source = declared if declared.startswith(SCHEMES) else fill_environment(declared)
        if source.startswith(SCHEMES):
            read_postgres(connection, name, declared, section, reading)
        elif "://" in source:
            read_database(connection, name, source, section, root, reading)
        else:
            paths = _resolve(source, declared, root)
            for path in _of_kind(paths, _CSV):
                _read_csv(connection, path, section, root, reading)
            for path in _of_kind(paths, _EXCEL):
                read_excel(connection, name, path, section, root, reading)
            _read_parquet(connection, _of_kind(paths, _PARQUET), section, root, reading)
    _check_sheet(name, section, reading)
    kinds = {section.columns.get(column.name, column.name): column.kind for column in known}
    table = join_parts(connection, f"raw_{name}", reading, kinds)
    rejects = join_rejects(connection, f"rejects_{name}", reading.rejects)
    return RawTable(
        name,
        connection.table(table),
        connection.table(rejects) if rejects else None,
        tuple(reading.files),
        reading.repairs,
        tuple(reading.notes),
    )


def _check_form(connection: Backend, name: str, form: str | None) -> None:
    try:
        connection.con.execute("SELECT try_strptime('', ?)", [form]).fetchall()
    except duckdb.InvalidInputException as error:
        problem = f"tables.{name}.time_format = {form!r} is no form of time"
        hint = 'write it with strptime codes, such as "%d/%m/%Y %H:%M"'
        raise SettingsError(problem, received=str(error).splitlines()[0], hint=hint) from None


def _check_sheet(name: str, section: TableSection, reading: Reading) -> None:
    if section.sheet and not any(file.name.lower().endswith(_EXCEL) for file in reading.files):
        problem = f"tables.{name}.sheet is set, and none of its sources is an Excel file"
        raise SettingsError(problem, hint="leave sheet out")


def _resolve(source: str, declared: str, root: Path) -> list[Path]:
    """Return the files of a path or glob, in the order of their names."""
    whole = root / source
    found = [whole] if whole.is_file() else sorted(Path(p) for p in glob.glob(str(whole)))  # noqa: PTH207
    if not found:
        problem = f"no file matches {declared!r}"
        hint = "relative paths start at the project's root"
        if "${DATA}" in declared:
            hint = "run 'valuemodel data get NAME', or set VALUEMODEL_DATA to where it lies"
        raise DataRefused(problem, received=f"looked for {whole}", hint=hint)
    for path in found:
        if not _of_kind([path], _READABLE):
            problem = f"{path.name} is of no kind that can be read"
            hint = f"give {', '.join(_READABLE)}, duckdb:/// or postgresql://, with ?table=name"
            raise SettingsError(problem, received=f"source = {declared!r}", hint=hint)
    return found


def _of_kind(paths: list[Path], endings: tuple[str, ...]) -> list[Path]:
    return [path for path in paths if path.name.lower().endswith(endings)]


def _read_csv(
    connection: Backend, path: Path, section: TableSection, root: Path, reading: Reading
) -> None:
    shown, folder, digest = shown_as(path, root), spill_folder(connection), ""
    plain = prepared = path
    try:
        if path.suffix.lower() == ".gz":
            digest = fingerprint(path, root).digest
            plain = prepared = expand(path, section, folder, shown)
        check_bytes(plain.stat().st_size, section, shown)
        facts = inspect_csv(plain, section, shown)
        prepared = prepare_csv(plain, section, facts, folder)
        names, marked = clean_header(read_header(prepared, section, shown), shown)
        loaded = load_csv(connection, prepared, names, section, shown)
        check_lines(connection, loaded, names, facts, shown)
    finally:
        for copy in {plain, prepared} - {path}:
            copy.unlink()
    reading.repair("byte_order_mark_removed", marked)
    reading.repair("mixed_newlines_made_one", int(len(facts.newlines) > 1))
    reading.rejects.append(loaded[1])
    reading.files.append(fingerprint(path, root, digest or facts.digest))
    types = dict.fromkeys(names, "VARCHAR")
    reading.parts.append(Part(shown, loaded[0], types, {name: name for name in names}, FILE, ROW))


def _read_parquet(
    connection: Backend,
    paths: list[Path],
    section: TableSection,
    root: Path,
    reading: Reading,
) -> None:
    """Take files of the same schema together, so that a thousand files are a few parts."""
    groups: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    for path in paths:
        groups.setdefault(_parquet_columns(path, section, root), []).append(path)
        reading.files.append(fingerprint(path, root))
    for columns, members in groups.items():
        shown = shown_as(members[0], root)
        found = [name for name, _ in columns]
        names, marked = clean_header(found, shown)
        reading.repair("byte_order_mark_removed", marked * len(members))
        listed = ", ".join(literal(_unglobbed(path)) for path in members)
        relation = f"read_parquet([{listed}], filename={literal(FILE)}, file_row_number=true)"
        with duckdb.connect() as reader:
            described = reader.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608
        types = {name: str(row[1]) for name, row in zip(names, described, strict=False)}
        source = dict(zip(names, found, strict=True))
        place = f"replace({FILE}, {literal(root.as_posix() + '/')}, '')"
        part = Part(shown, relation, types, source, place, "file_row_number + 1")
        check_fields(connection, part, section)
        reading.parts.append(part)


def _parquet_columns(path: Path, section: TableSection, root: Path) -> tuple[tuple[str, str], ...]:
    """Return the columns of a file whose size, by its own account, is within the caps."""
    shown = shown_as(path, root)
    try:
        about = pq.read_metadata(path)
        schema = about.schema.to_arrow_schema()
    except (pa.ArrowInvalid, OSError) as error:
        problem = f"{shown} cannot be read as Parquet"
        raise DataRefused(problem, received=str(error).splitlines()[0]) from None
    groups = (about.row_group(place) for place in range(about.num_row_groups))
    values = about.num_rows * about.num_columns
    check_bytes(max(values, sum(group.total_byte_size for group in groups)), section, shown)
    check_width(len(schema), section, shown)
    return tuple((field.name, str(field.type)) for field in schema)


def _unglobbed(path: Path) -> str:
    """Return a path that the engine takes literally."""
    return glob.escape(str(path))
