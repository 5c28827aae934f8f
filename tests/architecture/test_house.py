"""The house stays easy to see: mirrors, sizes, names, cards."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for path in (ROOT / "valuemodel").rglob("*.py")
    if path.name != "__init__.py" and "_template" not in path.parts
)
ROOMS = [*SOURCES, *sorted((ROOT / "pipelines").glob("*.py"))]
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc", "tools"}

#: Modules whose tests stand elsewhere, and why.
TESTED_ELSEWHERE = {
    "valuemodel/__main__.py": "tests/test_cli.py starts it as a process",
    "valuemodel/version.py": "tests/test_public.py compares it with the project's",
    "valuemodel/tables/ledger.py": "a record of tables; every test of tests/io and tests/contracts",
    "valuemodel/tables/schemas.py": "a declaration; tests/io/test_sources.py reads every column",
    "valuemodel/estimators/boosting.py": "every test of the two estimators that grow trees",
    "valuemodel/settings/kinds.py": "tests/settings/test_document.py gives each a wrong value",
    "valuemodel/settings/tables.py": "tests/settings/test_document.py gives each a wrong value",
    "valuemodel/settings/value.py": "tests/settings/test_document.py gives each a wrong value",
    "valuemodel/settings/project.py": "tests/settings/test_document.py gives each a wrong value",
    "valuemodel/io/spark_dialect.py": "tests/io/test_spark.py compares both engines",
    "valuemodel/tiers/optimisation/counts.py": "test_optimum.py beside solves through it",
    "valuemodel/tiers/optimisation/groups.py": "test_optimum.py beside solves through it",
    "valuemodel/tiers/optimisation/problem.py": "a record of arrays; test_optimum.py beside",
    "valuemodel/estimators/horizon_estimator.py": "what all estimators share; tests of each",
}


def name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_module_has_its_mirror_or_a_reason(path):
    inside = path.relative_to(ROOT / "valuemodel")
    mirror = ROOT / "tests" / inside.parent / f"test_{inside.name}"
    assert mirror.exists() or name(path) in TESTED_ELSEWHERE


def test_no_reason_outlives_its_module():
    modules = {name(path) for path in SOURCES}
    assert set(TESTED_ELSEWHERE) <= modules


@pytest.mark.parametrize("path", ROOMS, ids=name)
def test_a_file_holds_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert path.stem not in NO_NAMES


@pytest.mark.parametrize("path", ROOMS, ids=name)
def test_every_module_says_what_it_is_for(path):
    assert path.read_text(encoding="utf-8").startswith('"""')


def test_every_definition_has_its_card():
    definitions = sorted((ROOT / "models").glob("*.toml"))
    assert definitions
    for path in definitions:
        card = path.with_suffix(".md")
        assert card.exists(), f"{path.name} has no card"
        assert len(card.read_text(encoding="utf-8").split()) > 50


def test_no_file_names_a_registry_or_a_folder_of_one_machine():
    kinds = {".py", ".toml", ".md", ".lock", ".j2", ".css", ""}
    folders = ("valuemodel", "pipelines", "models", "docs", "tests", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    measured = ".coverage"  # what a test run leaves behind, never in the repository
    files += [path for path in ROOT.iterdir() if path.is_file() and measured not in path.name]
    registries = ["pypi" + ".org", "python" + "hosted", "debian" + ".org", "/work" + "/"]
    for path in files:
        if path.suffix in kinds and "__pycache__" not in path.parts:
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not [word for word in registries if word in text], path
