"""Synthetic worlds that several tests look at; nobody changes them."""

from __future__ import annotations

import pytest

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.world import World, make_world

AS_OF = Cutoff.parse("2024-01-01")
HORIZONS = (Horizon.parse("3 months"), Horizon.parse("1 year"))


@pytest.fixture(scope="session")
def whole() -> World:
    """A world of purchases and contracts."""
    return make_world(4_000, as_of=AS_OF, horizons=HORIZONS, seed=7, book="whole")


@pytest.fixture(scope="session")
def only_contracts() -> World:
    """A world that has nothing but contracts."""
    return make_world(1_500, as_of=AS_OF, horizons=HORIZONS, seed=8, book="contracts")
