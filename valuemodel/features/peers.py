"""How an account compares with its peers: what they buy and it does not, and what they are worth.

Peers are the active accounts of the same industry as the account had at the cutoff: those that bought,
or were under contract, in the last 730 days. Where the industry is unknown or has too few of them, all
active accounts of the book are its peers.

Why this way: the peers are those of the whole book at the cutoff, never of the batch that happens to be
scored, so an account is compared with the same others whatever is scored beside it. Medians and
ranks are counted from sorted exact values, not estimated, so that they do not depend on the order
of rows or the engine. No window asks for a length of records here: where they are short, they are
as short for the peers.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from valuemodel.features.breadth import Products
from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.orders import as_number, growth, ratio
from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.contracts import earned_days
from valuemodel.snapshots.entries import account_value, entries
from valuemodel.snapshots.stacked import stacked

#: An industry with fewer active accounts says too little; then all accounts are the peers.
FEWEST = 20

#: A product is common if so many of a hundred peers bought it in the last 730 days.
COMMON_PER_CENT = 30

#: Activity, and the products bought, are those of so many days.
DAYS = 730

#: The name of the group of all active accounts.
ALL = "all"


class Peers:
    """Every account that traded or is listed, with what its peers say, one row each.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Notes
    -----
    Columns of ``table``: ``account_id``; ``peers``, whom it is compared with; ``value`` of the last
    365 days; ``owned`` and ``common``, the products common among its peers that it bought, and all of
    them; ``median``, the value of the middle peer; ``size``, the number of peers; and ``below``, how
    many of them are worth less (missing unless it is active itself).
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._lines = snapshot.lines
        accounts = _accounts(snapshot)
        active = _ranked(accounts.filter(accounts.active))
        groups = _of_all(active)
        # Who bought a product is active.
        bought = Products(snapshot).table.select("account_id", "product_id")
        if snapshot.accounts is None:  # nobody's industry is known, so nobody needs to be looked up
            bought = bought.mutate(peers=ibis.literal(ALL))
        else:
            active = _ranked_apart(active)
            groups = ibis.union(groups, _of_industries(active))
            bought = bought.join(active.select("account_id", "peers"), "account_id")
        common = _common(bought, groups)
        owned = bought.semi_join(common, ["peers", "product_id"])
        owned = owned.group_by("account_id").aggregate(owned=owned.count())
        groups = groups.left_join(
            common.group_by("peers").aggregate(common=common.count()), "peers"
        ).drop("peers_right")
        below = active.select("account_id", "below")
        table = accounts
        for right, key in ((groups, "peers"), (owned, "account_id"), (below, "account_id")):
            table = table.left_join(right, key).drop(f"{key}_right")
        self.table = table.mutate(owned=table.owned.fill_null(0), common=table.common.fill_null(0))

    def aggregate(self, columns: dict[str, ir.Value]) -> ir.Table:
        """Return one row per account with the given aggregates."""
        return self.table.group_by("account_id").aggregate(**columns)

    def history(self) -> ir.Table:
        """Return one row with ``days``: how many days ago the first visible row of the book is."""
        return self._lines.aggregate(days=self._lines.age.max())

    def of(self, column: str) -> ir.NumericScalar:
        """Return a column of the account's one row, as an aggregate."""
        return self.table[column].max()


def _accounts(snapshot: Snapshot) -> ir.Table:
    """Return every account with its value, whether it is active, and whom it is compared with."""
    rows = entries(snapshot.orders, snapshot.terms, snapshot.costs)
    active = rows.purchase & (rows.age <= DAYS)
    if snapshot.terms is not None:
        held = earned_days(rows, within=DAYS, before=0) > 0
        active = active.fill_null(False) | (rows.from_age.notnull() & held)  # noqa: FBT003
    rows = rows.mutate(active=active.fill_null(False).cast("int8"))  # noqa: FBT003
    listed = snapshot.accounts
    if listed is None:
        rows = rows.mutate(industry=ibis.null("string"))
    else:
        rows = stacked(rows, listed.select("account_id", "industry"))
    accounts = rows.group_by("account_id").aggregate(
        value=as_number(account_value(rows, 365)),
        active=rows.active.max() == 1,
        industry=rows.industry.max(),
    )
    accounts = accounts.mutate(active=accounts.active.fill_null(False))  # noqa: FBT003
    if listed is None:
        return accounts.mutate(peers=ibis.literal(ALL)).drop("industry")
    same = ibis.window(group_by=accounts.industry)
    enough = accounts.active.cast("int64").sum().over(same) >= FEWEST
    own = ibis.literal("industry: ") + accounts.industry
    return accounts.select(
        "account_id", "value", "active", peers=enough.ifelse(own, ALL).fill_null(ALL)
    )


def _ranked(active: ir.Table) -> ir.Table:
    """Add the places of active accounts by value, among all of them."""
    by_value = ibis.window(order_by=active.value)
    return active.mutate(
        below=ibis.rank().over(by_value),
        place=ibis.row_number().over(by_value),
        size=active.count().over(ibis.window()),
    )


def _ranked_apart(active: ir.Table) -> ir.Table:
    """Add the places in their own industry; those whose peers are all keep their rank among all."""
    by_value = ibis.window(group_by=active.peers, order_by=active.value)
    return active.mutate(
        below=(active.peers == ALL).ifelse(active.below, ibis.rank().over(by_value)),
        own_place=ibis.row_number().over(by_value),
        own_size=active.count().over(ibis.window(group_by=active.peers)),
    )


def _of_all(active: ir.Table) -> ir.Table:
    """Return the number of active accounts and their median."""
    whole = active.aggregate(
        size=active.count(), median=_middle(active.value, active.place, active.size)
    )
    return whole.select(peers=ibis.literal(ALL), size=whole.size, median=whole.median)


def _of_industries(active: ir.Table) -> ir.Table:
    """Return the same for each industry that is large enough."""
    own = active.group_by("peers").aggregate(
        size=active.count(), median=_middle(active.value, active.own_place, active.own_size)
    )
    return own.filter(own.peers != ALL).select("peers", "size", "median")


def _middle(
    values: ir.FloatingColumn, place: ir.IntegerColumn, size: ir.IntegerColumn
) -> ir.FloatingScalar:
    """Return the middle value, or the mean of the two in the middle."""
    lower = values.max(where=place == (size - 1) // 2)
    upper = values.max(where=place == size // 2)
    return (lower + upper) / 2.0


def _common(bought: ir.Table, groups: ir.Table) -> ir.Table:
    """Return the products that enough peers bought, per industry and of all."""
    own = bought.group_by("peers", "product_id").aggregate(buyers=bought.count())
    whole = own.group_by("product_id").aggregate(buyers=own.buyers.sum())
    counted = ibis.union(
        whole.select("product_id", "buyers", peers=ibis.literal(ALL)),
        own.filter(own.peers != ALL).select("product_id", "buyers", "peers"),
    )
    counted = counted.join(groups, "peers")
    enough = counted.buyers * 100 >= counted["size"] * COMMON_PER_CENT
    return counted.filter(enough).select("peers", "product_id")


def definitions(horizons: Sequence[Horizon]) -> tuple[Definition[Peers], ...]:
    """Return the features of peers; they do not depend on the horizons."""
    del horizons
    return (
        Definition(
            Feature(
                "peer_products_owned",
                "Products common among its peers that it bought",
                "products",
                "more",
                "yes",
                "Of the products common among its peers, it bought {value}",
            ),
            lambda peers: peers.of("owned"),
        ),
        Definition(
            Feature(
                "peer_products_lacking",
                "Products common among its peers that it lacks",
                "products",
                "either",
                "yes",
                "Of the products common among its peers, it lacks {value}",
            ),
            lambda peers: peers.of("common") - peers.of("owned"),
        ),
        Definition(
            Feature(
                "peer_products_share",
                "Share of the products common among its peers that it bought",
                "share",
                "more",
                "yes",
                "Bought {value} of the products common among its peers",
            ),
            lambda peers: ratio(peers.of("owned"), peers.of("common")),
        ),
        Definition(
            Feature(
                "value_against_peers_365d",
                "Value of the last 365 days against the middle one of its peers",
                "growth",
                "more",
                "indirect",
                "Its value of the last 365 days against the middle one of its peers: {value}",
            ),
            lambda peers: growth(peers.of("value"), peers.of("median")),
        ),
        Definition(
            Feature(
                "value_rank_in_peers_365d",
                "Share of its peers that were worth less in the last 365 days",
                "share",
                "more",
                "indirect",
                "Worth more than {value} of its peers in the last 365 days",
            ),
            lambda peers: ratio(peers.of("below"), peers.of("size") - 1),
        ),
    )
