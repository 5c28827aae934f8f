"""What tiers are decided by: a run is the same only if all of it is."""

from __future__ import annotations

import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.io.policies import Policies
from valuemodel.periods import Cutoff

NOW = Cutoff.parse("2026-01-01")
MAIN = """version = "1"
overrides = "people.csv"
[play]
own = "plays/esp.py:play"
[[second]]
name = "success"
file = "success.toml"
"""
OVERRIDES = "account_id,tier,reason,owner,expires\n007,A,merger,Ito,2026-06-30\n"
PLAY = "def play(account):\n    return 'ours'\n"

FILES = {
    "models/tiers.toml": MAIN,
    "models/success.toml": 'version = "s"\n',
    "people.csv": OVERRIDES,
    "plays/esp.py": PLAY,
}


@pytest.fixture
def project(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def opened(project) -> Policies:
    return Policies.open(project / "models" / "tiers.toml", project)


def test_all_that_a_policy_names_is_opened_with_it(project):
    found = opened(project)
    assert found.main.version == "1"
    assert {name: policy.version for name, policy in found.second.items()} == {"success": "s"}
    assert found.play({"name": "Acme"}) == "ours"
    assert found.overrides(NOW).table["account_id"].tolist() == ["007"]


def test_a_policy_that_names_nothing_is_enough(tmp_path):
    (tmp_path / "tiers.toml").write_text('version = "1"')
    found = Policies.open(tmp_path / "tiers.toml", tmp_path)
    assert (found.second, found.play) == ({}, None)
    assert found.overrides(NOW).table.empty


def test_a_policy_from_elsewhere_names_its_second_ones_beside_itself(project):
    (project / "tries").mkdir()
    for name in ("tiers.toml", "success.toml"):
        (project / "models" / name).rename(project / "tries" / name)
    found = Policies.open(project / "tries" / "tiers.toml", project)
    assert found.second["success"].version == "s"
    assert len(found.overrides(NOW).table) == 1


def test_a_second_policy_that_is_not_there_is_named_with_its_file(project):
    (project / "models" / "success.toml").unlink()
    with pytest.raises(SettingsError, match="the second policy 'success'") as no:
        opened(project)
    assert no.value.received.endswith("models/success.toml")
    assert "beside the policy" in no.value.hint


def test_mistakes_of_a_second_policy_name_its_file(project):
    (project / "models" / "success.toml").write_text('verzion = "s"')
    with pytest.raises(SettingsError, match=r"success\.toml has 2 mistakes"):
        opened(project)


@pytest.mark.parametrize("file", ["tiers.toml", "success.toml"])
def test_a_second_policy_names_no_further_ones(project, file):
    second = f'version = "s"\n[[second]]\nname = "x"\nfile = "{file}"\n'
    (project / "models" / "success.toml").write_text(second)
    with pytest.raises(SettingsError, match="names further policies") as refused:
        opened(project)
    assert (refused.value.received, refused.value.hint) == (
        *("success", "name all of them in the main policy"),
    )


def test_a_policy_is_not_a_second_one_to_itself(project):
    (project / "models" / "tiers.toml").write_text(MAIN.replace("success.toml", "tiers.toml"))
    with pytest.raises(SettingsError, match="names further policies"):
        opened(project)


def test_a_policy_that_is_not_there_and_a_play_that_is_not_there_are_told(project):
    with pytest.raises(SettingsError, match="there is no tier policy"):
        Policies.open(project / "none.toml", project)
    (project / "plays" / "esp.py").unlink()
    with pytest.raises(SettingsError, match="the play of your own cannot be loaded"):
        opened(project)


def test_overrides_that_are_named_and_not_there_are_refused_once_they_are_asked_for(project):
    (project / "people.csv").unlink()
    with pytest.raises(SettingsError, match="are not there"):
        opened(project).overrides(NOW)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("models/tiers.toml", MAIN.replace('"1"', '"2"')),
        ("models/tiers.toml", MAIN.replace('name = "success"', 'name = "service"')),
        ("models/success.toml", 'version = "s"\nreview_months = 6\n'),
        ("people.csv", OVERRIDES + "008,B,left,Ito,2026-06-30\n"),
        ("plays/esp.py", PLAY.replace("ours", "theirs")),
    ],
    ids=["the policy", "the name of a second one", "a second one", "overrides", "the play"],
)
def test_whatever_changes_makes_another_digest(project, file, text):
    before = opened(project).digest
    assert text != FILES[file]
    (project / file).write_text(text)
    after = opened(project).digest
    assert len(before) == len(after) == 64
    assert after != before


@pytest.mark.parametrize("file", ["models/tiers.toml", "models/success.toml"])
def test_comments_and_layout_of_a_policy_do_not_change_the_digest(project, file):
    before = opened(project).digest
    (project / file).write_text("# why so\n\n" + FILES[file].replace(" = ", "   =  "))
    assert opened(project).digest == before


def test_where_a_project_lies_does_not_show(project):
    before = opened(project).digest
    moved = project.rename(project.parent / "moved")
    assert opened(moved).digest == before
