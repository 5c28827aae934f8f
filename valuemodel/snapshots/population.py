"""Who is there at a cutoff: whom we learn from and whom we score.

Why this way: an account belongs to the population because of what was visible before the cutoff,
never because of what it did afterwards; so the population of a past cutoff can be rebuilt, and an
account that is about to leave is in it like any other.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from valuemodel.settings import PopulationSection
from valuemodel.snapshots.as_of import Snapshot, age_in_days


def population(snapshot: Snapshot, section: PopulationSection) -> ir.Table:
    """Return every account with a visible row, as ``account_id`` and ``first_seen`` (an age in days).

    A visible row is a transaction, or a row of the accounts table with ``valid_from`` before the
    cutoff. With ``active_within``, only accounts with a purchase in that time before the cutoff
    remain.
    """
    seen = history(snapshot)
    if section.active_within is None:
        return seen
    since = section.active_within.before(snapshot.cutoff)
    lines = snapshot.lines
    active = lines.filter(lines.amount > 0, lines.time >= since.at)
    return seen.semi_join(active, "account_id")


def history(snapshot: Snapshot) -> ir.Table:
    """Return every account with a visible row, active or not: ``account_id`` and ``first_seen``."""
    orders = snapshot.orders
    seen = orders.group_by("account_id").aggregate(first_seen=orders.age.max())
    accounts = snapshot.accounts
    if accounts is None:
        return seen
    dated = accounts.filter(accounts.known_since.notnull())
    listed = dated.select("account_id", first_seen=age_in_days(dated.known_since, snapshot.cutoff))
    both = ibis.union(seen, listed)
    return both.group_by("account_id").aggregate(first_seen=both.first_seen.max())


def without_history(snapshot: Snapshot) -> ir.Table | None:
    """Return the ``account_id`` of accounts that are listed but have no visible row yet."""
    if snapshot.accounts is None:
        return None
    return snapshot.accounts.anti_join(history(snapshot), "account_id").select("account_id")
