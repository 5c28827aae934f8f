"""On a company's own book: what sees the future, or more than the tables, is found and named."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.contracts.harness import builder_for, random_book, settings_for
from tests.contracts.leaks import LEAKS
from valuemodel.evaluation.time_discipline import check_time_discipline, past_cutoffs
from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.features import feature
from valuemodel.periods import Cutoff

BOOK = random_book(seed=1)
SETTINGS = settings_for(["6 months"], features={"groups": ["own", "monetary", "contracts"]})
CUTOFF = Cutoff.parse("2021-01-31")
MEANING = {
    "label": "Mine",
    "unit": "number",
    "direction": "more",
    "actionable": "yes",
    "sentence": "Mine is {value}",
}
LEFT = ["A03", "A05"]


@feature(of="orders", **MEANING)
def honest(orders):
    return orders.table.value.max()


@feature(of="orders", **MEANING)
def drawn(orders):
    return orders.table.count() * random.random()


@feature(of="orders", **MEANING)
def listed(orders):
    return orders.table.account_id.isin(LEFT).any()


def test_what_is_honest_passes_and_it_says_what_was_checked():
    builder = builder_for(BOOK, SETTINGS, own=(honest,))
    found = check_time_discipline(builder, [CUTOFF])
    assert found.breaches == ()
    found.refuse()
    (line,) = found.lines()
    assert f"{len(builder.features)} features at 2021-01-31" in line
    assert found.later_rows[CUTOFF] > 100
    left = builder.connection.raw_sql("SELECT table_name FROM duckdb_tables()").fetchall()
    assert [name for (name,) in left if "discipline" in name] == []


def test_chance_and_knowledge_brought_along_are_found_and_named():
    builder = builder_for(BOOK, SETTINGS, own=(honest, drawn, listed))
    found = check_time_discipline(builder, [CUTOFF])
    assert [(one.feature, one.check) for one in found.breaches] == [
        ("drawn", "again"),
        ("listed", "names"),
    ]
    with pytest.raises(DataRefused, match="drawn, listed") as caught:
        found.refuse()
    assert "drawn is not the same when it is computed again" in caught.value.details[0]
    assert "listed knows accounts by their id" in caught.value.details[1]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_a_builder_that_is_known_to_leak_is_found(leak):
    settings = settings_for(["6 months"], features={"groups": [leak.group]})
    good = builder_for(leak.book(BOOK, CUTOFF), settings)
    bad = leak(good.connection, good.ledger, good.settings)
    found = check_time_discipline(bad, [CUTOFF]).breaches
    assert {one.check for one in found} & {"truncated", "poisoned"}
    assert leak.caught in {one.feature for one in found}


def test_a_cutoff_after_which_nothing_comes_checks_nothing_and_is_refused():
    with pytest.raises(UsageError, match="no row of the tables comes later"):
        check_time_discipline(builder_for(BOOK, SETTINGS), [Cutoff.parse("2031-01-01")])


def test_without_a_date_past_cutoffs_within_the_data_are_taken():
    ledger = builder_for(BOOK, SETTINGS).ledger
    assert past_cutoffs(ledger, SETTINGS.value.tiering)[0] < ledger.complete_until
    short = replace(ledger, first=Cutoff.parse("2022-10-01"))
    (middle,) = past_cutoffs(short, SETTINGS.value.tiering)
    assert short.first < middle < short.complete_until
