"""A public data set comes as a whole or not at all, and settings find it in either place."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb
import pytest

from valuemodel.exceptions import OutOfReach, UsageError
from valuemodel.io.public import cdnow
from valuemodel.io.public.registry import PUBLIC, get_public, provide
from valuemodel.io.public.specification import Expected
from valuemodel.settings import Settings, TableSection

PIPELINES = Path(__file__).parents[3] / "pipelines"
TEXT = b" 00001 19970101  1   11.77\r\n"
SMALL = replace(
    cdnow.CDNOW,
    convert=partial(cdnow.convert, sha256=hashlib.sha256(TEXT).hexdigest()),
    expected={cdnow.TABLE: Expected(tuple(cdnow.KINDS), 1)},
)
PATH = "/datasets/CDNOW_master.zip"


@pytest.fixture
def mirror(site, zipped):
    site.has(PATH, zipped({"CDNOW_master.txt": TEXT}))
    return site


def test_the_loader_says_what_it_did(mirror, said, tmp_path):
    provide(SMALL, tmp_path, report=said.append, base_url=mirror.url)
    assert said[2] == f"wrote 1 rows to {tmp_path / cdnow.TABLE}"
    assert "licence: academic use" in said[3]


def test_only_the_table_remains(mirror, said, tmp_path):
    provide(SMALL, tmp_path, report=said.append, base_url=mirror.url)
    found = [
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()
    ]
    assert found == [cdnow.TABLE]
    assert [path.name for path in tmp_path.iterdir()] == ["cdnow"]


def test_the_same_original_gives_the_same_bytes(mirror, said, tmp_path):
    first, second = (
        provide(SMALL, tmp_path / name, report=said.append, base_url=mirror.url)[0] for name in "ab"
    )
    assert first.read_bytes() == second.read_bytes()


def test_what_is_there_is_not_downloaded_again(mirror, said, tmp_path):
    paths = provide(SMALL, tmp_path, report=said.append, base_url=mirror.url)
    assert provide(SMALL, tmp_path, report=said.append, base_url=mirror.url) == paths
    assert len(mirror.asked) == 1
    assert "already in" in said[-1]


def test_a_folder_of_public_data_spares_the_download(mirror, said, tmp_path, monkeypatch):
    (there,) = provide(SMALL, tmp_path / "given", report=said.append, base_url=mirror.url)
    monkeypatch.setenv("VALUEMODEL_DATA", str(tmp_path / "given"))
    assert provide(SMALL, tmp_path / "own", report=said.append) == [there]
    assert not (tmp_path / "own").exists()


def test_a_folder_of_public_data_without_it_is_named(mirror, said, tmp_path, monkeypatch):
    monkeypatch.setenv("VALUEMODEL_DATA", str(tmp_path / "given"))
    provide(SMALL, tmp_path / "own", report=said.append, base_url=mirror.url)
    assert said[0] == f"VALUEMODEL_DATA is set to {tmp_path / 'given'}, which does not have cdnow"


def test_a_failed_refresh_leaves_the_old_table(mirror, said, tmp_path):
    (table,) = provide(SMALL, tmp_path, report=said.append, base_url=mirror.url)
    before = table.read_bytes()
    original = tmp_path / "page.html"
    original.write_bytes(b"<html></html>")
    with pytest.raises(Exception, match="not the published"):
        provide(SMALL, tmp_path, report=said.append, original=original)
    assert table.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cdnow", "page.html"]


def test_get_public_goes_by_name(site, said, tmp_path):
    with pytest.raises(OutOfReach, match="404"):
        get_public("cdnow", tmp_path, report=said.append, base_url=site.url)
    assert site.asked == [PATH]
    assert not list(tmp_path.iterdir())


def test_a_mistyped_name_gets_the_nearest(said, tmp_path):
    with pytest.raises(UsageError, match="did you mean 'iowa_liquor'"):
        get_public("iowa_liqour", tmp_path, report=said.append)


def test_an_original_that_is_not_there_is_named(said, tmp_path):
    with pytest.raises(UsageError, match="no such original"):
        get_public("cdnow", tmp_path, report=said.append, original=tmp_path / "absent.zip")


def tables_of(settings: Settings) -> list[TableSection]:
    tables = settings.tables
    return [table for table in (tables.transactions, tables.accounts) if table is not None]


def test_every_public_set_has_settings_that_are_valid_and_its_own():
    settings = {name: Settings.load(PIPELINES / f"{name}.toml") for name in PUBLIC}
    assert len({found.project.name for found in settings.values()}) == len(settings)
    assert len({found.output.folder for found in settings.values()}) == len(settings)
    for found in settings.values():
        assert found.tables.transactions.complete_until is not None


@pytest.mark.parametrize("name", PUBLIC)
def test_settings_read_what_the_loader_writes(name):
    """Every source is a table of the loader, and every column named is one of its columns."""
    for table in tables_of(Settings.load(PIPELINES / f"{name}.toml")):
        root, _, path = table.sources[0].partition("/")
        assert root == "${DATA}"
        named = set(table.columns.values()) | {c.column for e in table.exclude for c in e.when}
        assert named <= set(PUBLIC[name].expected[path].columns)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_cutoff_to_be_judged_on_has_a_complete_window(name):
    settings = Settings.load(PIPELINES / f"{name}.toml")
    end = settings.tables.transactions.complete_until
    for cutoff in settings.backtest.cutoffs:
        assert settings.value.tiering.after(cutoff) <= end


@pytest.mark.real_data
@pytest.mark.parametrize("name", PUBLIC)
def test_the_data_folder_has_the_columns_that_settings_name(name, real_data):
    for table in tables_of(Settings.load(PIPELINES / f"{name}.toml")):
        path = table.sources[0].replace("${DATA}", str(real_data))
        found = {row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
        named = set(table.columns.values()) | {c.column for e in table.exclude for c in e.when}
        assert named <= found


@pytest.mark.real_data
def test_codes_left_out_of_online_retail_are_in_the_file(real_data):
    path = real_data / "online_retail_II" / "online_retail_II.parquet"
    rows = duckdb.sql(f"SELECT DISTINCT StockCode FROM '{path}'").fetchall()
    document = tomllib.loads((PIPELINES / "online_retail.toml").read_text(encoding="utf-8"))
    exclusions = document["tables"]["transactions"]["exclude"]
    codes = {code for e in exclusions for c in e["when"] for code in c.get("one_of", [])}
    assert len(codes) == 13
    assert codes <= {row[0] for row in rows}
