"""Behaviour hangs together with who an account is, but only loosely."""

from __future__ import annotations

import numpy as np
import pytest

from valuemodel.periods import Cutoff
from valuemodel.tables.world_behaviour import draw_behaviour
from valuemodel.tables.world_book import make_book
from valuemodel.tables.world_process import ARCHETYPES


def test_larger_firms_spend_more_but_size_does_not_settle_it() -> None:
    book = make_book(3_000, 1_461, np.random.default_rng(1))
    process, trade = draw_behaviour(book, Cutoff.parse("2020-01-01"), np.random.default_rng(2))
    spend = np.log(process.rate * trade.order_value)
    assert 0.3 < np.corrcoef(spend, book.size)[0, 1] < 0.8
    shares = np.bincount(process.archetype) / 3_000
    assert shares == pytest.approx([kind.share for kind in ARCHETYPES], abs=0.001)
    assert (process.season < 1).all()
    assert process.born == pytest.approx(book.born / 365.25)


def test_loss_makers_cost_more_than_they_bring() -> None:
    book = make_book(2_000, 1_461, np.random.default_rng(1))
    process, trade = draw_behaviour(book, Cutoff.parse("2020-01-01"), np.random.default_rng(2))
    names = np.array([kind.name for kind in ARCHETYPES])[process.archetype]
    assert trade.cost[names == "loss_making"].mean() > 1.0
    assert trade.cost[names != "loss_making"].max() < 1.0
