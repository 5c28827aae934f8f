"""Every TOML file of a project is read in the same strict manner."""

from __future__ import annotations

import pytest
from pydantic import Field

from valuemodel.exceptions import SettingsError
from valuemodel.sections import Section, load_toml, parse_section


class Inner(Section):
    share: float = Field(ge=0.0, le=1.0)


class Outer(Section):
    name: str
    parts: list[Inner] = Field(default_factory=list)
    one: Inner | None = None


def test_a_good_document_becomes_a_frozen_section():
    outer = parse_section(Outer, {"name": "a", "parts": [{"share": 0.5}]}, "a.toml")
    assert outer.parts[0].share == 0.5
    with pytest.raises(ValueError, match="frozen"):
        outer.name = "b"


def test_all_mistakes_come_with_path_and_nearest_name_also_inside_lists_and_options():
    document = {"nmae": "a", "parts": [{"shar": 1}], "one": {"share": 7.0}}
    with pytest.raises(SettingsError, match=r"a\.toml has 5 mistakes") as caught:
        parse_section(Outer, document, "a.toml")
    said = str(caught.value)
    assert "nmae: unknown key; did you mean 'name'?" in said
    assert "parts.0.shar: unknown key; did you mean 'share'?" in said
    assert "one.share: " in said
    assert "received 7.0" in said


def test_an_unknown_key_unlike_any_lists_the_known_ones():
    with pytest.raises(SettingsError, match="known keys: name, one, parts"):
        parse_section(Outer, {"name": "a", "zzz": 1}, "a.toml")


def test_a_missing_a_broken_and_a_foreign_encoding_are_told(tmp_path):
    with pytest.raises(SettingsError, match="no settings file"):
        load_toml(tmp_path / "none.toml")
    for content in (b"[project\n", "name = 'Z\u00fcrich'".encode("latin-1")):
        path = tmp_path / "broken.toml"
        path.write_bytes(content)
        with pytest.raises(SettingsError, match="not a valid TOML"):
            load_toml(path)
