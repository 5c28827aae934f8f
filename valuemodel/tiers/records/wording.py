"""How the facts of one account are written on its page, and how text of others is made safe to look at.

Why this way: a page that people print shows names and reasons that others typed. What is invisible, breaks
lines or turns the direction of reading is replaced by a visible sign, and nothing of it becomes markup.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

#: What is said where nothing is known.
NOT_KNOWN = "not known"

#: Stands for each character that would be invisible or change the direction of reading.
_SIGN = "\N{REPLACEMENT CHARACTER}"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKUP = str.maketrans({letter: f"\\{letter}" for letter in "\\`*[]<>|"})
_LONGEST = 400

#: By when what is in the pipeline is expected, by its column.
NEEDS: Mapping[str, str] = MappingProxyType(
    {
        "pipeline_3m": "within 3 months",
        "pipeline_12m": "in 3 to 12 months",
        "pipeline_36m": "in 1 to 3 years",
    }
)


def shown(text: object) -> str:
    r"""Return text of others, safe to look at and without markup; missing text says so.

    Examples
    --------
    >>> shown("Acme\u202egpj.exe"), shown("two\nlines"), shown("<b>*bold*"), shown(None)
    ('Acme\ufffdgpj.exe', 'two lines', '\\<b\\>\\*bold\\*', 'not known')
    """
    if missing(text):
        return NOT_KNOWN
    spaced = " ".join(str(text).split())
    seen = "".join(_SIGN if unicodedata.category(one) in _HIDDEN else one for one in spaced)
    return (seen if len(seen) <= _LONGEST else seen[: _LONGEST - 1] + "…").translate(_MARKUP)


def missing(value: object) -> bool:
    """Say whether a cell of a table is empty.

    Examples
    --------
    >>> missing(None), missing(float("nan")), missing(pd.NaT), missing(0.0)
    (True, True, True, False)
    """
    return value is None or bool(pd.isna(value))  # type: ignore[call-overload]


def number(value: object, digits: int = 2) -> str:
    """Write a number with at most so many digits behind the point; missing ones say so.

    Examples
    --------
    >>> number(1234.567), number(1234.567, 0), number(4.0), number(None)
    ('1,234.57', '1,235', '4', 'not known')
    """
    if missing(value):
        return NOT_KNOWN
    said = f"{round(float(str(value)), digits) + 0.0:,.{digits}f}"  # + 0.0: never "-0"
    return said.rstrip("0").rstrip(".") if "." in said else said


def counted(count: float, what: str) -> str:
    """Say how many there are of something.

    Examples
    --------
    >>> counted(1, "account"), counted(1_200, "account")
    ('1 account', '1,200 accounts')
    """
    return f"{count:,.0f} {what}{'' if count == 1 else 's'}"


def percent(value: object) -> str:
    """Write a share in per cent.

    Examples
    --------
    >>> percent(0.625), percent(float("nan"))
    ('62.5 %', 'not known')
    """
    return NOT_KNOWN if missing(value) else f"{100.0 * float(str(value)):.3g} %"


def day(value: object) -> str:
    """Write the day of a time.

    Examples
    --------
    >>> day(pd.Timestamp("2026-01-05 10:00")), day(pd.NaT)
    ('2026-01-05', 'not known')
    """
    return NOT_KNOWN if missing(value) else f"{pd.Timestamp(str(value)):%Y-%m-%d}"
