"""Searches with a handful of parameters run on one thread of linear algebra.

Why this way: inside L-BFGS-B, OpenBLAS starts its threads for matrices of four by four and lets them
spin; on two busy cores a fit then took sixteen times the processor time of the same fit on one thread.
One thread also gives the same bytes whatever the machine.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import ThreadpoolController

_LIBRARIES = ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which linear algebra uses one thread.

    Examples
    --------
    >>> with one_thread():
    ...     total = 1 + 1
    """
    found: AbstractContextManager[Any] = _LIBRARIES.limit(limits=1, user_api="blas")
    return found
