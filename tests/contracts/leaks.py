"""Builders that are known to leak, each in one way: every check must catch them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

import ibis

from tests.contracts.book import Book, Row
from valuemodel.dataset import DatasetBuilder
from valuemodel.periods import Cutoff
from valuemodel.snapshots.as_of import Snapshot, accounts_as_of
from valuemodel.tables.ledger import Ledger

TICK, DAYS = timedelta(microseconds=1), timedelta(days=10)


#: What a row of each table says beside its dates, so that it shows in the features.
_SAID = {
    "transactions": {"amount": Decimal(5), "under_contract": None},
    "contracts": {"contract_id": "C99", "arr": Decimal(500), "auto_renew": False},
    "opportunities": {"opportunity_id": "D99", "stage": "lead", "value": Decimal(5)},
    "projects": {"project_id": "J99"},
    "usage": {"quantity": 5.0},
}


def with_row(book: Book, table: str, dates: Row) -> Book:
    """Return the book with one more row of a table, of account A05."""
    rows = book.tables[table]
    row = rows[0] | {"account_id": "A05"} | _SAID.get(table, {}) | dates
    return Book.of(book.tables | {table: (*rows, row)})


class Leak(DatasetBuilder):
    """A builder of what a careless one would take for known: a feature that shows it, and its group."""

    group: ClassVar[str]
    caught: ClassVar[str]

    @staticmethod
    def book(book: Book, cutoff: Cutoff) -> Book:
        """Return the book in which the leak shows."""
        del cutoff
        return book

    def careless(self, ledger: Ledger, cutoff: Cutoff) -> Ledger:
        """Return the tables as the careless builder takes them."""
        raise NotImplementedError

    def _snapshot(self, cutoff: Cutoff) -> Snapshot:
        ledger = self.careless(self.ledger, cutoff)
        return DatasetBuilder(self.connection, ledger, self.settings)._snapshot(cutoff)


class LatestAttributes(Leak):
    """Joins the attributes that accounts have today."""

    group, caught = "profile", "region"

    def _snapshot(self, cutoff):
        good = DatasetBuilder._snapshot(self, cutoff)
        today = Cutoff.parse("2030-01-01")
        return replace(good, accounts=accounts_as_of(self.ledger.accounts, today))


class UpToAndIncluding(Leak):
    """Counts the instant of the cutoff itself."""

    group, caught = "monetary", "value_total"

    @staticmethod
    def book(book, cutoff):
        return with_row(book, "transactions", {"time": cutoff.at, "known_at": None})

    def _snapshot(self, cutoff):
        late = DatasetBuilder._snapshot(self, Cutoff(cutoff.at + TICK))
        return replace(late, cutoff=cutoff)


class LatestStage(Leak):
    """Gives an opportunity the stage that it has today."""

    group, caught = "opportunities", "pipeline_count"

    @staticmethod
    def book(book, cutoff):
        lead = {"stage": "lead", "time": cutoff.at - DAYS, "known_at": None}
        won = {"stage": "won", "time": cutoff.at + DAYS, "known_at": None}
        return with_row(with_row(book, "opportunities", lead), "opportunities", won)

    def careless(self, ledger, cutoff):
        del cutoff
        rows = ledger.opportunities
        window = ibis.window(
            group_by=["account_id", "opportunity_id"],
            order_by=rows.time,
            preceding=None,
            following=None,
        )
        return replace(ledger, opportunities=rows.mutate(stage=rows.stage.last().over(window)))


class LaterNotice(Leak):
    """Knows of a notice before it is given."""

    group, caught = "contracts", "notice_share"

    @staticmethod
    def book(book, cutoff):
        dates = {"start": cutoff.at - DAYS, "end": cutoff.at + 9 * DAYS, "known_at": None}
        return with_row(book, "contracts", dates | {"cancelled_at": cutoff.at + DAYS})

    def careless(self, ledger, cutoff):
        rows = ledger.contracts
        notice = ibis.least(rows.cancelled_at, ibis.literal(cutoff.at - TICK))
        known = rows.cancelled_at.isnull().ifelse(rows.cancelled_at, notice)
        return replace(ledger, contracts=rows.mutate(cancelled_at=known))


class ByStart(Leak):
    """Takes contracts from their start on, whenever they were signed."""

    group, caught = "contracts", "arr"

    @staticmethod
    def book(book, cutoff):
        dates = {"start": cutoff.at - DAYS, "end": None, "known_at": cutoff.at + DAYS}
        return with_row(book, "contracts", dates | {"cancelled_at": None})

    def careless(self, ledger, cutoff):
        del cutoff
        rows = ledger.contracts
        return replace(ledger, contracts=rows.mutate(known_at=rows.start))


def _known_at_once(table: str, name: str, shows: str) -> type[Leak]:
    """Return a builder that takes rows by the time of the event, whenever they became known."""

    class KnownAtOnce(Leak):
        group, caught = name, shows

        @staticmethod
        def book(book, cutoff):
            return with_row(book, table, {"time": cutoff.at - DAYS, "known_at": cutoff.at + DAYS})

        def careless(self, ledger, cutoff):
            del cutoff
            rows = getattr(ledger, table)
            return replace(ledger, **{table: rows.mutate(known_at=rows.time)})

    KnownAtOnce.__name__ = f"known_at_once_{table}"
    return KnownAtOnce


LEAKS: list[type[Leak]] = [
    LatestAttributes,
    UpToAndIncluding,
    LatestStage,
    LaterNotice,
    ByStart,
    _known_at_once("transactions", "monetary", "value_total"),
    _known_at_once("usage", "usage", "usage_quantity_30d"),
    _known_at_once("interactions", "interactions", "contacts_90d"),
    _known_at_once("opportunities", "opportunities", "pipeline_count"),
    _known_at_once("projects", "projects", "projects_365d"),
]
