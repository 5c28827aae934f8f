"""What came of the tables: the counts, the identities they must keep, and one screen of them.

Why this way: rows and money are each counted twice, before and after; the two must agree to the last
cent, always, so nothing can be lost without the run stopping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal

from valuemodel.exceptions import ValueModelError
from valuemodel.tables.raw import SourceFile

#: With fewer buying accounts than this there is nothing to compare.
FEWEST_ACCOUNTS = 2
#: With fewer than this the figures of a model say little; the report warns.
COMFORTABLE_ACCOUNTS = 100


@dataclass(frozen=True)
class Tally:
    """How many rows, and how much money they hold as far as it can be read."""

    rows: int = 0
    amount: Decimal = Decimal(0)

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.rows + other.rows, self.amount + other.amount)


@dataclass(frozen=True)
class SetAside:
    """What one rule set aside: the share is of all rows that were not excluded."""

    rule: str
    rows: int
    amount: Decimal
    share: float
    limit: float


@dataclass(frozen=True)
class TableReport:
    """What came of one table.

    ``read = accepted + quarantined + excluded + duplicates`` in rows and in money.
    """

    name: str
    files: tuple[SourceFile, ...]
    read: Tally
    accepted: Tally
    duplicates: Tally
    quarantined: tuple[SetAside, ...]
    excluded: Mapping[str, Tally]
    repaired: Mapping[str, int]
    unused_columns: tuple[str, ...]
    notes: tuple[str, ...]

    def check(self) -> None:
        """Prove that no row and no money was lost.

        Raises
        ------
        ValueModelError
            If rows or money do not add up; that is a fault of ours, never of the data.
        """
        parts = self.accepted + self.duplicates
        for rule in self.quarantined:
            parts += Tally(rule.rows, rule.amount)
        for tally in self.excluded.values():
            parts += tally
        if parts != self.read:
            problem = f"{self.name}: rows or money do not add up"
            received = f"read {self.read}, accounted for {parts}"
            raise ValueModelError(problem, received=received, hint="please report this")

    def lines(self) -> Iterator[str]:
        """Yield what a person reads about this table; one line where all of it was accepted."""
        files = f"{len(self.files)} file{'' if len(self.files) == 1 else 's'}"
        size = sum(file.size for file in self.files)
        head = f"{self.name} ({files}, {size:,} bytes)"
        if self.accepted == self.read:
            yield _counted(f"{head}, all accepted", self.read, indent="")
        else:
            yield _counted(head, self.read, indent="")
            yield _counted("accepted", self.accepted)
        if self.duplicates.rows:
            yield _counted("removed as exact duplicates", self.duplicates)
        for reason, tally in self.excluded.items():
            yield _counted(f"excluded: {reason}", tally)
        for rule in self.quarantined:
            share = f"{rule.share:.2%} of {rule.limit:.0%} allowed"
            tally = Tally(rule.rows, rule.amount)
            yield f"{_counted(f'set aside: {rule.rule}', tally)}  ({share})"
        for name, rows in self.repaired.items():
            yield _counted(f"repaired: {name}", Tally(rows))
        if self.unused_columns:
            yield f"  columns not used: {', '.join(self.unused_columns)}"
        for note in self.notes:
            yield f"  note: {note}"


def _counted(label: str, tally: Tally, indent: str = "  ") -> str:
    money = f"{tally.amount:>22,.2f}" if tally.amount else ""
    return f"{indent + label:<50}{tally.rows:>14,}{money}"


@dataclass(frozen=True)
class Report:
    """What came of all tables, enough for one screen and for ``--json``.

    Parameters
    ----------
    currency : str
        The project's.
    transactions, accounts : TableReport or None
        What became of these tables; None where there is none.
    first, last, complete_until : str
        ISO times of the first and last event, and of where the table may become incomplete.
    months : float
        The length of the history.
    buying_accounts : int
        Accounts (at the project's level) with an accepted transaction or contract.
    coverage : float or None
        The share of buying accounts that the accounts table knows.
    refunds : Tally
        Accepted rows below zero.
    refund_policy : str
        ``net`` or ``gross``, as the value measure takes them.
    guests : float
        The share of rows without an account.
    complete_windows : mapping
        For each horizon, whether a label window after the first event is complete.
    warnings : tuple of str
        What a person should look at.
    others : mapping
        What became of the other tables, by name.
    orphans : mapping
        For each of them, how many rows are of accounts that neither buy, nor are listed, nor have a
        contract.
    reconciled : mapping
        The totals of what was booked, billed and collected, and of what is still open, where the
        transactions say so; empty elsewhere.
    lacks : tuple of str
        What the book lacks, and what that costs.
    """

    currency: str
    transactions: TableReport | None
    accounts: TableReport | None
    first: str
    last: str
    complete_until: str
    months: float
    buying_accounts: int
    coverage: float | None
    refunds: Tally
    refund_policy: str
    guests: float
    complete_windows: Mapping[str, bool]
    warnings: tuple[str, ...] = field(default=())
    others: Mapping[str, TableReport] = field(default_factory=dict)
    orphans: Mapping[str, int] = field(default_factory=dict)
    reconciled: Mapping[str, Tally] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[TableReport, ...]:
        """What became of each table that there is."""
        found = (self.transactions, self.accounts, *self.others.values())
        return tuple(table for table in found if table is not None)

    def as_document(self) -> dict[str, object]:
        """Return the report as the JSON document that ``--json`` prints; money as exact text."""
        return {key: _plain(value) for key, value in asdict(self).items()}

    def lines(self) -> list[str]:
        """Return the report as lines of plain text, one screen of it."""
        lines = [line for table in self.tables for line in table.lines()]
        if self.reconciled:
            lines += ["booked, billed, collected"]
            lines += [_counted(name, tally) for name, tally in self.reconciled.items()]
        known = "" if self.coverage is None else f", {self.coverage:.2%} of them known"
        windows = ", ".join(
            f"{label} {'yes' if complete else 'no'}"
            for label, complete in self.complete_windows.items()
        )
        who = (
            "accounts that buy or have a contract"
            if "contracts" in self.others
            else "buying accounts"
        )
        lines += [
            "history",
            f"  {self.first} to {self.last} ({self.months:.1f} months), "
            f"complete until {self.complete_until}",
            f"  {who}: {self.buying_accounts:,}{known}",
        ]
        if self.transactions is not None:
            share = self.refunds.rows / max(self.transactions.accepted.rows, 1)
            lines += [
                f"  refunds: {self.refunds.rows:,} rows ({share:.2%}), "
                f"{self.refunds.amount:,.2f} {self.currency}, taken {self.refund_policy}",
                f"  rows without an account: {self.guests:.2%}",
            ]
        lines.append(f"  complete windows: {windows}")
        lines += [f"lacks {lack.removeprefix('no ')}" for lack in self.lacks]
        return lines + [f"warning: {warning}" for warning in self.warnings]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value
