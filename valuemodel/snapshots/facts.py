"""Account facts: what a person wants to see of an account, as of the cutoff.

Facts are stored beside the predictions, so that tiers and the review page need neither the tables
nor a model. Columns of tables that the book does not have are there, and empty.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import EVENTS, Snapshot
from valuemodel.snapshots.closeness import relations
from valuemodel.snapshots.contracts import in_force, last_signed
from valuemodel.snapshots.entries import account_value, entries

_PROFILE = {
    "name": "string",
    "parent_id": "string",
    "industry": "string",
    "region": "string",
    "country": "string",
    "employees": "float64",
    "owner": "string",
    "reviewer": "string",
    "current_tier": "string",
    "brand_score": "float64",
    "reference_score": "float64",
    "addressable_seats": "float64",
}

_UNDER_CONTRACT = {"arr": "float64", "renewal_date": "timestamp(6)"}

_RELATIONS = {
    "last_contact": "timestamp(6)",
    "closeness": "float64",
    "closeness_automatic": "float64",
    "closeness_manual": "float64",
}


def account_facts(snapshot: Snapshot, horizons: Sequence[Horizon]) -> ir.Table:
    """Return one row per account that is listed, or of which anything was seen before the cutoff.

    Columns: ``account_id``, ``as_of``, the profile as it stood (an expired reference is missing),
    ``first_order`` and ``last_order`` (times of purchases), ``orders_12m``, ``past_value_<h>``
    (float64, 0 without any: the measure of the label, over the window before), ``arr`` (what is in
    force brings in a year, missing where nothing is) and ``renewal_date`` (when the next contract is
    up for renewal), and what is known of our contacts (see `valuemodel.snapshots.closeness.relations`).
    """
    worth = _worth(snapshot, horizons)
    table = _with(_everyone(snapshot, worth), worth)
    table = _with(table, _order_times(snapshot))
    table = _with(table, _under_contract(snapshot), _UNDER_CONTRACT)
    table = _with(table, relations(snapshot), _RELATIONS)
    counted = ["orders_12m", *(f"past_value_{horizon.label}" for horizon in horizons)]
    if snapshot.interactions is not None:
        counted += ["closeness", "closeness_automatic"]
    columns = ["first_order", "last_order", *worth.columns[1:], *_UNDER_CONTRACT, *_RELATIONS]
    return table.select(
        "account_id",
        *_PROFILE,
        *(table[name].fill_null(0).name(name) if name in counted else name for name in columns),
        as_of=ibis.literal(snapshot.cutoff.at).cast("timestamp(6)"),
    ).relocate("as_of", after="account_id")


def _with(table: ir.Table, part: ir.Table | None, kinds: dict[str, str] | None = None) -> ir.Table:
    """Add the columns of a part, one row per account; empty ones where the book lacks its table."""
    if part is None:
        return table.mutate(**{name: ibis.null(kind) for name, kind in (kinds or {}).items()})
    part = part.rename(part_id="account_id")
    return table.left_join(part, table.account_id == part.part_id).drop("part_id")


def _worth(snapshot: Snapshot, horizons: Sequence[Horizon]) -> ir.Table:
    """Return how often each account bought in a year, and what it was worth in each window."""

    def days(horizon: Horizon) -> int:
        return (snapshot.cutoff.at - horizon.before(snapshot.cutoff).at).days

    whole = entries(snapshot.orders, snapshot.terms, snapshot.costs)
    within_year = whole.age <= days(Horizon(12, "month"))
    return whole.group_by("account_id").aggregate(
        orders_12m=whole.count(where=whole.purchase & within_year),
        **{
            f"past_value_{horizon.label}": account_value(whole, days(horizon)).cast("float64")
            for horizon in horizons
        },
    )


def _order_times(snapshot: Snapshot) -> ir.Table:
    lines = snapshot.lines
    return lines.group_by("account_id").aggregate(
        first_order=lines.time.min(where=lines.amount > 0),
        last_order=lines.time.max(where=lines.amount > 0),
    )


def _under_contract(snapshot: Snapshot) -> ir.Table | None:
    """Return what the contracts in force bring in a year, and when the next is up for renewal."""
    terms = snapshot.terms
    if terms is None:
        return None
    now, last = in_force(terms, snapshot.cutoff), last_signed(terms, snapshot.cutoff)
    return terms.group_by("account_id").aggregate(
        arr=terms.arr.sum(where=now).cast("float64"),
        renewal_date=terms.renewal.min(where=last),
    )


def _everyone(snapshot: Snapshot, worth: ir.Table) -> ir.Table:
    """Return the profile of every account that is listed or was seen."""
    accounts = snapshot.accounts
    seen = [rows for name in EVENTS if (rows := getattr(snapshot, name)) is not None]
    parts = [rows.select("account_id") for rows in (worth, accounts, *seen) if rows is not None]
    ids = ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0]
    if accounts is None:
        return ids.mutate(**{name: ibis.null(kind) for name, kind in _PROFILE.items()})
    return _with(ids, accounts.select("account_id", *_PROFILE))
