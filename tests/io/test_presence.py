"""What is missing is known before anything is read."""

from __future__ import annotations

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.io.presence import missing_files
from valuemodel.settings import Settings


def settings(**sources: object) -> Settings:
    tables = {name: {"source": source} for name, source in sources.items()}
    project = {"project": {"name": "shop"}, "value": {"horizons": ["1 year"]}}
    return Settings.parse(project | {"tables": tables})


def test_files_and_patterns_are_looked_for_below_the_root(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sales 2020.csv").touch()
    there = settings(transactions="data/sales *.csv", accounts="data/accounts.csv")
    assert missing_files(there, tmp_path) == ["data/accounts.csv"]


def test_a_name_with_brackets_is_a_file_and_not_a_pattern(tmp_path):
    (tmp_path / "sales [new].csv").touch()
    assert missing_files(settings(transactions="sales [new].csv"), tmp_path) == []


def test_databases_are_not_asked(tmp_path):
    address = "postgresql://u:${ENV:NO_SUCH_PASSWORD}@nowhere/db?table=t"
    assert missing_files(settings(transactions=address), tmp_path) == []


def test_public_data_is_looked_for_where_it_is_said_to_lie(tmp_path, monkeypatch):
    declared = settings(transactions="${DATA}/cdnow/master.parquet")
    monkeypatch.setenv("VALUEMODEL_DATA", str(tmp_path))
    assert missing_files(declared, tmp_path) == ["${DATA}/cdnow/master.parquet"]
    (tmp_path / "cdnow").mkdir()
    (tmp_path / "cdnow" / "master.parquet").touch()
    assert missing_files(declared, tmp_path / "elsewhere") == []


def test_a_variable_that_is_not_set_is_a_mistake_of_the_settings(tmp_path):
    with pytest.raises(SettingsError, match="NO_SUCH_FOLDER is not set"):
        missing_files(settings(transactions="${ENV:NO_SUCH_FOLDER}/a.csv"), tmp_path)
