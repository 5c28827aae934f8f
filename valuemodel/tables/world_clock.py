"""When things of the synthetic world happen, and when somebody writes them down.

Why this way: a row's time says when it happened, its ``known_at`` when it could be known. A real book
has a few rows that were written down days later, so this one has them too: whoever looks at the time
alone learns from rows that nobody had.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from valuemodel.periods import Cutoff
from valuemodel.tables.world_process import Floats, Ints

Stamps = NDArray[np.datetime64]

_DAY = 86_400  # seconds
_OPENS, _WORKS = 8 * 3_600, 10 * 3_600


def office_hours(days: Floats, origin: Cutoff) -> Stamps:
    """Squeeze each day between 8:00 and 18:00, in whole seconds: no row changes its day.

    Examples
    --------
    >>> office_hours(np.array([0.0, 1.5]), Cutoff.parse("2024-01-01")).astype(str).tolist()
    ['2024-01-01T08:00:00.000000', '2024-01-02T13:00:00.000000']
    """
    day, part = np.divmod(days, 1.0)
    seconds = day * _DAY + np.floor(_OPENS + part * _WORKS)
    start = np.datetime64(origin.at, "us")
    stamps: Stamps = start + seconds.astype("timedelta64[s]")
    return stamps


def midnights(days: Ints, origin: Cutoff) -> Stamps:
    """Return the first instants of days that are counted from the origin."""
    stamps: Stamps = np.datetime64(origin.at, "us") + days.astype("timedelta64[D]")
    return stamps


def written_down(
    stamps: Stamps, rng: np.random.Generator, *, late: float = 0.03, days: float = 5.0
) -> Stamps:
    """Return when rows became known: at once, but for a share that took some days (exponential)."""
    waited = np.where(
        rng.random(len(stamps)) < late, days * _DAY * rng.standard_exponential(len(stamps)), 0.0
    )
    known: Stamps = stamps + np.ceil(waited).astype("timedelta64[s]")
    return known
