"""The company's own play: from ``[play] own`` in the tier policy to a function of its project (S9).

Why this way: the slot takes any function of one record, so a company's method lives in the company's
project, under its own name and version; which file it was is part of what a run rests on. What the
function is given and may return, `valuemodel.tiers.records.plays` says.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

from valuemodel.exceptions import SettingsError, nearest
from valuemodel.io.own_file import own_digest, own_path, run_own_file, wrong_place
from valuemodel.tiers.records.plays import OwnPlay


def load_play(named: str | None, root: Path) -> OwnPlay | None:
    """Load the play function that the tier policy names.

    Parameters
    ----------
    named : str, optional
        A file, relative to the project root, and a function: ``plays/esp.py:play``.
    root : pathlib.Path
        The project root.

    Returns
    -------
    callable or None
        The function; nothing where none is named.

    Raises
    ------
    SettingsError
        If the file lies outside the project, is not there or fails, or has no such function of one
        argument.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     text = "def play(account): return 'our way with ' + account['name']"
    ...     _ = (Path(folder) / "esp.py").write_text(text)
    ...     load_play("esp.py:play", Path(folder))({"name": "Acme"})
    'our way with Acme'
    """
    if named is None:
        return None
    found = _function(run_own_file(own_path(named, root), root), named.rpartition(":")[2])
    if isinstance(found, str):
        raise _refused(named, found)
    return found


def play_digest(named: str | None, root: Path) -> str:
    """Return name and SHA-256 of the file that holds the play, empty where none is named.

    Raises
    ------
    SettingsError
        If the file is none of the project's.
    """
    if named is None:
        return ""
    path = own_path(named, root)
    if wrong := wrong_place(path, root):
        raise _refused(named, wrong)
    return own_digest(path, root)


def _refused(named: str, why: str) -> SettingsError:
    hint = "a play is a function of this project that takes one account's record and returns text"
    return SettingsError(
        "the play of your own cannot be loaded", details=[f"play.own {named}: {why}"], hint=hint
    )


def _function(module: ModuleType | str, name: str) -> OwnPlay | str:
    """Return a function of a file, or say why it is none."""
    if isinstance(module, str):
        return module
    if not hasattr(module, name):
        known = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        hint = nearest(name, known) or f"it has {', '.join(known) or 'no function'}"
        return f"the file has no {name}; {hint}"
    found: object = getattr(module, name)
    if not callable(found):
        return f"{name} is no function"
    try:
        inspect.signature(found).bind({})
    except (TypeError, ValueError) as error:
        return f"{name} must take one argument, the account's record: {error}"
    play: OwnPlay = found
    return play
