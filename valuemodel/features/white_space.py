"""White space by product: what the peers of an account buy and it does not, and what that brings them.

Peers are those of `valuemodel.features.peers`: the active accounts of the same industry, or of the book.
A product counts where at least a tenth of the peers, and five of them, bought it in the last 730 days.
What it brings is the middle of what its buyers among the peers spent on it in the last 365 days; the
expected value is that, times the share of peers that buy it.

Why this way: a wallet says how much is left, not of what; a product that most peers have is the shortest
answer. It is no feature, because it has a row per account and product, but it is counted from the
same peers as the features, so that the page never names other peers than the model learned from.
Only the 20 most promising products of each group of peers are looked at, and few are told of each
account: a list of hundreds is read by nobody, and would be larger than all other tables together.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from valuemodel.features.breadth import Products
from valuemodel.features.peers import ALL, Peers
from valuemodel.snapshots.as_of import Snapshot

#: How many products are told of an account at the most.
MOST = 3
#: A product counts if so many of a hundred peers, and so many peers, bought it.
OWNED_PER_CENT, FEWEST_OWNERS = 10, 5
#: How many products of a group of peers are looked at.
OF_GROUP = 20

COLUMNS = {
    "account_id": "string",
    "product_id": "string",
    "rank": "int64",
    "peers": "int64",
    "peers_owning": "float64",
    "usual_spend": "float64",
    "expected_value": "float64",
}


def white_space(snapshot: Snapshot, most: int = MOST) -> ir.Table:
    """Return the products that accounts lack and their peers have, the most promising first.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.
    most : int
        How many products are told of an account at the most.

    Returns
    -------
    ibis table
        ``account_id``, ``product_id``; ``rank``, from 1; ``peers``, how many there are;
        ``peers_owning``, the share of them that bought it in the last 730 days; ``usual_spend``, the
        middle of what these spent on it in the last 365 days, in money; ``expected_value``, the
        product of both. A book without products has no rows.
    """
    accounts = Peers(snapshot).table.select("account_id", "peers", "active", "size")
    bought = Products(snapshot).table.select("account_id", "product_id", "recent")
    promising = _promising(_owned(bought, accounts), accounts)
    lacking = accounts.select("account_id", "peers").join(promising, "peers").drop("peers")
    lacking = lacking.anti_join(bought, ["account_id", "product_id"])
    order = ibis.window(
        group_by=lacking.account_id,
        order_by=[lacking.expected_value.desc(), lacking.product_id],
    )
    ranked = lacking.mutate(rank=ibis.row_number().over(order) + 1, peers=lacking.of)
    return ranked.filter(ranked["rank"] <= most).select(list(COLUMNS)).cast(COLUMNS)


def _owned(bought: ir.Table, accounts: ir.Table) -> ir.Table:
    """Return one row per group of peers, product and owner: of each industry, and of all."""
    active = accounts.filter(accounts.active).select("account_id", "peers")
    own = bought.join(active, "account_id")
    return ibis.union(
        own.filter(own.peers != ALL).select("peers", "product_id", "recent"),
        own.select("product_id", "recent", peers=ibis.literal(ALL)).select(
            "peers", "product_id", "recent"
        ),
    )


def _promising(owned: ir.Table, accounts: ir.Table) -> ir.Table:
    """Return the products that count in each group of peers, with what they bring."""
    nothing = ibis.literal(0).cast(owned.recent.type())
    owned = owned.mutate(recent=owned.recent.fill_null(nothing).cast("float64"))
    each = [owned.peers, owned.product_id]
    placed = owned.mutate(
        place=ibis.row_number().over(ibis.window(group_by=each, order_by=owned.recent)),
        owners=owned.count().over(ibis.window(group_by=each)),
    )
    lower = placed.recent.max(where=placed.place == (placed.owners - 1) // 2)
    upper = placed.recent.max(where=placed.place == placed.owners // 2)
    found = placed.group_by("peers", "product_id").aggregate(
        owners=placed.count(), usual_spend=(lower + upper) / 2.0
    )
    sizes = accounts.group_by("peers").aggregate(of=accounts["size"].max())
    found = found.join(sizes, "peers")
    enough = (found.owners * 100 >= found.of * OWNED_PER_CENT) & (found.owners >= FEWEST_OWNERS)
    found = found.filter(enough).mutate(peers_owning=found.owners / found.of.cast("float64"))
    found = found.mutate(expected_value=found.peers_owning * found.usual_spend)
    found = found.filter(found.expected_value > 0)
    order = ibis.window(
        group_by=found.peers, order_by=[found.expected_value.desc(), found.product_id]
    )
    kept = found.mutate(place=ibis.row_number().over(order))
    kept = kept.filter(kept.place < OF_GROUP)
    return kept.select("peers", "product_id", "of", "peers_owning", "usual_spend", "expected_value")
