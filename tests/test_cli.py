"""What a scheduler and a person get from the command line: codes, streams, documents."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from valuemodel import cli

COMMAND = [sys.executable, "-m", "valuemodel"]
COMMANDS = sorted(
    command.name or command.callback.__name__ for command in cli.app.registered_commands
)


def start(*arguments, folder, **environment):
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_help_answers_within_a_second(tmp_path):
    start("--help", folder=tmp_path)  # the first start may have to compile
    seconds = []
    for _ in range(3):
        before = time.perf_counter()
        outcome = start("--help", folder=tmp_path)
        seconds.append(time.perf_counter() - before)
        assert outcome.returncode == 0
    assert min(seconds) < 1.0
    assert all(command in outcome.stdout for command in COMMANDS)


def test_help_imports_none_of_the_heavy_libraries(tmp_path):
    code = (
        "import sys; from valuemodel.cli import run; run(['--help']); "
        "print(sorted({'mlflow','pandas','lightgbm','ibis','sklearn','altair'} & set(sys.modules)))"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert outcome.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    assert cli.run([command, "--help"]) == 0
    assert "Usage: valuemodel" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["chek"], "No such command 'chek'"),
        (["check", "--bad"], "No such option: --bad"),
        (["check", "--as-of", "2025-01-01"], "--as-of goes with --features"),
        (["score", "--as-of"], "requires an argument"),
        (["data", "get"], "Missing argument"),
    ],
)
def test_wrong_usage_is_code_2_on_stderr(arguments, says, capsys):
    assert cli.run(arguments) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.out == ""


def test_a_failure_is_one_json_document_too(tmp_path, capsys):
    missing = tmp_path / "nothing.toml"
    assert cli.run(["check", "--settings", str(missing), "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["type"] == "SettingsError"
    assert document["error"]["exit_code"] == 2


def test_outside_a_project_the_way_in_is_named(tmp_path):
    outcome = start("check", folder=tmp_path)
    assert outcome.returncode == 2
    assert "valuemodel init DIR" in outcome.stderr


def test_mistakes_in_settings_are_listed_all_at_once(own_project, capsys):
    path = own_project / "valuemodel.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("horizons", "horizens").replace("measure", "mesure"), "utf-8")
    assert cli.run(["check", "--settings", str(path)]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'horizons'?" in said
    assert "did you mean 'measure'?" in said


def test_a_fault_of_ours_is_code_1_with_its_trace(own_project, capsys):
    pipeline = own_project / "pipelines" / "review.py"
    pipeline.write_text('"""Broken."""\ndef run(project, as_of):\n    return 1 / 0\n', "utf-8")
    settings = str(own_project / "valuemodel.toml")
    assert cli.run(["review", "--settings", settings, "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["received"].startswith("ZeroDivisionError")
    assert "Traceback" in captured.err


def test_the_projects_own_pipeline_is_run(own_project, capsys):
    pipeline = own_project / "pipelines" / "review.py"
    pipeline.write_text(
        '"""Ours."""\nfrom valuemodel.project import Result\n'
        "def run(project, as_of):\n    return Result(('our own review',), {'as_of': as_of})\n",
        "utf-8",
    )
    settings = str(own_project / "valuemodel.toml")
    assert cli.run(["review", "--settings", settings, "--as-of", "2020-01-01"]) == 0
    assert capsys.readouterr().out == "our own review\n"


def test_relative_paths_do_not_depend_on_the_working_directory(world_project, tmp_path):
    settings = str(world_project / "valuemodel.toml")
    outcome = start("check", "--settings", settings, "--json", folder=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)
    assert list(tmp_path.iterdir()) == []


LEAK = """
from valuemodel.features import feature


@feature(of="orders", label="On a list", unit="number", direction="less", actionable="no",
         sentence="On a list: {value}")
def listed(orders):
    return orders.table.account_id.isin(["A0000001", "A0000002", "A0000003"]).any()
"""


def test_check_features_says_what_it_checked_and_refuses_what_leaks(own_project, capsys):
    settings = own_project / "valuemodel.toml"
    said = settings.read_text(encoding="utf-8")
    asked = ["check", "--features", "--as-of", "2025-01-01", "--settings", str(settings), "--json"]
    few = '[features]\ngroups = ["monetary", "own"]\n'
    settings.write_text(f"{said}\n{few}", "utf-8")
    assert cli.run(asked) == 0
    checked = json.loads(capsys.readouterr().out)["time_discipline"]
    assert checked["features"] > 10
    assert checked["cutoffs"]["2025-01-01"] > 0
    (own_project / "features").mkdir()
    (own_project / "features" / "mine.py").write_text(LEAK, "utf-8")
    settings.write_text(f'{said}\n{few}own = ["features/mine.py:listed"]\n', "utf-8")
    assert cli.run(asked) == 3
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["type"] == "DataRefused"
    assert "listed knows accounts by their id" in captured.err


def test_a_terminated_run_leaves_with_143_and_nothing_behind(own_project, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    published = sorted(path.name for path in (own_project / "output" / "demo" / "runs").iterdir())
    process = subprocess.Popen(
        [*COMMAND, "train", "--settings", str(own_project / "valuemodel.toml")],
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    patience = time.monotonic() + 60
    while not any(scratch.iterdir()) and time.monotonic() < patience:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 143, said
    now = sorted(path.name for path in (own_project / "output" / "demo" / "runs").iterdir())
    assert now == published
    assert list(scratch.iterdir()) == []


def test_version_is_the_installed_one(capsys):
    from valuemodel import __version__

    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"valuemodel {__version__}\n"


def test_settings_may_lie_in_a_subfolder_of_the_project(own_project):
    nested = own_project / "pipelines" / "other.toml"
    nested.write_text((own_project / "valuemodel.toml").read_text("utf-8"), "utf-8")
    assert cli.run(["check", "--settings", str(nested), "-q"]) == 0
    assert not Path(own_project / "pipelines" / "data").exists()
