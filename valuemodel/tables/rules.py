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
    """

    name: str
    sentence: str
    fix: str
    column: str = ""
    limit: float = DEFAULT_LIMIT


_FORM = "declare decimal, thousands or null_values as the file has them"
_CLOCK = 'declare time_format as the file has it, such as "%d/%m/%Y"'

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

TRANSACTION_RULES = (
    RAGGED_ROW,
    UNUSABLE_CHARACTER,
    MISSING_ACCOUNT,
    Rule("missing_time", "no time is given", "map another column or fill it", "time"),
    Rule("unreadable_time", "the time is not written in the declared form", _CLOCK, "time"),
    Rule(
        "impossible_time",
        "the time lies before the earliest or after the latest possible one",
        "correct the source, or set earliest",
        "time",
    ),
    Rule("missing_amount", "no amount is given", "map another column or fill it", "amount"),
    Rule("unreadable_amount", "the amount is not a number in the declared form", _FORM, "amount"),
    Rule(
        "impossible_amount",
        "the amount is infinite, not a number, or beyond 1e14",
        "correct the source",
        "amount",
    ),
    Rule("missing_currency", "no currency is given", "fill it in the source", "currency", 0.0),
    Rule(
        "currency_without_rate",
        "the currency is foreign and has no declared rate",
        "add it to [tables.transactions.rates]",
        "currency",
        0.0,
    ),
    Rule(
        "missing_cost",
        "no cost is given, and the margin needs it",
        "raise limits.missing_cost, or set value.measure to revenue",
        "cost",
    ),
    Rule("unreadable_cost", "the cost is not a usable number", _FORM, "cost"),
    Rule("unreadable_known_at", "known_at is not written in the declared form", _CLOCK, "known_at"),
    Rule(
        "unreadable_flag",
        "under_contract is neither true nor false",
        "write true or false",
        "under_contract",
    ),
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
    Rule("unreadable_number", "an attribute is not a number in the declared form", _FORM),
    Rule("unreadable_time", "a date is not written in the declared form", _CLOCK),
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
