"""Account facts: what a person wants to see of an account, as of the cutoff.

Facts are stored beside the predictions, so that tiers, the coverage plan and the review page need neither
the tables nor a model. Columns of tables that the book does not have are there, and empty.

Why this way: each part of the facts is one query in a file of its own, one row per account; here they are
put side by side, and who has no row in a table that is there has done nothing in it, which is 0 where
something is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Horizon
from valuemodel.snapshots.adoption import SEATS, USED, seats_used, used
from valuemodel.snapshots.as_of import EVENTS, Snapshot
from valuemodel.snapshots.closeness import relations
from valuemodel.snapshots.cost_to_serve import COST_TO_SERVE, cost_to_serve
from valuemodel.snapshots.entries import account_value, entries
from valuemodel.snapshots.pipeline_bands import PIPELINE, pipeline_bands
from valuemodel.snapshots.touches import TOUCH_FACTS, touch_facts
from valuemodel.snapshots.under_contract import UNDER_CONTRACT, under_contract

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
    "fit_score": "float64",
}

_RELATIONS = {
    "last_contact": "timestamp(6)",
    "closeness": "float64",
    "closeness_automatic": "float64",
    "closeness_manual": "float64",
}

#: How many months of orders say what an order is usually worth.
ORDER_MONTHS = 24

#: What stands behind the profile and the worth, in this order.
_BEHIND = (
    *("arr", "renewal_date", *_RELATIONS, "fit_score", "order_value"),
    *("arr_12m_ago", "seats", "seats_used", "renews_monthly", "renewed"),
    *(*TOUCH_FACTS, *COST_TO_SERVE, *USED, *PIPELINE),
)

#: Facts that are either so or not, or not known.
FLAGS = tuple(name for name, kind in UNDER_CONTRACT.items() if kind == "boolean")


def account_facts(snapshot: Snapshot, horizons: Sequence[Horizon]) -> ir.Table:
    """Return one row per account that is listed, or of which anything was seen before the cutoff.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.
    horizons : sequence of Horizon
        Those that past value is told of.

    Returns
    -------
    ibis table
        ``account_id``, ``as_of``, the profile as it stood (an expired reference is missing),
        ``first_order`` and ``last_order`` (times of purchases), ``orders_12m``, ``past_value_<h>``
        (float64, 0 without any: the measure of the label, over the window before), and
        ``order_value``, the median order of the last `ORDER_MONTHS` months, of those that came to
        more than nothing; beside them what is known of contracts
        (`valuemodel.snapshots.under_contract`), of our contacts
        (`valuemodel.snapshots.closeness.relations`, `valuemodel.snapshots.touches`), of cost
        (`valuemodel.snapshots.cost_to_serve`), of use (`valuemodel.snapshots.adoption`) and of the
        pipeline (`valuemodel.snapshots.pipeline_bands`).
    """
    worth = _worth(snapshot, horizons)
    past = [name for name in worth.columns if name not in ("account_id", "order_value")]
    table = _with(_everyone(snapshot, worth), worth, {}, zero=past)
    table = _with(table, _order_times(snapshot), {})
    table = _with(table, under_contract(snapshot), UNDER_CONTRACT)
    table = _with(table, relations(snapshot), _RELATIONS, zero=("closeness", "closeness_automatic"))
    table = _with(table, touch_facts(snapshot), TOUCH_FACTS, zero={*TOUCH_FACTS} - {"last_planned"})
    table = _with(table, cost_to_serve(snapshot), COST_TO_SERVE, zero=COST_TO_SERVE)
    table = _with(table, used(snapshot), USED, zero=USED)
    table = _with(table, seats_used(snapshot), SEATS)
    table = _with(table, pipeline_bands(snapshot), PIPELINE, zero=PIPELINE)
    profile = [name for name in _PROFILE if name not in _BEHIND]
    return table.select(
        *("account_id", *profile, "first_order", "last_order", *past, *_BEHIND),
        as_of=ibis.literal(snapshot.cutoff.at).cast("timestamp(6)"),
    ).relocate("as_of", after="account_id")


def _with(
    table: ir.Table, part: ir.Table | None, kinds: Mapping[str, str], zero: Collection[str] = ()
) -> ir.Table:
    """Add the columns of a part, one row per account; empty ones where the book lacks its table.

    Accounts without a row in the part have ``zero`` of some of its columns.
    """
    if part is None:
        return table.mutate(**{name: ibis.null(kind) for name, kind in kinds.items()})
    part = part.rename(part_id="account_id")
    joined = table.left_join(part, table.account_id == part.part_id)
    absent = joined.part_id.isnull()
    return joined.mutate(
        **{name: absent.ifelse(0, joined[name]) for name in joined.columns if name in zero}
    ).drop("part_id")


def _worth(snapshot: Snapshot, horizons: Sequence[Horizon]) -> ir.Table:
    """Return how often and how much each account bought, and what it was worth in each window."""

    def days(horizon: Horizon) -> int:
        return (snapshot.cutoff.at - horizon.before(snapshot.cutoff).at).days

    whole = entries(snapshot.orders, snapshot.terms, snapshot.costs)
    within_year = whole.age <= days(Horizon(12, "month"))
    lately = whole.age <= days(Horizon(ORDER_MONTHS, "month"))
    # A median of some rows is one that Spark refuses; it skips missing ones.
    size = (lately & (whole.amount > 0)).ifelse(whole.amount.cast("float64"), ibis.null("float64"))
    return whole.group_by("account_id").aggregate(
        # Where all ages are missing, Spark would count to missing instead of 0.
        orders_12m=whole.count(where=whole.purchase & within_year).fill_null(0),
        order_value=size.median(),
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


def _everyone(snapshot: Snapshot, worth: ir.Table) -> ir.Table:
    """Return the profile of every account that is listed or was seen."""
    accounts = snapshot.accounts
    seen = [rows for name in EVENTS if (rows := getattr(snapshot, name)) is not None]
    parts = [rows.select("account_id") for rows in (worth, accounts, *seen) if rows is not None]
    ids = ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0]
    if accounts is None:
        return ids.mutate(**{name: ibis.null(kind) for name, kind in _PROFILE.items()})
    return _with(ids, accounts.select("account_id", *_PROFILE), _PROFILE)
