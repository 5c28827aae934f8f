"""A gzipped file, expanded into the engine's folder in small pieces.

Why this way: what a gzip file says of its own size is wrong beyond 4 GB and for several members, and
can be a lie; so the bytes are counted as they come out, and nothing beyond the caps is ever written.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from valuemodel.exceptions import DataRefused
from valuemodel.io.caps import check_expansion
from valuemodel.settings import TableSection

_PIECE = 1 << 22


def expand(path: Path, section: TableSection, folder: Path, file: str) -> Path:
    """Write the expanded file into a folder, and return where it lies.

    Parameters
    ----------
    path : Path
        The gzipped file; it may have several members, as joined files do.
    section : TableSection
        The caps.
    folder : Path
        Where the copy goes; the caller removes it.
    file : str
        How messages call it.

    Raises
    ------
    DataRefused
        If it expands beyond the caps, is cut off, or is damaged.
    """
    packed, expanded = path.stat().st_size, 0
    copy = folder / "expanded.csv"
    try:
        with gzip.open(path, "rb") as stream, copy.open("wb") as target:
            while piece := stream.read(_PIECE):
                expanded += len(piece)
                check_expansion(expanded, packed, section, file)
                target.write(piece)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        copy.unlink()
        cut = isinstance(error, EOFError)
        problem = f"{file} is {'cut off' if cut else 'no gzip file, or damaged'}"
        received = f"{packed:,} bytes; {str(error).splitlines()[0]}"
        raise DataRefused(problem, received=received, hint="export or copy it again") from None
    except DataRefused:
        copy.unlink()
        raise
    return copy
