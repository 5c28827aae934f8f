"""Cents and thousands are found in every table with money, by month and by file."""

from __future__ import annotations

import pytest

from tests.faults.book import attempt
from tests.faults.company import company, written

CLEAN = company()


def opened(folder, table, rows, **declared):
    """Write the rows of a table to two files, halves of the same book."""
    half = len(rows) // 2
    sections = written(folder, {"contracts": CLEAN["contracts"]})
    written(folder, {f"{table}_a": rows[:half], f"{table}_b": rows[half:]})
    sections[table] = {"source": f"{table}_?.csv"} | declared
    return attempt(folder, None, tables=sections)


def in_cents(rows, money):
    """Give all rows about the same money, and those of the second file in cents."""
    half = len(rows) // 2
    return [
        row | {money: f"{(90 + place % 20) * (1 if place < half else 100)}"}
        for place, row in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("table", "money"),
    [("contracts", "arr"), ("opportunities", "value"), ("costs", "amount"), ("projects", "amount")],
)
def test_a_file_in_cents_is_refused_unless_it_is_meant(table, money, tmp_path):
    rows = in_cents(CLEAN[table], money)
    found = opened(tmp_path, table, rows)
    assert found.word == "refused"
    assert f"{table}_b.csv: {money} is about 100 times the others" in str(found.error)
    meant = opened(tmp_path, table, rows, limits={"scale_break": 1.0})
    assert meant.word == "accepted"
    assert any(f"{table}_b.csv: {money} is about 100 times" in line for line in meant.warnings)


def test_a_clean_table_in_two_files_is_accepted(tmp_path):
    assert opened(tmp_path, "costs", CLEAN["costs"]).word == "accepted"
