"""Run a Python file of the project and take what is named in it: ``folder/file.py:name``.

Why this way: what a project names, it owns; so a file must lie inside the project, links followed, is read
from there whatever the working directory, and belongs to the fingerprint of what is made with it: a
function that was changed is another input.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from types import ModuleType

from valuemodel.exceptions import SettingsError, nearest


def own_path(reference: str, root: Path) -> Path:
    """Return the file that a reference names, links followed.

    Examples
    --------
    >>> own_path("plays/esp.py:play", Path("/")).as_posix()
    '/plays/esp.py'
    """
    return (root / reference.rpartition(":")[0]).resolve()


def run_own_file(path: Path, root: Path) -> ModuleType | str:
    """Run a file of the project; return its module, or in words why there is none.

    Parameters
    ----------
    path : pathlib.Path
        Of `own_path`.
    root : pathlib.Path
        The project root.
    """
    spec = importlib.util.spec_from_file_location(f"valuemodel_own_{path.stem}", path)
    wrong = wrong_place(path, root)
    if wrong or spec is None or spec.loader is None:
        return wrong or "the file is no Python file"
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SettingsError as error:
        return "; ".join([error.problem, *error.details])
    except Exception as error:  # whatever a company's file does wrong, its author is told
        return f"the file failed: {type(error).__name__}: {error}"
    return module


def own_digest(path: Path, root: Path) -> str:
    """Return the file's name in the project and the SHA-256 of what it says."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{path.relative_to(root.resolve())} {digest}"


def wrong_place(path: Path, root: Path) -> str:
    """Say why a file is none of the project's; nothing where it is one."""
    if not path.is_relative_to(root.resolve()):
        return f"the file lies outside the project, in {path.parent}"
    if path.is_file():
        return ""
    beside = [file.name for file in path.parent.glob("*.py")] if path.parent.is_dir() else []
    return f"there is no such file; {nearest(path.name, beside) or f'looked for {path}'}"
