"""What a row of the accounts must be, and which of its columns come along."""

from __future__ import annotations

from valuemodel.exceptions import SettingsError, nearest
from valuemodel.settings import AccountsSection, Settings
from valuemodel.tables.cleaning import Uniqueness
from valuemodel.tables.parsing import as_number, as_time
from valuemodel.tables.raw import RawTable, map_columns, require_columns
from valuemodel.tables.rules import ACCOUNT_RULES, CONFLICTING_ACCOUNT
from valuemodel.tables.schemas import ACCOUNTS, Column, Kind
from valuemodel.tables.validation import Judged, Rows, judge_texts, start


def judge_accounts(raw: RawTable, settings: Settings, section: AccountsSection) -> Judged:
    """Judge the rows of the accounts; columns listed in ``features.extra`` come along.

    Raises
    ------
    DataRefused
        If a required or extra column is missing.
    SettingsError
        If the mapping, an exclusion or an extra column names what is not there.
    """
    known = accounts_columns(settings)
    extra = known[len(ACCOUNTS.columns) :]
    mapped = map_columns(section, ACCOUNTS.columns, raw.columns, raw.name)
    _check_extra(extra, raw)
    mapped = mapped | {column.name: column.name for column in extra}
    require_columns(mapped, ("account_id",), raw)
    rows = start(raw, section, mapped, settings.project.timezone)
    judge_texts(rows, [column for column in known if column.kind == "text"])
    rows.rule(rows.columns["account_id"].isnull(), "missing_account")
    for column in known:
        if column.kind != "text":
            _judge_attribute(rows, column)
    rows.columns = {column.name: rows.columns[column.name] for column in known}
    key = ("account_id", "valid_from")
    content = tuple(column.name for column in known if column.name not in key)
    unique = Uniqueness(key, content, (), CONFLICTING_ACCOUNT)
    return rows.judged(ACCOUNT_RULES, verdicts=(unique,))


def accounts_columns(settings: Settings) -> tuple[Column, ...]:
    """Return the contract's columns of the accounts, and the extra ones behind them."""
    kinds: dict[str, Kind] = {"number": "number", "category": "text"}
    extra = (
        Column(name, kinds[kind], "a column that the settings list as a feature")
        for name, kind in settings.features.extra.items()
        if name not in ACCOUNTS.names
    )
    return (*ACCOUNTS.columns, *extra)


def _check_extra(extra: tuple[Column, ...], raw: RawTable) -> None:
    own = {name.casefold() for name in ACCOUNTS.names}
    for column in extra:
        if column.name not in raw.columns:
            problem = f"features.extra lists {column.name!r}, which the accounts do not have"
            hint = nearest(column.name, raw.columns) or "correct the name"
            raise SettingsError(problem, received=", ".join(raw.columns), hint=hint)
        if column.name.casefold() in own:
            problem = f"features.extra lists {column.name!r}, a name of the contract"
            hint = f"map it instead: columns = {{ {column.name.casefold()} = {column.name!r} }}"
            raise SettingsError(problem, hint=hint)


def _judge_attribute(rows: Rows, column: Column) -> None:
    found = rows.source(column.name)
    if found is None:
        rows.keep(column, None)
        return
    if column.kind == "time":
        parsed = as_time(found, rows.section, rows.zone, rows.step)
        rows.rule(parsed.unreadable, "unreadable_time")
    else:
        parsed = as_number(found, rows.section, step=rows.step)
        rows.rule(parsed.unusable, "unreadable_number")
    rows.repaired(parsed.repairs)
    rows.keep(column, parsed.value)
