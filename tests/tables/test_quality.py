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


def test_the_document_is_plain_json_with_exact_money():
    document = json.loads(json.dumps(REPORT.as_document()))
    assert document["transactions"]["accepted"] == {"rows": 6, "amount": "70.00"}
    assert document["complete_windows"] == {"3m": True, "2y": False}
