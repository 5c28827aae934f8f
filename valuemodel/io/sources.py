"""Tables in: from the settings to a validated ledger, a quarantine and a report.

Why this way: this is the whole way of a row from its file to the ledger, top to bottom. Reading lies
beside it in `readers`; what a row must be lies below it in `valuemodel.tables`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from valuemodel.exceptions import DataRefused, SettingsError, ValueModelError
from valuemodel.io.engine import materialise, store
from valuemodel.io.parts import check_unchanged
from valuemodel.io.quarantine import collect_quarantine
from valuemodel.io.readers import read_source
from valuemodel.io.sifting import Sifted, Uniqueness, sift
from valuemodel.io.summary import summarise
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings
from valuemodel.tables.accounts import accounts_columns, judge_accounts
from valuemodel.tables.coverage import check_coverage
from valuemodel.tables.hierarchy import by_parent, first_parents, parents_only, top_parents
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.quality import FEWEST_ACCOUNTS, Report, Tally
from valuemodel.tables.raw import FILE
from valuemodel.tables.rules import (
    ACCOUNT_RULES,
    CONFLICTING_ACCOUNT,
    CONFLICTING_LINE,
    SCALE_BREAK,
    TRANSACTION_RULES,
    limits_of,
)
from valuemodel.tables.scale import ScaleBreak, amount_histogram, scale_breaks
from valuemodel.tables.schemas import TRANSACTION_INPUTS, TRANSACTIONS
from valuemodel.tables.transactions import judge_transactions
from valuemodel.tables.validation import check_float_ids

_LINES = Uniqueness(
    key=("account_id", "order_id", "line_id"),
    content=("time", "amount", "cost", "product_id", "under_contract"),
    first=("known_at",),
    conflict=CONFLICTING_LINE,
)


@dataclass(frozen=True)
class Tables:
    """The project's tables, opened: what may be used, what was set aside, and the count of both.

    Parameters
    ----------
    ledger : Ledger
        The validated tables, lying in the engine.
    quarantine : ibis table
        ``table, rule, reason, source_file, source_row, account_id, amount, line`` and the source's
        own columns as text, for every row that was set aside, excluded or removed.
    report : Report
        The counts.
    """

    ledger: Ledger
    quarantine: ir.Table
    report: Report


def open_ledger(
    connection: Backend, settings: Settings, root: Path, now: Cutoff | None = None
) -> Tables:
    """Read, judge and clean the declared tables.

    Parameters
    ----------
    connection : ibis DuckDB backend
        From `valuemodel.io.engine.connect`; the tables stay in it.
    settings : Settings
        The project's.
    root : Path
        Where relative paths start.
    now : Cutoff, optional
        The clock. Rows from a day after it on are impossible.

    Returns
    -------
    Tables
        Ledger, quarantine and report.

    Raises
    ------
    DataRefused
        If a rule sets aside more than its limit, or there is too little to learn from.
    SettingsError
        If the settings name columns, rules or files of a kind that do not exist.
    """
    root = root.absolute()
    transactions = _sift_transactions(connection, settings, root, now)
    accounts = _sift_accounts(connection, settings, root)
    coverage = _check_accounts(transactions, accounts, settings)
    breaks = _check_scale(transactions, settings)
    ledger, moved = _ledger(connection, transactions, accounts, settings)
    sifted = [transactions] if accounts is None else [transactions, accounts]
    quarantine = collect_quarantine(connection, sifted, settings)
    report = summarise(ledger, sifted, settings, coverage)
    report = replace(report, warnings=(*report.warnings, *breaks, *moved))
    for one in sifted:
        check_unchanged(one.raw.files, root)
    _drop_what_was_read(connection)
    return Tables(ledger, quarantine, report)


def _sift_transactions(
    connection: Backend, settings: Settings, root: Path, now: Cutoff | None
) -> Sifted:
    section = settings.tables.transactions
    known = TRANSACTIONS.columns + TRANSACTION_INPUTS
    raw = read_source(connection, "transactions", section, known, root)
    judged = judge_transactions(raw, settings, now)
    check_float_ids(raw, judged.mapped, ("account_id", "order_id", "line_id", "product_id"))
    unique = _LINES if "line_id" in judged.mapped else None
    return sift(connection, raw, judged, section, TRANSACTION_RULES, unique)


def _sift_accounts(connection: Backend, settings: Settings, root: Path) -> Sifted | None:
    section = settings.tables.accounts
    if section is None:
        if settings.project.level == "parent" or settings.features.extra:
            problem = "level = parent and features.extra need [tables.accounts]"
            raise SettingsError(problem, hint="declare the accounts table")
        return None
    known = accounts_columns(settings)
    raw = read_source(connection, "accounts", section, known, root)
    judged = judge_accounts(raw, settings, section)
    check_float_ids(raw, judged.mapped, ("account_id", "parent_id"))
    key = ("account_id", "valid_from")
    content = tuple(column.name for column in known if column.name not in key)
    unique = Uniqueness(key, content, (), CONFLICTING_ACCOUNT)
    return sift(connection, raw, judged, section, ACCOUNT_RULES, unique)


def _check_accounts(
    transactions: Sifted, accounts: Sifted | None, settings: Settings
) -> float | None:
    """Refuse a book too small to compare, or one whose two tables mean different accounts."""
    buying = int(transactions.passed.account_id.nunique().to_pyarrow().as_py())
    if buying < FEWEST_ACCOUNTS:
        problem = f"transactions of {buying} accounts are too few"
        hint = f"at least {FEWEST_ACCOUNTS} accounts with an accepted row are needed"
        read, accepted = transactions.report.read.rows, transactions.report.accepted.rows
        raise DataRefused(problem, received=f"{read:,} rows, {accepted:,} accepted", hint=hint)
    if accounts is None or settings.tables.accounts is None:
        return None
    least = settings.tables.accounts.coverage
    return check_coverage(transactions.passed, accounts.passed, least)


def _check_scale(transactions: Sifted, settings: Settings) -> list[str]:
    """Refuse amounts in another unit of money; where the settings accept them, warn."""
    rows = transactions.passed
    months = rows.time.truncate("M").strftime("%Y-%m")
    by_month = amount_histogram(rows, ibis.literal("all"), months)
    by_file = amount_histogram(rows, ibis.literal("all"), rows[FILE])
    found = scale_breaks(by_month.to_pyarrow().to_pandas())
    if len(transactions.raw.files) > 1:
        found += scale_breaks(by_file.to_pyarrow().to_pandas(), fewest_groups=2)
    if not found:
        return []
    shown = [_described(one) for one in found]
    share = max(one.rows for one in found) / max(transactions.report.accepted.rows, 1)
    limits = limits_of(TRANSACTION_RULES, settings.tables.transactions.limits, "transactions")
    if share > limits[SCALE_BREAK.name]:
        problem = f"transactions: {SCALE_BREAK.sentence}"
        raise DataRefused(problem, details=shown, hint=SCALE_BREAK.fix)
    return shown


def _described(found: ScaleBreak) -> str:
    return (
        f"{found.group}: amounts are about {found.factor:g} times the others ({found.rows:,} rows)"
    )


def _ledger(
    connection: Backend, transactions: Sifted, accounts: Sifted | None, settings: Settings
) -> tuple[Ledger, list[str]]:
    """Write the validated tables, at the project's level; say which parents were not followed."""
    sold = transactions.passed.select(*TRANSACTIONS.names)
    known = None
    if accounts is not None:
        known = accounts.passed.select(*[column.name for column in accounts_columns(settings)])
    moved: list[str] = []
    if settings.project.level == "parent" and known is not None:
        links = first_parents(known).to_pyarrow().to_pandas()
        movers = int((links["parents"] > 1).sum())
        if movers:
            moved = [f"{movers:,} accounts change their parent; the first one holds throughout"]
        tops = store(connection, "top_parents", pa.Table.from_pandas(top_parents(links)))
        sold, known = by_parent(sold, tops), parents_only(known, tops)
    table = materialise(connection, "transactions", sold.select(*TRANSACTIONS.names))
    _check_totals(table, transactions.report.accepted)
    if known is not None:
        known = materialise(connection, "accounts", known)
    times = table.aggregate(first=table.time.min(), last=table.time.max()).to_pyarrow()
    first, last = times["first"][0].as_py(), times["last"][0].as_py()
    until = settings.tables.transactions.complete_until or _day_after(last)
    return Ledger(table, known, Cutoff(first), until), moved


def _day_after(last: datetime) -> Cutoff:
    return Cutoff(datetime(last.year, last.month, last.day) + timedelta(days=1))  # noqa: DTZ001


def _check_totals(table: ir.Table, accepted: Tally) -> None:
    """Prove that what lies in the ledger is what was accepted, row for row and cent for cent."""
    found = table.aggregate(rows=table.count(), amount=table.amount.sum()).to_pyarrow().to_pylist()
    kept = Tally(int(found[0]["rows"]), found[0]["amount"])
    if kept != accepted:
        problem = "the ledger does not hold what was accepted"
        raise ValueModelError(problem, received=f"{kept}, accepted {accepted}")


def _drop_what_was_read(connection: Backend) -> None:
    """Leave only the ledger and the quarantine in the engine."""
    views = connection.raw_sql(
        "SELECT view_name FROM duckdb_views() WHERE NOT internal AND regexp_matches(view_name, "
        "'^(raw|rejects|csv_rows)_')"
    ).fetchall()
    tables = connection.raw_sql(
        "SELECT table_name FROM duckdb_tables() WHERE regexp_matches(table_name, "
        "'^(judged|repeated|csv_read|csv_rejects|copied)_|^top_parents$')"
    ).fetchall()
    for (name,) in views:
        connection.raw_sql(f'DROP VIEW "{name}"')
    for (name,) in tables:
        connection.raw_sql(f'DROP TABLE "{name}"')
