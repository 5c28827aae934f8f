"""What a row of the tables beside transactions and accounts must be, as their schemas declare it.

Why this way: eight tables that are read by the same few rules need no eight judges. A column's
declaration says how it is read and when a row without it, or with an impossible one, is set aside.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from valuemodel.periods import Cutoff
from valuemodel.settings import ContractsSection, DatedSection, Settings, TableSection
from valuemodel.tables.cleaning import Uniqueness
from valuemodel.tables.currency import converted, rate_into
from valuemodel.tables.parsing import as_flag, as_number
from valuemodel.tables.raw import RawTable, map_columns, require_columns
from valuemodel.tables.record_rules import (
    ACROSS,
    CONFLICTING_ROW,
    record_rules,
)
from valuemodel.tables.schemas import IBIS_TYPES, Column, TableSchema
from valuemodel.tables.times import LATEST, judge_time, known_from, known_repairs, latest
from valuemodel.tables.validation import Judged, Rows, Verdict, judge_texts, start


def judge_records(
    raw: RawTable,
    schema: TableSchema,
    settings: Settings,
    section: TableSection,
    now: Cutoff | None,
) -> Judged:
    """Judge the rows of a table by its schema.

    Parameters
    ----------
    raw : RawTable
        As read.
    schema : TableSchema
        What the table may hold.
    settings : Settings
        The project's, for its currency and zone.
    section : TableSection
        The forms, rates, exclusions and the delay.
    now : Cutoff or None
        The clock; what must have happened is impossible from a day after it on.

    Raises
    ------
    DataRefused
        If a required column is missing.
    SettingsError
        If the mapping or an exclusion names what is not there.
    """
    mapped = map_columns(section, schema.known, raw.columns, raw.name)
    require_columns(mapped, _required(schema, settings), raw)
    rows = start(raw, section, mapped, settings.project.timezone)
    judge_texts(rows, [column for column in schema.columns if column.kind == "text"])
    rates = section.rates if isinstance(section, DatedSection) else {}
    rate, unrated = rate_into(rows, rates, settings.project.currency)
    money = []
    for column in schema.columns:
        if column.kind == "text":
            _judge_text(rows, column)
        elif column.kind == "time":
            _judge_time(rows, schema, column, now)
        elif column.kind == "flag":
            _judge_flag(rows, column)
        else:
            own = settings.project.currency if column.kind == "money" else ""
            parsed = _judge_number(rows, column, own, rate if own else None)
            money += [parsed.notnull()] if own and parsed is not None else []
    for test, name in unrated if money else ():
        rows.rule(test & ibis.or_(*money), name)
    for rule, across in ACROSS.get(schema.name, ()):
        rows.rule(across(rows.columns), rule.name)
    rows.columns = {name: rows.columns[name] for name in schema.names}
    return rows.judged(record_rules(schema), schema.money, _verdicts(schema))


def _required(schema: TableSchema, settings: Settings) -> tuple[str, ...]:
    """Name what must be mapped; where only contracts bring value, what they bring too."""
    needed = tuple(column.name for column in schema.columns if column.required)
    only = schema.name == "contracts" and settings.tables.transactions is None
    return (*needed, schema.money) if only else needed


def _verdicts(schema: TableSchema) -> tuple[Verdict, ...]:
    if not schema.key:
        return ()
    content = tuple(name for name in schema.names if name not in (*schema.key, "known_at"))
    first = ("known_at",) if "known_at" in schema.names else ()
    return (Uniqueness(schema.key, content, first, CONFLICTING_ROW),)


def _judge_text(rows: Rows, column: Column) -> None:
    value = rows.columns[column.name]
    if column.required:
        named = "account" if column.name == "account_id" else column.name
        rows.rule(value.isnull(), f"missing_{named}")
    if column.choices and rows.source(column.name) is not None:
        spelled = rows.step(value.strip().lower().re_replace("[ -]+", "_"))
        known = spelled.isin(column.choices)
        rows.repaired({f"respelled_{column.name}": known & (spelled != value)})
        rows.rule(~known, f"unknown_{column.name}")
        rows.keep(column, known.ifelse(spelled, value))


def _judge_time(rows: Rows, schema: TableSchema, column: Column, now: Cutoff | None) -> None:
    name = column.name
    parsed = None
    if name in rows.mapped:
        until = latest(now) if column.past else LATEST
        parsed = judge_time(rows, name, until, open_ended=column.open_ended)
        if column.required:
            rows.rule(parsed.missing, f"missing_{name}")
    if name != "known_at":
        value = None if parsed is None else parsed.value
        section = rows.section
        if name == "end" and isinstance(section, ContractsSection) and section.end_is_last_day:
            value = None if value is None else value + ibis.interval(days=1)
        rows.keep(column, value)
        return
    delay = rows.section.delay if isinstance(rows.section, DatedSection) else None
    event = rows.columns[schema.event]
    rows.keep(column, known_from(event, parsed, delay, ahead=schema.ahead))
    if parsed is not None:
        rows.repaired(known_repairs(event, parsed, schema.event, ahead=schema.ahead))


def _judge_flag(rows: Rows, column: Column) -> None:
    found = rows.source(column.name)
    parsed = None if found is None else as_flag(found, rows.section)
    if parsed is not None:
        rows.rule(parsed.unreadable, f"unreadable_{column.name}")
    rows.keep(column, None if parsed is None else parsed.value)


def _judge_number(
    rows: Rows, column: Column, currency: str, rate: ir.Value | None
) -> ir.Value | None:
    """Read a number or money; return it before it is converted, or None where it is not mapped."""
    found = rows.source(column.name)
    if found is None:
        rows.keep(column, None)
        return None
    kind = IBIS_TYPES[column.kind]
    read = as_number(found, rows.section, currency=currency, to=kind, step=rows.step)
    parsed = converted(read, rate)
    if column.required:
        rows.rule(parsed.missing, f"missing_{column.name}")
    impossible = parsed.impossible
    if column.least is not None:
        impossible |= parsed.value < column.least
    if column.most is not None:
        impossible |= parsed.value > column.most
    rows.rule(parsed.unreadable, f"unreadable_{column.name}")
    rows.rule(impossible, f"impossible_{column.name}")
    rows.repaired(parsed.repairs)
    rows.keep(column, parsed.value)
    return read.value
