"""What no rule for rows can see is said in a sentence with its count."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.faults.book import attempt
from tests.faults.company import changed, company, written
from valuemodel.tables.quality import Tally

CLEAN = company()


def opened(folder, *, value=None, clean=CLEAN, more=None, **tables):
    """Open a company with some tables replaced, those named None left out."""
    book = {name: rows for name, rows in (clean | tables).items() if rows}
    sections = written(folder, book)
    for name, declared in (more or {}).items():
        sections[name] |= declared
    transactions = sections.pop("transactions", None)
    return attempt(folder, transactions, tables=sections, value=value or {})


def only(*names):
    return {name: CLEAN[name] for name in names}


SALES = only("transactions", "contracts")


def test_a_whole_and_clean_company_leaves_nothing_to_look_at_but_its_size(tmp_path):
    found = opened(tmp_path)
    assert found.word == "accepted"
    report = found.tables["report"]
    assert report.orphans == {}
    assert report.lacks == ()
    assert [line.split(":")[0] for line in report.warnings] == [
        "60 buying accounts", "no complete window for 2y",
    ]  # fmt: skip
    assert len(report.lines()) <= 40


def test_rows_of_strangers_are_counted_by_table(tmp_path):
    usage = changed(CLEAN["usage"], 7, account_id="nobody")
    found = opened(tmp_path, clean=SALES, usage=usage, costs=CLEAN["costs"])
    assert found.tables["report"].orphans == {"usage": 7}
    assert any(line.startswith("7 rows of usage are of 1 account that") for line in found.warnings)
    listed = [row | {"parent_id": ""} for row in CLEAN["accounts"]]
    listed.append(listed[0] | {"account_id": "nobody"})
    known = opened(tmp_path, clean=SALES, usage=usage, accounts=listed)
    assert known.tables["report"].orphans == {}


@pytest.mark.parametrize(
    ("tables", "more", "sentence"),
    [
        (
            {"usage": [*CLEAN["usage"], *CLEAN["usage"][:9]]}, {},
            "9 rows of usage repeat another one; all are kept",
        ),
        (
            {"contracts": [row | {"seats": ""} for row in CLEAN["contracts"]]}, {},
            "nothing in seats of contracts: the column is there but empty",
        ),
        (
            {"usage": CLEAN["usage"][:365]}, {},
            "usage ends on 2023-12-31, 367 days before the book does",
        ),
        (
            {"contracts": changed(CLEAN["contracts"], 3, arr="")}, {},
            "3 rows of contracts have no arr: they bring no value",
        ),
        (
            {"opportunities": CLEAN["opportunities"]}, {"opportunities": {"won": ["Won"]}},
            "no opportunity is won: tables.opportunities.won = Won, the stages are lost, offer, open, won",
        ),
        (
            {"credit": changed(CLEAN["credit"], 1, share="0.5")}, {},
            "the credit of 1 account adds up to less than 1",
        ),
    ],
    ids=["repeats", "empty", "stale", "unpriced", "stages", "credit"],
)  # fmt: skip
def test_what_deserves_a_look_is_a_sentence(tables, more, sentence, tmp_path):
    assert sentence in opened(tmp_path, clean=SALES | tables, more=more).warnings


def test_lines_under_a_contract_that_nobody_has_are_counted_with_their_money(tmp_path):
    sales = changed(CLEAN["transactions"], 2, account_id="new", under_contract="yes")
    found = opened(tmp_path, clean=SALES | {"transactions": sales})
    money = sum(Decimal(row["amount"]) for row in sales[:2])
    start = f"2 rows ({money:,.2f} EUR) are under a contract, and their accounts have none"
    assert any(line.startswith(start) for line in found.warnings)
    alone = opened(tmp_path, transactions=sales, clean={})
    assert not any("under a contract" in line for line in alone.warnings)


def half_paid():
    """Every fourth line is not paid yet, every second paid in half."""
    rows = []
    for place, row in enumerate(CLEAN["transactions"]):
        paid = Decimal(row["amount"]) / (2 if place % 2 else 1)
        open_ = {"collected_at": "", "collected": ""} if place % 4 == 0 else {}
        rows.append(row | {"collected": f"{paid}"} | open_)
    return rows


@pytest.mark.parametrize("basis", ["billed", "collected"])
def test_the_three_totals_reconcile_on_any_basis(basis, tmp_path):
    rows = half_paid()
    found = opened(tmp_path, clean={"transactions": rows}, value={"basis": basis})
    totals = found.tables["report"].reconciled
    billed = sum(Decimal(row["amount"]) for row in rows)
    paid = sum(Decimal(row["collected"] or 0) for row in rows)
    assert totals["booked"] == totals["billed"] == Tally(600, billed)
    assert totals["collected"] == Tally(450, paid)
    assert totals["not collected yet"].rows == 150
    rest = totals["not collected yet"].amount + totals["paid in part"].amount
    assert totals["collected"].amount + rest == billed


def test_what_is_not_paid_yet_is_aside_with_its_money_and_refuses_nothing(tmp_path):
    rows = half_paid()
    found = opened(tmp_path, clean={"transactions": rows}, value={"basis": "collected"})
    assert found.rules == {"not_collected_yet": 150}
    (aside,) = found.tables["report"].transactions.quarantined
    assert aside.amount == sum(Decimal(row["amount"]) for row in rows if not row["collected"])
    kept = found.tables["transactions"]
    assert sum(row["amount"] for row in kept) == sum(Decimal(row["collected"] or 0) for row in rows)
    assert {row["time"] for row in kept} == {row["collected_at"] for row in kept}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"booked_at": "2024-12-31"}, "were ordered after they were billed"),
        ({"collected_at": "2022-12-31"}, "were paid before they were billed"),
        ({"collected_at": ""}, "are paid and have no collected_at"),
    ],
)
def test_what_does_not_reconcile_is_counted(change, sentence, tmp_path):
    rows = changed(CLEAN["transactions"], 3, **change)
    found = opened(tmp_path, clean={"transactions": rows})
    money = sum(Decimal(row["amount"]) for row in rows[:3])
    assert f"3 rows ({money:,.2f} EUR) {sentence}" in found.warnings


def test_orders_are_only_there_once_they_are_billed(tmp_path):
    rows = changed(CLEAN["transactions"], 3, booked_at="")
    found = opened(tmp_path, clean={"transactions": rows}, value={"basis": "booked"})
    assert "3 rows have no booked_at: they count as ordered when billed" in found.warnings
    assert any("declare complete_until" in line for line in found.warnings)
    declared = opened(
        tmp_path, clean={"transactions": rows}, value={"basis": "booked"},
        more={"transactions": {"complete_until": "2024-10-01"}},
    )  # fmt: skip
    assert not any("declare complete_until" in line for line in declared.warnings)


def renewed(last_day):
    """Each contract of a year, and its renewal; the end is the last day, or the day after it."""
    rows = []
    for row in CLEAN["contracts"]:
        first = row | {"start": "2021-01-01", "end": "2021-12-31" if last_day else "2022-01-01"}
        again = row | {"start": "2022-01-01", "end": "2022-12-31" if last_day else "2023-01-01"}
        rows += [
            first | {"known_at": "", "cancelled_at": ""},
            again | {"known_at": "", "cancelled_at": ""},
        ]
    return {"contracts": rows}


def test_ends_that_are_last_days_are_noticed_and_can_be_declared(tmp_path):
    said = "renewals begin a day after the end before them"
    for folder in "abc":
        (tmp_path / folder).mkdir()
    found = opened(tmp_path / "a", clean=SALES | renewed(last_day=True))
    assert any(said in line for line in found.warnings)
    declared = {"contracts": {"end_is_last_day": True}}
    for folder, tables, more in (
        ("b", renewed(last_day=True), declared),
        ("c", renewed(last_day=False), {}),
    ):
        one = opened(tmp_path / folder, clean=SALES | tables, more=more)
        assert not any(said in line for line in one.warnings)
