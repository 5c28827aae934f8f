"""Judging rows: each is typed and passes, or is set aside under the name of one rule.

Why this way: the raw row is judged in one pass of one expression, so no row can be counted twice or
fall between two checks; the first rule that fails, in the order of the catalogue, gives the name.
Rows that the settings exclude are judged first: nothing is asked of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from valuemodel.exceptions import DataRefused, SettingsError, nearest
from valuemodel.settings import Condition, Exclusion, TableSection
from valuemodel.tables.parsing import as_text, as_time
from valuemodel.tables.raw import FILE, ROW, RawTable
from valuemodel.tables.rules import Rule
from valuemodel.tables.schemas import IBIS_TYPES, Column

#: The column of a judged table that names the failed rule; null where the row passes.
RULE = "rule"
#: What an excluded row has there, followed by the number of its exclusion.
EXCLUDED = "excluded "
#: The prefix of columns that say whether a row was repaired, and how.
REPAIR = "repair "

#: A rule that looks at several rows: from those that passed it returns `FILE`, `ROW` and `RULE` of
#: the rows to take out.
Verdict = Callable[[ir.Table], ir.Table]


@dataclass(frozen=True)
class Judged:
    """A judged table, as an expression: typed columns, `RULE`, and one column per repair.

    Parameters
    ----------
    table : ibis table
        `FILE`, `ROW`, `RULE`, the contract's columns, and those that start with `REPAIR`.
    mapped : mapping
        The source column of each column of the contract.
    rules : tuple of Rule
        All rules that its rows may fail.
    money : str
        The column whose sum is counted; empty where there is none.
    verdicts : tuple of callables
        The rules that look at several rows, in this order.
    """

    table: ir.Table
    mapped: Mapping[str, str]
    rules: tuple[Rule, ...] = ()
    money: str = ""
    verdicts: tuple[Verdict, ...] = ()

    @property
    def repairs(self) -> tuple[str, ...]:
        """The names of the repairs that were looked for."""
        found = (name for name in self.table.columns if name.startswith(REPAIR))
        return tuple(name.removeprefix(REPAIR) for name in found)


@dataclass
class Rows:
    """The rows of one source while their columns are read and their rules collected."""

    raw: ir.Table
    section: TableSection
    mapped: Mapping[str, str]
    zone: str
    rules: list[tuple[ir.BooleanValue, str]]
    columns: dict[str, ir.Value]
    repairs: dict[str, ir.BooleanValue]

    def step(self, value: ir.Value) -> ir.Value:
        """Make a column of a value, so that what builds on it does not repeat it."""
        name = f"__step_{len(self.raw.columns)}"
        self.raw = self.raw.mutate(**{name: value})
        return self.raw[name]

    def source(self, name: str) -> ir.Value | None:
        """Return the source column of a contract column, or None where it is not mapped."""
        return self.raw[self.mapped[name]] if name in self.mapped else None

    def rule(self, test: ir.BooleanValue, name: str) -> None:
        """Add a rule behind those that are there: it fails where the test is true."""
        self.rules.append((test, name))

    def keep(self, column: Column, value: ir.Value | None) -> None:
        """Take a column over into the judged table; None is a column of nulls."""
        kind = IBIS_TYPES[column.kind]
        self.columns[column.name] = ibis.null(kind) if value is None else value.cast(kind)

    def repaired(self, repairs: Mapping[str, ir.BooleanValue]) -> None:
        """Note where a column was put right; the same repair of two columns counts a row once."""
        for name, test in repairs.items():
            before = self.repairs.get(name)
            self.repairs[name] = test if before is None else before | test

    def text(self, column: Column) -> None:
        """Read a text column, byte for byte."""
        found = self.source(column.name)
        if found is None:
            self.keep(column, None)
            return
        if found.type().is_floating():
            self.repaired({"whole_float_made_text": found.notnull()})
        self.keep(column, as_text(found, self.section.null_values))

    def judged(
        self, rules: tuple[Rule, ...] = (), money: str = "", verdicts: tuple[Verdict, ...] = ()
    ) -> Judged:
        """Return the rows with the first rule that each fails."""
        rule = ibis.cases(*self.rules, else_=ibis.null("string"))
        repairs = {REPAIR + name: test.fill_null(False) for name, test in self.repairs.items()}  # noqa: FBT003
        table = self.raw.select(FILE, ROW, **{RULE: rule}, **self.columns, **repairs)
        return Judged(table, self.mapped, rules, money, verdicts)


def start(raw: RawTable, section: TableSection, mapped: Mapping[str, str], zone: str) -> Rows:
    """Begin with the exclusions: of a row that is excluded nothing is asked.

    Raises
    ------
    SettingsError
        If an exclusion names a column that the source does not have.
    """
    tested = (test.column for exclusion in section.exclude for test in exclusion.when)
    used = dict.fromkeys((*mapped.values(), *tested))
    table = raw.table.select(FILE, ROW, *(name for name in used if name in raw.columns))
    rows = Rows(table, section, mapped, zone, [], {}, {})
    for place, exclusion in enumerate(section.exclude):
        rows.rule(_excluded(raw, exclusion, section, zone), f"{EXCLUDED}{place}")
    return rows


def _excluded(
    raw: RawTable, exclusion: Exclusion, section: TableSection, zone: str
) -> ir.BooleanValue:
    tests = [_test(raw, condition, section, zone) for condition in exclusion.when]
    return ibis.and_(*tests).fill_null(False)  # noqa: FBT003


def _test(raw: RawTable, condition: Condition, section: TableSection, zone: str) -> ir.BooleanValue:
    if condition.column not in raw.columns:
        problem = f"tables.{raw.name}.exclude names a column that the source does not have"
        hint = nearest(condition.column, raw.columns) or f"columns: {', '.join(raw.columns)}"
        raise SettingsError(problem, received=condition.column, hint=hint)
    column = raw.table[condition.column]
    text = as_text(column, section.null_values)
    tests: list[ir.BooleanValue] = []
    if condition.equals is not None:
        tests.append(text == condition.equals)
    if condition.one_of is not None:
        tests.append(text.isin(condition.one_of))
    if condition.starts_with is not None:
        tests.append(text.startswith(condition.starts_with))
    if condition.before is not None:
        tests.append(as_time(column, section, zone).value < condition.before.at)
    if condition.from_ is not None:
        tests.append(as_time(column, section, zone).value >= condition.from_.at)
    return ibis.and_(*tests)


def judge_texts(rows: Rows, columns: list[Column]) -> None:
    """Read text columns and set aside rows whose texts are damaged."""
    for column in columns:
        rows.text(column)
        found = rows.source(column.name)
        if found is not None and found.type().is_string():
            rows.rule(found.re_search(r"\x00"), "unusable_character")


def check_float_ids(raw: RawTable, mapped: Mapping[str, str], ids: tuple[str, ...]) -> None:
    """Refuse ids that were floats and lost digits or have fractions.

    Raises
    ------
    DataRefused
        Naming the column and an example.
    """
    for name in ids:
        column = raw.table[mapped[name]] if name in mapped else None
        if column is None or not column.type().is_floating():
            continue
        whole = column.try_cast("int64").cast("float64") == column
        damaged = ~column.isnan() & (~whole.fill_null(False) | (column.abs() >= 2**53))  # noqa: FBT003
        found = raw.table.filter(damaged).select(value=column.cast("string")).limit(1).to_pyarrow()
        if found.num_rows:
            problem = f"{raw.name}: {mapped[name]!r} holds ids as floats that are no whole numbers"
            hint = "export the column as text"
            raise DataRefused(problem, received=found["value"][0].as_py(), hint=hint)
