"""Which part of the year lies ahead: the same for all accounts at a cutoff.

Books have seasons, and a window that begins in October holds what one that begins in January does
not. Models use it only where they have learned from a whole year of cutoffs; see
`valuemodel.estimators.season`.
"""

from __future__ import annotations

import ibis

from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.profile import Members

CUTOFF_MONTH = "cutoff_month"


def definitions() -> tuple[Definition[Members], ...]:
    """Return the one feature of the season."""
    feature = Feature(
        CUTOFF_MONTH,
        "Month in which the forecast begins",
        "number",
        "either",
        "no",
        "The forecast begins in month {value} of the year",
    )
    return (Definition(feature, lambda members: ibis.literal(members.cutoff.at.month)),)
