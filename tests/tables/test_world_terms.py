"""Terms as drawn: a chain without gaps, decided on the notice day by health."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.periods import Cutoff
from valuemodel.tables.world_book import make_book, stratified
from valuemodel.tables.world_contracts import AT_RISK, NEVER, THRIVING, ContractLaw, draw_law
from valuemodel.tables.world_process import ARCHETYPES
from valuemodel.tables.world_terms import Walked, walk

DAYS = 1_700


@pytest.fixture(scope="module")
def law() -> ContractLaw:
    rng = np.random.default_rng(3)
    book = make_book(3_000, 1_461, rng)
    archetype = stratified(np.array([kind.share for kind in ARCHETYPES]), 3_000, rng)
    return draw_law(book, archetype, 1.0, Cutoff.parse("2020-01-01"), rng)


@pytest.fixture(scope="module")
def walked(law: ContractLaw) -> Walked:
    return walk(law, DAYS, np.random.default_rng(4))


def test_terms_of_a_contract_follow_each_other_without_a_gap(walked: Walked) -> None:
    terms = walked.terms
    again = terms.contract[1:] == terms.contract[:-1]
    assert (terms.start[1:][again] == terms.stop[:-1][again]).all()
    assert (terms.quit[:-1][again] == NEVER).all()
    assert (terms.signed <= terms.start).all()
    assert (terms.start < terms.stop).all()
    assert terms.seats.min() >= 1


def test_a_renewal_is_decided_on_the_notice_day(law: ContractLaw, walked: Walked) -> None:
    terms = walked.terms
    turns = (terms.contract[1:] == terms.contract[:-1]) & (terms.start[1:] == terms.end[:-1])
    before = terms.end[:-1][turns] - law.notice[terms.contract[:-1][turns]]
    np.testing.assert_array_equal(terms.signed[1:][turns], before)
    given = (terms.quit < NEVER) & (law.years[terms.contract] > 0)
    noticed = terms.end[given] - law.notice[terms.contract[given]]
    np.testing.assert_array_equal(terms.quit[given], noticed)
    assert turns.sum() > 1_000
    assert given.sum() > 300


def test_those_at_risk_leave_and_the_thriving_grow(law: ContractLaw, walked: Walked) -> None:
    terms = walked.terms
    decided = np.flatnonzero((terms.end < NEVER) & (terms.end - law.notice[terms.contract] < DAYS))
    last = np.r_[(terms.end[1:] != terms.end[:-1]) | (np.diff(terms.contract) > 0), True]
    rows = decided[last[decided]]
    rows = rows[rows + 1 < len(last)]
    day = terms.end[rows] - law.notice[terms.contract[rows]]
    health = walked.health[terms.contract[rows], day]
    stays = terms.quit[rows] == NEVER
    left = [1 - stays[health == kind].mean() for kind in range(3)]
    assert left[THRIVING] < 0.05
    assert left[AT_RISK] > 0.25
    grown = (terms.seats[rows + 1] / terms.seats[rows])[stays]
    by_health = [grown[health[stays] == kind].mean() for kind in range(3)]
    assert by_health[THRIVING] > 1.05
    assert by_health[AT_RISK] < 1.0


def test_health_is_there_from_the_signature_on(law: ContractLaw, walked: Walked) -> None:
    assert walked.health.shape == (len(law.account), DAYS + 1)
    for day in (0, 500, DAYS):
        np.testing.assert_array_equal(walked.health[:, day] >= 0, law.signed <= day - (day == DAYS))


def test_terms_are_looked_up_by_day(walked: Walked) -> None:
    terms = walked.terms
    rows = np.flatnonzero(terms.stop < NEVER)
    which = terms.contract[rows]
    for day in (terms.start[rows], terms.stop[rows] - 1):
        np.testing.assert_array_equal(terms.at(which, day), rows)
    ended = rows[(terms.quit[rows] < NEVER)]
    assert (terms.at(terms.contract[ended], terms.stop[ended]) == -1).all()


def test_money_is_earned_by_days_in_force(walked: Walked) -> None:
    terms, count = walked.terms, walked.health.shape[0]
    daily = np.zeros(count)
    for day in range(300, 330):
        place = terms.at(np.arange(count), np.full(count, day))
        daily += np.where(place >= 0, terms.arr[place], 0.0) / 365
    np.testing.assert_allclose(terms.earned(count, 300, 330), daily)


def test_offers_are_won_by_the_healthy_and_add_seats(walked: Walked) -> None:
    offers, terms = walked.offers, walked.terms
    assert (offers.opened < offers.closed).all()
    assert ((offers.value > 0) == offers.won).all()
    won = np.flatnonzero(offers.won)
    after = terms.at(offers.contract[won], offers.closed[won] + 1)
    before = terms.at(offers.contract[won], offers.closed[won])
    assert (terms.seats[after] > terms.seats[before]).all()
    health = walked.health[offers.contract, np.minimum(offers.closed, DAYS)]
    closed = offers.closed < NEVER
    assert offers.won[closed & (health == THRIVING)].mean() > 0.5
    assert offers.won[closed & (health == AT_RISK)].mean() < 0.15


def test_a_silent_renewal_changes_nothing(law: ContractLaw, walked: Walked) -> None:
    terms = walked.terms
    silent = np.flatnonzero(terms.silent)
    assert len(silent) > 50
    assert law.auto_renew[terms.contract[silent]].all()
    assert (terms.seats[silent] == terms.seats[silent - 1]).all()
    assert (terms.price[silent] == terms.price[silent - 1]).all()
