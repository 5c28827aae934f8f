"""The quarantine: every row that did not reach the ledger, as it was, with the reason.

Why this way: one table for all sources, so that a person opens one file. It holds the source's own
columns as text; where one bears a name of ours it is called ``source_<name>``.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from valuemodel.io.engine import identifier, materialise
from valuemodel.io.sifting import Sifted
from valuemodel.settings import Settings, TableSection
from valuemodel.tables.cleaning import EXACT_DUPLICATE
from valuemodel.tables.raw import FILE, ROW
from valuemodel.tables.rules import RAGGED_ROW
from valuemodel.tables.validation import EXCLUDED, RULE

#: The columns of ours, before the source's own.
COLUMNS = (
    "table",
    "rule",
    "reason",
    "source_file",
    "source_row",
    "account_id",
    "amount",
    "line",
)


def collect_quarantine(connection: Backend, sifted: list[Sifted], settings: Settings) -> ir.Table:
    """Write the quarantine to the engine as the table ``quarantine``.

    Parameters
    ----------
    connection : ibis DuckDB backend
        The engine.
    sifted : list of Sifted
        The judged tables.
    settings : Settings
        For the reasons of exclusions.

    Returns
    -------
    ibis table
        `COLUMNS`, then the source's columns as text; a row that could not be split stands in
        ``line``.
    """
    names = {name.casefold() for name in COLUMNS}
    selects = []
    for one in sifted:
        section = settings.tables.declared[one.raw.name]
        materialise(connection, f"aside_{one.raw.name}", _aside(one, section))
        own = ", ".join(
            f"CAST(raw_{one.raw.name}.{identifier(name)} AS VARCHAR) AS "
            + identifier(f"source_{name}" if name.casefold() in names else name)
            for name in one.raw.columns
        )
        selects.append(
            f"SELECT aside.*, {own} FROM aside_{one.raw.name} AS aside LEFT JOIN "  # noqa: S608
            f"raw_{one.raw.name} ON aside.source_file = raw_{one.raw.name}.{FILE} "
            f"AND aside.source_row = raw_{one.raw.name}.{ROW} AND aside.line IS NULL"
        )
    joined = " UNION ALL BY NAME ".join(selects)
    connection.raw_sql(f"CREATE OR REPLACE TABLE quarantine AS {joined}")
    for one in sifted:
        connection.raw_sql(f"DROP TABLE aside_{one.raw.name}")
    return connection.table("quarantine")


def _aside(sifted: Sifted, section: TableSection) -> ir.Table:
    """Return the columns of ours for all rows that are not in the ledger."""
    name, table = sifted.raw.name, sifted.table
    out = table.filter(table[RULE].notnull())
    reasons = {rule.name: rule.sentence for rule in sifted.judged.rules}
    reasons[EXACT_DUPLICATE] = "the same row is there already"
    for place, exclusion in enumerate(section.exclude):
        reasons[f"{EXCLUDED}{place}"] = exclusion.reason
    reason = ibis.cases(*[(out[RULE] == rule, text) for rule, text in reasons.items()], else_="")
    money, account = sifted.judged.money, "account_id"
    rows = out.select(
        table=ibis.literal(name),
        rule=ibis.cases((out[RULE].startswith(EXCLUDED), EXCLUDED.strip()), else_=out[RULE]),
        reason=reason,
        source_file=out[FILE],
        source_row=out[ROW].cast("int64"),
        account_id=out[account] if account in out.columns else ibis.null("string"),
        amount=out[money] if money else ibis.null("decimal(18, 4)"),
        line=ibis.null("string"),
    )
    rejects = sifted.raw.rejects
    if rejects is None:
        return rows
    ragged = rejects.select(
        table=ibis.literal(name),
        rule=ibis.literal(RAGGED_ROW.name),
        reason=ibis.literal(RAGGED_ROW.sentence),
        source_file=rejects[FILE],
        source_row=rejects[ROW].cast("int64"),
        account_id=ibis.null("string"),
        amount=ibis.null("decimal(18, 4)"),
        line=rejects["line"],
    )
    return rows.union(ragged)
