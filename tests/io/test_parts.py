"""Files that change while they are read are noticed; parts are joined by name."""

from __future__ import annotations

import os

import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io.engine import connect
from valuemodel.io.parts import Part, Reading, check_unchanged, fingerprint, join_parts, shown_as
from valuemodel.settings import EngineSection
from valuemodel.tables.raw import SourceFile


def test_messages_name_files_below_the_root(tmp_path):
    assert shown_as(tmp_path / "data" / "t.csv", tmp_path) == "data/t.csv"
    assert shown_as(tmp_path / "t.csv", tmp_path / "project") == (tmp_path / "t.csv").as_posix()


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n")
    before = (fingerprint(path, tmp_path),)
    check_unchanged(before, tmp_path)
    path.write_text("a\n1\n2\n")
    with pytest.raises(DataRefused, match="changed while it was read"):
        check_unchanged(before, tmp_path)


def test_a_file_that_is_replaced_by_one_of_its_size_is_refused(tmp_path):
    """A20: two halves of two exports are no export."""
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n")
    before = (fingerprint(path, tmp_path),)
    beside = tmp_path / "new.csv"
    beside.write_text("a\n2\n")
    os.utime(beside, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    beside.replace(path)
    with pytest.raises(DataRefused, match="changed while it was read"):
        check_unchanged(before, tmp_path)


def test_a_table_of_a_database_is_no_file(tmp_path):
    check_unchanged((SourceFile("postgresql://host/db:sales", 5, "0" * 64),), tmp_path)


def test_repairs_add_up_and_none_is_noted_for_nothing():
    reading = Reading()
    for count in (0, 2, 3):
        reading.repair("seen", count)
    reading.repair("never", 0)
    assert reading.repairs == {"seen": 5}


def test_a_column_that_a_part_lacks_is_null(tmp_path):
    parts = [
        Part("one", "(SELECT 1 AS n)", {"n": "INTEGER"}, {"n": "n"}, "'one'", "1"),
        Part("two", "(SELECT 'x' AS \"A\")", {"a": "VARCHAR"}, {"a": "A"}, "'two'", "1"),
    ]
    connection = connect(EngineSection(), tmp_path)
    join_parts(connection, "joined", Reading(parts=parts), {})
    found = connection.raw_sql("SELECT n, a, __file FROM joined ORDER BY __file").fetchall()
    connection.disconnect()
    assert found == [(1, None, "one"), (None, "x", "two")]
