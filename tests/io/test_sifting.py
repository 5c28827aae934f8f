"""Rules set rows aside up to their limits, of the rows that were not excluded."""

from __future__ import annotations

import pytest

from tests.faults.book import as_csv, attempt, changed, clean_rows

ROWS = clean_rows(8)[:400]


@pytest.mark.parametrize(("bad", "word"), [(4, "quarantined"), (5, "refused")])
def test_the_limit_is_a_share_of_rows(tmp_path, bad, word):
    rows = [changed(row, amount="x") if place < bad else row for place, row in enumerate(ROWS)]
    (tmp_path / "t.csv").write_text(as_csv(rows), encoding="utf-8")
    assert attempt(tmp_path, {}).word == word


def test_excluded_rows_do_not_stretch_a_limit(tmp_path):
    """Half of the rows are excluded: the same bad rows are twice the share."""
    rows = [
        changed(row, amount="x" if place in (1, 3, 5) else row[2], product_id=f"{place % 2}")
        for place, row in enumerate(ROWS)
    ]
    (tmp_path / "t.csv").write_text(as_csv(rows), encoding="utf-8")
    exclude = [{"reason": "even ones", "when": [{"column": "product_id", "equals": "0"}]}]
    assert attempt(tmp_path, {}).word == "quarantined"
    assert attempt(tmp_path, {"exclude": exclude}).word == "refused"


def test_exclusions_of_one_reason_are_counted_together(tmp_path):
    (tmp_path / "t.csv").write_text(as_csv(ROWS), encoding="utf-8")
    exclude = [
        {"reason": "one of two", "when": [{"column": "line_id", "equals": number}]}
        for number in ("3", "5")
    ]
    report = attempt(tmp_path, {"exclude": exclude}).tables["report"].transactions
    assert {reason: tally.rows for reason, tally in report.excluded.items()} == {"one of two": 2}


def test_all_rules_over_their_limits_are_named_at_once(tmp_path):
    rows = [
        changed(row, **({"amount": "x"} if place % 2 else {"time": "x"}))
        for place, row in enumerate(ROWS)
    ]
    (tmp_path / "t.csv").write_text(as_csv(rows), encoding="utf-8")
    error = attempt(tmp_path, {}).error
    assert error is not None
    assert [line.split(":")[0] for line in error.details] == [
        "unreadable_time",
        "unreadable_amount",
    ]


def test_the_report_counts_each_row_once(tmp_path):
    rows = [
        changed(row, amount="x", account_id="", time="y") if place < 3 else row
        for place, row in enumerate(ROWS)
    ]
    (tmp_path / "t.csv").write_text(as_csv([*rows, rows[-1]]), encoding="utf-8")
    report = attempt(tmp_path, {}).tables["report"].transactions
    assert {rule.rule: rule.rows for rule in report.quarantined} == {"missing_account": 3}
    assert (report.read.rows, report.accepted.rows, report.duplicates.rows) == (401, 397, 1)
