"""The law of contracts: chances are chances, and health decides."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.periods import Cutoff
from valuemodel.tables.world_book import make_book, stratified
from valuemodel.tables.world_contracts import AT_RISK, NEVER, THRIVING, ContractLaw, draw_law
from valuemodel.tables.world_process import ARCHETYPES

ORIGIN = Cutoff.parse("2019-06-15")


@pytest.fixture(scope="module")
def law() -> ContractLaw:
    rng = np.random.default_rng(3)
    book = make_book(4_000, 1_461, rng)
    archetype = stratified(np.array([kind.share for kind in ARCHETYPES]), 4_000, rng)
    return draw_law(book, archetype, 0.45, ORIGIN, rng)


def test_the_share_under_contract_is_met(law: ContractLaw) -> None:
    assert len(law.account) == 1_800
    assert (np.diff(law.account) > 0).all()


def test_moves_of_health_are_chances_and_slow(law: ContractLaw) -> None:
    moves = law.moves
    assert moves.min() >= 0
    np.testing.assert_allclose(moves.sum(axis=1), 1.0)
    assert moves[range(3), range(3)].min() > 0.97


def test_health_decides_who_stays(law: ContractLaw) -> None:
    for chance, better in ((law.renewal, 1), (-law.cancellation[:, law.years == 0], 1)):
        assert (np.diff(chance, axis=0) * better < 0).all()
    assert law.renewal[THRIVING].min() > 0.9
    assert law.renewal[AT_RISK].mean() < 0.7
    assert (law.cancellation[:, law.years > 0] == 0).all()


def test_established_contracts_are_decided_on_in_the_history(law: ContractLaw) -> None:
    ends = law.end_of(law.start)
    assert ((ends == NEVER) == (law.years == 0)).all()
    assert (ends - law.notice >= 1).all()
    assert (law.signed <= law.start).all()
    assert (law.seats >= 5).all()
    assert law.notice.min() >= 30


def test_terms_end_on_the_same_day_of_the_year(law: ContractLaw) -> None:
    start = np.arange(0, 1_500)
    dates = law.origin + start.astype("timedelta64[D]")
    leap = np.char.endswith(dates.astype(str), "02-29")
    ends = law.end_of(start, np.full(len(start), np.flatnonzero(law.years == 2)[0]))
    later = law.origin + ends.astype("timedelta64[D]")
    same = np.char.ljust(later.astype(str), 10)[~leap]
    assert [text[5:] for text in same] == [text[5:] for text in dates.astype(str)[~leap]]
    first = law.origin + law.start.astype("timedelta64[D]")
    assert not np.char.endswith(first.astype(str), "02-29").any()
