"""Time before the cutoff in whole days, *ages*: exact small integers on every engine."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Cutoff

_EPOCH = date(1970, 1, 1)


def age_in_days(time: ir.TimestampValue, cutoff: Cutoff) -> ir.IntegerValue:
    """Return how many days before the cutoff an earlier instant lies: 1 for the last 24 hours.

    Days begin at the cutoff's time of day, so that no day lies on both sides of it; the first 24
    hours from the cutoff on have the age 0, those after them -1.
    """
    midnight = cutoff.at.replace(hour=0, minute=0, second=0, microsecond=0)
    past_midnight = cutoff.at - midnight
    if past_midnight:
        time = time - ibis.interval(past_midnight)
    days = (midnight.date() - _EPOCH).days
    return (days - time.date().epoch_days()).cast("int32")
