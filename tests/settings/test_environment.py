"""Secrets and places come from the environment, and nowhere else."""

from __future__ import annotations

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.settings import fill_environment


def test_secrets_come_from_the_environment_only(monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    assert fill_environment("db?password=${ENV:SHOP_PASSWORD}") == "db?password=hunter2"
    monkeypatch.delenv("SHOP_PASSWORD")
    with pytest.raises(SettingsError, match="SHOP_PASSWORD is not set"):
        fill_environment("db?password=${ENV:SHOP_PASSWORD}")


def test_public_data_lies_where_the_environment_says_or_in_the_project(monkeypatch):
    monkeypatch.setenv("VALUEMODEL_DATA", "/somewhere")
    assert fill_environment("${DATA}/cdnow/master.parquet") == "/somewhere/cdnow/master.parquet"
    monkeypatch.delenv("VALUEMODEL_DATA")
    assert fill_environment("${DATA}/cdnow/master.parquet") == "data/public/cdnow/master.parquet"
