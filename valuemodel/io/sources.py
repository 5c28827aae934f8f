"""Tables in: from the settings to a validated ledger, a quarantine and a report.

Why this way: this is the whole way of a row from its file to the ledger, top to bottom. Reading lies
beside it in `readers`; what a row must be lies below it in `valuemodel.tables`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from valuemodel.exceptions import DataRefused, SettingsError, ValueModelError
from valuemodel.io.engine import identifier, materialise, store
from valuemodel.io.parts import check_unchanged
from valuemodel.io.quarantine import collect_quarantine
from valuemodel.io.readers import read_source
from valuemodel.io.sifting import Sifted, sift, tally
from valuemodel.io.summary import summarise
from valuemodel.io.units import check_units
from valuemodel.periods import Cutoff
from valuemodel.settings import (
    AccountsSection,
    DatedSection,
    OpportunitiesSection,
    Settings,
    TableSection,
    TransactionsSection,
)
from valuemodel.tables.accounts import accounts_columns, judge_accounts
from valuemodel.tables.basis import on_basis
from valuemodel.tables.coverage import check_coverage, valued_accounts
from valuemodel.tables.hierarchy import by_parent, first_parents, parents_only, top_parents
from valuemodel.tables.ledger import Ledger, Stages
from valuemodel.tables.quality import FEWEST_ACCOUNTS, Report, Tally
from valuemodel.tables.raw import RawTable
from valuemodel.tables.records import judge_records
from valuemodel.tables.schemas import TABLES, TRANSACTIONS, Column
from valuemodel.tables.span import span_of
from valuemodel.tables.transactions import judge_transactions
from valuemodel.tables.validation import Judged, check_float_ids


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
    _check_settings(settings)
    root = root.absolute()
    before = _relations(connection)
    sifted = {
        name: _sift(connection, settings, section, name, root, now)
        for name, section in settings.tables.declared.items()
    }
    coverage = _check_accounts(sifted, settings)
    units = [
        sentence
        for name, one in sifted.items()
        if one.judged.money
        for sentence in check_units(one, settings.tables.declared[name])
    ]
    ledger, last, moved = _ledger(connection, sifted, settings, now)
    quarantine = collect_quarantine(connection, list(sifted.values()), settings)
    report = summarise(ledger, last, sifted, settings, coverage)
    report = replace(report, warnings=(*report.warnings, *units, *moved))
    for one in sifted.values():
        check_unchanged(one.raw.files, root)
    _drop_what_was_read(connection, before, {*TABLES, "quarantine"})
    return Tables(ledger, quarantine, report)


def _check_settings(settings: Settings) -> None:
    needy = settings.project.level == "parent" or settings.features.extra
    if settings.tables.accounts is None and needy:
        problem = "level = parent and features.extra need [tables.accounts]"
        raise SettingsError(problem, hint="declare the accounts table")


def _sift(
    connection: Backend,
    settings: Settings,
    section: TableSection,
    name: str,
    root: Path,
    now: Cutoff | None,
) -> Sifted:
    raw = read_source(connection, name, section, _known(name, settings), root)
    judged = _judged(raw, settings, section, now)
    check_float_ids(raw, judged.mapped, TABLES[name].ids)
    return sift(connection, raw, judged, section)


def _known(name: str, settings: Settings) -> tuple[Column, ...]:
    return accounts_columns(settings) if name == "accounts" else TABLES[name].known


def _judged(raw: RawTable, settings: Settings, section: TableSection, now: Cutoff | None) -> Judged:
    if isinstance(section, TransactionsSection):
        return judge_transactions(raw, settings, section, now)
    if isinstance(section, AccountsSection):
        return judge_accounts(raw, settings, section)
    return judge_records(raw, TABLES[raw.name], settings, section, now)


def _check_accounts(sifted: Mapping[str, Sifted], settings: Settings) -> float | None:
    """Refuse a book too small to compare, or one whose tables mean different accounts."""
    worth = [name for name in ("transactions", "contracts") if name in sifted]
    parts = {name: sifted[name].passed for name in worth}
    valued = valued_accounts(parts.get("transactions"), parts.get("contracts"))
    found = int(valued.count().to_pyarrow().as_py())
    if found < FEWEST_ACCOUNTS:
        problem = f"{' and '.join(worth)} of {found} accounts are too few"
        hint = f"at least {FEWEST_ACCOUNTS} accounts with an accepted row are needed"
        reports = [sifted[name].report for name in worth]
        read, accepted = (sum(getattr(one, part).rows for one in reports) for part in _COUNTS)
        raise DataRefused(problem, received=f"{read:,} rows, {accepted:,} accepted", hint=hint)
    if settings.tables.accounts is None:
        return None
    return check_coverage(valued, sifted["accounts"].passed, settings.tables.accounts.coverage)


_COUNTS = ("read", "accepted")


def _ledger(
    connection: Backend, sifted: Mapping[str, Sifted], settings: Settings, now: Cutoff | None
) -> tuple[Ledger, Cutoff, list[str]]:
    """Write the validated tables, at the project's level; say the last event, and which parents were not followed."""
    tables = {
        name: one.passed.select(*[column.name for column in _columns(name, settings)])
        for name, one in sifted.items()
    }
    if "transactions" in tables:
        tables["transactions"] = on_basis(tables["transactions"], settings.value.basis)
    counted = {name: tally(table, TABLES[name].money) for name, table in tables.items()}
    moved: list[str] = []
    if settings.project.level == "parent":
        tables, moved = _at_parents(connection, tables)
    stored: dict[str, ir.Table | None] = {
        name: materialise(connection, name, table) for name, table in tables.items()
    }
    for name, table in stored.items():
        if name != "accounts":
            _check_totals(name, table, counted[name], sifted[name].report.accepted.rows)
    if "transactions" not in stored:
        nothing = ibis.schema(TRANSACTIONS.validated()).to_pyarrow().empty_table()
        stored["transactions"] = store(connection, "transactions", nothing)
    stored.setdefault("accounts", None)
    decisive, *bounds = _declared_ends(settings)
    span = span_of(stored["transactions"], stored.get("contracts"), now, decisive, bounds)
    ledger = Ledger(
        **stored,
        first=span.first,
        complete_until=span.complete_until,
        stages=_stages(settings.tables.opportunities),
    )
    return ledger, span.last, moved


def _stages(section: OpportunitiesSection | None) -> Stages:
    """Return the stages in which an opportunity has ended, as the settings name them."""
    return Stages() if section is None else Stages(tuple(section.won), tuple(section.lost))


def _columns(name: str, settings: Settings) -> tuple[Column, ...]:
    return accounts_columns(settings) if name == "accounts" else TABLES[name].columns


def _declared_ends(settings: Settings) -> list[Cutoff | None]:
    """Return until when the tables that make up value are complete, the one that decides first."""
    tables = settings.tables
    makers: list[DatedSection | None] = [tables.transactions, tables.contracts]
    if settings.value.measure == "contribution":
        makers.append(tables.costs)
    return [section.complete_until for section in makers if section is not None]


def _at_parents(
    connection: Backend, tables: Mapping[str, ir.Table]
) -> tuple[dict[str, ir.Table], list[str]]:
    """Replace accounts by their top parents in every table that names accounts."""
    links = first_parents(tables["accounts"]).to_pyarrow().to_pandas()
    tops = store(connection, "top_parents", pa.Table.from_pandas(top_parents(links)))
    found = dict(tables)
    for name, table in tables.items():
        if name == "accounts":
            found[name] = parents_only(table, tops)
        elif "account_id" in table.columns:
            own = [part for part in TABLES[name].key if part in TABLES[name].ids[1:]]
            found[name] = by_parent(table, tops, own).select(*table.columns)
    movers = int((links["parents"] > 1).sum())
    sentence = f"{movers:,} accounts change their parent; the first one holds throughout"
    return found, [sentence] if movers else []


def _check_totals(name: str, table: ir.Table, counted: Tally, accepted: int) -> None:
    """Prove that what lies in the ledger is what was accepted, row for row and cent for cent."""
    kept = tally(table, TABLES[name].money)
    if kept != counted or kept.rows != accepted:
        problem = f"the ledger does not hold what was accepted of {name}"
        raise ValueModelError(problem, received=f"{kept}, accepted {accepted:,} rows, {counted}")


def _relations(connection: Backend) -> set[tuple[str, str]]:
    rows = connection.raw_sql(
        "SELECT 'VIEW', view_name FROM duckdb_views() WHERE NOT internal "
        "UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables()"
    ).fetchall()
    return {(str(kind), str(name)) for kind, name in rows}


def _drop_what_was_read(connection: Backend, before: set[tuple[str, str]], kept: set[str]) -> None:
    """Leave only the ledger and the quarantine in the engine, views first: they lie on tables."""
    for kind, name in sorted(_relations(connection) - before, reverse=True):
        if name not in kept:
            connection.raw_sql(f"DROP {kind} {identifier(name)}")
