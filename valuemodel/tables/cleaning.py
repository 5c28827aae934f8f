"""Rules over several rows: rows that are there more than once, shares that count an account twice.

Why this way: only an own id of a line proves that two equal rows are one (ten equal lines of an
invoice may be ten sales), so without it repeats are counted and kept. Where the id is there, equal
rows are one row, and the one known first stays; rows that contradict each other are set aside
together, because nobody knows which is right. A row that contradicts one known earlier is set aside
alone: what was known before it came must not depend on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from valuemodel.tables.raw import FILE, ROW
from valuemodel.tables.rules import Rule
from valuemodel.tables.validation import RULE

#: What stands in `RULE` of a row that repeats another one exactly, and is removed.
EXACT_DUPLICATE = "exact_duplicate"
_EARLIEST = "_earliest_"


@dataclass(frozen=True)
class Uniqueness:
    """What should tell rows apart, what must then agree, and the rule for rows that do not.

    Parameters
    ----------
    key, content, first : tuple of str
        As `repeated` takes them.
    conflict : Rule
        For rows that do not agree.
    where : str
        A column without which a row is not compared; empty where all are.
    """

    key: tuple[str, ...]
    content: tuple[str, ...]
    first: tuple[str, ...]
    conflict: Rule
    where: str = ""

    def __call__(self, passed: ir.Table) -> ir.Table:
        """Return the rows to take out of those that passed."""
        rows = passed.filter(passed[self.where].notnull()) if self.where else passed
        return repeated(rows, self.key, self.content, self.first, self.conflict.name)


def repeated(
    table: ir.Table, key: Sequence[str], content: Sequence[str], first: Sequence[str], conflict: str
) -> ir.Table:
    """Find rows that share a key.

    Parameters
    ----------
    table : ibis table
        Rows that passed all rules, with `FILE` and `ROW`.
    key : sequence of str
        The columns that should tell rows apart; nulls are equal.
    content : sequence of str
        The columns that must agree.
    first : sequence of str
        The order in which the first row is kept, before `FILE` and `ROW`.
    conflict : str
        The rule for rows that do not agree: all those that come first, or those that come later.

    Returns
    -------
    ibis table
        `FILE`, `ROW` and `RULE` (`EXACT_DUPLICATE` or ``conflict``) of the rows to take out.
    """
    digest = ibis.struct({name: table[name] for name in content}).hash()
    rows = table.select(FILE, ROW, *key, *[n for n in first if n not in key], digest=digest)
    shared = rows.group_by(list(key)).aggregate(
        rows=rows.count(), **{f"{_EARLIEST}{name}": rows[name].min() for name in first}
    )
    shared = shared.filter(shared.rows > 1).rename({f"_{name}": name for name in key})
    same = [rows[name].identical_to(shared[f"_{name}"]) for name in key]
    members = rows.inner_join(shared, same)
    known_first = ibis.and_(*(members[name] == members[f"{_EARLIEST}{name}"] for name in first))
    together = ibis.window(group_by=list(key))
    members = members.mutate(
        place=ibis.row_number().over(group_by=list(key), order_by=[*first, FILE, ROW]),
        low=members.digest.min(where=known_first).over(together),
        high=members.digest.max(where=known_first).over(together),
    )
    contradicts = (members.low != members.high) | (members.digest != members.low)
    verdict = ibis.cases(
        (contradicts, conflict),
        (members.place > 0, EXACT_DUPLICATE),
        else_=ibis.null("string"),
    )
    found = members.select(FILE, ROW, **{RULE: verdict})
    return found.filter(found[RULE].notnull())


def with_verdicts(table: ir.Table, verdicts: ir.Table) -> ir.Table:
    """Return the judged table with the verdicts of `repeated` in its `RULE`."""
    marked = verdicts.rename(_file=FILE, _row=ROW, _rule=RULE)
    same = [table[FILE] == marked["_file"], table[ROW] == marked["_row"]]
    joined = table.left_join(marked, same)
    rule = ibis.coalesce(joined[RULE], joined["_rule"])
    return joined.mutate(**{RULE: rule}).drop("_file", "_row", "_rule")


def repeats(table: ir.Table, columns: Sequence[str]) -> ir.IntegerScalar:
    """Count the rows that repeat an earlier one in all the given columns."""
    digest = ibis.struct({name: table[name] for name in columns}).hash()
    return table.count() - digest.nunique()
