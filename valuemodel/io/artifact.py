"""The model folder: data only, vetted before anything in it is parsed.

A folder holds ``manifest.json`` (format, name, features, horizons, ``trained_until``, versions and the
digest of every other file), ``model.json`` (plain values), one ``.npz`` of arrays where there are any, and
LightGBM's own text for every booster. MLflow stores this folder with ``loader_module =
"valuemodel.io.artifact"``; nothing in it is code and no pickle is ever opened.

Why this way: LightGBM parses crafted text into out-of-bounds writes (CVE-2026-92786, through 4.7.0), and
a renamed feature gives wrong scores without a word. So names, sizes, links and digests are looked at
first, and the digest of the manifest stands for the whole folder: whoever knows it knows every byte.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from pydantic import Field

from valuemodel.estimators.account_model import AccountModel
from valuemodel.estimators.state import Array, State
from valuemodel.exceptions import ModelRefused, SettingsError, UsageError, ValueModelError
from valuemodel.sections import Section, parse_section

FORMAT = 1
MANIFEST = "manifest.json"
MODEL = "model.json"
ARRAYS = "arrays.npz"

_TEXT = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+){0,4}\.lgb\.txt$")
_DIGEST = re.compile(r"^[0-9a-f]{64}$")
_MANIFEST_BYTES = 2 * 1024 * 1024
_FILE_BYTES = 256 * 1024 * 1024
_MOST_FILES = 500


class Feature(Section):
    """A feature in the manifest: its name and how it is read, in order."""

    name: str
    kind: str


class Manifest(Section):
    """``manifest.json``: what the model is, and the sha256 of every other file."""

    format: int
    name: str
    features: list[Feature]
    horizons: list[str]
    tier_horizon: str
    trained_until: str
    tags: dict[str, str]
    versions: dict[str, str]
    files: dict[str, str] = Field(min_length=1, max_length=_MOST_FILES)


def save(model: AccountModel, folder: Path) -> str:
    """Write a fitted model into a new folder and return its digest.

    The same model gives the same bytes, hence the same digest.

    Parameters
    ----------
    model : AccountModel
        All heads, fitted.
    folder : pathlib.Path
        Must not exist, or be empty.

    Returns
    -------
    str
        The sha256 of the manifest, which holds those of all other files.

    Raises
    ------
    UsageError
        If the folder holds something already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        problem = "a model is written into a folder of its own"
        raise UsageError(problem, received=f"{folder} is not empty", hint="name a new folder")
    state = model.to_state()
    contents = {MODEL: _json({"kind": state["kind"], "json": state["json"]})}
    contents |= {f"{name}.lgb.txt": text.encode() for name, text in state["texts"].items()}
    if state["arrays"]:
        contents[ARRAYS] = _npz(state["arrays"])
    manifest = _json(_manifest(model, contents))
    for name, content in contents.items():
        _write(folder / name, content)
    _write(folder / MANIFEST, manifest)
    return _sha256(manifest)


def load(folder: Path, expected_digest: str | None = None) -> AccountModel:
    """Vet a model folder, then read the model in it.

    Parameters
    ----------
    folder : pathlib.Path
        As `save` has written it.
    expected_digest : str, optional
        What `save` returned; given, nothing that was changed since is accepted.

    Raises
    ------
    ModelRefused
        If a file is missing, unknown, too large, a link, or not what the manifest says; if the
        format is another one; or if what is read contradicts the manifest.
    """
    contents, manifest = _vet(folder, expected_digest)
    try:
        model = AccountModel.from_state(_state(contents))
    except ValueModelError:
        raise
    except Exception as error:  # files with right digests and wrong content
        _refuse("the model folder cannot be read", f"{type(error).__name__}: {error}", error)
    _same_as_promised(model, manifest)
    return model


def describe(folder: Path, expected_digest: str | None = None) -> Manifest:
    """Vet a model folder and return its manifest, without reading the model."""
    return _vet(folder, expected_digest)[1]


class PythonModel:
    """What MLflow serves: the model behind ``predict(DataFrame)``."""

    def __init__(self, model: AccountModel) -> None:
        self.model = model

    def predict(self, X: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Predict every horizon's value and churn risk; there are no parameters."""
        del params
        return self.model.predict(X)


def _load_pyfunc(path: str) -> PythonModel:
    """Load the model for MLflow (the name is MLflow's)."""
    return PythonModel(load(Path(path)))


def _vet(folder: Path, expected: str | None) -> tuple[dict[str, bytes], Manifest]:
    """Read every byte of the folder once, and check it before it is parsed."""
    sizes = _listing(folder)
    if MANIFEST not in sizes:
        _refuse("the model folder has no manifest", f"{folder}")
    raw = _read(folder / MANIFEST, _MANIFEST_BYTES)
    if expected is not None and _sha256(raw) != expected:
        _refuse("the model folder is not the one that was registered", f"digest {_sha256(raw)}")
    manifest = _parse_manifest(raw)
    listed = set(manifest.files)
    present = set(sizes) - {MANIFEST}
    if listed != present or MODEL not in listed:
        received = f"missing: {sorted(listed - present)}, unknown: {sorted(present - listed)}"
        _refuse("the files of the model folder are not those of its manifest", received)
    contents = {name: _read(folder / name, _FILE_BYTES) for name in sorted(listed)}
    changed = [name for name in contents if _sha256(contents[name]) != manifest.files[name]]
    if changed:
        _refuse("files of the model folder were changed", ", ".join(changed))
    return contents, manifest


def _listing(folder: Path) -> dict[str, int]:
    """List the folder: plain files with known names only, neither links nor folders."""
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        _refuse("there is no model folder", f"{folder}: {error.strerror}", error)
    if len(entries) > _MOST_FILES:
        _refuse("the model folder holds too many files", f"{len(entries)} files")
    sizes: dict[str, int] = {}
    for entry in entries:
        status = entry.stat(follow_symlinks=False)
        known = entry.name in (MANIFEST, MODEL, ARRAYS) or _TEXT.match(entry.name)
        if not known or not stat.S_ISREG(status.st_mode):
            _refuse("the model folder holds something that is no model file", repr(entry.name))
        if status.st_size > (_MANIFEST_BYTES if entry.name == MANIFEST else _FILE_BYTES):
            _refuse("a file of the model folder is too large", f"{entry.name}: {status.st_size}")
        sizes[entry.name] = status.st_size
    return sizes


def _read(path: Path, limit: int) -> bytes:
    """Read a file without following a link, never more than the limit."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        _refuse("a file of the model folder cannot be read", f"{path.name}: {error}", error)
    if len(content) > limit:
        _refuse("a file of the model folder is too large", path.name)
    return content


def _parse_manifest(raw: bytes) -> Manifest:
    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
        known = document.get("format") == FORMAT
    except (ValueError, AttributeError, RecursionError) as error:
        _refuse("the manifest of the model folder cannot be read", str(error)[:200], error)
    if not known:
        _refuse("the model folder has another format", f"{document.get('format')!r}")
    try:
        manifest = parse_section(Manifest, document, "the manifest of the model")
    except SettingsError as error:
        _refuse("the manifest of the model folder is not valid", "; ".join(error.details), error)
    wrong = [name for name, digest in manifest.files.items() if not _DIGEST.match(digest)]
    if wrong:
        _refuse("the manifest of the model folder has no proper digest", ", ".join(wrong))
    return manifest


def _state(contents: Mapping[str, bytes]) -> State:
    document = json.loads(contents[MODEL].decode("utf-8"), parse_constant=_no_constant)
    texts = {
        name.removesuffix(".lgb.txt"): content.decode("utf-8")
        for name, content in contents.items()
        if name.endswith(".lgb.txt")
    }
    arrays: dict[str, Array] = {}
    if ARRAYS in contents:
        with np.load(io.BytesIO(contents[ARRAYS]), allow_pickle=False) as stored:
            arrays = {name: np.asarray(stored[name], dtype=np.float64) for name in stored.files}
    return State(kind=document["kind"], json=document["json"], arrays=arrays, texts=texts)


def _same_as_promised(model: AccountModel, manifest: Manifest) -> None:
    """Every head must read the features of the manifest, in its order."""
    promised = {feature.name: feature.kind for feature in manifest.features}
    for estimator in model.estimators.values():
        if list(estimator.encoder_.kinds.items()) != list(promised.items()):
            _refuse("the model reads other features than its manifest says", "names or order")
    horizons = (list(model.horizons), model.tier_horizon, model.trained_until.text)
    if horizons != (manifest.horizons, manifest.tier_horizon, manifest.trained_until):
        _refuse("the model is for other horizons than its manifest says", f"{horizons}")


def _manifest(model: AccountModel, contents: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "name": model.name,
        "features": [{"name": n, "kind": kind} for n, kind in model.feature_kinds.items()],
        "horizons": list(model.horizons),
        "tier_horizon": model.tier_horizon,
        "trained_until": model.trained_until.text,
        "tags": model.tags,
        "versions": _versions(),
        "files": {name: _sha256(content) for name, content in sorted(contents.items())},
    }


def _versions() -> dict[str, str]:
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for package in ("valuemodel", "lightgbm", "numpy", "pandas"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _json(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(document, indent=1, sort_keys=False, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


def _npz(arrays: Mapping[str, Array]) -> bytes:
    """Pack arrays; numpy stamps its zip entries with a fixed time, so bytes repeat."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _no_constant(text: str) -> float:
    problem = f"{text} is no number"
    raise ValueError(problem)


def _refuse(problem: str, received: str, cause: Exception | None = None) -> NoReturn:
    hint = "train and register the model again; never repair such a folder by hand"
    raise ModelRefused(problem, received=received, hint=hint) from cause
