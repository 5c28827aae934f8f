"""What an Excel file holds, before anything is built of it: bytes, cells and error cells.

Why this way: a workbook is a zip file, and a library that reads one takes memory for every cell of
the rectangle that its cells span, so a few kilobytes can ask for all memory there is: by their
expansion, or by two cells far apart. Here every member is inflated in small pieces and thrown away;
only the places of its cells are kept. The zip directory is not believed: it may say less than is there.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree as ET

from valuemodel.exceptions import DataRefused
from valuemodel.io.caps import IN_MEMORY, check_bytes, check_expansion, check_width
from valuemodel.settings import TableSection

_PIECE = 1 << 20
_LOCAL = struct.Struct("<26xHH")
#: The start of a row or cell, up to its place, which may be left out.
_PLACE = re.compile(
    rb"""<(?:\w+:)?(row|c)\b(?:[^<]*?\sr\s*=\s*["']\s*([A-Za-z]{0,9})(\d{1,19}))?"""
)
_ERROR = re.compile(rb"""<(?:\w+:)?c\s[^<]*?\bt\s*=\s*["']e["']""")
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError),
    *(KeyError, ET.ParseError),
)
_LINKS = "xl/_rels/workbook.xml.rels"
#: The list of sheets is never as long as this; a longer one is cut, and is then no XML.
_LISTS = 1 << 24
#: What one cell costs in memory, at the least.
_CELL = 32


@dataclass
class Extent:
    """How far the cells of one worksheet reach, and how many of them are errors such as #N/A."""

    rows: int = 0
    columns: int = 0
    errors: int = 0
    _next: int = 0

    def take(self, piece: bytes) -> None:
        """Follow the rows and cells of a piece of the worksheet."""
        for kind, letters, digits in _PLACE.findall(piece):
            if kind == b"row":
                self._next = 0
                self.rows = max(self.rows + 1, int(digits or 0))
                continue
            self._next = _column(letters) if letters else self._next + 1
            self.columns = max(self.columns, self._next)
            if digits:
                self.rows = max(self.rows, int(digits))
        self.errors += len(_ERROR.findall(piece))


def _column(letters: bytes) -> int:
    """Return the number of a column.

    Examples
    --------
    >>> _column(b"A"), _column(b"XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


def weigh(path: Path, section: TableSection, file: str) -> dict[str, Extent]:
    """Inflate a workbook without keeping it, and return how far each sheet reaches.

    Parameters
    ----------
    path : Path
        The workbook.
    section : TableSection
        The caps.
    file : str
        How messages call it.

    Returns
    -------
    dict
        By the name of the sheet.

    Raises
    ------
    DataRefused
        If it is no workbook, is damaged, or holds more than the caps allow.
    """
    packed, expanded = path.stat().st_size, 0
    extents: dict[str, Extent] = {}
    try:
        with path.open("rb") as raw, zipfile.ZipFile(raw) as archive:
            for member in archive.infolist():
                extent, tags = Extent(), _Tags()
                for piece in _inflated(raw, member):
                    expanded += len(piece)
                    check_expansion(expanded, packed, section, file, IN_MEMORY)
                    if "/worksheets/" in member.filename:
                        extent.take(tags.whole(piece))
                extent.take(tags.rest)
                extents[member.filename] = extent
            titles = _titles(archive)
    except _DAMAGE as error:
        problem = f"{file} cannot be read as an Excel workbook"
        hint = "save it again as .xlsx, without a password"
        raise DataRefused(problem, received=str(error), hint=hint) from None
    for extent in extents.values():
        check_width(extent.columns, section, file)
        check_bytes(_CELL * extent.rows * extent.columns, section, f"{file}, in memory,", IN_MEMORY)
    return {title: extents[member] for title, member in titles.items() if member in extents}


def _titles(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the zip member of each worksheet, by its name; expat bounds what entities expand to."""
    with archive.open("xl/workbook.xml") as listed, archive.open(_LINKS) as linked:
        book = ET.fromstring(listed.read(_LISTS))  # noqa: S314
        links = ET.fromstring(linked.read(_LISTS))  # noqa: S314
    targets = {link.get("Id"): link.get("Target", "") for link in links.iter()}
    found = {}
    for sheet in book.iterfind(".//{*}sheet"):
        keys = (value for name, value in sheet.items() if name.endswith("}id"))
        target = targets.get(next(keys, None), "")
        absolute = target.startswith("/")
        found[sheet.get("name", "")] = target[1:] if absolute else f"xl/{target}"
    return found


def _inflated(raw: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the real content of a member, whatever the directory says of its size."""
    raw.seek(member.header_offset)
    name, extra = _LOCAL.unpack(raw.read(_LOCAL.size))
    raw.seek(name + extra, 1)
    if member.flag_bits & 1 or member.compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):
        problem = "it is encrypted, or compressed in an unusual way"
        raise NotImplementedError(problem)
    stream = zlib.decompressobj(-15) if member.compress_type == zipfile.ZIP_DEFLATED else None
    left = member.compress_size
    while left > 0:
        piece = raw.read(min(_PIECE, left))
        if not piece:
            problem = "it is cut off"
            raise EOFError(problem)
        left -= len(piece)
        if stream is None:
            yield piece
            continue
        while piece:
            yield stream.decompress(piece, _PIECE)
            piece = stream.unconsumed_tail
    if stream is not None:
        yield stream.flush()


@dataclass
class _Tags:
    """What was not yet handed on, because the tag that begins in it may be torn."""

    rest: bytes = b""

    def whole(self, piece: bytes) -> bytes:
        """Return all that lies before the last tag."""
        found = self.rest + piece
        cut = max(found.rfind(b"<"), 0)
        if len(found) - cut > 2 * _PIECE:
            problem = "a worksheet has a tag or text of more than two megabytes"
            raise NotImplementedError(problem)
        self.rest = found[cut:]
        return found[:cut]
