from __future__ import annotations

import csv
import hashlib
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.exceptions import DataRefused, OutOfReach
from valuemodel.io.sinks import durable, read_csv, write_table

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "\0", *"\uff1d\uff0b\uff0d\uff20"]
BODIES = ["1+1", 'cmd|"/c calc"!A1', "SUM(A1:A9)", "", ",=1+1", '"=1+1', "\n=1+1", "'", "ü"]
HOSTILE = [start + body for start in STARTS for body in BODIES] + [
    "'=already guarded",
    "''=twice",
    "'harmless",
    'a "quoted", name\r\n=2+2',
    "plain",
    "",
]


def cells(path: Path) -> list[list[str]]:
    """Read with another parser than ours: Python's own."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_no_text_and_no_header_of_a_csv_starts_like_a_formula(tmp_path: Path) -> None:
    table = pd.DataFrame({name or "empty": [name, "x"] for name in HOSTILE})
    write_table(table, tmp_path / "t.csv")
    found = [cell for row in cells(tmp_path / "t.csv") for cell in row]
    assert len(found) == 3 * len(table.columns)
    assert not [cell for cell in found if cell.startswith(tuple(STARTS))]


def test_every_text_stands_in_quotes_so_that_no_cell_can_break_out(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": HOSTILE, "n": range(len(HOSTILE))})
    write_table(table, tmp_path / "t.csv")
    read = cells(tmp_path / "t.csv")
    assert [len(row) for row in read] == [2] * (len(HOSTILE) + 1)
    assert [int(row[1]) for row in read[1:]] == list(range(len(HOSTILE)))


def test_hostile_texts_come_back_byte_for_byte(tmp_path: Path) -> None:
    table = pd.DataFrame({"=name": HOSTILE}, dtype="str")
    for suffix in ("csv", "parquet"):
        write_table(table, tmp_path / f"t.{suffix}")
    assert read_csv(tmp_path / "t.csv")["=name"].tolist() == HOSTILE
    assert pd.read_parquet(tmp_path / "t.parquet")["=name"].tolist() == HOSTILE


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
sharp = st.text(st.sampled_from("='\"@,;\r\n\t\0-\uff1da"), max_size=8)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.none() | texts | sharp, min_size=1, max_size=8), texts | sharp)
def test_any_text_any_null_and_any_header_round_trips(
    tmp_path_factory: pytest.TempPathFactory, column: list[str | None], header: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    write_table(pd.DataFrame({header: pd.Series(column, dtype="str"), "end": "e"}), path)
    read = read_csv(path)
    assert list(read.columns) == [header, "end"]
    found = read[header].astype(object).where(read[header].notna(), None)
    assert found.tolist() == column


def test_numbers_are_untouched(tmp_path: Path) -> None:
    numbers = pd.DataFrame(
        {"f": [-1.5, 0.1, 1e-300, -1e300, np.nan], "i": [-3, 2**53 + 1, 0, 1, 2]}
    )
    write_table(numbers, tmp_path / "t.csv")
    read = read_csv(tmp_path / "t.csv")
    assert read["f"].astype(float).equals(numbers["f"])
    assert read["i"].astype("int64").tolist() == numbers["i"].tolist()


def test_money_dates_flags_and_categories_stay_readable(tmp_path: Path) -> None:
    table = pa.table(
        {
            "money": pa.array([Decimal("-0.1000")], pa.decimal128(18, 4)),
            "day": pa.array([pd.Timestamp("2011-06-09")], pa.timestamp("us")),
            "moment": pa.array([pd.Timestamp("2011-06-09 01:02:03.25")], pa.timestamp("us")),
            "flag": [True],
            "kind": pa.array(["-x"]).dictionary_encode(),
        }
    )
    write_table(table, tmp_path / "t.csv")
    moment = "2011-06-09 01:02:03.250000"
    assert cells(tmp_path / "t.csv")[1] == ["-0.1000", "2011-06-09 00:00:00", moment, "true", "'-x"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_same_table_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(7)
    table = pd.DataFrame({"x": rng.normal(size=50_000), "t": rng.integers(0, 99, 50_000)})
    table["t"] = table["t"].astype("str")
    digests = set()
    for turn in range(3):
        path = tmp_path / str(turn) / f"t.{suffix}"
        path.parent.mkdir()
        write_table(table.copy(), path)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_types_survive_in_parquet_also_where_a_column_is_all_null(tmp_path: Path) -> None:
    types = {"a": "str", "b": "float64", "c": "boolean", "d": "datetime64[us]"}
    table = pd.DataFrame({name: [None, None] for name in types}).astype(types)
    write_table(table, tmp_path / "t.parquet")
    assert pd.read_parquet(tmp_path / "t.parquet").dtypes.astype(str).to_dict() == types


def test_a_failed_write_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("old")

    def half() -> None:
        with durable(path) as file:
            file.write(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.txt"]


def test_a_column_of_mixed_kinds_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="'drivers' holds something that cannot be written"):
        write_table(pd.DataFrame({"x": [1, "a"]}, dtype=object), tmp_path / "drivers.parquet")
    with pytest.raises(DataRefused, match="valid Unicode"):
        write_table(pd.DataFrame({"x": ["\ud800"]}, dtype=object), tmp_path / "drivers.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_out_of_reach(tmp_path: Path) -> None:
    with pytest.raises(OutOfReach, match=r"the table holds about .* bytes") as caught:
        write_table(pd.DataFrame({"x": [1.0]}), tmp_path / "nowhere" / "t.csv")
    assert caught.value.exit_code == 7
