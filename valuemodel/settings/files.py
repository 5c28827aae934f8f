"""Where settings files lie, which project they belong to, and what they are called beside others.

Why this way: a command may be started anywhere below the project, and a scheduler anywhere at all, so
that the project is found from the settings file and never from the working directory.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from valuemodel.exceptions import SettingsError
from valuemodel.settings.document import Settings

SETTINGS_FILE = "valuemodel.toml"


def find_settings(start: Path) -> Path:
    """Return ``valuemodel.toml`` in a folder or the nearest one above it."""
    for folder in (start, *start.parents):
        if (folder / SETTINGS_FILE).exists():
            return folder / SETTINGS_FILE
    problem = f"there is no {SETTINGS_FILE} here or above"
    hint = "name one with --settings, or make a project with 'valuemodel init DIR'"
    raise SettingsError(problem, received=str(start), hint=hint)


def project_root(settings: Path) -> Path:
    """Return the nearest ancestor of a settings file that holds ``pipelines/`` and ``models/``."""
    for folder in settings.parents:
        if (folder / "pipelines").is_dir() and (folder / "models").is_dir():
            return folder
    problem = (
        "the settings file lies outside a project: no folder above it has pipelines/ and models/"
    )
    raise SettingsError(problem, received=str(settings), hint="run 'valuemodel init DIR'")


def settings_with_cutoffs(root: Path) -> list[Path]:
    """Return the settings files in a project's ``pipelines/`` that name cutoffs to be judged on.

    Raises
    ------
    SettingsError
        If there is none, or one of the files has mistakes.
    """
    paths = sorted((root / "pipelines").glob("*.toml"))
    found = [path for path in paths if Settings.load(path).backtest.cutoffs]
    if not found:
        problem = "no settings file in pipelines/ names cutoffs to be judged on"
        hint = "set [backtest] cutoffs in one, or name files with --settings"
        raise SettingsError(problem, received=str(root / "pipelines"), hint=hint)
    return found


def set_names(paths: Sequence[Path]) -> list[str]:
    """Name settings files in a table: by file, ``valuemodel.toml`` by its folder, else by path.

    Examples
    --------
    >>> set_names([Path("pipelines/cdnow.toml"), Path("shop/valuemodel.toml")])
    ['cdnow', 'shop']
    >>> set_names([Path("a/shop.toml"), Path("b/shop.toml")])
    ['a/shop.toml', 'b/shop.toml']
    """
    short = [
        path.absolute().parent.name if path.name == SETTINGS_FILE else path.stem for path in paths
    ]
    return [
        name if short.count(name) == 1 else path.as_posix()
        for name, path in zip(short, paths, strict=True)
    ]
