"""How the contracts come to a ledger: every way is put through every contract."""

from __future__ import annotations

import pytest

from tests.contracts.harness import LedgerFactory, typed_ledger

FACTORIES: list[LedgerFactory] = [typed_ledger]


@pytest.fixture(scope="session", params=FACTORIES, ids=lambda factory: factory.__name__)
def make_ledger(request) -> LedgerFactory:
    """A way from a book to a ledger."""
    return request.param
