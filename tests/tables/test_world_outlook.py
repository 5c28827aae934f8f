"""The expectation of contracts agrees with the equations, and with many draws from one state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from valuemodel.periods import Cutoff
from valuemodel.tables.world_book import make_book
from valuemodel.tables.world_contracts import DAYS, NEVER, ContractLaw, draw_law
from valuemodel.tables.world_outlook import look_ahead
from valuemodel.tables.world_terms import walk

COPIES = 6_000
START, END = 40, 40 + 500


def copies(years: int, notice: int) -> ContractLaw:
    """One account, many times, with a contract from the first day on."""
    book = make_book(COPIES, 1_461, np.random.default_rng(1))
    zero = np.zeros(COPIES, dtype=np.int64)
    rng = np.random.default_rng(2)
    law = draw_law(book, zero, 1.0, Cutoff.parse("2021-01-01"), rng)
    return replace(
        law,
        signed=zero - 1,
        start=zero,
        years=zero + years,
        notice=zero + notice,
        auto_renew=zero == 1,
        seats=zero + 40,
        price=zero + 100.0,
        uplift=zero + 0.05,
        lean=zero + 0.3,
        leave=zero + 1.4,
    )


@pytest.mark.parametrize(("years", "notice"), [(0, 30), (1, 60), (1, 330), (2, 90)])
def test_many_copies_come_out_as_expected(years: int, notice: int) -> None:
    law = copies(years, notice)
    walked = walk(law, END, np.random.default_rng(years + notice))
    ahead = look_ahead(law, walked, START, [START + 92, END])
    terms, count = walked.terms, COPIES
    for column, end in enumerate((START + 92, END)):
        earned = terms.earned(count, START, end)
        runs = terms.at(np.arange(count), np.full(count, START - 1)) >= 0
        gone = runs & (terms.at(np.arange(count), np.full(count, end - 1)) < 0)
        for drawn, expected in (
            (earned, ahead.value[:, column]),
            (gone[runs], ahead.lapse[runs, column]),
        ):
            error = drawn - expected
            assert abs(error.sum()) <= 4.0 * np.sqrt((error**2).sum()) + 1e-6
    assert np.isnan(ahead.lapse[~runs]).all()


def test_nobody_leaves_where_nobody_may() -> None:
    law = replace(copies(1, 60), leave=np.zeros(COPIES), uplift=np.zeros(COPIES))
    walked = walk(law, START + 1, np.random.default_rng(5))
    terms = walked.terms
    plain = np.bincount(terms.contract[terms.start == 0], minlength=COPIES)
    ahead = look_ahead(law, walked, START, [START + 30, 365])
    assert plain.min() == 1
    np.testing.assert_array_equal(ahead.lapse, 0.0)
    np.testing.assert_allclose(ahead.days.sum(axis=2), [[30, 325]] * COPIES)


def test_an_unsigned_contract_has_no_future() -> None:
    law = copies(1, 60)
    later = replace(law, signed=law.signed + 200, start=law.start + 230)
    walked = walk(later, 300, np.random.default_rng(6))
    unknown = look_ahead(later, walked, 150, [250])
    assert (unknown.value == 0).all()
    assert np.isnan(unknown.lapse).all()
    signed = look_ahead(later, walked, 205, [230, 240])
    np.testing.assert_allclose(signed.value[:, 0], 0.0)
    np.testing.assert_allclose(signed.value[:, 1], 10 * 4_000 / DAYS, rtol=0.02)
    assert np.isnan(signed.lapse).all()


def test_one_step_is_what_the_textbook_says() -> None:
    law = copies(0, 30)
    walked = walk(law, START, np.random.default_rng(7))
    ahead = look_ahead(law, walked, START, [START + 1])
    health = walked.health[:, START]
    place = walked.terms.at(np.arange(COPIES), np.full(COPIES, START))
    runs = place >= 0
    leaves = law.cancellation[health, np.arange(COPIES)]
    arr = walked.terms.seats[place] * walked.terms.price[place]
    np.testing.assert_allclose(ahead.lapse[runs, 0], leaves[runs], atol=1e-9)
    np.testing.assert_allclose(ahead.value[runs, 0], (arr * (1 - leaves) / 365)[runs])
    assert (walked.terms.end == NEVER).all()
