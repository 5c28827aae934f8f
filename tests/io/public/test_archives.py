"""Archives from elsewhere can neither write outside nor fill the disk."""

from __future__ import annotations

import importlib.util

import pytest

from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.io.public.archives import extract, is_workbook, read_sheets


@pytest.fixture
def archive(tmp_path, zipped):
    def make(members: dict[str, bytes]):
        path = tmp_path / "original.zip"
        path.write_bytes(zipped(members))
        return path

    return make


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_members_are_found_by_base_name_in_any_folder_and_case(archive, into):
    path = archive({"a/Part_1.CSV": b"1", "b/part_2.csv": b"2", "read_me.txt": b"3"})
    assert [part.read_bytes() for part in extract(path, "*.csv", into, max_bytes=9)] == [b"1", b"2"]
    assert sorted(part.parent for part in into.iterdir()) == [into, into]


@pytest.mark.parametrize("name", ["../evil.csv", "/evil.csv", "a/../../evil.csv", "..\\evil.csv"])
def test_a_member_that_points_outside_is_refused(name, archive, into):
    path = archive({name: b"evil", "good.csv": b"good"})
    with pytest.raises(DataRefused, match="outside the archive"):
        extract(path, "good.csv", into, max_bytes=99)
    assert not list(into.iterdir())
    assert not list(into.parent.glob("evil*"))


def test_expansion_is_counted_over_all_members(archive, into):
    path = archive({"a.csv": bytes(60_000), "b.csv": bytes(60_000)})
    assert path.stat().st_size < 1_000
    with pytest.raises(DataRefused, match="more than it may"):
        extract(path, "*.csv", into, max_bytes=100_000)


def test_no_such_member_names_what_is_there(archive, into):
    with pytest.raises(DataRefused, match=r"sample\.txt"):
        extract(archive({"sample.txt": b""}), "master.txt", into, max_bytes=9)


@pytest.mark.parametrize("damage", [b"<html>404</html>", b""])
def test_what_is_no_zip_is_refused(damage, tmp_path, into):
    path = tmp_path / "original.zip"
    path.write_bytes(damage)
    with pytest.raises(DataRefused, match="not a sound zip"):
        extract(path, "*", into, max_bytes=9)


def test_a_damaged_member_is_refused(archive, into):
    path = archive({"a.csv": b"paid\n" * 1_000})
    content = bytearray(path.read_bytes())
    content[40:50] = bytes(10)
    path.write_bytes(content)
    with pytest.raises(DataRefused, match="not a sound zip"):
        extract(path, "a.csv", into, max_bytes=99_999)


def test_a_workbook_is_told_from_an_archive(tmp_path, workbook, archive):
    book = tmp_path / "book.bin"
    book.write_bytes(workbook({"Orders": [["Order ID"]]}))
    assert is_workbook(book)
    assert not is_workbook(archive({"book.xlsx": book.read_bytes()}))


def test_a_workbook_without_the_sheet_is_refused(tmp_path, workbook):
    book = tmp_path / "book.xlsx"
    book.write_bytes(workbook({"People": [["Name"]]}))
    with pytest.raises(DataRefused, match="sheets Orders"):
        read_sheets(book, ["Orders"])


@pytest.mark.parametrize("content", [b"<html>not found</html>", b""])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    book = tmp_path / "book.xls"
    book.write_bytes(content)
    with pytest.raises(DataRefused, match=r"book\.xls is not a workbook"):
        read_sheets(book, ["Orders"])


def test_a_missing_reader_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'valuemodel\[excel\]'"):
        read_sheets(tmp_path / "book.xlsx", ["Orders"])
