"""``valuemodel init``: lay out a project, the same that the repository has.

Why this way: the wheel carries the very folders of the repository as ``_template``; in an editable
install they lie beside the package. Nothing is generated, so nothing can drift.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from valuemodel.exceptions import UsageError

_PACKAGE = Path(__file__).parent
_PARTS = ("pipelines", "models", "valuemodel.toml")


def template() -> Path:
    """Return the folder that holds the template: in the wheel, or the repository root."""
    carried = _PACKAGE / "_template"
    return carried if carried.is_dir() else _PACKAGE.parent


def init(folder: Path) -> list[Path]:
    """Lay out a project in a folder; existing files are never overwritten.

    Parameters
    ----------
    folder : pathlib.Path
        Where the project is to be; made when missing.

    Returns
    -------
    list of pathlib.Path
        What was written.

    Raises
    ------
    UsageError
        If any of the parts is there already.
    """
    there = [part for part in _PARTS if (folder / part).exists()]
    if there:
        problem = f"{folder} already has {', '.join(there)}"
        raise UsageError(problem, hint="choose another folder; nothing is ever overwritten")
    folder.mkdir(parents=True, exist_ok=True)
    for part in _PARTS:
        source = template() / part
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / part, ignore=ignore)
        else:
            shutil.copyfile(source, folder / part)
    (folder / ".gitignore").write_text(
        "data/\noutput/\nmlflow.db*\nmlartifacts/\n", encoding="utf-8"
    )
    return [folder / part for part in (*_PARTS, ".gitignore")]
