"""Zip archives and workbooks from elsewhere, opened with suspicion.

Why this way: members are written under names of our own and counted while they expand, so neither a
member named ``../../evil`` nor a bomb that lies about its size can do harm.
"""

from __future__ import annotations

import importlib.util
import zipfile
import zlib
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pandas as pd

from valuemodel.exceptions import DataRefused, UsageError

_CHUNK = 1 << 20
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_WORKBOOK_BYTES = 2_000_000_000


def is_workbook(path: Path) -> bool:
    """Tell a workbook (itself a zip, or the older .xls) from a plain zip archive."""
    if not zipfile.is_zipfile(path):
        return path.suffix.lower() == ".xls"
    with zipfile.ZipFile(path) as archive:
        return "[Content_Types].xml" in archive.namelist()


def extract(archive: Path, pattern: str, into: Path, *, max_bytes: int) -> list[Path]:
    """Write the members whose base name matches `pattern` into a folder, under names of our own.

    Parameters
    ----------
    archive : pathlib.Path
        A zip file.
    pattern : str
        A shell pattern for base names, such as ``*.csv``.
    into : pathlib.Path
        An existing folder.
    max_bytes : int
        How much all these members may expand to.

    Raises
    ------
    DataRefused
        If it is no sound zip file, has no such member, names a path outside, or expands too far.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [_checked(info, archive) for info in opened.infolist() if not info.is_dir()]
            wanted = [info for info in members if fnmatch(_base(info).lower(), pattern.lower())]
            left, written = max_bytes, []
            for number, info in enumerate(wanted):
                target = into / f"member-{number:03d}{PurePosixPath(_base(info)).suffix}"
                left = _copy(opened, info, target, left)
                written.append(target)
    except _BROKEN as error:
        problem = f"{archive.name} is not a sound zip file"
        received = f"{type(error).__name__}: {error}"
        raise DataRefused(problem, received=received, hint="download it again") from None
    if not written:
        problem = f"{archive.name} has no member {pattern}"
        received = ", ".join(info.filename for info in members[:5]) or "an empty archive"
        raise DataRefused(problem, received=received, hint="it is not the published file")
    return written


def _base(info: zipfile.ZipInfo) -> str:
    return PurePosixPath(info.filename).name


def _checked(info: zipfile.ZipInfo, archive: Path) -> zipfile.ZipInfo:
    path = PurePosixPath(info.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        problem = f"{archive.name} has a member that points outside the archive"
        raise DataRefused(problem, received=info.filename, hint="it is not the published file")
    return info


def _copy(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, left: int) -> int:
    with opened.open(info) as source, target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                problem = "a zip member expands to more than it may"
                raise DataRefused(
                    problem, received=info.filename, hint="it is not the published file"
                )
            sink.write(chunk)
    return left


def require_excel() -> None:
    """Say clearly what to install where workbooks cannot be read."""
    if importlib.util.find_spec("python_calamine") is None:
        problem = "the original is a workbook, and the reader for workbooks is not installed"
        hint = "pip install 'valuemodel[excel]'"
        raise UsageError(problem, received="no python-calamine", hint=hint)


def read_sheets(path: Path, sheets: Sequence[str]) -> list[pd.DataFrame]:
    """Read sheets of a workbook as they are: objects, empty cells as empty text.

    Raises
    ------
    UsageError
        If the extra ``excel`` is not installed.
    DataRefused
        If it is no workbook, expands too far, or lacks a sheet.
    """
    require_excel()
    from python_calamine import CalamineError  # noqa: PLC0415 - only with the extra

    try:
        if zipfile.is_zipfile(path):
            _refuse_bomb(path)
        found = pd.read_excel(
            path, sheet_name=list(sheets), engine="calamine", dtype=object, na_filter=False
        )
        return [found[name] for name in sheets]
    except (CalamineError, ValueError, OSError, *_BROKEN) as error:
        problem = f"{path.name} is not a workbook with the sheets {', '.join(sheets)}"
        received = f"{type(error).__name__}: {error}"
        raise DataRefused(problem, received=received, hint="it is not the published file") from None


def _refuse_bomb(path: Path) -> None:
    with zipfile.ZipFile(path) as book:
        size = sum(info.file_size for info in book.infolist())
    if size > _WORKBOOK_BYTES:
        problem = f"{path.name} expands to more than a workbook may"
        raise DataRefused(problem, received=f"{size:,} bytes", hint="it is not the published file")
