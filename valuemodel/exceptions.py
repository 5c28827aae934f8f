"""One error tree: what was wrong, what was received, what to do.

Our exception hierarchy, each with the exit code of the command line::

    ValueModelError            1   anything else that we noticed ourselves
    ├── UsageError             2   a command or a call that cannot be carried out as asked
    │   └── SettingsError      2   a settings or definition file with mistakes, all at once
    ├── DataRefused            3   tables that must not be learned from or scored
    ├── GateRefused            4   a promotion gate or publish guard said no
    ├── ModelRefused           5   no model there, or one that must not be used
    ├── LockHeld               6   another run holds the lock
    └── OutOfReach             7   tracking store or sink unreachable where it is needed

Why this way: a scheduler decides by exit code, a person by the message, a program by the JSON;
all three come from the same object.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class ValueModelError(Exception):
    """Base of every error that valuemodel raises on purpose.

    Parameters
    ----------
    problem : str
        What was wrong, in one sentence.
    received : str, optional
        What was received instead.
    hint : str, optional
        What to do about it.
    details : sequence of str, optional
        One line per single mistake, when several were found at once.

    Examples
    --------
    >>> print(DataRefused("the table is empty", received="0 rows", hint="check the path"))
    the table is empty
      received: 0 rows
      hint: check the path
    """

    exit_code: int = 1

    def __init__(
        self, problem: str, *, received: str = "", hint: str = "", details: Sequence[str] = ()
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.received = received
        self.hint = hint
        self.details = tuple(details)

    def __str__(self) -> str:
        lines = [self.problem, *(f"  - {line}" for line in self.details)]
        if self.received:
            lines.append(f"  received: {self.received}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)

    def as_document(self) -> dict[str, object]:
        """Return the error as the JSON document that ``--json`` prints."""
        return {
            "error": {
                "type": type(self).__name__,
                "exit_code": self.exit_code,
                "problem": self.problem,
                "received": self.received,
                "hint": self.hint,
                "details": list(self.details),
            }
        }


class UsageError(ValueModelError):
    """A command or call that cannot be carried out as asked (exit code 2)."""

    exit_code = 2


class SettingsError(UsageError):
    """A settings, definition or policy file with mistakes; all of them are listed (exit code 2)."""


class DataRefused(ValueModelError):
    """Tables that must not be learned from or scored (exit code 3)."""

    exit_code = 3


class GateRefused(ValueModelError):
    """A promotion gate or a publish guard said no (exit code 4)."""

    exit_code = 4


class ModelRefused(ValueModelError):
    """No model is there, or one that must not be used (exit code 5)."""

    exit_code = 5


class LockHeld(ValueModelError):
    """Another run holds the lock (exit code 6)."""

    exit_code = 6


class OutOfReach(ValueModelError):
    """The tracking store or a sink cannot be reached where it is needed (exit code 7)."""

    exit_code = 7


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a "did you mean" hint for a mistyped name, or an empty string.

    Examples
    --------
    >>> nearest("horizen", ["horizons", "measure"])
    "did you mean 'horizons'?"
    >>> nearest("zzz", ["horizons", "measure"])
    ''
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {found[0]!r}?" if found else ""
