"""Which limits contradict each other, where no assignment keeps to all of them.

Why this way: limits are dropped one by one; one without which the others still cannot be kept to has
nothing to do with it. What is left is a smallest contradiction: each of its limits is needed for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from valuemodel.exceptions import SettingsError, ValueModelError
from valuemodel.tiers.optimisation.counts import maximised
from valuemodel.tiers.optimisation.groups import Groups


def contradiction(book: Groups) -> ValueModelError:
    """Find a smallest set of limits that contradict each other, and tell them with their numbers.

    Parameters
    ----------
    book : Groups
        Accounts and limits that no assignment keeps to.

    Returns
    -------
    ValueModelError
        A `SettingsError` to raise, a line per limit of the set. Where the limits can be kept to after
        all, it says that the solver failed.

    Examples
    --------
    >>> import numpy as np
    >>> from valuemodel.tiers.optimisation import Problem
    >>> from valuemodel.tiers.policy import TierPolicy
    >>> quotas = [{"segment": "Bank", "tier": "A", "at_least": 2}]
    >>> policy = TierPolicy.parse(
    ...     {
    ...         "version": "1",
    ...         "tiers": [{"name": "A", "top_share": 0.5}, {"name": "B"}],
    ...         "optimise": {"coverage": {"A": 0.9, "B": 0.2}, "quotas": quotas},
    ...     }
    ... )
    >>> segment = np.array(["Bank", "Steel", "Steel", None], dtype=object)
    >>> book = Groups.of(Problem(np.ones(4), list("abcd"), segment), policy)
    >>> contradiction(book).details
    ("A must hold at least 2 accounts of 'Bank' (optimise.quotas.0); 1 can be there",)
    """
    kept = list(range(len(book.limits)))
    if _possible(book, kept):
        return ValueModelError("HiGHS found no assignment although there is one")
    for limit in tuple(kept):
        without = [other for other in kept if other != limit]
        if not _possible(book, without):
            kept = without
    problem = "no assignment of this book keeps to what the policy asks"
    hint = "allow more, ask for less, or take back overrides and protections"
    return SettingsError(problem, details=[_told(book, limit) for limit in kept], hint=hint)


def _possible(book: Groups, kept: Sequence[int]) -> bool:
    """Say whether these limits alone can be kept to; value does not matter for that."""
    limits = [book.limits[limit] for limit in kept]
    weight, room = book.weight[list(kept)], book.room[list(kept)]
    bare = replace(book, limits=limits, weight=weight, room=room, value=np.zeros_like(book.value))
    return maximised(bare, bare.reach(), 1.0) is not None


def _told(book: Groups, limit: int) -> str:
    """Tell a limit and what the book comes to at least, or can reach at most."""
    allowed = np.arange(len(book.cover)) <= book.floor[:, None]
    least = np.where(allowed, book.weight[limit], np.inf).min(axis=1, initial=np.inf)
    come_to = book.limits[limit].most - book.room[limit] + (least * book.size).sum()
    if book.limits[limit].most < 0.0:
        return f"{book.limits[limit].text}; {abs(come_to):,.0f} can be there"
    needed = f"; {come_to:,.10g} are needed at least" if come_to > 0.0 else ""
    return book.limits[limit].text + needed
