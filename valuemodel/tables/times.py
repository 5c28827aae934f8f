"""When a row happened and when it could be known: the bounds of times, and `known_at`.

Why this way: every dated table keeps the same two promises to the floors above, so they are made in
one place: no time is impossible, and nothing is known before it happened.
"""

from __future__ import annotations

from datetime import timedelta

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.parsing import Parsed, as_time
from valuemodel.tables.validation import Rows

#: Times from here on are impossible whatever the clock says.
LATEST = Cutoff.parse("2200-01-01")


def latest(now: Cutoff | None) -> Cutoff:
    """Return the first instant that is impossible for what must have happened: a day of grace."""
    return LATEST if now is None else Cutoff(now.at + timedelta(days=1))


def judge_time(rows: Rows, name: str, until: Cutoff, *, open_ended: bool = False) -> Parsed:
    """Read a time, and set its row aside where it is unreadable or impossible.

    Parameters
    ----------
    rows : Rows
        The rows being judged.
    name : str
        The column; it is mapped.
    until : Cutoff
        The first impossible instant.
    open_ended : bool
        Whether a time beyond all possible ones says that there is none.
    """
    parsed = as_time(rows.source(name), rows.section, rows.zone, rows.step)
    value = parsed.value
    rows.rule(parsed.unreadable, f"unreadable_{name}")
    rows.repaired(parsed.repairs)
    if open_ended:
        never = value >= LATEST.at
        rows.repaired({f"far_{name}_taken_as_none": never})
        value = rows.step(never.ifelse(ibis.null("timestamp(6)"), value))
    rows.rule((value < rows.section.earliest.at) | (value >= until.at), f"impossible_{name}")
    return Parsed(value, parsed.missing, parsed.unreadable, parsed.impossible)


def known_from(
    event: ir.Value, own: Parsed | None, delay: Horizon | None, *, ahead: bool = False
) -> ir.Value:
    """Return when a row became known: what it says itself, or its event and the source's delay.

    Parameters
    ----------
    event : ibis value
        When it happened.
    own : Parsed or None
        When it was known, as the row says.
    delay : Horizon or None
        How long after the event rows of this source become known.
    ahead : bool
        Whether a row may be known before its event, as a contract is that was signed.
    """
    late = event if delay is None else event + ibis.interval(**{f"{delay.unit}s": delay.count})
    known = late if own is None else ibis.coalesce(own.value, late)
    return known if ahead or own is None else ibis.greatest(known, event)


def known_repairs(
    event: ir.Value, own: Parsed, name: str, *, ahead: bool = False
) -> dict[str, ir.BooleanValue]:
    """Return where `known_from` did not take a row at its word."""
    repairs = {f"known_at_taken_from_{name}": own.missing}
    return repairs if ahead else repairs | {f"known_at_moved_to_{name}": own.value < event}
