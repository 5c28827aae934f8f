from __future__ import annotations

import pytest

from tests.features.whole_account import at, group_of, row
from tests.snapshots.told import told, told_of
from valuemodel.snapshots.adoption import seats_used, used


def use(days, quantity=1.0, **more):
    return row("usage", days, quantity=quantity, **more)


def seats(number, days=100, ends=-100):
    return row("contracts", days, contract_id="1", end=at(ends), seats=number)


def test_a_book_without_the_tables_has_nothing_to_say():
    assert told(used) is None
    assert told(used, contracts=(seats(1.0),)) is None
    assert told(seats_used, contracts=(seats(1.0),)) is None
    assert told(seats_used, usage=(use(1),)) is None


def test_the_last_three_months_stand_beside_the_three_before():
    # The cutoff is 1 January: the last three months have 92 days, the three before as many.
    rows = (use(1, 1.0), use(92, 10.0), use(92.01, 100.0), use(184, 1_000.0), use(184.01, 10_000.0))
    assert told_of(used, usage=rows) == {
        "account_id": "a",
        "usage_3m": 11.0,
        "usage_3m_before": 1_100.0,
    }
    assert told_of(used, usage=(use(400),))["usage_3m"] == 0


@pytest.mark.parametrize(
    ("contracts", "usage", "share"),
    [
        ((seats(10.0),), (use(5, users=4.0), use(80, users=7.0), use(91, users=9.0)), 0.7),
        ((seats(10.0),), (use(5, users=12.0),), 1.2),
        ((seats(10.0),), (), 0.0),
        ((seats(10.0),), (use(5, 0.0, users=4.0),), 0.0),
        ((seats(10.0),), (use(5),), None),
        ((seats(0.0),), (use(5, users=4.0),), None),
        ((seats(None),), (use(5, users=4.0),), None),
        ((seats(10.0, 100, 50),), (use(5, users=4.0),), None),
        ((), (use(5, users=4.0),), None),
    ],
)
def test_seats_used_are_the_share_that_the_features_tell(contracts, usage, share):
    # The records begin long before, and in other accounts too, so that the features are known.
    others = {"contracts": (seats(1.0) | {"account_id": "b"},)}
    others["usage"] = (use(700, account="b"),)
    tables = {"contracts": contracts + others["contracts"], "usage": usage + others["usage"]}
    found = told_of(seats_used, **tables)
    assert (found or {"seats_used": None})["seats_used"] == share
    features = group_of("usage", **tables)["seats_used_share_90d"].reindex(["a"])
    assert features.replace(float("nan"), None).to_list() == [share]
