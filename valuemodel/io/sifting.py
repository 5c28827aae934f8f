"""Sifting one table: judge every row, then rows together, count, and refuse what is too bad.

Why this way: a judged row is written to the engine once, so that counting, the quarantine and the
ledger all read the same verdict and no text is parsed twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from valuemodel.exceptions import DataRefused, nearest
from valuemodel.io.engine import materialise
from valuemodel.settings import TableSection
from valuemodel.tables.cleaning import EXACT_DUPLICATE, with_verdicts
from valuemodel.tables.quality import SetAside, TableReport, Tally
from valuemodel.tables.raw import FILE, ROW, RawTable
from valuemodel.tables.rules import RAGGED_ROW, Rule, limits_of
from valuemodel.tables.validation import EXCLUDED, REPAIR, RULE, Judged


@dataclass(frozen=True)
class Sifted:
    """One table after judging: every row with its verdict, lying in the engine."""

    raw: RawTable
    judged: Judged
    table: ir.Table
    report: TableReport

    @property
    def passed(self) -> ir.Table:
        """The rows that may be used."""
        return self.table.filter(self.table[RULE].isnull())


def sift(connection: Backend, raw: RawTable, judged: Judged, section: TableSection) -> Sifted:
    """Write the judged rows to the engine, add the verdicts on several rows, and count.

    Parameters
    ----------
    connection : ibis DuckDB backend
        The engine.
    raw, judged : RawTable, Judged
        The rows as read, and as judged.
    section : TableSection
        The limits and exclusions.

    Raises
    ------
    DataRefused
        If there are no rows, or a rule sets aside more than its limit.
    SettingsError
        If a limit is given for a rule that does not exist.
    """
    limits = limits_of(judged.rules, section.limits, raw.name)
    table = materialise(connection, f"judged_{raw.name}", judged.table)
    read = _read(raw, table, judged.money)
    if read.rows == 0:
        problem = f"{raw.name} has no rows"
        received = ", ".join(file.name for file in raw.files)
        raise DataRefused(problem, received=received, hint="export again, or correct the source")
    for place, verdict in enumerate(judged.verdicts):
        found = verdict(table.filter(table[RULE].isnull()))
        taken = materialise(connection, f"verdict_{place}_{raw.name}", found)
        if int(taken.count().to_pyarrow().as_py()):
            table = with_verdicts(table, taken)
    counts = _counts(table, judged.money)
    if raw.rejects is not None:
        counts[RAGGED_ROW.name] = Tally(int(raw.rejects.count().to_pyarrow().as_py()))
    report = _report(raw, judged, table, section, (read, counts, limits))
    sifted = Sifted(raw, judged, table, report)
    _refuse_over_limit(sifted)
    report.check()
    return sifted


def _read(raw: RawTable, judged: ir.Table, money: str) -> Tally:
    """Count what was read: rows in the source itself, money as far as it was understood."""
    rejected = 0 if raw.rejects is None else int(raw.rejects.count().to_pyarrow().as_py())
    rows = int(raw.table.count().to_pyarrow().as_py()) + rejected
    return Tally(rows, tally(judged, money).amount)


def tally(table: ir.Table, money: str) -> Tally:
    """Count the rows of a table, and its money where it has any."""
    row = table.aggregate(**_sums(table, money)).to_pyarrow().to_pylist()[0]
    return Tally(int(row["rows"]), Decimal(row.get("amount") or 0))


def _sums(table: ir.Table, money: str) -> dict[str, ir.Scalar]:
    return {"rows": table.count(), **({"amount": table[money].sum()} if money else {})}


def _counts(table: ir.Table, money: str) -> dict[str | None, Tally]:
    grouped = table.group_by(RULE).aggregate(**_sums(table, money)).to_pyarrow().to_pylist()
    return {row[RULE]: Tally(int(row["rows"]), Decimal(row.get("amount") or 0)) for row in grouped}


def _report(
    raw: RawTable,
    judged: Judged,
    table: ir.Table,
    section: TableSection,
    counted: tuple[Tally, Mapping[str | None, Tally], Mapping[str, float]],
) -> TableReport:
    read, counts, limits = counted
    excluded: dict[str, Tally] = {}
    for place, exclusion in enumerate(section.exclude):
        found_rows = counts.get(f"{EXCLUDED}{place}", Tally())
        excluded[exclusion.reason] = excluded.get(exclusion.reason, Tally()) + found_rows
    judged_rows = read.rows - sum(tally.rows for tally in excluded.values())
    aside = tuple(
        SetAside(name, found.rows, found.amount, found.rows / max(judged_rows, 1), limit)
        for name, limit in limits.items()
        if (found := counts.get(name)) is not None and found.rows
    )
    used = set(judged.mapped.values()) | {
        test.column for exclusion in section.exclude for test in exclusion.when
    }
    return TableReport(
        name=raw.name,
        files=raw.files,
        read=read,
        accepted=counts.get(None, Tally()),
        duplicates=counts.get(EXACT_DUPLICATE, Tally()),
        quarantined=aside,
        excluded=excluded,
        repaired=_repaired(raw, judged, table),
        unused_columns=tuple(name for name in raw.columns if name not in used),
        notes=raw.notes,
    )


def _repaired(raw: RawTable, judged: Judged, table: ir.Table) -> dict[str, int]:
    repaired = dict(raw.repairs)
    if judged.repairs:
        passed = table.filter(table[RULE].isnull())
        sums = {name: passed[REPAIR + name].sum() for name in judged.repairs}
        counts = passed.aggregate(**sums).to_pyarrow().to_pylist()[0]
        repaired |= {name: int(count) for name, count in counts.items() if count}
    return repaired


def _refuse_over_limit(sifted: Sifted) -> None:
    over = [found for found in sifted.report.quarantined if found.share > found.limit]
    if not over:
        return
    rules = {rule.name: rule for rule in sifted.judged.rules}
    name = sifted.raw.name
    details = [_described(sifted, found, rules[found.rule]) for found in over]
    first = rules[over[0].rule]
    hint = f"{first.fix}; limits.{first.name} allows a share of rows to be set aside"
    problem = f"{name}: {len(over)} rule{'s' if len(over) > 1 else ''} set aside too many rows"
    files = len(sifted.raw.files)
    received = f"{sifted.report.read.rows:,} rows of {files} file{'' if files == 1 else 's'}"
    raise DataRefused(problem, received=received, hint=hint, details=details)


def _described(sifted: Sifted, found: SetAside, rule: Rule) -> str:
    """Say what is wrong, where, how often, and show one value."""
    rejects = sifted.raw.rejects
    if rule is RAGGED_ROW and rejects is not None:
        rows = rejects.mutate(value=rejects["line"].substr(0, 80))
        column = ""
    else:
        rows = sifted.table.filter(sifted.table[RULE] == rule.name)
        column = sifted.judged.mapped.get(rule.column, "")
    places = rows.order_by(FILE, ROW).limit(5).to_pyarrow().to_pylist()
    shown = _example(sifted, places[0], column, rule) if column else ""
    where = f"{places[0][FILE]}, data rows {', '.join(str(place[ROW]) for place in places)}"
    named = f" (column {column!r})" if column else ""
    share = f"{found.rows:,} rows, {found.share:.2%}, over the limit of {found.limit:.2%}"
    return f"{rule.name}: {rule.sentence}{named}: {share}; {where}{shown}"


def _example(sifted: Sifted, place: Mapping[str, object], column: str, rule: Rule) -> str:
    """Show one value, and the nearest of the choices where there are some."""
    raw = sifted.raw.table
    one = raw.filter((raw[FILE] == place[FILE]) & (raw[ROW] == place[ROW]))
    value = one.select(value=one[column].cast("string")).limit(1).to_pyarrow()["value"][0].as_py()
    hint = nearest(str(value), rule.choices)
    shown = repr(value if value is None else value[:80])
    return f" such as {shown}{f' ({hint})' if hint else ''}"
