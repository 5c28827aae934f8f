"""The tiers and owners that the synthetic world's customer system shows, as they stood.

Why this way: a tier is set from last year's revenue, so one row per account with today's tier would
carry the future into every earlier snapshot; each change is a row with its own ``valid_from``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.world_book import Book, account_columns, people
from valuemodel.tables.world_process import YEAR, Floats, Ints

_TIERS = np.array(["A", "B", "C", "D"])
_CUTS = (0.05, 0.20, 0.50)  # shares of accounts down to which tiers A, B and C reach


def account_rows(
    book: Book,
    revenue: Callable[[float, float], Floats],
    potential: Floats,
    span: tuple[Cutoff, Cutoff],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the rows of the accounts, and one more whenever a review changed tier or owner.

    At first a salesperson guesses the tier from the firm's potential, well for old accounts and
    badly for new ones. Once a year, two months before the anniversary of the cutoff, it is set by
    the net revenue of the year before; one account in seven is forgotten.

    Parameters
    ----------
    book : Book
        The accounts.
    revenue : callable
        Takes two times, in years of the history, and returns what each account brought in between;
        only times before a review are asked for.
    potential : array of float
        Money per year of each account when active.
    span : pair of Cutoff
        Where the history begins, and the cutoff.
    rng : numpy.random.Generator
        Where chance comes from.
    """
    origin, as_of = span
    base = account_columns(book, np.datetime64(origin.at, "D"), rng)
    doubt = np.where(book.born < 0, 0.3, 1.0) * rng.standard_normal(len(potential))
    tier = _tiers(np.log(potential) + doubt, np.ones(len(potential), dtype=np.bool_))
    owner = book.owner
    rows = [base.assign(current_tier=_TIERS[tier])]
    year = Horizon(1, "year")
    review = Horizon(2, "month").before(as_of)
    count = int((review.at - origin.at) / timedelta(days=YEAR))
    for back in range(count - 1, -1, -1):
        at = year.before(review, back) if back else review
        seen = np.array([(year.before(at).at - origin.at).days, (at.at - origin.at).days])
        known = book.born < seen[1]
        reviewed = known & (rng.random(len(tier)) < 6 / 7)
        ranked = _tiers(revenue(*(seen / YEAR)), known)
        colleague = _swap(owner, book.region, known & (rng.random(len(tier)) < 0.02), rng)
        changed = (reviewed & (ranked != tier)) | (colleague != owner)
        tier, owner = np.where(reviewed, ranked, tier), colleague
        stood = base.assign(
            current_tier=_TIERS[tier], owner=people(owner), valid_from=np.datetime64(at.at, "us")
        )
        rows.append(stood[changed])
    table = pd.concat(rows).sort_values(["account_id", "valid_from"], ignore_index=True)
    order = [name for name in table if name != "valid_from"]
    return table[[*order, "valid_from"]].astype({"current_tier": "str"})


def _tiers(score: Floats, known: NDArray[np.bool_]) -> Ints:
    """Cut the known accounts into tiers by rank of a score; all others are in the lowest."""
    place = np.empty(len(score))
    place[np.argsort(np.where(known, -score, np.inf), kind="stable")] = np.arange(len(score))
    return np.searchsorted(np.array(_CUTS) * max(known.sum(), 1), place, side="right")


def _swap(owner: Ints, region: Ints, leaving: NDArray[np.bool_], rng: np.random.Generator) -> Ints:
    """Give each leaving account the owner of another account of its region."""
    found = owner.copy()
    for place in np.unique(region):
        own = region == place
        found[own & leaving] = rng.choice(owner[own], int((own & leaving).sum()))
    return found
