"""Whether the tables mean the same accounts: the share that matches, why not, and who is left over.

Why this way: ids are never changed to make them match. When too few do, the run stops and says which
change in the source would make them match.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis.expr.types as ir

from valuemodel.exceptions import DataRefused

_SPELLINGS: tuple[tuple[str, Callable[[ir.StringValue], ir.StringValue]], ...] = (
    ("spaces around the id", lambda text: text.strip()),
    ("upper and lower case", lambda text: text.lower()),
    ("leading zeros", lambda text: text.re_replace("^0+(.)", r"\1")),
    ("a trailing '.0'", lambda text: text.re_replace(r"\.0$", "")),
)


def valued_accounts(transactions: ir.Table | None, contracts: ir.Table | None) -> ir.Table:
    """Return the accounts that have value: those that buy, and those that have a contract."""
    tables = [table for table in (transactions, contracts) if table is not None]
    ids = [table.select("account_id") for table in tables]
    return ids[0].union(*ids[1:], distinct=True) if len(ids) > 1 else ids[0].distinct()


def orphans(table: ir.Table, valued: ir.Table, accounts: ir.Table | None) -> ir.Table:
    """Return the rows of accounts that neither buy, nor have a contract, nor are listed."""
    left = table.filter(table.account_id.notnull()).anti_join(valued, "account_id")
    return left if accounts is None else left.anti_join(accounts, "account_id")


def check_coverage(buying: ir.Table, accounts: ir.Table, least: float) -> float:
    """Return the share of buying accounts that the accounts table knows.

    Parameters
    ----------
    buying, accounts : ibis table
        With a column ``account_id``.
    least : float
        The share below which the tables are refused.

    Returns
    -------
    float
        Between 0 and 1; 1 where nothing was bought.

    Raises
    ------
    DataRefused
        With five examples, and the difference in spelling that would explain most of them.

    Examples
    --------
    >>> import ibis, pyarrow as pa
    >>> sold = ibis.memtable(pa.table({"account_id": ["007", "8"]}))
    >>> known = ibis.memtable(pa.table({"account_id": ["7", "8"]}))
    >>> check_coverage(sold, known, 0.98)
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.DataRefused: only 50.00% of the buying accounts are in the accounts table
      received: unknown: '007'
      hint: leading zeros differ: without that 100.00% would match; export both tables alike, ...
    """
    ids = buying.select("account_id").distinct()
    known = accounts.select("account_id").distinct()
    total = int(ids.count().to_pyarrow().as_py())
    if not total:
        return 1.0
    missing = ids.anti_join(known, "account_id")
    share = 1.0 - int(missing.count().to_pyarrow().as_py()) / total
    if share >= least:
        return share
    problem = f"only {share:.2%} of the buying accounts are in the accounts table"
    examples = missing.order_by("account_id").limit(5).to_pyarrow()["account_id"].to_pylist()
    received = f"unknown: {', '.join(map(repr, examples))}"
    raise DataRefused(problem, received=received, hint=_likely_repair(ids, known, share, total))


def _likely_repair(ids: ir.Table, known: ir.Table, share: float, total: int) -> str:
    best, name = share, ""
    for label, spell in _SPELLINGS:
        left = ids.select(spelled=spell(ids.account_id))
        right = known.select(spelled=spell(known.account_id)).distinct()
        reached = int(left.semi_join(right, "spelled").count().to_pyarrow().as_py()) / total
        if reached > best:
            best, name = reached, label
    lower = "or lower [tables.accounts] coverage"
    if not name:
        return f"check that both tables map the same account id, {lower}"
    return f"{name} differ: without that {best:.2%} would match; export both tables alike, {lower}"
