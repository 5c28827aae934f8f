from __future__ import annotations

from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from valuemodel.snapshots.entries import account_value, entries

MONEY = pa.decimal128(18, 4)


def table(**columns):
    """Return rows of one account; money is decimal, ages are integers."""
    rows = len(next(iter(columns.values())))
    kinds = {name: MONEY if name in ("value", "amount", "arr") else pa.int32() for name in columns}
    arrays = {name: pa.array(values, kinds[name]) for name, values in columns.items()}
    return ibis.memtable(pa.table({"account_id": ["a"] * rows} | arrays))


def money(*amounts):
    return [None if amount is None else Decimal(amount) for amount in amounts]


LINES = table(age=[1, 10, 400], value=money("0.1", "0.2", "-5"))
TERMS = table(arr=money("365", "730", None), from_age=[5, -3, 9], to_age=[-2, -1_000_000_000, 0])
COSTS = table(age=[2, 9], amount=money("4", "8"), value=money("-4", "0"))


def worth(whole, **window):
    return (
        whole.aggregate(worth=account_value(whole, **window)).to_pyarrow().to_pylist()[0]["worth"]
    )


def test_lines_alone_stay_as_they_are_and_sum_up_exactly():
    assert entries(LINES, None, None) is LINES
    assert worth(LINES, within=10) == Decimal("0.3")
    assert worth(LINES, within=400, before=1) == Decimal("-4.8")
    assert worth(LINES) == Decimal("-4.7")


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"within": 5}, 5 + 0.1),
        ({"within": 4}, 4 + 0.1),
        ({"within": 4, "before": 2}, 2),
        ({"within": 0, "before": -2}, 2),  # the first two days from the cutoff on
        ({"within": 0, "before": -4}, 2 + 2 * 1),  # and the second contract from the fourth on
    ],
)
def test_contracts_earn_a_365th_of_their_price_on_every_day_they_cover(window, expected):
    assert worth(entries(LINES, TERMS, None), **window) == expected


def test_cost_counts_with_its_value_and_is_no_trade():
    whole = entries(LINES, None, COSTS)
    assert worth(whole, within=10) == Decimal("-3.7")
    assert worth(whole, within=10, of="traded") == Decimal("0.3")


def test_what_cancels_out_is_exactly_nothing():
    """A share of a value asks whether it is above 0; nothing may be left over from rounding."""
    lines = table(age=[1], value=money("-33.3333"))
    terms = table(arr=money("12166.6545"), from_age=[1], to_age=[0])
    assert worth(entries(lines, terms, None), within=30) == 0
