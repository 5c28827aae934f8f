"""Who is there at a cutoff: whom we learn from and whom we score.

Why this way: an account belongs to the population because of what was visible before the cutoff,
never because of what it did afterwards; so the population of a past cutoff can be rebuilt, and an
account that is about to leave is in it like any other.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from valuemodel.settings import PopulationSection
from valuemodel.snapshots.ages import age_in_days
from valuemodel.snapshots.as_of import EVENTS, Snapshot
from valuemodel.snapshots.contracts import earned_days


def population(snapshot: Snapshot, section: PopulationSection) -> ir.Table:
    """Return every account with a visible row, as ``account_id`` and ``first_seen`` (an age in days).

    A visible row is a transaction or another event, a signed contract, or a row of the accounts table
    with ``valid_from`` before the cutoff. With ``active_within``, only accounts that bought something
    or were under contract in that time before the cutoff remain.
    """
    seen = history(snapshot)
    if section.active_within is None:
        return seen
    since = section.active_within.before(snapshot.cutoff)
    lines, terms = snapshot.lines, snapshot.terms
    active = lines.filter(lines.amount > 0, lines.time >= since.at).select("account_id")
    if terms is not None:
        days = (snapshot.cutoff.at - since.at).days
        held = terms.filter(earned_days(terms, within=days, before=0) > 0)
        active = ibis.union(active, held.select("account_id"))
    return seen.semi_join(active, "account_id")


def history(snapshot: Snapshot) -> ir.Table:
    """Return every account with a visible row, active or not: ``account_id`` and ``first_seen``.

    A contract is seen from its start on, or from its signing where that is earlier.
    """
    cutoff, accounts, terms = snapshot.cutoff, snapshot.accounts, snapshot.terms
    events = (getattr(snapshot, name) for name in EVENTS)
    parts = [_oldest(rows, rows.age) for rows in (snapshot.orders, *events) if rows is not None]
    if terms is not None:
        signed = age_in_days(terms.signed, cutoff)
        parts.append(_oldest(terms, ibis.greatest(signed, terms.from_age)))
    if accounts is not None:
        dated = accounts.filter(accounts.known_since.notnull())
        parts.append(dated.select("account_id", first_seen=age_in_days(dated.known_since, cutoff)))
    if len(parts) == 1:
        return parts[0]
    seen = ibis.union(*parts)
    return seen.group_by("account_id").aggregate(first_seen=seen.first_seen.max())


def _oldest(rows: ir.Table, age: ir.IntegerColumn) -> ir.Table:
    return rows.group_by("account_id").aggregate(first_seen=age.max())


def without_history(snapshot: Snapshot) -> ir.Table | None:
    """Return the ``account_id`` of accounts that are listed but have no visible row yet."""
    if snapshot.accounts is None:
        return None
    return snapshot.accounts.anti_join(history(snapshot), "account_id").select("account_id")
