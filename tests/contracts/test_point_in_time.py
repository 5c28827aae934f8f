"""No feature of the catalog sees the future: it is the same whether the future is there or not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.contracts.book import FILLED_LATER, UNDATED
from tests.contracts.harness import builder_for, mismatches, random_book, settings_for
from tests.contracts.poisons import POISONS
from valuemodel.periods import Cutoff

CUTOFFS = [
    Cutoff.parse(text)
    for text in ("2019-07-01", "2020-02-29", "2021-01-31", "2021-06-15 13:37:00.25", "2022-06-09")
]
BOOK = random_book(seed=1)
SETTINGS = settings_for()


class Whole:
    """Features at each cutoff, with the future left in; built when they are first asked for."""

    def __init__(self, builder):
        self.builder, self.found = builder, {}

    def __getitem__(self, cutoff):
        if cutoff not in self.found:
            self.found[cutoff] = self.builder.at(cutoff)
        return self.found[cutoff]


@pytest.fixture(scope="module")
def whole(make_ledger):
    return Whole(builder_for(BOOK, SETTINGS, make_ledger))


@pytest.mark.parametrize("cutoff", CUTOFFS, ids=str)
def test_features_are_the_same_when_the_future_is_cut_off(whole, make_ledger, cutoff):
    truncated = builder_for(BOOK.known_before(cutoff), SETTINGS, make_ledger).at(cutoff)
    assert mismatches(whole[cutoff], truncated) == []
    assert len(truncated) >= 10


@pytest.mark.parametrize("poison", POISONS)
def test_poison_after_the_cutoff_changes_no_bit(whole, make_ledger, poison):
    cutoff = CUTOFFS[2 + POISONS.index(poison) % 2]  # at midnight, or within a day
    poisoned = BOOK.with_later(cutoff, poison)
    assert _changed(poisoned) == {*BOOK.tables} - {*UNDATED}
    assert mismatches(whole[cutoff], builder_for(poisoned, SETTINGS, make_ledger).at(cutoff)) == []


def _changed(book):
    return {name for name, rows in book.tables.items() if rows != BOOK.tables[name]}


def _much_later(value):
    """Return another date, or another part of what was billed: valid still, but not the same."""
    return value + timedelta(days=900) if isinstance(value, datetime) else value / 10


@pytest.mark.parametrize("poison", [_much_later, lambda value: None], ids=["later", "never"])
def test_what_is_filled_in_after_the_cutoff_changes_no_bit(whole, make_ledger, poison):
    cutoff = CUTOFFS[2]
    poisoned = BOOK.with_later_cells(cutoff, poison)
    assert _changed(poisoned) == {*FILLED_LATER}
    assert mismatches(whole[cutoff], builder_for(poisoned, SETTINGS, make_ledger).at(cutoff)) == []


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_no_bit(whole, make_ledger, seed):
    cutoff = CUTOFFS[1 + seed]
    shuffled = builder_for(BOOK.shuffled(seed), SETTINGS, make_ledger).at(cutoff)
    assert mismatches(whole[cutoff], shuffled) == []


def test_the_number_of_threads_changes_no_bit(make_ledger):
    book = random_book(seed=2, accounts=300, lines=6_000)
    one, two = (builder_for(book, SETTINGS, make_ledger, threads) for threads in (1, 2))
    assert mismatches(one.at(CUTOFFS[-2]), two.at(CUTOFFS[-2])) == []
