"""The report says what a person must know before they trust a model."""

from __future__ import annotations

import pytest

from tests.faults.book import HEADER, as_csv, attempt, changed, clean_rows

ROWS = clean_rows(8)


@pytest.fixture
def found(tmp_path):
    rows = [changed(row, account_id="") if place < 6 else row for place, row in enumerate(ROWS)]
    (tmp_path / "t.csv").write_text(
        as_csv([(*row[:4], "", row[5]) for row in [*rows, ROWS[9]]], HEADER), encoding="utf-8"
    )
    (tmp_path / "a.csv").write_text(
        as_csv([[name] for name in sorted({row[0] for row in ROWS})], ["account_id"]),
        encoding="utf-8",
    )
    return attempt(
        tmp_path, {"columns": {"product_id": "product_id"}}, accounts={"source": "a.csv"}
    )


def test_history_accounts_and_windows_are_stated(found):
    report = found.tables["report"]
    times = sorted(row[1] for row in ROWS[6:])
    assert report.first == times[0].replace(" ", "T")
    assert report.last == times[-1].replace(" ", "T")
    assert report.complete_until == "2024-12-31"
    assert report.months == pytest.approx(24, abs=0.2)
    assert report.buying_accounts == 77
    assert report.coverage == 1.0
    assert report.complete_windows == {"3m": True, "2y": False}


def test_guests_are_a_share_of_rows(found):
    assert found.tables["report"].guests == pytest.approx(6 / 617)


@pytest.mark.parametrize(
    "part",
    ["below 100 figures say little", "no complete window for 2y", "nothing in line_id"],
)
def test_what_deserves_a_look_is_a_warning(found, part):
    assert any(part in warning for warning in found.warnings)


def test_repeats_without_a_line_id_are_kept_and_said(tmp_path):
    """Ten equal lines of an invoice may be ten sales."""
    rows = [row[:4] for row in ROWS]
    (tmp_path / "t.csv").write_text(as_csv([*rows, *rows[:7]], HEADER[:4]), encoding="utf-8")
    found = attempt(tmp_path, {})
    assert found.word == "accepted"
    assert sum(found.truth.values()) == len(rows) + 7
    assert any(warning.startswith("7 rows repeat another one") for warning in found.warnings)
