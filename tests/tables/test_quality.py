"""The report adds up, stops where it does not, and fits on a screen."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from valuemodel.exceptions import ValueModelError
from valuemodel.tables.quality import Report, SetAside, TableReport, Tally
from valuemodel.tables.raw import SourceFile

TABLE = TableReport(
    name="transactions",
    files=(SourceFile("t.csv", 100, "ab"),),
    read=Tally(10, Decimal("100.00")),
    accepted=Tally(6, Decimal("70.00")),
    duplicates=Tally(1, Decimal("5.00")),
    quarantined=(SetAside("missing_account", 2, Decimal("20.00"), 0.2222, 0.3),),
    excluded={"the sheets overlap": Tally(1, Decimal("5.00"))},
    repaired={"respelled_number": 3},
    unused_columns=("Country",),
    notes=("read as text",),
)
REPORT = Report(
    currency="EUR",
    transactions=TABLE,
    accounts=None,
    first="2024-01-01",
    last="2024-12-30",
    complete_until="2024-12-31",
    months=12.0,
    buying_accounts=3,
    coverage=0.5,
    refunds=Tally(1, Decimal("-2.50")),
    refund_policy="net",
    guests=0.2,
    complete_windows={"3m": True, "2y": False},
    warnings=("3 buying accounts",),
)


def test_rows_and_money_that_add_up_pass():
    TABLE.check()


@pytest.mark.parametrize("lost", [Tally(1, Decimal(0)), Tally(0, Decimal("0.01"))])
def test_a_lost_row_or_a_lost_cent_stops_the_run(lost):
    with pytest.raises(ValueModelError, match="do not add up"):
        replace(TABLE, read=TABLE.read + lost).check()


def test_one_screen_says_everything():
    screen = "\n".join(REPORT.lines())
    for part in ("missing_account", "22.22% of 30% allowed", "the sheets overlap", "-2.50 EUR",
                 "taken net", "50.00% of them known", "3m yes, 2y no", "respelled_number",
                 "Country", "read as text", "warning: 3 buying accounts"):  # fmt: skip
        assert part in screen
    assert len(REPORT.lines()) <= 25


def test_a_book_with_contracts_counts_who_has_one_beside_who_buys():
    assert any(line.startswith("  buying accounts: 3") for line in REPORT.lines())
    under = replace(REPORT, others={"contracts": TABLE})
    assert any("accounts that buy or have a contract: 3" in line for line in under.lines())


def test_the_document_is_plain_json_with_exact_money():
    document = json.loads(json.dumps(REPORT.as_document()))
    assert document["transactions"]["accepted"] == {"rows": 6, "amount": "70.00"}
    assert document["complete_windows"] == {"3m": True, "2y": False}


CONTRACTS = replace(
    TABLE, name="contracts", accepted=TABLE.read, duplicates=Tally(), quarantined=(), excluded={},
    repaired={}, unused_columns=(), notes=(),
)  # fmt: skip


def test_a_table_that_was_accepted_whole_takes_one_line():
    (line,) = CONTRACTS.lines()
    assert line.split() == [
        "contracts",
        "(1",
        "file,",
        "100",
        "bytes),",
        "all",
        "accepted",
        "10",
        "100.00",
    ]


def test_a_book_of_contracts_alone_has_no_lines_on_sales():
    report = replace(
        REPORT, transactions=None, others={"contracts": CONTRACTS},
        lacks=("no transactions: no features of orders",),
    )  # fmt: skip
    assert report.tables == (CONTRACTS,)
    screen = "\n".join(report.lines())
    assert "refunds" not in screen
    assert "lacks transactions: no features of orders" in screen
    document = json.loads(json.dumps(report.as_document()))
    assert document["transactions"] is None
    assert document["others"]["contracts"]["read"] == {"rows": 10, "amount": "100.00"}


def test_what_was_booked_billed_and_collected_stands_side_by_side():
    found = replace(REPORT, reconciled={"billed": Tally(3, Decimal(30)), "collected": Tally(2)})
    screen = "\n".join(found.lines())
    assert "30.00" in screen.split("billed, collected")[1]
