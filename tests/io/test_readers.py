"""Sources are found, read and fingerprinted; where files disagree it is said or refused."""

from __future__ import annotations

import gzip
import hashlib
import re

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.workbook import write_xlsx
from valuemodel.exceptions import DataRefused, SettingsError
from valuemodel.io.engine import connect
from valuemodel.io.readers import read_source
from valuemodel.settings import EngineSection, TransactionsSection
from valuemodel.tables.raw import FILE, ROW
from valuemodel.tables.schemas import TRANSACTION_INPUTS, TRANSACTIONS

KNOWN = TRANSACTIONS.columns + TRANSACTION_INPUTS


@pytest.fixture
def engine(tmp_path):
    connection = connect(EngineSection(threads=2), tmp_path / "work")
    yield connection
    connection.disconnect()


def read(engine, root, source, **declared):
    section = TransactionsSection.model_validate({"source": source} | declared)
    return read_source(engine, "transactions", section, KNOWN, root)


def rows(raw):
    return raw.table.order_by(FILE, ROW).to_pyarrow().to_pylist()


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)


def test_a_glob_takes_files_by_name_and_joins_columns_by_name(engine, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "b.csv").write_text("amount,account_id\n3,c\n")
    (tmp_path / "data" / "a.csv").write_text("account_id,amount,more\na,1,x\nb,2,y\n")
    raw = read(engine, tmp_path, "data/*.csv")
    assert raw.columns == ("account_id", "amount", "more")
    assert [tuple(row.values()) for row in rows(raw)] == [
        ("a", "1", "x", "data/a.csv", 1),
        ("b", "2", "y", "data/a.csv", 2),
        ("c", "3", None, "data/b.csv", 1),
    ]


def test_parquet_keeps_its_types_and_rows_have_places(engine, tmp_path):
    parquet(tmp_path / "a.parquet", account_id=[7, 8], amount=[1.5, 2.5])
    parquet(tmp_path / "b.parquet", account_id=[9], amount=[3.5])
    raw = read(engine, tmp_path, "*.parquet")
    assert str(raw.table.schema()["account_id"]) == "int64"
    assert [(row["account_id"], row[FILE], row[ROW]) for row in rows(raw)] == [
        (7, "a.parquet", 1), (8, "a.parquet", 2), (9, "b.parquet", 1),
    ]  # fmt: skip


def test_ids_of_different_types_become_text_and_it_is_said(engine, tmp_path):
    """A1: whole numbers in one file, floats in the next, text in the third."""
    parquet(tmp_path / "a.parquet", account_id=[7], amount=[1.0])
    parquet(tmp_path / "b.parquet", account_id=[7.0], amount=[1.0])
    parquet(tmp_path / "c.parquet", account_id=["007"], amount=[1.0])
    raw = read(engine, tmp_path, "*.parquet")
    assert [row["account_id"] for row in rows(raw)] == ["7", "7", "007"]
    assert len(raw.notes) == 1
    assert "'account_id' is BIGINT in a.parquet, DOUBLE in b.parquet" in raw.notes[0]


@pytest.mark.parametrize("column", ["amount", "time"])
def test_numbers_and_times_that_are_text_elsewhere_are_refused(engine, tmp_path, column):
    parquet(tmp_path / "a.parquet", account_id=["a"], **{column: [1.5]})
    parquet(tmp_path / "b.parquet", account_id=["b"], **{column: ["1,5"]})
    with pytest.raises(DataRefused, match="export all files alike"):
        read(engine, tmp_path, "*.parquet")


def test_numbers_of_different_widths_are_numbers(engine, tmp_path):
    parquet(tmp_path / "a.parquet", account_id=["a"], amount=pa.array([1], pa.int32()))
    parquet(tmp_path / "b.parquet", account_id=["b"], amount=[1.5])
    assert [row["amount"] for row in rows(read(engine, tmp_path, "*.parquet"))] == [1.0, 1.5]


def test_files_are_fingerprinted(engine, tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    parquet(tmp_path / "t.parquet", a=["1"])
    for file in read(engine, tmp_path, ["t.csv", "t.parquet"]).files:
        content = (tmp_path / file.name).read_bytes()
        assert (file.size, file.digest) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_path_may_hold_what_globs_mean(engine, tmp_path):
    folder = tmp_path / "q[1] *?"
    folder.mkdir()
    (folder / "t.csv").write_text("a\n1\n")
    parquet(folder / "t.parquet", a=["2"])
    assert [row["a"] for row in rows(read(engine, folder, ["t.csv", "t.parquet"]))] == ["1", "2"]


def test_a_source_may_come_from_the_environment(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK", str(tmp_path))
    (tmp_path / "t.csv").write_text("a\n1\n")
    assert len(rows(read(engine, tmp_path / "elsewhere", "${ENV:BOOK}/t.csv"))) == 1


def test_a_broken_parquet_file_is_refused(engine, tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(DataRefused, match="cannot be read as Parquet"):
        read(engine, tmp_path, "t.parquet")


def test_files_of_no_known_kind_are_mistakes(engine, tmp_path):
    for name in ("t.xls", "t.gz", "t.csv.zip"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(SettingsError, match=r"\.csv"):
            read(engine, tmp_path, name)


def test_a_glob_takes_files_of_every_kind(engine, tmp_path):
    (tmp_path / "a.csv").write_text("account_id,amount\na,1\n")
    (tmp_path / "b.CSV.GZ").write_bytes(gzip.compress(b"account_id,amount\nb,2\n"))
    write_xlsx(tmp_path / "c.xlsx", {"Sheet1": [["account_id", "amount"], ["c", "3"]]})
    parquet(tmp_path / "d.parquet", account_id=["d"], amount=["4"])
    found = rows(read(engine, tmp_path, "?.*"))
    assert [(row["account_id"], row["amount"], row[FILE]) for row in found] == [
        ("a", "1", "a.csv"),
        ("b", "2", "b.CSV.GZ"),
        ("c", "3", "c.xlsx:Sheet1"),
        ("d", "4", "d.parquet"),
    ]


@pytest.mark.parametrize("cap", ["max_bytes", "max_columns", "max_field_bytes"])
@pytest.mark.parametrize("source", ["t.csv", "t.parquet", "duckdb:///t.duckdb?table=t"])
def test_caps_hold_for_every_kind_of_file(engine, tmp_path, source, cap):
    rows_of = "SELECT n::VARCHAR AS account_id, repeat('x', 3000) AS note FROM range(10) t(n)"
    with duckdb.connect(str(tmp_path / "t.duckdb")) as file:
        file.execute(f"CREATE TABLE t AS {rows_of}")
        file.execute(f"COPY t TO '{tmp_path}/t.csv'")
        file.execute(f"COPY t TO '{tmp_path}/t.parquet' (COMPRESSION uncompressed)")
    assert len(rows(read(engine, tmp_path, source))) == 10
    value = 1 if cap == "max_columns" else 2000
    with pytest.raises(DataRefused, match=rf"{cap} = {value:,}") as refused:
        read(engine, tmp_path, source, **{cap: value})
    assert f"raise {cap}" in refused.value.hint
    assert re.search(r"\d", refused.value.received)


@pytest.mark.parametrize("form", ["%Q", "%d/%m/%"])
def test_a_form_of_time_that_does_not_exist_is_a_mistake(engine, tmp_path, form):
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(SettingsError, match="is no form of time"):
        read(engine, tmp_path, "t.csv", time_format=form)


def test_a_mangled_mark_in_a_parquet_header_is_removed_and_counted(engine, tmp_path):
    parquet(tmp_path / "t.parquet", **{"ï»¿Row ID": ["1"], "b": ["2"]})
    raw = read(engine, tmp_path, "t.parquet")
    assert raw.columns == ("Row ID", "b")
    assert raw.repairs == {"byte_order_mark_removed": 1}
