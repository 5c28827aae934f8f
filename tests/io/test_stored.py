from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.io.publication import open_run
from valuemodel.io.stored import current_run, published, read_manifest, read_run, runs
from valuemodel.periods import Cutoff

JUNE = Cutoff.parse("2011-06-09")
BOOK = pd.DataFrame({"account_id": ["007", "1e5"], "value_6m": [1.5, -2.0]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with open_run(tmp_path, "k1", JUNE, since="04:00") as run:
        run.write_table("predictions", BOOK)
        run.write_table("quarantine", BOOK.head(0), formats=("parquet",))
        return run.finish({"role": "champion"})


def test_a_run_is_read_as_it_was_written(folder: Path) -> None:
    run = read_run(current_run(folder.parent.parent))
    pd.testing.assert_frame_equal(run.tables["predictions"], BOOK)
    assert set(run.tables) == {"predictions", "quarantine"}
    assert (run.as_of, run.manifest["role"]) == (JUNE, "champion")
    assert run.manifest["files"]["predictions.csv"]["rows"] == 2


def test_a_run_can_be_read_in_part_and_by_cutoff(folder: Path) -> None:
    output = folder.parent.parent
    assert published(output, JUNE) == folder.resolve()
    assert set(read_run(folder, ["predictions"]).tables) == {"predictions"}
    with pytest.raises(UsageError, match="no table drivers"):
        read_run(folder, ["drivers"])


def test_nothing_published_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing is published yet\n.*\n.*valuemodel score"):
        current_run(tmp_path)
    with pytest.raises(UsageError, match="nothing is published for 2011-06-09"):
        published(tmp_path, JUNE)
    with pytest.raises(UsageError, match="no published run in this folder"):
        read_run(tmp_path)


def test_runs_are_listed_by_cutoff(tmp_path: Path) -> None:
    for key, day in [("b", "2011-03-01"), ("a", "2011-06-01"), ("c", "2011-01-01")]:
        with open_run(tmp_path, key, Cutoff.parse(day), since="04:00") as run:
            run.finish({})
    assert [found.name for found in runs(tmp_path)] == ["c", "b", "a"]


def test_a_changed_or_missing_file_is_refused_before_it_is_parsed(folder: Path) -> None:
    path = folder / "predictions.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DataRefused, match=r"predictions\.parquet is not what was published"):
        read_run(folder)
    path.unlink()
    with pytest.raises(DataRefused, match="no file"):
        read_run(folder)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "[]",
        "{}",
        '{"as_of": "soon", "files": {}}',
        '{"as_of": "2011-06-09", "files": []}',
        '{"as_of": "2011-06-09", "files": {"../../secret.parquet": {"sha256": "0"}}}',
    ],
)
def test_a_broken_manifest_is_refused(folder: Path, broken: str) -> None:
    (folder / "manifest.json").write_text(broken)
    with pytest.raises(DataRefused, match=r"manifest\.json is not what was published"):
        read_manifest(folder)


def test_the_manifest_is_stable_readable_json(folder: Path) -> None:
    text = (folder / "manifest.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert list(document) == sorted(document)
    assert document["run_key"] == "k1"
