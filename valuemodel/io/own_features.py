"""The company's own features: from ``[features] own`` in the settings to functions of its project.

Why this way: what a project names, it owns; so a file must lie inside the project, is read from there
whatever the working directory, and belongs to the fingerprint of what is made of it: a function that
was changed is another input. What a feature is, `valuemodel.features.own` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from valuemodel.exceptions import SettingsError, nearest
from valuemodel.features.own import OwnFeature
from valuemodel.io.own_file import own_digest, own_path, run_own_file


def load_own_features(references: Sequence[str], root: Path) -> tuple[OwnFeature, ...]:
    """Load the features that the settings name, in their order.

    Parameters
    ----------
    references : sequence of str
        Each a file, relative to the project root, and a function: ``features/loyalty.py:visits``.
    root : pathlib.Path
        The project root.

    Raises
    ------
    SettingsError
        If a file or function is not there, or is no feature; all mistakes at once.

    Examples
    --------
    >>> import tempfile
    >>> text = '''
    ... from valuemodel.features import feature
    ... @feature(of="orders", label="Orders ever", unit="orders", direction="more",
    ...          actionable="yes", sentence="Ordered {value} times")
    ... def orders_ever(orders):
    ...     return orders.table.count()
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "mine.py").write_text(text)
    ...     [
    ...         own.definition.feature.label
    ...         for own in load_own_features(["mine.py:orders_ever"], Path(folder))
    ...     ]
    ['Orders ever']
    """
    found: list[OwnFeature] = []
    mistakes: list[str] = []
    modules: dict[Path, ModuleType | str] = {}
    for reference in references:
        name = reference.rpartition(":")[2]
        path = own_path(reference, root)
        if path not in modules:
            modules[path] = run_own_file(path, root)
        one = _member(modules[path], name)
        if isinstance(one, OwnFeature):
            found.append(one)
        else:
            mistakes.append(f"features.own {reference}: {one}")
    if mistakes:
        problem = "features of your own cannot be loaded"
        hint = "a feature is a function of this project with @feature(...) above it"
        raise SettingsError(problem, details=mistakes, hint=hint)
    return tuple(found)


def own_digests(references: Sequence[str], root: Path) -> list[str]:
    """Return the SHA-256 of each file that holds such a feature, with its name."""
    files = sorted({own_path(reference, root) for reference in references})
    return [own_digest(file, root) for file in files]


def _member(module: ModuleType | str, name: str) -> OwnFeature | str:
    """Return a feature of a file, or say why it is none."""
    if isinstance(module, str):
        return module
    if not hasattr(module, name):
        known = [key for key, value in vars(module).items() if isinstance(value, OwnFeature)]
        hint = nearest(name, known) or f"it has {', '.join(known) or 'no feature'}"
        return f"the file has no {name}; {hint}"
    found = getattr(module, name)
    return (
        found if isinstance(found, OwnFeature) else "it is not a feature; @feature(...) is missing"
    )
