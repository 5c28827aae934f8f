"""Instants on the line: strictly before the cutoff is past, the cutoff itself is future."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff

TICK = timedelta(microseconds=1)
SETTINGS = settings_for(["1 month"])
#: Cutoff, beginning of the month before it, end of the month after it.
CASES = [
    ("2021-03-01", "2021-02-01", "2021-04-01"),  # midnight
    ("2021-03-31", "2021-02-28", "2021-04-30"),  # last day of a month
    ("2020-03-31", "2020-02-29", "2020-04-30"),  # back to a leap day
    ("2020-02-29", "2020-01-29", "2020-03-29"),  # on a leap day
    ("2021-01-01", "2020-12-01", "2021-02-01"),  # new year
    ("2021-06-15 12:00", "2021-05-15 12:00", "2021-07-15 12:00"),  # midday
    ("2021-03-28 02:30", "2021-02-28 02:30", "2021-04-28 02:30"),  # an hour that Berlin skips
    ("2021-06-15 23:59:59.999999", "2021-05-15 23:59:59.999999", "2021-07-15 23:59:59.999999"),
]


def line(time, amount, known_at=None, account="a"):
    row = {"account_id": account, "time": time, "known_at": known_at, "amount": Decimal(amount)}
    return row | {"order_id": None, "product_id": None, "cost": None}


#: A book needs two accounts; this one is looked at by no test.
OTHER = line(at("2019-01-01"), 7, account="other")


def of_a(frame, data):
    return frame[data.keys.account_id == "a"].iloc[0]


@pytest.mark.parametrize(("cutoff", "begin", "end"), CASES)
def test_each_instant_lies_on_its_own_side(make_ledger, cutoff, begin, end):
    cutoff, begin, end = at(cutoff), at(begin), at(end)
    amounts = [
        line(begin - TICK, 1),  # before the window of past value
        line(begin, 10),  # its first instant
        line(cutoff - TICK, 100),  # the last instant that is past
        line(cutoff, 1_000),  # the first instant of the label
        line(end - TICK, 10_000),  # its last instant
        line(end, 100_000),  # after it
        line(begin, 1_000_000, known_at=cutoff),  # known too late, by nothing
        line(begin, 10_000_000, known_at=cutoff - TICK),  # known just in time
        line(end + timedelta(days=40), 0),  # so that the window is complete
        OTHER,
    ]
    builder = builder_for(Book(tuple(amounts)), SETTINGS, make_ledger)
    data = builder.at(Cutoff(cutoff), labels_until=Cutoff(end))
    known, label = of_a(data.X, data), of_a(data.y, data)
    assert known["value_total"] == 10_000_111
    assert known["past_value_1m"] == 10_000_110
    assert known["recency_days"] == 1
    assert label["value_1m"] == 11_000
    assert label["churn_1m"] == 0


def test_rows_that_arrive_late_are_not_visible_until_they_are_known(make_ledger):
    first = at("2021-01-01")
    rows = [
        line(first + timedelta(days=day), 1, known_at=first + timedelta(days=day + delay))
        for day in range(100)
        for delay in (0, 1, 30, 90)
    ]
    builder = builder_for(Book((*rows, OTHER)), SETTINGS, make_ledger)
    for day in (1, 31, 95, 150):
        cutoff = Cutoff(first + timedelta(days=day))
        visible = sum(row["known_at"] < cutoff.at for row in rows)
        data = builder.at(cutoff)
        assert of_a(data.X, data)["value_total"] == visible


def test_a_row_known_only_after_the_labels_end_is_no_label(make_ledger):
    cutoff, end = at("2021-03-01"), at("2021-04-01")
    rows = [OTHER, line(at("2021-02-01"), 1), line(at("2021-03-10"), 50, known_at=end)]
    builder = builder_for(Book((*rows, line(at("2021-06-01"), 1))), SETTINGS, make_ledger)
    data = builder.at(Cutoff(cutoff), labels_until=Cutoff(end))
    assert of_a(data.y, data)["value_1m"] == 0
    later = builder.at(Cutoff(cutoff), labels_until=Cutoff(end + TICK))
    assert of_a(later.y, later)["value_1m"] == 50


def test_attributes_hold_from_their_instant_on(make_ledger):
    move = at("2021-03-01")
    accounts = tuple(
        {"account_id": "a", "valid_from": since, "region": region}
        for since, region in ((None, "old"), (move - timedelta(days=9), "mid"), (move, "new"))
    )
    book = Book((OTHER, line(at("2021-01-01"), 1)), accounts)
    builder = builder_for(book, SETTINGS, make_ledger)
    found = [
        builder.at(Cutoff(instant)) for instant in (move - timedelta(days=10), move, move + TICK)
    ]
    seen = [of_a(data.X, data)["region"] for data in found]
    assert seen == ["old", "mid", "new"]
