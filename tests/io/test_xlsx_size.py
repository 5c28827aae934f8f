"""A workbook is weighed before it is built: its real bytes, its real cells."""

from __future__ import annotations

import zipfile

import pytest

from tests.workbook import ERROR, write_xlsx
from valuemodel.exceptions import DataRefused
from valuemodel.io import caps
from valuemodel.io.xlsx_size import weigh
from valuemodel.settings import TableSection


def weighed(path, **declared):
    return weigh(path, TableSection.model_validate({"source": "t.xlsx"} | declared), path.name)


def test_each_sheet_is_measured_by_its_name(tmp_path):
    sheets = {"A & B": [["x"] * 30, [ERROR, 1], [], [ERROR]], "empty": []}
    found = weighed(write_xlsx(tmp_path / "t.xlsx", sheets))
    assert (found["A & B"].rows, found["A & B"].columns, found["A & B"].errors) == (4, 30, 2)
    assert (found["empty"].rows, found["empty"].columns) == (0, 0)


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="ZZ1048576"><v>1</v></c></row>',
        "<row r='9999999'><c r = 'ZZ9999999'><v>1</v></c></row>",
        '<row r="1048576"><c><v>1</v></c>' + "<c/>" * 600 + "</row>",
        "<row>" + "<c><v>1</v></c>" * 700 + "</row>" + "<row/>" * 100_000,
        '<row r="1048576"><c s=">" r="zz1048576"><v>1</v></c></row>',
        "<row/>" * 100_000 + "<row><c" + " " * 90_000 + 'r="ZZ1"><v>1</v></c></row>',
    ],
)
def test_cells_far_apart_are_refused_however_they_are_written(tmp_path, rows):
    """A reader would take memory for the whole rectangle between them."""
    path = write_xlsx(tmp_path / "t.xlsx", {"s": rows})
    with pytest.raises(DataRefused, match="in memory, is larger than max_bytes"):
        weighed(path, max_bytes=1_000_000_000)
    with pytest.raises(DataRefused, match="more columns than max_columns = 500"):
        weighed(path, max_columns=500)


def test_a_tag_that_never_ends_is_no_worksheet(tmp_path):
    path = write_xlsx(tmp_path / "t.xlsx", {"s": "<row><c" + " " * 5_000_000 + 'r="ZZ1"/></row>'})
    with pytest.raises(DataRefused, match="cannot be read as an Excel workbook"):
        weighed(path)


def test_what_expands_beyond_the_caps_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(caps, "HARMLESS", 0)
    path = write_xlsx(tmp_path / "t.xlsx", {"s": [["a"], *[["x" * 30_000]] * 700]})
    with pytest.raises(DataRefused, match="more than max_expansion = 200 times its size"):
        weighed(path)
    with pytest.raises(DataRefused, match="expanded, is larger than max_bytes = 1,000"):
        weighed(path, max_bytes=1_000)


def test_a_directory_that_lies_is_not_believed(tmp_path, monkeypatch):
    """The zip directory says a thousand bytes; twenty million come out."""
    monkeypatch.setattr(caps, "HARMLESS", 0)
    path = write_xlsx(tmp_path / "t.xlsx", {"s": [["a"], *[["x" * 30_000]] * 700]})
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = next(one for one in archive.infolist() if "sheet0" in one.filename).file_size
    place = content.rindex(size.to_bytes(4, "little"))
    content[place : place + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive:
        assert sum(one.file_size for one in archive.infolist()) < 10_000
    with pytest.raises(DataRefused, match="more than max_expansion"):
        weighed(path)


def test_a_workbook_that_is_cut_off_is_refused(tmp_path):
    path = write_xlsx(tmp_path / "t.xlsx", {"s": [["a"], [1]]})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataRefused, match="cannot be read as an Excel workbook"):
        weighed(path)
