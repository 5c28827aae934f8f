"""No feature of the catalog sees the future: it is the same whether the future is there or not."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.contracts.harness import at, builder_for, mismatches, random_book, settings_for
from valuemodel.dataset import DatasetBuilder
from valuemodel.periods import Cutoff
from valuemodel.snapshots.as_of import accounts_as_of

CUTOFFS = [
    Cutoff.parse(text)
    for text in ("2019-07-01", "2020-02-29", "2021-01-31", "2021-06-15 13:37:00.25", "2022-06-09")
]
BOOK = random_book(seed=1)
SETTINGS = settings_for()


@pytest.fixture(scope="module")
def whole(make_ledger):
    """Features at each cutoff, with the future left in."""
    builder = builder_for(BOOK, SETTINGS, make_ledger)
    return {cutoff: builder.at(cutoff) for cutoff in CUTOFFS}


@pytest.mark.parametrize("cutoff", CUTOFFS, ids=str)
def test_features_are_the_same_when_the_future_is_cut_off(whole, make_ledger, cutoff):
    truncated = builder_for(BOOK.known_before(cutoff), SETTINGS, make_ledger).at(cutoff)
    assert mismatches(whole[cutoff], truncated) == []
    assert len(truncated) >= 10


def _huge(row):
    return [row | ({"amount": Decimal(10) ** 12} if "amount" in row else {"employees": 1e12})]


def _other_account(row):
    return [row | {"account_id": "A03"}]


def _deleted(row):
    del row
    return []


def _random(row):
    rng = random.Random(str(row))
    lately = timedelta(days=rng.randrange(3000))
    if "amount" in row:
        amount = Decimal(rng.randrange(-(10**9), 10**9)) / 100
        known = max(row["time"], row["known_at"] or row["time"]) + lately
        return [row | {"amount": amount, "known_at": known, "order_id": "X"}] * rng.randrange(3)
    return [row | {"industry": "?", "valid_from": row["valid_from"] + lately}]


@pytest.mark.parametrize("cutoff", CUTOFFS, ids=str)
@pytest.mark.parametrize("poison", [_huge, _other_account, _deleted, _random])
def test_poison_after_the_cutoff_changes_no_bit(whole, make_ledger, cutoff, poison):
    poisoned = BOOK.with_later(cutoff, poison)
    assert poisoned != BOOK
    assert mismatches(whole[cutoff], builder_for(poisoned, SETTINGS, make_ledger).at(cutoff)) == []


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_no_bit(whole, make_ledger, seed):
    builder = builder_for(BOOK.shuffled(seed), SETTINGS, make_ledger)
    for cutoff in CUTOFFS:
        assert mismatches(whole[cutoff], builder.at(cutoff)) == []


def test_the_number_of_threads_changes_no_bit(make_ledger):
    book = random_book(seed=2, accounts=500, lines=6_000)
    one, two = (builder_for(book, SETTINGS, make_ledger, threads) for threads in (1, 2))
    for cutoff in CUTOFFS[-2:]:
        assert mismatches(one.at(cutoff), two.at(cutoff)) == []


class LatestAttributes(DatasetBuilder):
    """Known to be bad: joins the attributes that accounts have today."""

    def _snapshot(self, cutoff):
        good = super()._snapshot(cutoff)
        return replace(
            good, accounts=accounts_as_of(self.ledger.accounts, Cutoff.parse("2030-01-01"))
        )


class KnownLater(DatasetBuilder):
    """Known to be bad: takes rows by the time of the event, whenever they became known."""

    def _snapshot(self, cutoff):
        rows = self.ledger.transactions
        ledger = replace(self.ledger, transactions=rows.mutate(known_at=rows.time))
        return DatasetBuilder(self.connection, ledger, self.settings)._snapshot(cutoff)


class UpToAndIncluding(DatasetBuilder):
    """Known to be bad: counts the instant of the cutoff itself."""

    def _snapshot(self, cutoff):
        late = super()._snapshot(Cutoff(cutoff.at + timedelta(microseconds=1)))
        return replace(late, cutoff=cutoff)


@pytest.mark.parametrize(
    ("bad", "caught"),
    [(LatestAttributes, "region"), (KnownLater, "value_total"), (UpToAndIncluding, "value_total")],
)
def test_a_builder_known_to_leak_is_caught_by_the_truncation_check(bad, caught):
    midnight = {"account_id": "A05", "time": at("2021-01-31"), "known_at": None}
    line = BOOK.lines[0] | midnight | {"amount": Decimal(5)}
    book = replace(BOOK, lines=(*BOOK.lines, line))
    cutoff = Cutoff.parse("2021-01-31")
    good_whole, good_cut = (builder_for(b, SETTINGS) for b in (book, book.known_before(cutoff)))
    leaking = bad(good_whole.connection, good_whole.ledger, SETTINGS)
    honest = bad(good_cut.connection, good_cut.ledger, SETTINGS)
    assert mismatches(good_whole.at(cutoff), good_cut.at(cutoff)) == []
    assert caught in mismatches(leaking.at(cutoff), honest.at(cutoff))
