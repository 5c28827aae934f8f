"""Parts of a source, and how they become one table.

Why this way: a source may be many files, and files disagree. Columns are joined by name; ids and
texts of different types are read as text, but a number or a time that is text in one file and not in
another is refused, because the declared form could misread it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ibis.backends.duckdb import Backend

from valuemodel.exceptions import DataRefused
from valuemodel.io.engine import identifier
from valuemodel.tables.raw import FILE, ROW, SourceFile
from valuemodel.tables.schemas import Kind

_WHOLE = frozenset(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"))
_UNSIGNED = frozenset(f"U{name}" for name in _WHOLE)
_FLOAT = frozenset(("FLOAT", "DOUBLE"))


@dataclass(frozen=True)
class Part:
    """Some rows of a source: where SQL finds them, and the type of each column.

    ``source`` says for each column how SQL calls it, cleaned headers being the keys of ``types``.
    """

    label: str
    relation: str
    types: Mapping[str, str]
    source: Mapping[str, str]
    file: str
    row: str


@dataclass
class Reading:
    """What has been read of a source so far."""

    parts: list[Part] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)
    repairs: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def repair(self, name: str, count: int) -> None:
        """Count a repair, if there was any."""
        if count:
            self.repairs[name] = self.repairs.get(name, 0) + count


def shown_as(path: Path, root: Path) -> str:
    """Return how messages call a file: by its path below the root, if it lies there."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def fingerprint(path: Path, root: Path, digest: str = "") -> SourceFile:
    """Return a file's size and SHA-256, unless the digest is known already."""
    if not digest:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return SourceFile(shown_as(path, root), path.stat().st_size, digest)


def join_parts(connection: Backend, view: str, reading: Reading, kinds: Mapping[str, Kind]) -> str:
    """Make one view of all parts, joined by column name, and return its name.

    Raises
    ------
    DataRefused
        If a number, time or flag has types in different files that cannot be read alike.
    """
    names = list(dict.fromkeys(name for part in reading.parts for name in part.types))
    disagree = {name: _disagreement(name, reading, kinds) for name in names}
    selects = []
    for part in reading.parts:
        columns = [
            _unified(part, name) if disagree[name] else _renamed(part, name) for name in part.types
        ]
        columns += [f"{part.file} AS {FILE}", f"{part.row} AS {ROW}"]
        selects.append(f"SELECT {', '.join(columns)} FROM {part.relation}")  # noqa: S608
    joined = " UNION ALL BY NAME ".join(selects)
    connection.raw_sql(f"CREATE OR REPLACE VIEW {view} AS {joined}")
    return view


def _renamed(part: Part, name: str) -> str:
    return f"{identifier(part.source[name])} AS {identifier(name)}"


def _unified(part: Part, name: str) -> str:
    """Take a column as text, whole floats without their ``.0``."""
    column = identifier(part.source[name])
    text = f"CAST({column} AS VARCHAR)"
    if part.types[name] in _FLOAT:
        whole = f"TRY_CAST({column} AS BIGINT)"
        text = (
            f"CASE WHEN isnan({column}) THEN NULL WHEN {whole} = {column} "
            f"THEN CAST({whole} AS VARCHAR) ELSE {text} END"
        )
    return f"{text} AS {identifier(name)}"


def _disagreement(name: str, reading: Reading, kinds: Mapping[str, Kind]) -> bool:
    """Say whether files disagree on a column's type, so that it must be read as text.

    Raises
    ------
    DataRefused
        If it is a number or a time in some files and text in others: the declared form is that of
        the text, so the others could be misread.
    """
    found = {part.types[name]: part.label for part in reading.parts if name in part.types}
    kind = kinds.get(name)
    numeric = all(one in _WHOLE | _UNSIGNED | _FLOAT or one.startswith("DECIMAL") for one in found)
    if len(found) == 1 or (numeric and kind in ("money", "number")):
        return False
    shown = ", ".join(f"{one} in {label}" for one, label in found.items())
    if kind in ("money", "number", "time", "flag"):
        problem = f"the column {name!r} has different types in different files"
        raise DataRefused(problem, received=shown, hint="export all files alike")
    if kind == "text":
        reading.notes.append(f"{name!r} is {shown}: read as text throughout")
    return True


def join_rejects(connection: Backend, view: str, rejects: list[str]) -> str:
    """Make one view of all rejected rows; return its name, or an empty text if no file was CSV."""
    if not rejects:
        return ""
    joined = " UNION ALL ".join(f"SELECT * FROM {table}" for table in rejects)  # noqa: S608
    connection.raw_sql(f"CREATE OR REPLACE VIEW {view} AS {joined}")
    return view


def check_unchanged(files: tuple[SourceFile, ...], root: Path) -> None:
    """Refuse when a file was written to or replaced while it was read.

    Why: a file of the same size may hold another export, so it is read once more. A table of a
    database was read in one transaction, and cannot change in it.

    Raises
    ------
    DataRefused
        Naming the file.
    """
    for file in files:
        path = root / file.name
        if "://" in file.name or not path.is_file():
            continue
        size = path.stat().st_size
        if size != file.size or fingerprint(path, root).digest != file.digest:
            problem = f"{file.name} changed while it was read"
            received = f"{file.size:,} bytes before, {size:,} after"
            raise DataRefused(problem, received=received, hint="run again when it is complete")
