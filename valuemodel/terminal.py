"""The terminal: what a command shows, and how it ends.

Why this way: results go to stdout, everything else to stderr and only where somebody watches; and an error
is shown the same way whichever command it comes from, with the exit code that schedulers know.
"""

from __future__ import annotations

import json
import signal
import sys
import traceback
from types import FrameType
from typing import Any, Never

from rich.console import Console

from valuemodel.exceptions import UsageError, ValueModelError
from valuemodel.project import Result


class Say:
    """Progress on stderr, where there is a terminal to read it."""

    def __init__(self, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet or not sys.stderr.isatty())

    def __call__(self, text: str) -> None:
        """Say one line."""
        self._console.print(text, markup=False, highlight=False)


def working(text: str, quiet: bool) -> Any:
    """Show that something is being done, as long as the block runs."""
    return Console(stderr=True, quiet=quiet or not sys.stderr.isatty()).status(text)


def show(result: Result, as_json: bool, quiet: bool) -> None:
    """Print what a pipeline leaves: one JSON document, or its lines."""
    if as_json:
        print(json.dumps(result.document, ensure_ascii=False, allow_nan=False, default=str))
    elif not quiet:
        print("\n".join(result.lines))


def fail(error: ValueModelError, as_json: bool) -> int:
    """Print an error, as JSON too where that was asked for, and return its exit code."""
    if as_json:
        print(json.dumps(error.as_document(), ensure_ascii=False))
    print(f"error: {error}", file=sys.stderr)
    return error.exit_code


def known(error: Exception) -> ValueModelError:
    """Turn errors of the command parser into ours; anything else is a fault of ours, with its trace."""
    said = getattr(error, "format_message", None)
    if said is not None:
        return UsageError(str(said()), hint="see 'valuemodel --help'")
    traceback.print_exception(error)
    shown = f"{type(error).__name__}: {error}"
    return ValueModelError("an unexpected fault, ours to mend", received=shown[:2_000])


def stopping() -> bool:
    """Say whether the process was told to stop."""
    # A library may make an error of its own of a stop: DuckDB says that its query was interrupted.
    return signal.getsignal(signal.SIGALRM) is terminated


def terminated(_number: int, _frame: FrameType | None) -> Never:
    """Stop for good, with the exit code of a terminated process; the handler of SIGTERM."""
    # Where a library's callback swallows the exception, it is raised again five seconds later.
    signal.signal(signal.SIGALRM, terminated)
    signal.alarm(5)
    raise SystemExit(143)
