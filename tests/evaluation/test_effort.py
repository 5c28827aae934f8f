"""Hours are counted in the window that is judged, as known then, and never guessed."""

from __future__ import annotations

from dataclasses import replace

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from valuemodel.evaluation.effort import EFFORT_COLUMNS, effort
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.schemas import INTERACTIONS, TRANSACTIONS

HALF = Horizon.parse("6 months")
UNTIL = Cutoff.parse("2021-01-01")
ROWS = [
    # account, time, hours, known from then on
    ("a", "2019-12-31 23:59:59", 100.0, None),  # before the first cutoff
    ("a", "2020-01-01 00:00:00", 1.5, None),
    ("a", "2020-03-01 10:00:00", None, None),  # nobody wrote down how long it took
    ("b", "2020-06-30 10:00:00", 2.25, None),
    ("b", "2020-07-01 00:00:00", 4.0, None),  # in the next window
    ("c", "2020-02-01 10:00:00", 50.0, "2021-02-01"),  # known only later
]


@pytest.fixture
def connection():
    return ibis.duckdb.connect()


@pytest.fixture
def ledger() -> Ledger:
    frame = pd.DataFrame(ROWS, columns=["account_id", "time", "hours", "known_at"])
    frame["known_at"] = frame["known_at"].fillna(frame["time"])
    table = ibis.memtable(pa.Table.from_pandas(frame))
    kinds = INTERACTIONS.validated()
    missing = {name: ibis.null() for name in kinds if name not in frame}
    interactions = table.mutate(**missing).cast(kinds)
    sales = ibis.memtable(ibis.schema(TRANSACTIONS.validated()).to_pyarrow().empty_table())
    return Ledger(sales, None, Cutoff.parse("2019-01-01"), UNTIL, interactions=interactions)


def test_contacts_are_those_of_the_window_as_far_as_known(connection, ledger):
    found = effort(connection, ledger, [Cutoff.parse("2020-01-01")], HALF, UNTIL)
    assert found.columns.tolist() == EFFORT_COLUMNS
    told = found.drop(columns="cutoff").to_dict("records")
    assert told == [
        {"account_id": "a", "contacts": 2, "timed": 1, "hours": 1.5},
        {"account_id": "b", "contacts": 1, "timed": 1, "hours": 2.25},
    ]


def test_every_cutoff_has_its_own_window(connection, ledger):
    cutoffs = [Cutoff.parse("2020-01-01"), Cutoff.parse("2020-07-01")]
    found = effort(connection, ledger, cutoffs, HALF, UNTIL)
    hours = found.groupby("cutoff")["hours"].sum()
    assert hours.to_dict() == {pd.Timestamp("2020-01-01"): 3.75, pd.Timestamp("2020-07-01"): 4.0}


def test_what_is_known_later_counts_later(connection, ledger):
    at = [Cutoff.parse("2020-01-01")]
    found = effort(connection, ledger, at, HALF, Cutoff.parse("2022-01-01"))
    assert found["hours"].sum() == 53.75


def test_a_book_without_interactions_knows_nothing_of_hours(connection, ledger):
    at = [Cutoff.parse("2020-01-01")]
    assert effort(connection, replace(ledger, interactions=None), at, HALF, UNTIL) is None
    assert effort(connection, ledger, [], HALF, UNTIL).columns.tolist() == EFFORT_COLUMNS
