"""From accounts to parents: who belongs to whom, and the book kept by top parent.

Why this way: an account's parent is the one in its first row. A parent that changes later is not
followed, because a move made tomorrow must not change what we knew yesterday; such accounts are
counted, so that nobody is surprised.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from valuemodel.exceptions import DataRefused


def top_parents(links: pd.DataFrame) -> pd.DataFrame:
    """Follow each account to its top parent.

    Parameters
    ----------
    links : DataFrame
        Columns ``account_id`` and ``parent_id``, one row per account; no parent is missing or the
        account itself.

    Returns
    -------
    DataFrame
        Columns ``account_id`` and ``top_id``, for the accounts that have a parent, by account.

    Raises
    ------
    DataRefused
        If accounts are each other's parents in a circle.

    Examples
    --------
    >>> top_parents(pd.DataFrame({"account_id": ["a", "b"], "parent_id": ["b", "c"]}))
      account_id top_id
    0          a      c
    1          b      c
    """
    given = links.dropna(subset=["parent_id"])
    parent: dict[Hashable, Hashable] = {
        child: above
        for child, above in zip(given["account_id"], given["parent_id"], strict=True)
        if child != above
    }
    top: dict[Hashable, Hashable] = {}
    for account in sorted(parent, key=str):
        path: list[Hashable] = []
        seen: set[Hashable] = set()
        current = account
        while current in parent and current not in top:
            if current in seen:
                _refuse_circle(path[path.index(current) :])
            path.append(current)
            seen.add(current)
            current = parent[current]
        reached = top.get(current, current)
        top.update(dict.fromkeys(path, reached))
    rows = sorted(top.items(), key=lambda pair: str(pair[0]))
    return pd.DataFrame(rows, columns=["account_id", "top_id"], dtype="str")


def _refuse_circle(members: list[Hashable]) -> None:
    problem = "accounts are each other's parents in a circle"
    shown = " -> ".join(str(member) for member in [*members[:5], members[0]])
    raise DataRefused(problem, received=shown, hint="correct parent_id of one of them")


def first_parents(accounts: ir.Table) -> ir.Table:
    """Return each account's parent in its first row, and how many parents it ever had."""
    place = ibis.row_number().over(
        group_by="account_id", order_by=[accounts.valid_from.asc(nulls_first=True), "parent_id"]
    )
    ranked = accounts.select("account_id", "parent_id", place=place)
    ever = accounts.group_by("account_id").aggregate(
        parents=accounts.parent_id.fill_null("").nunique()
    )
    return ranked.filter(ranked.place == 0).inner_join(ever, "account_id").drop("place")


def by_parent(table: ir.Table, tops: ir.Table, own: Sequence[str] = ()) -> ir.Table:
    """Return a table with each account replaced by its top parent.

    Ids that an account gives of its ``own``, such as a contract's, are preceded by the account, lest
    the first contract of one child follow the first of another.
    """
    above = tops.rename(_child="account_id", _top="top_id")
    joined = table.left_join(above, table.account_id == above["_child"])
    account = ibis.coalesce(joined["_top"], joined.account_id)
    stays = account == joined.account_id
    spelled = {
        name: stays.ifelse(joined[name], joined.account_id + "/" + joined[name]) for name in own
    }
    return joined.mutate(account_id=account, **spelled).drop("_child", "_top")


def parents_only(accounts: ir.Table, tops: ir.Table) -> ir.Table:
    """Return the accounts reduced to top parents: their own rows, and a bare one where none is.

    A bare row holds from when the first of its children was known.
    """
    own = accounts.anti_join(tops, "account_id").mutate(parent_id=ibis.null("string"))
    known = by_parent(accounts, tops).anti_join(own.select("account_id").distinct(), "account_id")
    bare = known.group_by("account_id").aggregate(valid_from=known.valid_from.min())
    empty = {
        name: ibis.null(kind)
        for name, kind in accounts.schema().items()
        if name not in ("account_id", "valid_from")
    }
    return own.union(bare.mutate(**empty).select(*accounts.columns))
