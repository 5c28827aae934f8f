"""A CSV file comes in line for line: nothing shifted, nothing guessed, nothing lost."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import DataRefused, SettingsError
from valuemodel.io.csv_file import (
    check_lines,
    clean_header,
    inspect_csv,
    load_csv,
    prepare_csv,
    read_header,
)
from valuemodel.io.engine import connect
from valuemodel.settings import EngineSection, TableSection
from valuemodel.tables.raw import ROW


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    connection = connect(EngineSection(threads=2), tmp_path_factory.mktemp("engine"))
    yield connection
    connection.disconnect()


def read(engine, path, **declared):
    """Return the accepted rows with their places, and the rejected lines with theirs."""
    section = TableSection.model_validate({"source": "t.csv"} | declared)
    facts = inspect_csv(path, section, path.name)
    prepared = prepare_csv(path, section, facts, path.parent)
    names, _ = clean_header(read_header(prepared, section, path.name), path.name)
    loaded = load_csv(engine, prepared, names, section, path.name)
    check_lines(engine, loaded, names, facts, path.name)
    rows = engine.raw_sql(f"SELECT * EXCLUDE (__file) FROM {loaded[0]} ORDER BY {ROW}").fetchall()
    lines = engine.raw_sql(f"SELECT {ROW}, line FROM {loaded[1]} ORDER BY {ROW}").fetchall()
    return {row[-1]: row[:-1] for row in rows}, dict(lines)


FIELD = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\r\x02", exclude_categories=["Cs"]),
    max_size=6,
)


@given(st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_text_comes_back_as_it_was(engine, tmp_path_factory, rows):
    """Whatever the csv module writes is read back, field for field, row for row."""
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerows([("a", "b", "c"), *rows])
    found, rejected = read(engine, path)
    assert list(found.values()) == rows
    assert list(found) == list(range(1, len(rows) + 1))
    assert rejected == {}


def test_rejected_lines_keep_their_place_and_later_rows_theirs(engine, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n2,x,x\n3,x\n4\n5,x\n", encoding="utf-8")
    rows, rejected = read(engine, path)
    assert {place: row[0] for place, row in rows.items()} == {1: "1", 3: "3", 5: "5"}
    assert rejected == {2: "2,x,x", 4: "4"}


def test_a_stray_quote_that_swallows_lines_is_one_reject_per_line(engine, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,x\n2,"x\n3,x\n4,"x"\n5,x\n', encoding="utf-8")
    rows, rejected = read(engine, path)
    assert {place: row[0] for place, row in rows.items()} == {1: "1", 5: "5"}
    assert rejected == {2: '2,"x', 3: "3,x", 4: '4,"x"'}


def test_a_quote_that_swallows_more_than_is_reported_is_refused(engine, tmp_path):
    """DuckDB reports a single rejected row, of which it keeps the first 10,000 characters."""
    path = tmp_path / "t.csv"
    lines = [f"{number},x" for number in range(20_000)]
    lines[100] = '100,"x'
    path.write_text("a,b\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DataRefused, match="first damaged data row is 101"):
        read(engine, path)


def test_newlines_in_fields_are_not_lost_lines(engine, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,"x\n\ny"\n2,"\n\n\n\n"\n3,x', encoding="utf-8")
    rows, _ = read(engine, path)
    assert [row[1] for row in rows.values()] == ["x\n\ny", "\n\n\n\n", "x"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("é,€\n", "cp1252"), ("é,ÿ\n", "latin-1"), ("é,𝄞\n", "utf-16"), ("é,𝄞\n", "utf-8-sig")],
)
def test_a_declared_encoding_is_read_as_declared(engine, tmp_path, text, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes(("a,b\n" + text).encode(encoding))
    rows, _ = read(engine, path, encoding=encoding)
    assert list(rows.values()) == [tuple(text.strip().split(","))]


def test_bytes_that_do_not_fit_name_the_line_and_the_likely_encoding(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n1,2\n1,\xe9\n")
    with pytest.raises(DataRefused, match=r'encoding = "cp1252"'):
        inspect_csv(path, TableSection(source="t.csv"), "t.csv")


def test_an_encoding_that_does_not_exist_is_a_mistake(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a\n1\n")
    with pytest.raises(SettingsError, match="no encoding 'utf-9'"):
        inspect_csv(path, TableSection(source="t.csv", encoding="utf-9"), "t.csv")


def test_lines_are_counted_as_they_lie(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\r\n1,2\n\n3,4\r5,6")
    facts = inspect_csv(path, TableSection(source="t.csv"), "t.csv")
    assert (facts.lines, facts.blank, len(facts.newlines)) == (5, 1, 3)


def test_a_file_that_is_usual_is_read_where_it_lies(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\r\n1,2\r\n")
    section = TableSection(source="t.csv")
    facts = inspect_csv(path, section, "t.csv")
    assert prepare_csv(path, section, facts, tmp_path) == path


def test_headers_with_quotes_and_newlines_are_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('"a ""1""","b\nc"\n1,2\n', encoding="utf-8")
    assert read_header(path, TableSection(source="t.csv"), "t.csv") == ['a "1"', "b\nc"]


def test_names_that_cannot_be_told_apart_are_refused():
    with pytest.raises(DataRefused, match="more than once"):
        clean_header(["a", "b", "A"], "t.csv")


def test_a_header_line_is_bounded_too(tmp_path):
    path = tmp_path / "t.csv"
    text = io.StringIO()
    csv.writer(text).writerow(f"c{number}" for number in range(50))
    path.write_text(text.getvalue(), encoding="utf-8")
    with pytest.raises(DataRefused, match="more columns than max_columns = 49"):
        read_header(path, TableSection(source="t.csv", max_columns=49), "t.csv")
