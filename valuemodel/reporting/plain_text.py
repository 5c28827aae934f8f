"""Text of others, made safe to look at: names, ids, categories, messages.

Escaping keeps text from becoming markup; it does not keep it from lying. Characters that are invisible,
reverse the reading direction or break lines are replaced by a visible sign, and long text is cut, with
the start of it kept for a title.
"""

from __future__ import annotations

import unicodedata

#: Stands for each character that would be invisible or change the direction of reading.
SIGN = "\N{REPLACEMENT CHARACTER}"

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST_TITLE = 300


def visible(text: object) -> str:
    r"""Return text in which nothing is hidden, missing values as an empty text.

    Examples
    --------
    >>> visible("Acme\u202egpj.exe"), visible("two\nlines"), visible(None), visible(float("nan"))
    ('Acme\ufffdgpj.exe', 'two lines', '', '')
    """
    if text is None or text != text:  # noqa: PLR0124 - only a missing number differs from itself
        return ""
    spaced = " ".join(str(text).replace("\0", SIGN).split())
    return "".join(SIGN if unicodedata.category(letter) in _HIDDEN else letter for letter in spaced)


def shortened(text: object, longest: int = 48) -> str:
    """Return visible text, cut to a length.

    Examples
    --------
    >>> shortened("a" * 60, 10)
    'aaaaaaaaa…'
    """
    whole = visible(text)
    return whole if len(whole) <= longest else whole[: longest - 1] + "…"


def title_of(text: object, longest: int = 48) -> str:
    """Return what a title adds to `shortened`: the whole text (its start), or nothing."""
    whole = visible(text)
    return "" if len(whole) <= longest else shortened(whole, _LONGEST_TITLE)
