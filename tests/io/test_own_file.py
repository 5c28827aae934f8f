from __future__ import annotations

import types

import pytest

from valuemodel.io.own_file import own_digest, own_path, run_own_file, wrong_place


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "plays").mkdir(parents=True)
    (folder / "plays" / "esp.py").write_text("WAY = 'ours'\n", encoding="utf-8")
    return folder


def test_a_file_is_run_whatever_the_working_directory(project, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    module = run_own_file(own_path("plays/esp.py:play", project), project)
    assert isinstance(module, types.ModuleType)
    assert module.WAY == "ours"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("plays/epc.py:play", "there is no such file; did you mean 'esp.py'?"),
        ("nowhere/esp.py:play", "there is no such file; looked for"),
        ("../esp.py:play", "the file lies outside the project"),
        ("/esp.py:play", "the file lies outside the project"),
        ("plays:play", "there is no such file"),
    ],
)
def test_a_file_that_is_none_of_the_project_is_not_run(project, reference, said):
    (project.parent / "esp.py").write_text("raise SystemExit", encoding="utf-8")
    path = own_path(reference, project)
    assert wrong_place(path, project).startswith(said)
    assert str(run_own_file(path, project)).startswith(said)


def test_a_file_that_fails_is_told_with_its_failure(project):
    path = own_path("plays/esp.py:play", project)
    path.write_text("import no_such_module_of_ours", encoding="utf-8")
    assert str(run_own_file(path, project)).startswith("the file failed: ModuleNotFoundError")


def test_a_file_that_is_no_python_is_told(project):
    (project / "plays" / "notes.txt").write_text("hello", encoding="utf-8")
    assert run_own_file(project / "plays" / "notes.txt", project) == "the file is no Python file"


def test_the_digest_has_the_name_inside_the_project_and_changes_with_the_text(project):
    path = own_path("plays/esp.py:play", project)
    before = own_digest(path, project)
    assert before.startswith("plays/esp.py ")
    path.write_text("WAY = 'other'\n", encoding="utf-8")
    assert own_digest(path, project) != before
