"""The company's own features: from ``[features] own`` in the settings to functions of its project.

Why this way: what a project names, it owns; so a file must lie inside the project, is read from there
whatever the working directory, and belongs to the fingerprint of what is made of it: a function that
was changed is another input. What a feature is, `valuemodel.features.own` says.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from valuemodel.exceptions import SettingsError, nearest
from valuemodel.features.own import OwnFeature


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
        path = _path(reference, root)
        if path not in modules:
            modules[path] = _module(path, root)
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
    files = sorted({_path(reference, root) for reference in references})
    return [
        f"{file.relative_to(root.resolve())} {hashlib.sha256(file.read_bytes()).hexdigest()}"
        for file in files
    ]


def _path(reference: str, root: Path) -> Path:
    return (root / reference.rpartition(":")[0]).resolve()


def _module(path: Path, root: Path) -> ModuleType | str:
    """Run a file of the project, or say why not."""
    spec = importlib.util.spec_from_file_location(f"valuemodel_own_{path.stem}", path)
    wrong = _wrong_place(path, root)
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


def _wrong_place(path: Path, root: Path) -> str:
    if not path.is_relative_to(root.resolve()):
        return f"the file lies outside the project, in {path.parent}"
    if path.is_file():
        return ""
    beside = [file.name for file in path.parent.glob("*.py")] if path.parent.is_dir() else []
    return f"there is no such file; {nearest(path.name, beside) or f'looked for {path}'}"


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
