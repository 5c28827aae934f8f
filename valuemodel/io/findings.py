"""What a person should look at before they trust a model: one sentence for each finding.

Why this way: none of this is a fault of a single row, so nothing is set aside; but each of these has
made somebody's figures wrong, so each is said with its count, where all who train or score see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir

from valuemodel.io.sifting import Sifted
from valuemodel.settings import Settings
from valuemodel.tables.basis import totals
from valuemodel.tables.cleaning import repeats
from valuemodel.tables.coverage import orphans, valued_accounts
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.quality import COMFORTABLE_ACCOUNTS, Tally
from valuemodel.tables.rules import NOT_COLLECTED_YET
from valuemodel.tables.schemas import TABLES
from valuemodel.tables.validation import RULE

#: A table that should go on as the book does, and stops so many days before it, is out of date.
STALE_DAYS = 31
#: The share of renewals that begin a day late from which ends look like last days.
LAST_DAYS = 0.2
#: The tables that go on from day to day.
STEADY = ("usage", "interactions", "costs")


@dataclass(frozen=True)
class Findings:
    """What was found in the tables of a ledger.

    Parameters
    ----------
    ledger : Ledger
        The validated tables.
    sifted : mapping
        The judged tables by name.
    settings : Settings
        The project's.
    """

    ledger: Ledger
    sifted: Mapping[str, Sifted]
    settings: Settings

    def sentences(
        self, windows: Mapping[str, bool], buying: int, coverage: float | None
    ) -> tuple[str, ...]:
        """Return all findings, those on the whole book first."""
        return (
            *_on_the_book(windows, buying, coverage),
            *self._repeats(),
            *self._empty(),
            *self._orphans(),
            *self._stale(),
            *self._contracts(),
            *self._last_days(),
            *self._stages(),
            *self._shares(),
            *self._basis(),
        )

    @cached_property
    def orphans(self) -> dict[str, tuple[int, int]]:
        """The rows and accounts, by table, of those who neither buy nor are listed nor contracted."""
        valued = valued_accounts(self.ledger.transactions, self.ledger.contracts)
        found = {}
        for name in self.sifted:
            table = self._table(name)
            if (
                name in ("transactions", "accounts", "contracts")
                or "account_id" not in table.columns
            ):
                continue
            left = orphans(table, valued, self.ledger.accounts)
            counts = left.aggregate(rows=left.count(), accounts=left.account_id.nunique())
            one = counts.to_pyarrow().to_pylist()[0]
            if one["rows"]:
                found[name] = (int(one["rows"]), int(one["accounts"]))
        return found

    @cached_property
    def reconciled(self) -> dict[str, Tally]:
        """The totals of what was booked, billed and collected; empty where nothing says so."""
        counts = self._totals
        mapped = self.sifted["transactions"].judged.mapped if counts else {}
        names = {"booked": "booked"} if "booked_at" in mapped else {}
        names |= {"billed": "billed"}
        if "collected_at" in mapped:
            names |= {"collected": "collected", "open": "not collected yet", "part": "paid in part"}
        return {label: counts[name] for name, label in names.items()} if counts else {}

    @cached_property
    def _totals(self) -> dict[str, Tally]:
        judged = self.sifted.get("transactions")
        if judged is None or not {"booked_at", "collected_at"} & set(judged.judged.mapped):
            return {}
        table, aside = judged.table, NOT_COLLECTED_YET.name
        usable = table.filter(table[RULE].isnull() | (table[RULE] == aside))
        one = usable.aggregate(**totals(usable)).to_pyarrow().to_pylist()[0]
        names = [name.removesuffix("_rows") for name in one if name.endswith("_rows")]
        return {name: _tally(one, name) for name in names}

    def _table(self, name: str) -> ir.Table:
        return getattr(self.ledger, name)

    def _repeats(self) -> Iterator[str]:
        for name, one in self.sifted.items():
            line = name == "transactions" and "line_id" not in one.judged.mapped
            if not line and (name in ("transactions", "accounts") or TABLES[name].key):
                continue
            again = int(repeats(self._table(name), TABLES[name].names).to_pyarrow().as_py())
            where = "" if line else f" of {name}"
            why = "without a line_id all are kept" if line else "all are kept"
            if again:
                yield f"{again:,} rows{where} repeat another one; {why}"

    def _empty(self) -> Iterator[str]:
        for name, one in self.sifted.items():
            table, schema = self._table(name), TABLES[name]
            mapped = [part for part in one.judged.mapped if part in schema.names]
            if name == "accounts" and self.settings.project.level == "parent":
                continue
            counts = table.aggregate(**{part: table[part].count() for part in mapped}).to_pyarrow()
            empty = [part for part in mapped if not counts[part][0].as_py()]
            if empty:
                yield f"nothing in {', '.join(empty)} of {name}: the column is there but empty"

    def _orphans(self) -> Iterator[str]:
        for name, (rows, accounts) in self.orphans.items():
            who = f"{accounts:,} account{'' if accounts == 1 else 's'}"
            which = "that neither buy, nor have a contract, nor are listed"
            yield f"{rows:,} rows of {name} are of {who} {which}"

    def _stale(self) -> Iterator[str]:
        until = self.ledger.complete_until.at
        for name in STEADY:
            if name in self.sifted:
                last = self._table(name).time.max().to_pyarrow().as_py()
                days = (until - last).days if last is not None else 0
                if days > STALE_DAYS:
                    yield f"{name} ends on {last:%Y-%m-%d}, {days:,} days before the book does"

    def _contracts(self) -> Iterator[str]:
        contracts, lines = self.ledger.contracts, self.ledger.transactions
        if contracts is None:
            return
        unpriced = int(contracts.arr.isnull().sum().to_pyarrow().as_py() or 0)
        if unpriced and "arr" in self.sifted["contracts"].judged.mapped:
            yield f"{unpriced:,} rows of contracts have no arr: they bring no value"
        covered = lines.filter(lines.under_contract).anti_join(contracts, "account_id")
        counts = covered.aggregate(lost_rows=covered.count(), lost_money=covered.amount.sum())
        lost = _tally(counts.to_pyarrow().to_pylist()[0], "lost")
        if lost.rows:
            yield (
                f"{lost.rows:,} rows ({self._money(lost)}) are under a contract, and their accounts "
                "have none: they count for nothing"
            )

    def _last_days(self) -> Iterator[str]:
        """Find ends that are last days: each renewal would then leave a gap of a day."""
        contracts, section = self.ledger.contracts, self.settings.tables.contracts
        if contracts is None or section is None or section.end_is_last_day:
            return
        one = ibis.window(
            group_by=[contracts.account_id, contracts.contract_id], order_by=contracts.start
        )
        following = contracts.start.lead().over(one)
        rows = contracts.select(gap=following.epoch_seconds() - contracts.end.epoch_seconds())
        ends = int((rows.gap == 86_400).sum().to_pyarrow().as_py() or 0)
        renewals = int((rows.gap >= 0).sum().to_pyarrow().as_py() or 0)
        if ends and ends >= LAST_DAYS * renewals:
            yield (
                f"{ends:,} of {renewals:,} renewals begin a day after the end before them: if end is "
                "the last day, say so with tables.contracts.end_is_last_day = true"
            )

    def _stages(self) -> Iterator[str]:
        table, section = self.ledger.opportunities, self.settings.tables.opportunities
        if table is None or section is None:
            return
        stages = (
            table.select("stage").distinct().order_by("stage").to_pyarrow()["stage"].to_pylist()
        )
        ends = {"won": section.won, "lost": section.lost}
        shown = ", ".join(stages[:8]) + (", ..." if len(stages) > 8 else "")
        for name, declared in ends.items():
            if not set(declared) & set(stages):
                yield (
                    f"no opportunity is {name}: tables.opportunities.{name} = "
                    f"{', '.join(declared)}, the stages are {shown}"
                )

    def _shares(self) -> Iterator[str]:
        if "credit" not in self.sifted:
            return
        passed = self.sifted["credit"].passed
        sums = passed.group_by("account_id").aggregate(
            whole=passed.share.cast("decimal(18, 6)").sum()
        )
        tests = {
            "less than 1": sums.whole < Decimal("0.999999"),
            "more than 1, so it is credited to several people": sums.whole > Decimal("1.000001"),
        }
        for what, test in tests.items():
            if found := int(test.sum().to_pyarrow().as_py() or 0):
                of = "1 account" if found == 1 else f"{found:,} accounts"
                yield f"the credit of {of} adds up to {what}"

    def _basis(self) -> Iterator[str]:
        counts, section = self._totals, self.settings.tables.transactions
        says = {
            "booked_late": "were ordered after they were billed",
            "paid_early": "were paid before they were billed",
            "paid_undated": "are paid and have no collected_at",
        }
        for name, sentence in says.items():
            if counts and counts[name].rows:
                yield f"{counts[name].rows:,} rows ({self._money(counts[name])}) {sentence}"
        if counts and "booked_at" in self.sifted["transactions"].judged.mapped:
            rows = counts["billed"].rows - counts["booked"].rows
            if rows:
                yield f"{rows:,} rows have no booked_at: they count as ordered when billed"
        booked = self.settings.value.basis == "booked"
        if booked and section is not None and section.complete_until is None:
            yield "orders that are not billed yet are not there: declare complete_until"

    def _money(self, tally: Tally) -> str:
        return f"{tally.amount:,.2f} {self.settings.project.currency}"


def _on_the_book(windows: Mapping[str, bool], buying: int, coverage: float | None) -> Iterator[str]:
    if buying < COMFORTABLE_ACCOUNTS:
        yield f"{buying} buying accounts: below {COMFORTABLE_ACCOUNTS} figures say little"
    short = [label for label, complete in windows.items() if not complete]
    if short:
        yield f"no complete window for {', '.join(short)}: a tagged fallback predicts there"
    if coverage is not None and coverage < 1:
        yield f"{1 - coverage:.2%} of the buying accounts have no row in accounts"


def _tally(row: Mapping[str, Any], name: str) -> Tally:
    return Tally(int(row[f"{name}_rows"] or 0), Decimal(row[f"{name}_money"] or 0))
