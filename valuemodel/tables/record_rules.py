"""The rules of the tables beside transactions and accounts, made from what their schemas declare.

Why this way: a column that is required, is a time, has bounds or choices, is judged alike in every
table, so its rules follow from its declaration and cannot be forgotten for one table. Only what
involves several columns or rows is written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir

from valuemodel.tables.rules import (
    ACCOUNT_RULES,
    MISSING_ACCOUNT,
    RAGGED_ROW,
    SCALE_BREAK,
    TRANSACTION_RULES,
    UNUSABLE_CHARACTER,
    Rule,
    currency_rules,
    impossible_number,
    impossible_time,
    missing,
    unreadable_number,
    unreadable_time,
)
from valuemodel.tables.schemas import CURRENCY, TABLES, Column, TableSchema

#: What `valuemodel.periods.Horizon` reads.
HORIZON = r"(?i)^\s*0*[1-9]\d{0,4}\s*(days?|weeks?|months?|years?|d|w|m|y)\s*$"

CONFLICTING_ROW = Rule(
    "conflicting_row",
    "rows that should be one contradict each other",
    "export again, or map the columns that tell these rows apart",
)

Test = Callable[[Mapping[str, ir.Value]], ir.BooleanValue]

#: What several columns of a row must be to each other: the test says where they are not.
ACROSS: Mapping[str, tuple[tuple[Rule, Test], ...]] = {
    "contracts": (
        (
            Rule(
                "end_before_start",
                "the contract ends before it begins, or when it begins",
                "correct the source; end is the first instant after the contract",
                "end",
            ),
            lambda row: row["end"] <= row["start"],
        ),
        (
            Rule(
                "cancelled_before_start",
                "the contract is cancelled before it is signed and begins",
                "correct the source, or leave out contracts that never began",
                "cancelled_at",
            ),
            # One that was signed ahead and then cancelled was known until then, and stays.
            lambda row: row["cancelled_at"] < ibis.least(row["start"], row["known_at"]),
        ),
    ),
    "capability_gaps": (
        (
            Rule(
                "missing_subject",
                "neither a product_id nor a segment is named",
                "name what the gap is about",
                "product_id",
            ),
            lambda row: row["product_id"].isnull() & row["segment"].isnull(),
        ),
        (
            Rule(
                "unreadable_horizon",
                "the horizon is no number of days, weeks, months or years",
                'write a text such as "12 months"',
                "horizon",
            ),
            lambda row: ~row["horizon"].re_search(HORIZON),
        ),
    ),
}


def record_rules(schema: TableSchema) -> tuple[Rule, ...]:
    """Return the rules of a table, in the order in which they are asked.

    Examples
    --------
    >>> from valuemodel.tables.schemas import CREDIT
    >>> for rule in record_rules(CREDIT)[2:6]:
    ...     print(f"{rule.name}: {rule.sentence}")
    missing_account: no account is named
    missing_owner: no owner is given
    missing_share: no share is given
    unreadable_share: share is not a number in the declared form
    """
    rules = [RAGGED_ROW, UNUSABLE_CHARACTER]
    for column in schema.columns:
        rules += column_rules(column)
    if CURRENCY in schema.inputs:
        rules += currency_rules(schema.name)
    rules += [rule for rule, _ in ACROSS.get(schema.name, ())]
    if schema.key:
        rules.append(CONFLICTING_ROW)
    if schema.money:
        rules.append(SCALE_BREAK)
    return tuple(rules)


def column_rules(column: Column) -> list[Rule]:
    """Return the rules that a column's declaration makes."""
    name = column.name
    rules = []
    if column.required:
        rules.append(MISSING_ACCOUNT if name == "account_id" else missing(name))
    if column.kind == "time":
        rules += [unreadable_time(name), impossible_time(name)]
    if column.kind in ("money", "number"):
        rules += [unreadable_number(name), impossible_number(name, bounds=_bounds(column))]
    if column.kind == "flag":
        sentence = f"{name} is neither true nor false"
        rules.append(Rule(f"unreadable_{name}", sentence, "write true or false", name))
    if column.choices:
        known = ", ".join(column.choices)
        sentence = f"{name} is none of {known}"
        fix = f"write one of {known} in the source"
        rules.append(Rule(f"unknown_{name}", sentence, fix, name, choices=column.choices))
    return rules


def _bounds(column: Column) -> str:
    if column.least is None:
        return ""
    below = f"below {column.least:g}"
    return f"{below} or beyond 1e14" if column.most is None else f"{below} or above {column.most:g}"


def rules_of(table: str) -> tuple[Rule, ...]:
    """Return the rules of any table of the contract."""
    own = {"transactions": TRANSACTION_RULES, "accounts": ACCOUNT_RULES}
    return own[table] if table in own else record_rules(TABLES[table])
