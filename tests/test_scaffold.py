"""`init` lays out the same project that the repository is, and never overwrites."""

from __future__ import annotations

from pathlib import Path

import pytest

from valuemodel.exceptions import UsageError
from valuemodel.scaffold import init

ROOT = Path(__file__).parents[1]


def test_the_layout_is_that_of_the_repository(tmp_path):
    written = init(tmp_path / "shop")
    assert all(path.exists() for path in written)
    for folder in ("pipelines", "models"):
        ours = {path.name for path in (ROOT / folder).iterdir() if path.name != "__pycache__"}
        assert {path.name for path in (tmp_path / "shop" / folder).iterdir()} == ours
    settings = (tmp_path / "shop" / "valuemodel.toml").read_bytes()
    assert settings == (ROOT / "valuemodel.toml").read_bytes()


def test_nothing_is_overwritten(tmp_path):
    mine = tmp_path / "valuemodel.toml"
    mine.write_text("# mine\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"already has valuemodel\.toml"):
        init(tmp_path)
    assert mine.read_text(encoding="utf-8") == "# mine\n"
    assert list(tmp_path.iterdir()) == [mine]
