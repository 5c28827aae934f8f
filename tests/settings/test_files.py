"""Settings files are found from wherever one stands, and told apart in a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from valuemodel import scaffold
from valuemodel.exceptions import SettingsError
from valuemodel.settings.files import (
    find_settings,
    project_root,
    set_names,
    settings_with_cutoffs,
)


@pytest.fixture
def root(tmp_path) -> Path:
    scaffold.init(tmp_path / "shop")
    return tmp_path / "shop"


def test_settings_are_found_here_or_above(root):
    assert find_settings(root / "pipelines") == root / "valuemodel.toml"


def test_without_settings_the_way_in_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"no valuemodel\.toml here or above"):
        find_settings(tmp_path)


def test_the_root_is_the_nearest_folder_with_pipelines_and_models(root, tmp_path):
    assert project_root(root / "pipelines" / "cdnow.toml") == root
    with pytest.raises(SettingsError, match="outside a project"):
        project_root(tmp_path / "valuemodel.toml")


def test_settings_that_name_cutoffs_are_what_is_compared(root):
    found = [path.stem for path in settings_with_cutoffs(root)]
    assert {"cdnow", "online_retail", "iowa_liquor", "adventureworks"} <= set(found)
    assert found == sorted(found)
    assert not [name for name in found if name.startswith("demo")]


def test_a_project_whose_settings_name_none_says_so(root):
    for path in (root / "pipelines").glob("*.toml"):
        path.unlink()
    with pytest.raises(SettingsError, match="names cutoffs"):
        settings_with_cutoffs(root)


def test_the_settings_of_a_folder_are_called_by_it(root, monkeypatch):
    monkeypatch.chdir(root)
    names = set_names([Path("valuemodel.toml"), Path("pipelines/cdnow.toml")])
    assert names == ["shop", "cdnow"]


def test_no_two_sets_have_one_name():
    names = set_names([Path("a/valuemodel.toml"), Path("b/a.toml"), Path("c/a.toml")])
    assert names == ["a/valuemodel.toml", "b/a.toml", "c/a.toml"]
