"""Read the tables of a published run, and nothing that was changed since.

Why this way: the link is followed once, so that all tables come from one run even if the next one is
published meanwhile; each file is checked against the digest in the manifest before it is parsed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.io.sinks import reaching
from valuemodel.periods import Cutoff

MANIFEST = "manifest.json"
CURRENT = "CURRENT"


@dataclass(frozen=True)
class StoredRun:
    """The stored tables of one run.

    Parameters
    ----------
    folder : pathlib.Path
        Where they lie.
    manifest : mapping
        What the run said of itself.
    tables : mapping of str to pandas.DataFrame
        The tables by name.
    """

    folder: Path
    manifest: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]

    @property
    def as_of(self) -> Cutoff:
        """The cutoff of the run."""
        return Cutoff.parse(str(self.manifest["as_of"]))


def current_run(output: Path) -> Path:
    """Return the folder of the run that CURRENT points to; `UsageError` if there is none."""
    return _followed(output, CURRENT)


def published(output: Path, as_of: Cutoff) -> Path:
    """Return the folder of the latest run of a cutoff; `UsageError` if there is none."""
    return _followed(output, as_of.text)


def runs(output: Path) -> list[Path]:
    """Return the folders of all complete runs, the oldest cutoff first, then by run key."""
    found = [manifest.parent for manifest in (output / "runs").glob(f"*/{MANIFEST}")]
    return sorted(found, key=lambda folder: (read_manifest(folder)["as_of"], folder.name))


def run_before(output: Path, as_of: Cutoff, names: Iterable[str]) -> StoredRun | None:
    """Return the champion's latest run of an earlier cutoff, or None where there is none yet.

    Parameters
    ----------
    output : pathlib.Path
        The output folder.
    as_of : Cutoff
        Runs of this cutoff and of later ones do not count.
    names : iterable of str
        Which tables to read.
    """
    links = {link.resolve() for link in output.glob("*") if link.is_symlink()}
    linked = [folder for folder in runs(output) if folder.resolve() in links]
    earlier = [one for one in linked if Cutoff.parse(read_manifest(one)["as_of"]) < as_of]
    return read_run(earlier[-1], names) if earlier else None


def read_run(folder: Path, names: Iterable[str] | None = None) -> StoredRun:
    """Read a published run.

    Parameters
    ----------
    folder : pathlib.Path
        From `current_run` or `published`.
    names : iterable of str, optional
        Which tables; all that the manifest lists by default.

    Returns
    -------
    StoredRun
        The tables, checked against the digests of the manifest.

    Raises
    ------
    UsageError
        If a table is not in the run.
    DataRefused
        If a file is missing or was changed after it was published.
    """
    manifest = read_manifest(folder)
    files = manifest["files"]
    known = [name.removesuffix(".parquet") for name in files if name.endswith(".parquet")]
    wanted = known if names is None else list(names)
    if unknown := sorted(set(wanted) - set(known)):
        problem = f"the run has no table {', '.join(unknown)}"
        raise UsageError(problem, received=f"its tables are {', '.join(known)}")
    tables = {name: _read(folder, f"{name}.parquet", files) for name in wanted}
    return StoredRun(folder, manifest, tables)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run, or say that the folder holds none."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        Cutoff.parse(manifest["as_of"])
        files = {name: str(facts["sha256"]) for name, facts in manifest["files"].items()}
    except FileNotFoundError:
        problem = "there is no published run in this folder"
        raise UsageError(problem, received=str(folder), hint="run 'valuemodel score'") from None
    except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise _changed(path, str(error)) from error
    if outside := [name for name in files if Path(name).name != name]:
        raise _changed(path, f"it names {outside[0]!r}")
    return dict(manifest)


def _followed(output: Path, link: str) -> Path:
    folder = (output / link).resolve()
    if not (folder / MANIFEST).is_file():
        problem = (
            "nothing is published yet" if link == CURRENT else f"nothing is published for {link}"
        )
        raise UsageError(problem, received=str(output / link), hint="run 'valuemodel score'")
    return folder


def _read(folder: Path, name: str, files: Mapping[str, Any]) -> pd.DataFrame:
    path = folder / name
    if not path.is_file():
        raise _changed(path, "no file")
    with reaching(path):
        content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != files[name]["sha256"]:
        raise _changed(path, f"{len(content):,} bytes with another digest")
    frame: pd.DataFrame = pyarrow.parquet.read_table(pa.BufferReader(content)).to_pandas()
    return frame


def _changed(path: Path, received: str) -> DataRefused:
    problem = f"{path.name} is not what was published"
    hint = f"take another run than {path.parent.name[:12]}, or score again into an empty folder"
    return DataRefused(problem, received=received, hint=hint)
