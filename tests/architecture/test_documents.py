"""What the documents say is what the code has."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from valuemodel import cli
from valuemodel.settings import DatedSection, Settings, TablesSection
from valuemodel.tables.schemas import TABLES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [c.name or c.callback.__name__ for c in cli.app.registered_commands]
COMMANDS += [f"data {c.name or c.callback.__name__}" for c in cli.data.registered_commands]


def keys() -> list[str]:
    """List every key of the settings as the README writes it; what several tables have, once."""
    found = set()
    shared = set(DatedSection.model_fields)
    for section, field in Settings.model_fields.items():
        if section == "tables":
            found |= {f"tables.*.{name}" for name in shared}
            for name, table in TablesSection.model_fields.items():
                model = next(one for one in get_args(table.annotation) if one is not type(None))
                own = {f"tables.{name}.{key}" for key in set(model.model_fields) - shared}
                found |= {f"tables.{name}"} | own
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= {f"{section}.{name}" for name in field.annotation.model_fields}
    return sorted(found)


@pytest.mark.parametrize("key", keys())
def test_every_setting_is_in_the_readme(key):
    assert f"`{key}`" in README


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command):
    assert f"valuemodel {command}" in README


@pytest.mark.parametrize("name", TABLES)
def test_every_column_of_every_table_is_explained(name):
    said = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    part = said[said.index(f"### `{name}`") :].split("### ")[1]
    for column in TABLES[name].known:
        assert f"| `{column.name}`" in part
        assert column.meaning in part


def test_every_data_set_has_settings_and_a_place_in_the_documents():
    from valuemodel.io.public import PUBLIC

    said = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for name in PUBLIC:
        assert (ROOT / "pipelines" / f"{name}.toml").exists()
        assert f"`{name}" in said


def test_the_changelog_has_a_place_for_what_comes_next():
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
