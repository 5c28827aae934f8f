"""An Excel export comes in as Excel shows it: typed, in its place, and nothing made up."""

from __future__ import annotations

import sys
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workbook import ERROR, Cell, write_xlsx
from valuemodel.exceptions import DataRefused, SettingsError, UsageError
from valuemodel.io.engine import connect
from valuemodel.io.readers import read_source
from valuemodel.settings import EngineSection, TransactionsSection
from valuemodel.tables.raw import FILE, ROW
from valuemodel.tables.schemas import TRANSACTION_INPUTS, TRANSACTIONS

KNOWN = TRANSACTIONS.columns + TRANSACTION_INPUTS


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    connection = connect(EngineSection(threads=2), tmp_path_factory.mktemp("engine"))
    yield connection
    connection.disconnect()


def read(engine, path, source=None, **declared):
    section = TransactionsSection.model_validate({"source": source or path.name} | declared)
    return read_source(engine, "transactions", section, KNOWN, path.parent)


def rows(raw):
    return raw.table.order_by(FILE, ROW).to_pyarrow().to_pylist()


def column(raw, name="x"):
    return [row[name] for row in rows(raw)]


def sheet(path, *values, **others):
    table = [["id", "x"], *([f"i{n}", value] for n, value in enumerate(values))]
    return write_xlsx(path, {"Sheet1": table} | others)


@pytest.mark.parametrize(
    ("values", "found", "kind"),
    [
        ([1001, 7, None], [1001, 7, None], "int64"),
        ([0.1, 2, 12345.6789], [0.1, 2.0, 12345.6789], "float64"),
        ([True, False, None], [True, False, None], "boolean"),
        (
            [date(2024, 2, 29), datetime(2024, 3, 1, 10, 15, 30), date(1999, 12, 31)],  # noqa: DTZ001
            [datetime(2024, 2, 29), datetime(2024, 3, 1, 10, 15, 30), datetime(1999, 12, 31)],  # noqa: DTZ001
            "timestamp(6)",
        ),
        (["007", 7, 7.5], ["007", "7", "7.5"], "string"),
        ([1001, True, "n/a"], ["1001", "TRUE", "n/a"], "string"),
        (["x", date(2024, 2, 29)], ["x", "2024-02-29 00:00:00"], "string"),
        ([None, None], [None, None], "string"),
        ([1e16, 1.0], [1e16, 1.0], "float64"),
        ([" a ", "#N/A", "=1+1"], [" a ", "#N/A", "=1+1"], "string"),
    ],
)
def test_a_column_is_what_all_its_cells_are(engine, tmp_path, values, found, kind):
    raw = read(engine, sheet(tmp_path / "t.xlsx", *values))
    assert column(raw) == found
    assert str(raw.table.schema()["x"]) == kind


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=1))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_numbers_keep_every_digit(engine, tmp_path_factory, numbers):
    path = sheet(tmp_path_factory.mktemp("x") / "t.xlsx", *numbers)
    assert [float(one) for one in column(read(engine, path))] == numbers


def test_mixed_columns_are_written_as_the_table_declares(engine, tmp_path):
    path = sheet(tmp_path / "t.xlsx", "1,5", 1.5, 2000)
    assert column(read(engine, path, decimal=",")) == ["1,5", "1,5", "2000"]
    path = sheet(tmp_path / "t.xlsx", "03/04/2024", date(2024, 4, 3))
    assert column(read(engine, path, time_format="%d/%m/%Y")) == ["03/04/2024", "03/04/2024"]


def test_formulas_are_their_stored_values_and_errors_are_empty_and_counted(engine, tmp_path):
    formula = Cell("><f>1+1</f><v>2</v>")
    raw = read(engine, sheet(tmp_path / "t.xlsx", formula, ERROR, ERROR, 3))
    assert column(raw) == [2, None, None, 3]
    assert raw.repairs == {"error_cells_made_null": 2}


def test_rows_keep_their_numbers_and_empty_ones_are_counted(engine, tmp_path):
    table = [["id", "x"], ["a", 1], [], [None, None], ["b", 2], ["", ""]]
    raw = read(engine, write_xlsx(tmp_path / "t.xlsx", {"Sheet1": table}))
    assert [(row["id"], row[FILE], row[ROW]) for row in rows(raw)] == [
        ("a", "t.xlsx:Sheet1", 1),
        ("b", "t.xlsx:Sheet1", 4),
    ]
    assert raw.repairs["empty_rows_dropped"] >= 2


def test_more_rows_than_one_batch_keep_their_numbers(engine, tmp_path):
    raw = read(engine, sheet(tmp_path / "t.xlsx", *range(45_000)))
    assert column(raw) == list(range(45_000))
    assert [row[ROW] for row in rows(raw)] == list(range(1, 45_001))


def test_the_first_filled_sheet_is_read_or_the_named_one_or_all(engine, tmp_path):
    other = [["x", "more"], [9, "m"]]
    path = sheet(tmp_path / "t.xlsx", 1, Empty=[], Other=other)
    first = read(engine, path)
    assert column(first) == [1]
    assert first.notes == ("t.xlsx: 'Sheet1' is read, not the sheets 'Other'",)
    assert column(read(engine, path, sheet="Other")) == [9]
    every = read(engine, path, sheet="*")
    assert every.columns == ("id", "x", "more")
    assert sorted(column(every)) == [1, 9]
    assert {row[FILE] for row in rows(every)} == {"t.xlsx:Sheet1", "t.xlsx:Other"}
    for wrong in ("Othr", "Empty"):
        with pytest.raises(DataRefused, match="has no sheet"):
            read(engine, path, sheet=wrong)


@pytest.mark.parametrize(
    "above",
    [[["Sales of 2024"]], [["Sales of 2024"], []], [[], []], [[None, None, None, "page 1"]]],
)
def test_titles_above_the_header_are_refused(engine, tmp_path, above):
    table = [*above, ["id", "time", "amount"], ["a", date(2024, 1, 1), 5]]
    path = write_xlsx(tmp_path / "t.xlsx", {"Sheet1": table})
    with pytest.raises(DataRefused, match="first row does not name the columns") as refused:
        read(engine, path)
    assert "delete the titles" in refused.value.hint


def test_merged_cells_are_said(engine, tmp_path):
    merged = '<mergeCells count="2"><mergeCell ref="A1:B1"/><mergeCell ref="A2:A3"/></mergeCells>'
    path = write_xlsx(tmp_path / "t.xlsx", {"s": [["id", "x"], ["a", 1], [None, 2]]}, merged)
    raw = read(engine, path)
    assert raw.notes == ("t.xlsx:s has 1 merged cells: only the first of each is filled",)
    assert [row["id"] for row in rows(raw)] == ["a", None]


def test_an_empty_or_foreign_workbook_is_refused(engine, tmp_path):
    with pytest.raises(DataRefused, match="no sheet"):
        read(engine, write_xlsx(tmp_path / "t.xlsx", {"s": []}))
    for content in (b"", b"PK\x05\x06" + b"\0" * 18, b"account_id,amount\n1,2\n"):
        (tmp_path / "t.xlsx").write_bytes(content)
        with pytest.raises(DataRefused, match="cannot be read as an Excel workbook"):
            read(engine, tmp_path / "t.xlsx")


def test_a_sheet_is_for_excel_alone(engine, tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(SettingsError, match="none of its sources is an Excel file"):
        read(engine, tmp_path / "t.csv", sheet="Other")


def test_excel_and_text_are_joined_by_name(engine, tmp_path):
    write_xlsx(tmp_path / "a.xlsx", {"s": [["account_id", "note"], [7, "x"]]})
    (tmp_path / "b.csv").write_text("note,account_id\ny,8\n")
    raw = read(engine, tmp_path / "a.xlsx", source=["a.xlsx", "b.csv"])
    assert [row["account_id"] for row in rows(raw)] == ["7", "8"]


def test_a_missing_library_is_named_with_what_installs_it(engine, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(UsageError, match=r"pip install 'valuemodel\[excel\]'"):
        read(engine, sheet(tmp_path / "t.xlsx", 1))
