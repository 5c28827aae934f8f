"""Caps refuse what is beyond them and nothing else, and say which setting raises them."""

from __future__ import annotations

import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io import caps
from valuemodel.io.engine import connect
from valuemodel.io.parts import Part
from valuemodel.settings import EngineSection, TableSection


def section(**declared):
    return TableSection.model_validate({"source": "t"} | declared)


def test_the_usual_size_depends_on_how_a_file_is_read_until_it_is_declared():
    caps.check_bytes(caps.STREAMED, section(), "t")
    for size, usual in ((caps.STREAMED, caps.STREAMED), (caps.IN_MEMORY, caps.IN_MEMORY)):
        with pytest.raises(DataRefused, match=f"max_bytes = {usual:,}"):
            caps.check_bytes(size + 1, section(), "t", usual)
        caps.check_bytes(size + 1, section(max_bytes=size + 1), "t", usual)


def test_expansion_is_judged_only_where_it_can_harm():
    caps.check_expansion(caps.HARMLESS, 1, section(), "t")
    caps.check_expansion(200_000_000, 1_000_000, section(), "t")
    for declared, packed in (({}, 999_999), ({"max_expansion": 199.0}, 1_000_000)):
        with pytest.raises(DataRefused, match="max_expansion") as refused:
            caps.check_expansion(200_000_000, packed, section(**declared), "t")
        assert "200,000,000 expanded" in refused.value.received


@pytest.mark.parametrize(
    "value",
    ["repeat('é', 51)", "[repeat('x', 200)]", "{'a': repeat('x', 200)}", "repeat('x', 200)::BLOB"],
)
def test_long_texts_are_found_in_every_type_that_can_hold_them(tmp_path, value):
    connection = connect(EngineSection(), tmp_path)
    relation = f'(SELECT 1 AS n, {value} AS "odd ""name")'
    described = connection.raw_sql(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    types = {row[0]: row[1] for row in described}
    part = Part("t", relation, types, {name: name for name in types}, "'t'", "1")
    caps.check_fields(connection, part, section(max_field_bytes=1000))
    with pytest.raises(DataRefused, match="max_field_bytes = 100"):
        caps.check_fields(connection, part, section(max_field_bytes=100))
    connection.disconnect()
