"""The contracts of time, on the company's own book: no feature may see the future.

Nor may it see anything else that is not in the tables. Our tests prove it for our features on small books. Here every feature of the catalog, the company's
own ones too, is built again at past cutoffs from the real tables with one thing changed, and must not
change by a bit:

* **again**: nothing is changed; chance and the clock show;
* **order**: the same rows in another order;
* **names**: every account has another id; what a feature brings along about accounts by name shows, a
  list of those who have left, a file made today;
* **truncated**: what was not known at the cutoff is not there;
* **poisoned**: what was not known at the cutoff says something else.

Why this way: what leaks is found by what it does, not by how it is written. All is done by the engine,
table by table and feature by feature in it, so that a book of millions of rows takes its time once per
check and no memory. Which rows were known is written down here once more: a mistake in the snapshot
does not hide itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta

import ibis
import ibis.expr.types as ir

from valuemodel.dataset import DatasetBuilder
from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.ledger import Ledger

#: What each check has found, said of a feature.
CHECKS: Mapping[str, str] = {
    "again": "is not the same when it is computed again",
    "order": "depends on the order of rows",
    "names": "knows accounts by their id, so what it says is not from the tables",
    "truncated": "changes when what came later is not there",
    "poisoned": "changes when what came later says something else",
}

_ROWS = "account_id"  # stands for the population itself
_RENAMED = "~"
_OTHER = "other_"


@dataclass(frozen=True)
class Breach:
    """A feature that did not stand a check; ``account_id`` stands for who is in the population.

    Parameters
    ----------
    feature : str
        Its name.
    check : str
        The key of `CHECKS`.
    cutoff : Cutoff
        Where it was found.
    accounts : int
        For how many accounts it had another value.
    """

    feature: str
    check: str
    cutoff: Cutoff
    accounts: int

    def __str__(self) -> str:
        return f"{self.feature} {CHECKS[self.check]} (at {self.cutoff}, {self.accounts:,} accounts)"


@dataclass(frozen=True)
class Discipline:
    """What was checked: how many features, at which cutoffs, with how many rows after each of them."""

    features: int
    later_rows: Mapping[Cutoff, int]
    breaches: tuple[Breach, ...]

    def lines(self) -> list[str]:
        """Say it in a few lines."""
        cutoffs = ", ".join(
            f"{cutoff} ({rows:,} rows not yet known)" for cutoff, rows in self.later_rows.items()
        )
        return [
            f"time discipline: {self.features} features at {cutoffs}: the same again, in another "
            "order of rows, under other account ids, and whatever comes later",
        ]

    def as_document(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "features": self.features,
            "cutoffs": {cutoff.text: rows for cutoff, rows in self.later_rows.items()},
            "checks": list(CHECKS),
        }

    def refuse(self) -> None:
        """Raise `DataRefused` if a feature did not stand a check; all such features are named."""
        if not self.breaches:
            return
        named = ", ".join(dict.fromkeys(breach.feature for breach in self.breaches))
        problem = f"features are not what was known at the cutoff: {named}"
        hint = (
            "correct the function: compute it from the source alone, by sums, counts, minima and "
            "maxima, and convert to float last"
        )
        raise DataRefused(problem, hint=hint, details=[str(breach) for breach in self.breaches])


def require_time_discipline(
    builder: DatasetBuilder, horizon: Horizon, cutoff: Cutoff | None = None
) -> Discipline:
    """Put the features through the contracts of time at a cutoff, or past ones; refuse those that fail.

    Raises
    ------
    DataRefused
        If a feature sees the future; all of them are named.
    """
    cutoffs = past_cutoffs(builder.ledger, horizon) if cutoff is None else [cutoff]
    found = check_time_discipline(builder, cutoffs)
    found.refuse()
    return found


def check_time_discipline(builder: DatasetBuilder, cutoffs: Sequence[Cutoff]) -> Discipline:
    """Build every feature again with one thing changed, and say which ones changed with it.

    Parameters
    ----------
    builder : DatasetBuilder
        Of the company's tables, with the future left in.
    cutoffs : sequence of Cutoff
        Past cutoffs, so that there is something that comes later.

    Returns
    -------
    Discipline
        With every breach. A feature that chance moves is not looked at any further.

    Raises
    ------
    UsageError
        If nothing comes after a cutoff.
    """
    later = {cutoff: _count_later(builder, cutoff) for cutoff in cutoffs}
    in_vain = [cutoff.text for cutoff, rows in later.items() if not rows]
    if in_vain:
        problem = "no row of the tables comes later, so there is no future to hide"
        hint = "name an earlier date with --as-of"
        raise UsageError(problem, received=", ".join(in_vain), hint=hint)
    ordered = _in_other_order(builder)
    breaches = [breach for cutoff in cutoffs for breach in _breaches(builder, ordered, cutoff)]
    for table in _tables(ordered).values():
        _drop(builder, table)
    return Discipline(len(builder.features), later, tuple(breaches))


def past_cutoffs(ledger: Ledger, horizon: Horizon) -> list[Cutoff]:
    """Return one and two horizons before the end of the data, or else the middle of a short book.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> none = ibis.memtable(pa.table({"account_id": ["a"]}))
    >>> ledger = Ledger(none, None, Cutoff.parse("2020-01-01"), Cutoff.parse("2022-01-01"))
    >>> past_cutoffs(ledger, Horizon.parse("6 months"))
    [Cutoff('2021-07-01'), Cutoff('2021-01-01')]
    >>> past_cutoffs(ledger, Horizon.parse("3 years"))
    [Cutoff('2020-12-31')]
    """
    first, until = ledger.first, ledger.complete_until
    found = [horizon.before(until, times) for times in (1, 2)]
    middle = first.at + timedelta(days=(until.at - first.at).days // 2)
    return [cutoff for cutoff in found if cutoff > first] or [Cutoff(middle)]


def _breaches(builder: DatasetBuilder, ordered: Ledger, cutoff: Cutoff) -> Iterator[Breach]:
    changed = {
        "again": builder.ledger,
        "order": ordered,
        "names": _under_other_names(builder.ledger),
        "truncated": _truncated(builder.ledger, cutoff),
        "poisoned": _poisoned(builder.ledger, cutoff),
    }
    expected = _stored(builder, builder.features_at(cutoff))
    by_chance: set[str] = set()
    for check, ledger in changed.items():
        found = _stored(builder, builder.on(ledger).features_at(cutoff))
        moved = _moved(expected, _named_back(found) if check == "names" else found)
        for name, accounts in moved.items():
            if name not in by_chance:
                yield Breach(name, check, cutoff, accounts)
        by_chance |= moved.keys() if check == "again" else set()
        _drop(builder, found)
    _drop(builder, expected)


def _stored(builder: DatasetBuilder, table: ir.Table) -> ir.Table:
    return builder.connection.create_table(ibis.util.gen_name("discipline"), table)


def _drop(builder: DatasetBuilder, table: ir.Table) -> None:
    builder.connection.raw_sql(f"DROP TABLE {table.get_name()}")


def _moved(expected: ir.Table, found: ir.Table) -> dict[str, int]:
    """Count the accounts of which each feature differs, to the last bit; only those that do."""
    names = [name for name in expected.columns if name != _ROWS]
    found = found.rename({f"{_OTHER}{name}": name for name in found.columns})
    both = expected.outer_join(found, expected[_ROWS] == found[f"{_OTHER}{_ROWS}"])
    in_both = both[_ROWS].notnull() & both[f"{_OTHER}{_ROWS}"].notnull()
    differs = {
        name: (in_both & ~both[name].identical_to(both[f"{_OTHER}{name}"])).sum() for name in names
    }
    counted = both.aggregate(**{_ROWS: (~in_both).sum()}, **differs).to_pyarrow().to_pylist()[0]
    return {name: int(count) for name, count in counted.items() if count}


def _tables(ledger: Ledger) -> dict[str, ir.Table]:
    found = {field.name: getattr(ledger, field.name) for field in fields(ledger)}
    return {name: table for name, table in found.items() if isinstance(table, ir.Table)}


def _later(name: str, table: ir.Table, cutoff: Cutoff) -> ir.BooleanValue:
    """Return whether a row was not known yet at the cutoff."""
    if name == "accounts":
        return (table.valid_from >= cutoff.at).fill_null(False)  # noqa: FBT003 - ibis's own
    if name == "contracts":  # known by being signed, which may come before the start
        return table.known_at >= cutoff.at
    if "time" in table.columns:
        return (table.time >= cutoff.at) | (table.known_at >= cutoff.at)
    return ibis.literal(False)  # noqa: FBT003 - it has no time


def _count_later(builder: DatasetBuilder, cutoff: Cutoff) -> int:
    counts = [
        builder.connection.to_pyarrow(table.filter(_later(name, table, cutoff)).count()).as_py()
        for name, table in _tables(builder.ledger).items()
    ]
    return sum(counts)


def _in_other_order(builder: DatasetBuilder) -> Ledger:
    """Sort all rows by all their columns, the last column first, and write them down so."""
    tables = {
        name: _stored(builder, table.order_by([table[n].desc() for n in reversed(table.columns)]))
        for name, table in _tables(builder.ledger).items()
    }
    return replace(builder.ledger, **tables)


def _under_other_names(ledger: Ledger) -> Ledger:
    tables = {
        name: table.mutate(account_id=table.account_id + _RENAMED)
        for name, table in _tables(ledger).items()
        if "account_id" in table.columns
    }
    return replace(ledger, **tables)


def _named_back(found: ir.Table) -> ir.Table:
    length = found.account_id.length() - len(_RENAMED)
    return found.mutate(account_id=found.account_id.substr(0, length))


def _truncated(ledger: Ledger, cutoff: Cutoff) -> Ledger:
    """Take out what was not known yet; notice of a contract that was not given yet is blank."""
    tables = {
        name: _notice(table.filter(~_later(name, table, cutoff)), cutoff, ibis.null())
        for name, table in _tables(ledger).items()
    }
    return replace(ledger, **tables)


def _poisoned(ledger: Ledger, cutoff: Cutoff) -> Ledger:
    """Let all that comes later happen to one account, with huge figures and strange words."""
    tables = {}
    for name, table in _tables(ledger).items():
        later = _later(name, table, cutoff)
        changed = {
            column: later.ifelse(_strange(table, column), table[column])
            for column, kind in table.schema().items()
            if not kind.is_timestamp()
        }
        tables[name] = _notice(table.mutate(**changed), cutoff, ibis.literal(cutoff.at))
    return replace(ledger, **tables)


def _strange(table: ir.Table, column: str) -> ir.Value:
    kind = table[column].type()
    if column == "account_id":
        return table.account_id.min().over(ibis.window())
    if kind.is_string():
        return ibis.literal("strange")
    if kind.is_boolean():
        return ~table[column].fill_null(False)  # noqa: FBT003 - ibis's own
    return ibis.literal(10**9).cast(kind)


def _notice(table: ir.Table, cutoff: Cutoff, instead: ir.Value) -> ir.Table:
    """Put something else where notice of a contract was given at or after the cutoff."""
    if "cancelled_at" not in table.columns:
        return table
    given = table.cancelled_at
    late = (given >= cutoff.at).fill_null(False)  # noqa: FBT003 - ibis's own
    return table.mutate(cancelled_at=late.ifelse(instead.cast(given.type()), given))
