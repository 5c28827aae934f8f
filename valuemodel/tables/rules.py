"""The rules that rows must pass, each with a sentence, a fix and a default limit.

Why this way: a row that cannot be used is set aside under the name of one rule, never dropped; and a
rule that fails too often says that the settings or the export are wrong, so the table is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from valuemodel.exceptions import SettingsError, nearest

#: The share of rows that a rule may set aside, where neither the rule nor the settings say another.
DEFAULT_LIMIT = 0.01


@dataclass(frozen=True)
class Rule:
    """One reason for which a row is set aside.

    Parameters
    ----------
    name : str
        Its name, in the settings' ``limits`` and in the quarantine.
    sentence : str
        What is wrong with the row.
    fix : str
        What to do when it happens too often.
    column : str
        The column of the contract that it looks at.
    limit : float
        The share of rows it may set aside before the table is refused.
    choices : tuple of str
        The only texts that the column may hold, where there are such.
    """

    name: str
    sentence: str
    fix: str
    column: str = ""
    limit: float = DEFAULT_LIMIT
    choices: tuple[str, ...] = ()


NUMBER_FORM = "declare decimal, thousands or null_values as the file has them"
TIME_FORM = 'declare time_format as the file has it, such as "%d/%m/%Y"'

RAGGED_ROW = Rule(
    "ragged_row",
    "the row does not split into the columns of the header",
    "export again with every field quoted, or declare the delimiter",
)
UNUSABLE_CHARACTER = Rule(
    "unusable_character",
    "an id or text holds a NUL character",
    "export again; the file was damaged or is not text",
)
MISSING_ACCOUNT = Rule(
    "missing_account",
    "no account is named",
    "raise limits.missing_account if guests are expected, or map another column",
    "account_id",
)
CONFLICTING_LINE = Rule(
    "conflicting_line",
    "the same order line is there with different content",
    "export again, or map the line_id that tells these rows apart",
    "line_id",
)
SCALE_BREAK = Rule(
    "scale_break",
    "amounts of one file or month are about 100 or 1000 times those of the others",
    "check the unit of money (cents, thousands); limits.scale_break = 1.0 accepts it as it is",
    "amount",
    limit=0.0,
)

NOT_COLLECTED_YET = Rule(
    "not_collected_yet",
    "the amount is not paid yet, and the value is that of paid amounts",
    "nothing: it counts when it is paid",
    "collected_at",
    limit=1.0,
)


def missing(column: str) -> Rule:
    """Return the rule for rows without a column that they need."""
    return Rule(
        f"missing_{column}", f"no {column} is given", "map another column or fill it", column
    )


def unreadable_time(column: str) -> Rule:
    """Return the rule for times in another form."""
    sentence = f"{column} is not written in the declared form"
    return Rule(f"unreadable_{column}", sentence, TIME_FORM, column)


def impossible_time(column: str) -> Rule:
    """Return the rule for times that cannot be."""
    sentence = f"{column} lies before the earliest or after the latest possible time"
    return Rule(f"impossible_{column}", sentence, "correct the source, or set earliest", column)


def unreadable_number(column: str) -> Rule:
    """Return the rule for numbers in another form."""
    sentence = f"{column} is not a number in the declared form"
    return Rule(f"unreadable_{column}", sentence, NUMBER_FORM, column)


def impossible_number(column: str, *, bounds: str = "") -> Rule:
    """Return the rule for numbers that cannot be, or that lie outside of their bounds."""
    sentence = f"{column} is infinite, not a number, or {bounds or 'beyond 1e14'}"
    return Rule(f"impossible_{column}", sentence, "correct the source", column)


def currency_rules(table: str) -> tuple[Rule, ...]:
    """Return the rules for money of unknown worth: none of it is tolerated unless it is said."""
    fix = f"add it to [tables.{table}.rates]"
    sentence = "the currency is foreign and has no declared rate"
    return (
        Rule("missing_currency", "no currency is given", "fill it in the source", "currency", 0.0),
        Rule("currency_without_rate", sentence, fix, "currency", 0.0),
    )


TRANSACTION_RULES = (
    RAGGED_ROW,
    UNUSABLE_CHARACTER,
    MISSING_ACCOUNT,
    missing("time"),
    unreadable_time("time"),
    impossible_time("time"),
    missing("amount"),
    unreadable_number("amount"),
    impossible_number("amount"),
    *currency_rules("transactions"),
    Rule(
        "missing_cost",
        "no cost is given, and the margin needs it",
        "raise limits.missing_cost, or set value.measure to revenue",
        "cost",
    ),
    Rule("unreadable_cost", "the cost is not a usable number", NUMBER_FORM, "cost"),
    unreadable_time("known_at"),
    Rule(
        "unreadable_flag",
        "under_contract is neither true nor false",
        "write true or false",
        "under_contract",
    ),
    unreadable_time("booked_at"),
    impossible_time("booked_at"),
    unreadable_time("collected_at"),
    impossible_time("collected_at"),
    Rule("unreadable_collected", "what was paid is not a usable number", NUMBER_FORM, "collected"),
    Rule(
        "impossible_collected",
        "more was paid than the amount, or with the other sign",
        "map the part of this line's amount that was paid",
        "collected",
    ),
    NOT_COLLECTED_YET,
    CONFLICTING_LINE,
    SCALE_BREAK,
)

CONFLICTING_ACCOUNT = Rule(
    "conflicting_account",
    "the same account is there with different attributes",
    "keep one row per account, or map valid_from",
    "account_id",
)
ACCOUNT_RULES = (
    RAGGED_ROW,
    UNUSABLE_CHARACTER,
    MISSING_ACCOUNT,
    Rule("unreadable_number", "an attribute is not a number in the declared form", NUMBER_FORM),
    Rule("unreadable_time", "a date is not written in the declared form", TIME_FORM),
    CONFLICTING_ACCOUNT,
)


def limits_of(
    rules: tuple[Rule, ...], declared: Mapping[str, float], table: str
) -> dict[str, float]:
    """Return each rule's limit: the declared one, or its own.

    Raises
    ------
    SettingsError
        If a limit is declared for a rule that does not exist.

    Examples
    --------
    >>> limits_of((MISSING_ACCOUNT,), {"missing_account": 0.3}, "transactions")
    {'missing_account': 0.3}
    >>> limits_of((MISSING_ACCOUNT,), {"mising_account": 0.3}, "transactions")
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.SettingsError: tables.transactions.limits names rules that do not exist
      - mising_account: did you mean 'missing_account'?
      hint: the rules are missing_account
    """
    names = [rule.name for rule in rules]
    unknown = [name for name in declared if name not in names]
    if unknown:
        problem = f"tables.{table}.limits names rules that do not exist"
        details = [f"{name}: {nearest(name, names) or 'no such rule'}" for name in unknown]
        raise SettingsError(problem, details=details, hint=f"the rules are {', '.join(names)}")
    return {rule.name: declared.get(rule.name, rule.limit) for rule in rules}
