"""Publish the tables of a run so that readers see the old run or the new one, never a mixture.

::

    <output>/
      .lock                      held by the kernel for the process that publishes
      .staging/<run key>/        what is being written; nobody reads it
      runs/<run key>/            complete runs, never changed again
      <as_of> -> runs/<run key>  the latest run of each cutoff
      CURRENT -> runs/<run key>  the run of the newest cutoff

A run is written in the staging folder, its manifest last, then moved to its place in one step, then
the two links are swapped, each in one step. The run key says what a run is made of, so the same
inputs, model, policy and code are published once, however often a scheduler starts them.

Why this way: a process can be killed between any two system calls. Before the move nothing has
happened, and the next run sweeps the remains; after it the next run with the same key only has to
point the links. The lock is the kernel's, so a dead holder needs no cleaning. Needs a POSIX file
system whose locks and renames hold; most network shares promise neither.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from valuemodel.exceptions import LockHeld, UsageError
from valuemodel.io.sinks import ArrowTable, Format, durable, reaching, sync_folder, write_table
from valuemodel.io.stored import CURRENT, MANIFEST, read_manifest
from valuemodel.periods import Cutoff

Links = Literal["forward", "back_too", "none"]

_TABLE_NAME = re.compile(r"^[a-z][a-z0-9_]{0,63}$")


def run_key(*, as_of: Cutoff, inputs: str, model: str, policy: str, code: str) -> str:
    """Return the key of a run: SHA-256 of its cutoff and of what it is made of.

    Parameters
    ----------
    as_of : Cutoff
        The cutoff that is scored.
    inputs, model, policy : str
        Fingerprint of the input tables, digests of the model and of the tier policy.
    code : str
        The version of valuemodel.

    Examples
    --------
    >>> made_of = {"inputs": "i", "model": "m", "policy": "p", "code": "0.1.0"}
    >>> run_key(as_of=Cutoff.parse("2011-06-09"), **made_of)[:12]
    '...'
    """
    said = [as_of.at.isoformat(), inputs, model, policy, code]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass
class Run:
    """A run that is being written; made by `open_run`.

    Parameters
    ----------
    output : pathlib.Path
        The output folder.
    key : str
        The run key.
    as_of : Cutoff
        The cutoff.
    links : {"forward", "back_too", "none"}
        Which links to point to it, as in `open_run`.
    """

    output: Path
    key: str
    as_of: Cutoff
    links: Links = "forward"
    _files: dict[str, dict[str, object]] = field(default_factory=dict, repr=False)

    @property
    def folder(self) -> Path:
        """Where the run is published."""
        return self.output / "runs" / self.key

    @property
    def already_published(self) -> bool:
        """Whether a run with this key is complete, so that there is nothing to write."""
        return (self.folder / MANIFEST).is_file()

    @property
    def _staging(self) -> Path:
        return self.output / ".staging" / self.key

    def write_table(
        self,
        name: str,
        table: pd.DataFrame | ArrowTable,
        formats: Sequence[Format] = ("parquet", "csv"),
    ) -> None:
        """Write a table into the staging folder and note its digest for the manifest."""
        if not _TABLE_NAME.match(name):
            problem = "a table name is made of small letters, digits and underscores"
            raise UsageError(problem, received=repr(name))
        if self.already_published:
            problem = f"the run {self.key[:12]} is already published and cannot be changed"
            raise UsageError(problem, received=name, hint="look at already_published first")
        with reaching(self._staging):
            self._staging.mkdir(parents=True, exist_ok=True)
        for suffix in formats:
            path = self._staging / f"{name}.{suffix}"
            write_table(table, path)
            self._files[path.name] = {**_digest(path), "rows": int(table.shape[0])}

    def finish(self, manifest: Mapping[str, Any]) -> Path:
        """Write the manifest, move the run to its place and point the links to it.

        Parameters
        ----------
        manifest : mapping
            What else to say of the run, as JSON; ``run_key``, ``as_of`` and ``files`` are added.

        Returns
        -------
        pathlib.Path
            The published folder.
        """
        own = {"run_key": self.key, "as_of": self.as_of.text, "files": self._files}
        if taken := sorted(own.keys() & manifest.keys()):
            problem = "the publication itself writes these keys of the manifest"
            raise UsageError(problem, received=", ".join(taken))
        text = json.dumps({**manifest, **own}, indent=2, sort_keys=True, ensure_ascii=False)
        with reaching(self._staging):
            self._staging.mkdir(parents=True, exist_ok=True)
            with durable(self._staging / MANIFEST) as file:
                file.write(f"{text}\n".encode())
            sync_folder(self._staging)
            self.folder.parent.mkdir(exist_ok=True)
            self._staging.rename(self.folder)
            sync_folder(self.folder.parent)
        self.point()
        return self.folder

    def point(self) -> None:
        """Point the links to the run."""
        if self.links == "none":
            return
        with reaching(self.output):
            _swap_link(self.output, self.as_of.text, self.key)
            current = _cutoff_of_current(self.output)
            if self.links == "back_too" or current is None or current <= self.as_of:
                _swap_link(self.output, CURRENT, self.key)
            sync_folder(self.output)


@contextmanager
def open_run(
    output: Path,
    key: str,
    as_of: Cutoff,
    *,
    since: str,
    links: Links = "forward",
) -> Iterator[Run]:
    """Hold the lock of an output folder and write one run into it.

    Nothing is published unless the block calls ``run.finish``. Remains of runs that died are swept
    first. Where the key is already published, only the links are pointed to it again and
    ``run.already_published`` is true.

    Parameters
    ----------
    output : pathlib.Path
        The output folder; made if need be.
    key : str
        From `run_key`.
    as_of : Cutoff
        The cutoff.
    since : str
        When the run began, for the message that other runs get.
    links : {"forward", "back_too", "none"}
        By default ``<as_of>`` and CURRENT are pointed to the run, but CURRENT never back to an older
        cutoff; that happens with ``"back_too"`` only. ``"none"`` publishes the run beside the others
        and points no link to it, as for the scores of a challenger.

    Yields
    ------
    Run
        The run to write.

    Raises
    ------
    LockHeld
        If another process publishes into the folder.
    OutOfReach
        If the folder cannot be written to, or its disk is full.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> as_of = Cutoff.parse("2011-06-09")
    >>> with TemporaryDirectory() as folder:
    ...     with open_run(Path(folder), "k1", as_of, since="2011-06-09T04:00") as run:
    ...         run.write_table("predictions", pd.DataFrame({"account_id": ["a"]}))
    ...         published = run.finish({"role": "champion"})
    ...     sorted(path.name for path in Path(folder).iterdir() if path.name[0] != ".")
    ['2011-06-09', 'CURRENT', 'runs']
    """
    if not re.fullmatch(r"[0-9a-z]{1,64}", key):
        problem = "a run key is a lower-case hexadecimal digest"
        raise UsageError(problem, received=repr(key), hint="make it with run_key")
    with _locked(output, since):
        run = Run(output, key, as_of, links)
        with reaching(output):
            _sweep(output)
        if run.already_published:
            run.point()
        try:
            yield run
        finally:
            with suppress(OSError):  # what cannot be removed now, the next run sweeps
                _sweep(output)


@contextmanager
def _locked(output: Path, since: str) -> Iterator[None]:
    path = output / ".lock"
    with reaching(path):
        output.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(descriptor, output)
        with reaching(path):
            os.ftruncate(descriptor, 0)
            holder = f"pid {os.getpid()} on {socket.gethostname()} since {since}"
            os.pwrite(descriptor, holder.encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)  # closing frees the lock; the file stays, or two could hold one each


def _lock(descriptor: int, output: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 1_000, 0).decode(errors="replace")
        problem = f"another run is publishing into {output}"
        hint = "wait until it is done, then run again; nothing needs to be cleaned up"
        received = f"held by {holder or 'a process that has just begun'}"
        raise LockHeld(problem, received=received, hint=hint) from None


def _sweep(output: Path) -> None:
    """Remove what dead runs left behind; only the holder of the lock may call it."""
    staging = output / ".staging"
    if staging.exists():
        shutil.rmtree(staging)


def _swap_link(output: Path, name: str, key: str) -> None:
    beside = output / ".staging" / f"{name}.link"
    beside.parent.mkdir(exist_ok=True)
    beside.unlink(missing_ok=True)
    beside.symlink_to(Path("runs") / key)
    beside.replace(output / name)


def _cutoff_of_current(output: Path) -> Cutoff | None:
    """Return the cutoff that CURRENT stands at; None where it leads to no run."""
    folder = output / CURRENT
    return Cutoff.parse(read_manifest(folder)["as_of"]) if (folder / MANIFEST).is_file() else None


def _digest(path: Path) -> dict[str, object]:
    with reaching(path), path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": found, "bytes": path.stat().st_size}
