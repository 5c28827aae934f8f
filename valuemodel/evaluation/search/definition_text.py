"""Another value in the text of a definition, and nothing else: comments and order stay.

Why this way: a definition is written by people, with the reasons beside the numbers. A file printed
anew from what was parsed would lose them, and a person could not see at a glance what was changed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from valuemodel.exceptions import UsageError

_HEADER = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]+\s*(#.*)?$")


def with_values(text: str, values: Mapping[str, Any]) -> str:
    r"""Return a definition's text with other values at some paths.

    Parameters
    ----------
    text : str
        A TOML document; every section of a path that is there has a header of its own.
    values : mapping of str to value
        By dotted path; texts, numbers, flags and lists of them.

    Raises
    ------
    UsageError
        If the text is laid out in a way that this cannot change.

    Examples
    --------
    >>> print(with_values("[trees]\nrounds = 120  # usual\n", {"trees.rounds": 80}), end="")
    [trees]
    rounds = 80  # usual
    """
    lines = text.splitlines()
    wanted = tomllib.loads(text)
    for path, value in values.items():
        *above, key = path.split(".")
        _place(lines, ".".join(above), key, json.dumps(value))
        at = wanted
        for name in above:
            at = at.setdefault(name, {})
        at[key] = value
    changed = "\n".join([*lines, ""])
    try:
        same = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        problem = "this definition is laid out in a way that its values cannot be replaced in"
        hint = "give each section a header of its own, and each value one line"
        raise UsageError(problem, received=", ".join(values), hint=hint)
    return changed


def _place(lines: list[str], section: str, key: str, value: str) -> None:
    """Replace a value in its line, or add the line at the end of its section."""
    start, end = _lines_of(lines, section)
    if start < 0:
        lines += ["", f"[{section}]", f"{key} = {value}"]
        return
    own = re.compile(rf"(\s*{re.escape(key)}\s*=\s*)[^#]*?(\s*#.*)?$")
    for number in range(start, end):
        found = own.match(lines[number])
        if found:
            lines[number] = f"{found[1]}{value}{found[2] or ''}"
            return
    while end > start and not lines[end - 1].strip():
        end -= 1
    lines.insert(end, f"{key} = {value}")


def _lines_of(lines: list[str], section: str) -> tuple[int, int]:
    """Return where the lines of a section begin and end; -1 where it has no header."""
    headers = [
        (number, found[1]) for number, found in enumerate(map(_HEADER.match, lines)) if found
    ]
    starts = [(0, ""), *((number + 1, name) for number, name in headers)]
    ends = [*(number for number, _ in headers), len(lines)]
    for (start, name), end in zip(starts, ends, strict=True):
        if name == section:
            return start, end
    return -1, -1
