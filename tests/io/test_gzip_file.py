"""A gzipped file is what it expands to, or refused; what it says of itself is not believed."""

from __future__ import annotations

import gzip
import hashlib
import struct

import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io import caps
from valuemodel.io.engine import connect
from valuemodel.io.gzip_file import expand
from valuemodel.io.readers import read_source
from valuemodel.settings import EngineSection, TableSection
from valuemodel.tables.raw import FILE, ROW

TEXT = "a,b\n" + "".join(f"{n},é{n}\n" for n in range(5_000))


@pytest.fixture
def engine(tmp_path):
    connection = connect(EngineSection(threads=2), tmp_path / "work")
    yield connection
    connection.disconnect()


def expanded(path, folder, **declared):
    section = TableSection.model_validate({"source": "t.csv.gz"} | declared)
    return expand(path, section, folder, path.name)


def test_a_gzipped_csv_is_read_like_the_csv(engine, tmp_path):
    """Also its ragged rows, its newlines and its encoding; the digest is that of the file itself."""
    text = TEXT.replace("\n", "\r\n", 100) + "1,2,3\n"
    (tmp_path / "t.csv").write_bytes(text.encode("cp1252"))
    (tmp_path / "u.csv.gz").write_bytes(gzip.compress(text.encode("cp1252")))
    found = []
    for name in ("t.csv", "u.csv.gz"):
        section = TableSection(source=name, encoding="cp1252")
        raw = read_source(engine, "accounts", section, (), tmp_path)
        rows = raw.table.order_by(ROW).drop(FILE).to_pyarrow().to_pylist()
        lines = raw.rejects.drop(FILE).to_pyarrow().to_pylist()
        found.append((rows, lines, raw.repairs))
        content = (tmp_path / name).read_bytes()
        assert raw.files[0].digest == hashlib.sha256(content).hexdigest()
        assert raw.files[0].size == len(content)
    assert found[0] == found[1]
    assert not [path for path in (tmp_path / "work" / "spill").iterdir() if path.suffix == ".csv"]


def test_joined_members_are_one_file(tmp_path):
    halves = TEXT[:1000].encode(), TEXT[1000:].encode()
    path = tmp_path / "t.csv.gz"
    path.write_bytes(b"".join(gzip.compress(half) for half in halves))
    assert expanded(path, tmp_path).read_text("utf-8") == TEXT


@pytest.mark.parametrize(
    ("spoil", "because"),
    [
        (lambda packed: packed[:-20], "is cut off"),
        (lambda packed: packed[:5], "is cut off"),
        (lambda packed: packed[:2000] + b"\0\0\0\0" + packed[2004:], "damaged"),
        (lambda packed: packed[:-8] + b"\0" * 8, "damaged"),
        (lambda packed: packed + b"more", "damaged"),
        (lambda packed: TEXT.encode(), "no gzip file"),
    ],
)
def test_damaged_files_are_refused_and_leave_nothing(tmp_path, spoil, because):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(spoil(gzip.compress(TEXT.encode())))
    with pytest.raises(DataRefused, match=because):
        expanded(path, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["t.csv.gz"]


def test_a_file_that_lies_about_its_size_is_still_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(caps, "HARMLESS", 0)
    path = tmp_path / "t.csv.gz"
    small, large = gzip.compress(b"1\n"), gzip.compress(b"\n" * 50_000_000)
    path.write_bytes(large + small)
    assert struct.unpack("<I", path.read_bytes()[-4:]) == (2,)
    with pytest.raises(DataRefused, match="more than max_expansion = 200 times") as refused:
        expanded(path, tmp_path)
    assert f"{path.stat().st_size:,} bytes" in refused.value.received
    with pytest.raises(DataRefused, match="larger than max_bytes = 1,000"):
        expanded(path, tmp_path, max_bytes=1000)
    assert expanded(path, tmp_path, max_expansion=2000).stat().st_size == 50_000_002


def test_what_expands_far_but_to_little_is_harmless(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 1_000_000))
    assert expanded(path, tmp_path).stat().st_size == 4_000_004
