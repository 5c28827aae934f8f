from __future__ import annotations

from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff

CUTOFF, UNTIL = Cutoff.parse("2021-01-01"), Cutoff.parse("2021-07-01")


def line(account, time, amount):
    return {"account_id": account, "time": at(time), "known_at": None, "amount": amount}


def test_an_account_is_gone_if_it_buys_nothing_in_the_whole_window():
    lines = (
        line("bought and returned", "2021-01-05", 5), line("bought and returned", "2021-01-06", -5),
        line("late", "2021-05-01", 5), line("only returns", "2021-01-05", -5),
        line("silent", "2021-07-01", 5),
    )  # fmt: skip
    first = tuple(line(name, "2020-06-01", 1) for name in {row["account_id"] for row in lines})
    builder = builder_for(Book((*first, *lines)), settings_for(["3 months", "6 months"]))
    data = builder.at(CUTOFF, labels_until=UNTIL)
    assert data.keys.account_id.to_list() == [
        "bought and returned",
        "late",
        "only returns",
        "silent",
    ]
    assert data.y["churn_3m"].to_list() == [0, 1, 1, 1]
    assert data.y["churn_6m"].to_list() == [0, 0, 1, 1]
