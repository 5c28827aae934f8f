"""Every row of the requirements names a setting and a test that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from valuemodel.sections import _section_in
from valuemodel.tiers.policy import TierPolicy

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| S\d+ \|", line)
]
OWNED = {1, 3, 4, *range(6, 11), *range(12, 43), 46, *range(48, 64)} - {11, 43, 44, 45, 47}
#: Settings that stand elsewhere than in the policy file.
ELSEWHERE = ("tables:", "table `", "settings:", "valuemodel ", "models/")


def test_every_row_is_there():
    assert {int(row[0][1:]) for row in ROWS} == OWNED


def known(path: str) -> bool:
    model: type[BaseModel] | None = TierPolicy
    for part in path.split("."):
        if model is None or part not in model.model_fields:
            return False
        model = _section_in(model.model_fields[part].annotation)
    return True


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_settings_of_a_row_exist(row):
    own = [part for part in re.split(r";|, (?=`)", row[2]) if not any(w in part for w in ELSEWHERE)]
    named = [one for part in own for one in re.findall(r"`([a-z_.]+)`", part)]
    for path in named:
        if path in {"hours", "owner", "reviewer", "reference_score", "reference_until"}:
            continue
        assert known(path), f"{row[0]}: there is no setting {path}"
    assert row[2]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_test_of_a_row_exists(row):
    path, _, name = row[4].strip("`").partition("::")
    assert (ROOT / path).is_file(), f"{row[0]}: {path}"
    if name:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
