"""What a command shows on stdout and stderr; tests/test_cli.py starts it as a process."""

from __future__ import annotations

import json

import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.project import Result
from valuemodel.terminal import Say, fail, known, show, working

RESULT = Result(("one", "two"), {"count": 2})


@pytest.mark.parametrize(
    ("as_json", "quiet", "said"),
    [(False, False, "one\ntwo\n"), (False, True, ""), (True, True, '{"count": 2}\n')],
)
def test_results_go_to_stdout_as_they_were_asked_for(capsys, as_json, quiet, said):
    show(RESULT, as_json, quiet)
    assert capsys.readouterr().out == said


def test_an_error_goes_to_stderr_and_as_json_to_stdout(capsys):
    error = DataRefused("empty", received="0 rows")
    assert fail(error, as_json=True) == 3
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["exit_code"] == 3
    assert told.err.startswith("error: empty")


def test_progress_is_silent_where_nobody_watches(capsys):
    Say(quiet=False)("working")
    with working("working", quiet=False):
        pass
    assert capsys.readouterr() == ("", "")


def test_a_fault_of_ours_is_said_to_be_one(capsys):
    found = known(KeyError("x"))
    assert (found.exit_code, found.received) == (1, "KeyError: 'x'")
    assert "KeyError" in capsys.readouterr().err
