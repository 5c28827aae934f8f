"""What is known to leak is caught by the very check that finds no fault in ours."""

from __future__ import annotations

import pytest

from tests.contracts.harness import builder_for, mismatches, random_book, settings_for
from tests.contracts.leaks import LEAKS
from valuemodel.periods import Cutoff

CUTOFF = Cutoff.parse("2021-01-31")
BOOK = random_book(seed=1)


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_a_builder_known_to_leak_is_caught_by_the_truncation_check(leak):
    book = leak.book(BOOK, CUTOFF)
    settings = settings_for(["6 months"], features={"groups": [leak.group]})
    whole, cut = (builder_for(b, settings) for b in (book, book.known_before(CUTOFF)))
    leaking, honest = (
        leak(one.connection, one.ledger, one.settings).at(CUTOFF) for one in (whole, cut)
    )
    assert leak.caught in mismatches(leaking, honest)
