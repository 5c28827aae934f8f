"""What settings take from the environment: secrets, and where public data lies."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from valuemodel.exceptions import SettingsError

_FROM_ENVIRONMENT = re.compile(r"\$\{(?:ENV:([A-Za-z_][A-Za-z0-9_]*)|(DATA))\}")
_PUBLIC_DATA = "data/public"


def fill_environment(text: str, written: Callable[[str], str] = str) -> str:
    """Replace ``${ENV:NAME}`` by the variable's value, and ``${DATA}`` by the folder of public data.

    Secrets live only in the environment. The folder of public data is named by ``VALUEMODEL_DATA``;
    without it, it is ``data/public`` in the project, where `valuemodel data get` puts it.

    Parameters
    ----------
    text : str
        As the settings write it.
    written : callable
        How a variable's value is written into the text, where it cannot stand there as it is.

    Raises
    ------
    SettingsError
        If the variable is not set.

    Examples
    --------
    >>> fill_environment("sales.csv")
    'sales.csv'
    """

    def value(match: re.Match[str]) -> str:
        if match[2]:
            return os.environ.get("VALUEMODEL_DATA") or _PUBLIC_DATA
        found = os.environ.get(match[1])
        if found is None:
            problem = f"the environment variable {match[1]} is not set"
            hint = f"set {match[1]}, or write the value that {text!r} needs"
            raise SettingsError(problem, received="nothing", hint=hint)
        return written(found)

    return _FROM_ENVIRONMENT.sub(value, text)
