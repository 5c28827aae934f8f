from __future__ import annotations

import ibis

from tests.contracts.harness import Book, at, settings_for, typed_ledger
from valuemodel.labels.windows import future, windows_from
from valuemodel.periods import Cutoff, Horizon


def test_a_window_is_complete_when_it_ends_by_the_instant_until_which_all_is_known():
    cutoff = Cutoff.parse("2020-08-31")
    horizons = [Horizon.parse(text) for text in ("3 months", "6 months")]
    complete = {
        until: [window.complete for window in windows_from(cutoff, horizons, Cutoff.parse(until))]
        for until in ("2020-11-29", "2020-11-30", "2021-02-27", "2021-02-28")
    }
    assert list(complete.values()) == [[False, False], [True, False], [True, False], [True, True]]


def test_days_of_grace_belong_to_a_window():
    cutoff, horizons = Cutoff.parse("2020-08-31"), [Horizon.parse("3 months")]
    for until, complete in (("2020-12-09", False), ("2020-12-10", True)):
        (window,) = windows_from(cutoff, horizons, Cutoff.parse(until), grace=10)
        assert window.complete == complete
        assert window.days == 91


def row(time, known_at=None, **more):
    return {"account_id": "a", "time": at(time), "known_at": known_at and at(known_at)} | more


ROWS = (
    row("2020-12-31 23:59"),
    row("2021-01-01"),
    row("2021-01-31", known_at="2021-02-01"),
    row("2021-01-31 23:59"),
    row("2021-02-01"),
)


def test_the_future_is_what_happens_from_the_cutoff_on_and_is_known_in_time():
    contracts = (
        {"account_id": "a", "contract_id": "1", "start": at("2020-06-01"), "known_at": None},
        {
            "account_id": "a",
            "contract_id": "2",
            "start": at("2022-01-01"),
            "known_at": at("2021-01-05"),
        },
        {
            "account_id": "a",
            "contract_id": "3",
            "start": at("2021-01-05"),
            "known_at": at("2021-02-01"),
        },
    )
    costs = tuple(each | {"amount": 1, "treatment": "cogs"} for each in ROWS)
    lines = tuple(each | {"amount": 1} for each in ROWS)
    book = Book(lines, None, {"contracts": contracts, "costs": costs})
    cutoff, until = Cutoff.parse("2021-01-01"), Cutoff.parse("2021-02-01")
    ledger = typed_ledger(book, ibis.duckdb.connect())
    found = future(ledger, settings_for(["1 month"]).value, cutoff, until)
    for table in (found.lines, found.costs):
        times = table.order_by("time").to_pyarrow()["time"].to_pylist()
        assert times == [at("2021-01-01"), at("2021-01-31 23:59")]
    terms = found.terms.order_by("contract_id").to_pyarrow().to_pylist()
    assert [(each["contract_id"], each["from_age"]) for each in terms] == [("1", 214), ("2", -365)]


def test_a_book_without_contracts_and_costs_has_none_in_its_future():
    ledger = typed_ledger(Book(()), ibis.duckdb.connect())
    cutoff = Cutoff.parse("2021-01-01")
    found = future(ledger, settings_for(["1 month"]).value, cutoff, cutoff)
    assert (found.terms, found.costs) == (None, None)
