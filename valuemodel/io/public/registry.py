"""The public data sets by name, and what ``valuemodel data get NAME`` does."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from valuemodel.exceptions import UsageError, nearest
from valuemodel.io.public.adventureworks import ADVENTUREWORKS
from valuemodel.io.public.cdnow import CDNOW
from valuemodel.io.public.crm_opportunities import CRM_OPPORTUNITIES
from valuemodel.io.public.download import Downloader
from valuemodel.io.public.iowa_liquor import IOWA_LIQUOR
from valuemodel.io.public.online_retail import ONLINE_RETAIL
from valuemodel.io.public.specification import PublicSet
from valuemodel.io.public.superstore import SUPERSTORE

PUBLIC: Mapping[str, PublicSet] = {
    public.name: public
    for public in (
        ONLINE_RETAIL,
        IOWA_LIQUOR,
        CDNOW,
        ADVENTUREWORKS,
        CRM_OPPORTUNITIES,
        SUPERSTORE,
    )
}


def get_public(
    name: str,
    folder: Path,
    *,
    report: Callable[[str], None],
    base_url: str | None = None,
    original: Path | None = None,
) -> list[Path]:
    """Provide a public data set as Parquet tables, where the settings files look for it.

    Parameters
    ----------
    name : str
        One of `PUBLIC`.
    folder : pathlib.Path
        The project's folder of public data; the tables come into a folder of their own in it.
    report : callable
        Takes one line for people about each thing done.
    base_url : str, optional
        A mirror that stands in for scheme and host of the original source.
    original : pathlib.Path, optional
        The original as downloaded by hand (a file, or the folder of its files).

    Returns
    -------
    list of pathlib.Path
        The tables.

    Raises
    ------
    UsageError
        If there is no such data set or file, or an extra is not installed.
    OutOfReach
        If the original source cannot be reached.
    DataRefused
        If the original is not what was published; nothing is written then.

    Examples
    --------
    >>> get_public("cd_now", Path("data"), report=print)
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.UsageError: there is no such public data set
      received: 'cd_now'
      hint: did you mean 'cdnow'?
    """
    if name not in PUBLIC:
        known = ", ".join(PUBLIC)
        hint = nearest(name, PUBLIC) or f"one of {known}"
        problem = "there is no such public data set"
        raise UsageError(problem, received=repr(name), hint=hint)
    return provide(PUBLIC[name], folder, report=report, base_url=base_url, original=original)


def provide(
    public: PublicSet,
    folder: Path,
    *,
    report: Callable[[str], None],
    base_url: str | None = None,
    original: Path | None = None,
) -> list[Path]:
    """Do what `get_public` does, for any declared data set."""
    if original is None:
        there = _already_there(public, folder, report)
        if there:
            return there
    elif not original.exists():
        problem = "there is no such original"
        raise UsageError(problem, received=str(original), hint=f"download it from {public.page}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{public.name}-") as work:
        workspace = Path(work)
        source = original or public.fetch(Downloader(report, base_url), workspace)
        tables = public.convert(source, workspace)
        public.verify(tables)
        staged = {path: _write(frame, workspace) for path, frame in tables.items()}
        written = [_publish(staged[path], folder / path) for path in tables]
    for path, frame in tables.items():
        report(f"wrote {len(frame):,} rows to {folder / path}")
    report(f"{public.title}; licence: {public.licence}")
    return written


def _already_there(
    public: PublicSet, folder: Path, report: Callable[[str], None]
) -> list[Path] | None:
    given = os.environ.get("VALUEMODEL_DATA")
    if given:
        there = [Path(given) / path for path in public.expected]
        if all(path.is_file() for path in there):
            report(f"VALUEMODEL_DATA has {public.name}: nothing to download")
            return there
        report(f"VALUEMODEL_DATA is set to {given}, which does not have {public.name}")
    there = [folder / path for path in public.expected]
    if all(path.is_file() for path in there):
        report(f"{public.name} is already in {folder}; delete it there to download it again")
        return there
    return None


def _write(frame: pd.DataFrame, workspace: Path) -> Path:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    handle, name = tempfile.mkstemp(dir=workspace, suffix=".parquet")
    with os.fdopen(handle, "wb") as sink:
        pq.write_table(table, sink, compression="zstd")
        sink.flush()
        os.fsync(sink.fileno())
    return Path(name)


def _publish(staged: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    staged.chmod(0o644)
    return staged.replace(target)
