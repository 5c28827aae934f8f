from __future__ import annotations

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.io.own_play import load_play, play_digest

ESP = """
from functools import partial

NOTE = "not a play"

def play(account):
    return f"our way for {account['name']}"

def two(account, policy):
    return ""

def none():
    return ""

with_defaults = partial(two, policy=None)

class Play:
    def __call__(self, account):
        return "an object's way"

an_object = Play()
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "plays").mkdir(parents=True)
    (folder / "plays" / "esp.py").write_text(ESP, encoding="utf-8")
    return folder


def test_the_play_is_found_whatever_the_working_directory(project, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert load_play("plays/esp.py:play", project)({"name": "Acme"}) == "our way for Acme"


@pytest.mark.parametrize(
    ("name", "said"), [("with_defaults", ""), ("an_object", "an object's way")]
)
def test_whatever_takes_one_record_is_a_play(project, name, said):
    assert load_play(f"plays/esp.py:{name}", project)({}) == said


def test_without_a_name_there_is_no_play(project):
    assert load_play(None, project) is None
    assert play_digest(None, project) == ""


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("plays/epc.py:play", "there is no such file; did you mean 'esp.py'?"),
        ("plays/esp.py:plai", "the file has no plai; did you mean 'play'?"),
        ("plays/esp.py:zzz", "the file has no zzz; it has play, two, none"),
        ("plays/esp.py:NOTE", "NOTE is no function"),
        ("plays/esp.py:two", "two must take one argument, the account's record: missing"),
        ("plays/esp.py:none", "none must take one argument, the account's record: too many"),
        ("../esp.py:play", "the file lies outside the project"),
    ],
)
def test_what_is_no_play_is_told_with_what_there_is(project, named, said):
    (project.parent / "esp.py").write_text(ESP, encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be loaded") as caught:
        load_play(named, project)
    (line,) = caught.value.details
    assert line.startswith(f"play.own {named}: {said}")


def test_a_link_out_of_the_project_is_outside_of_it(project):
    (project.parent / "elsewhere.py").write_text(ESP, encoding="utf-8")
    (project / "plays" / "link.py").symlink_to(project.parent / "elsewhere.py")
    for opened in (load_play, play_digest):
        with pytest.raises(SettingsError) as caught:
            opened("plays/link.py:play", project)
        assert "outside the project" in caught.value.details[0]


def test_a_changed_file_is_another_play(project):
    before = play_digest("plays/esp.py:play", project)
    assert before.startswith("plays/esp.py ")
    (project / "plays" / "esp.py").write_text(ESP + "\n#", encoding="utf-8")
    assert play_digest("plays/esp.py:play", project) != before


def test_a_file_that_is_not_there_has_no_digest(project):
    with pytest.raises(SettingsError, match="cannot be loaded"):
        play_digest("plays/other.py:play", project)
