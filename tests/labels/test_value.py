from __future__ import annotations

from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff

CUTOFF, UNTIL = Cutoff.parse("2021-01-01"), Cutoff.parse("2021-07-01")


def line(account, time, amount):
    return {"account_id": account, "time": at(time), "known_at": None, "amount": amount}


def test_future_value_is_the_net_sum_of_the_window_and_may_be_negative():
    lines = (
        line("buys", "2020-06-01", 1), line("buys", "2021-01-01", 70), line("buys", "2021-04-01", 5),
        line("returns", "2020-06-01", 50), line("returns", "2021-02-01", -50),
        line("silent", "2020-06-01", 1), line("other", "2021-12-01", 1),
    )  # fmt: skip
    builder = builder_for(Book(lines), settings_for(["3 months", "6 months"]))
    data = builder.at(CUTOFF, labels_until=UNTIL)
    assert data.keys.account_id.to_list() == ["buys", "returns", "silent"]
    assert data.y["value_3m"].to_list() == [70, -50, 0]
    assert data.y["value_6m"].to_list() == [75, -50, 0]
