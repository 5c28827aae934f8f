"""Account facts: what a person wants to see of an account, as of the cutoff.

Facts are stored beside the predictions, so that tiers and the review page need neither the tables
nor a model. Columns whose part of the project does not exist yet are there, and empty.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot

#: Columns of parts that do not exist yet: contracts and interactions.
NOT_YET = {
    "arr": "float64",
    "renewal_date": "timestamp(6)",
    "last_contact": "timestamp(6)",
    "closeness": "float64",
}

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


def account_facts(snapshot: Snapshot, horizons: Sequence[Horizon]) -> ir.Table:
    """Return one row per account that is listed or has bought, before the cutoff.

    Columns: ``account_id``, ``as_of``, the profile as it stood (an expired reference is missing),
    ``first_order`` and ``last_order`` (times of purchases), ``orders_12m``, ``past_value_<h>``
    (float64, 0 without any), and the empty columns of `NOT_YET`.
    """
    bought = _bought(snapshot, horizons)
    everyone = _everyone(snapshot, bought)
    table = everyone.left_join(bought, everyone.account_id == bought.buyer_id).drop("buyer_id")
    counted = ["orders_12m", *(f"past_value_{horizon.label}" for horizon in horizons)]
    columns = {name: table[name].fill_null(0) for name in counted}
    empty = {name: ibis.null(kind) for name, kind in NOT_YET.items()}
    as_of = ibis.literal(snapshot.cutoff.at).cast("timestamp(6)")
    return table.select(
        "account_id",
        *_PROFILE,
        "first_order",
        "last_order",
        as_of=as_of,
        **columns,
        **empty,
    ).relocate("as_of", after="account_id")


def _bought(snapshot: Snapshot, horizons: Sequence[Horizon]) -> ir.Table:
    """Return what each account bought, from lines (times) and orders (counts and money)."""
    lines, orders = snapshot.lines, snapshot.orders

    def days(horizon: Horizon) -> int:
        return (snapshot.cutoff.at - horizon.before(snapshot.cutoff).at).days

    times = lines.group_by(times_id=lines.account_id).aggregate(
        first_order=lines.time.min(where=lines.amount > 0),
        last_order=lines.time.max(where=lines.amount > 0),
    )
    within_year = orders.age <= days(Horizon(12, "month"))
    money = orders.group_by(buyer_id=orders.account_id).aggregate(
        orders_12m=orders.count(where=orders.purchase & within_year),
        **{
            f"past_value_{horizon.label}": orders.value.sum(where=orders.age <= days(horizon)).cast(
                "float64"
            )
            for horizon in horizons
        },
    )
    return money.left_join(times, money.buyer_id == times.times_id).drop("times_id")


def _everyone(snapshot: Snapshot, bought: ir.Table) -> ir.Table:
    """Return the profile of every account that is listed or has bought."""
    buyers = bought.select(account_id=bought.buyer_id)
    accounts = snapshot.accounts
    if accounts is None:
        return buyers.mutate(**{name: ibis.null(kind) for name, kind in _PROFILE.items()})
    listed = accounts.select(*_PROFILE, listed_id="account_id")
    ids = ibis.union(buyers, accounts.select("account_id"), distinct=True)
    return ids.left_join(listed, ids.account_id == listed.listed_id).drop("listed_id")
