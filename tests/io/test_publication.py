"""Publication is tested with real processes, real signals and real limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest

from valuemodel.exceptions import LockHeld, UsageError
from valuemodel.io.publication import open_run, run_key
from valuemodel.io.stored import current_run, published, read_run
from valuemodel.periods import Cutoff

MAY, JUNE, JULY = (Cutoff.parse(f"2011-0{month}-09") for month in (5, 6, 7))
BOOK = pd.DataFrame({"account_id": ["007", "1e5"], "value_6m": [1.5, -2.0]})

#: What every child process starts with: a run of two tables under a given key and cutoff.
PRELUDE = """
import json, os, resource, signal, sys
from pathlib import Path
import pandas as pd
import pyarrow.dataset, pyarrow.pandas_compat
from valuemodel.exceptions import ValueModelError
from valuemodel.io.publication import open_run
from valuemodel.io.stored import current_run, read_run
from valuemodel.periods import Cutoff

output = Path(sys.argv[1])

def publish(key, day, rows=2):
    book = pd.DataFrame({"account_id": [str(i) for i in range(rows)], "key": key})
    with open_run(output, key, Cutoff.parse(day), since="04:00") as run:
        if run.already_published:
            return "already published"
        run.write_table("predictions", book)
        run.write_table("recommendations", book)
        run.finish({"role": "champion"})
    return "published"

def exit_code_of(work):
    try:
        work()
    except ValueModelError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0
"""


def child(program: str, output: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(program), str(output)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def publish(output: Path, key: str, as_of: Cutoff, links: str = "forward") -> None:
    with open_run(output, key, as_of, since="04:00", links=links) as run:  # type: ignore[arg-type]
        if not run.already_published:
            run.write_table("predictions", BOOK)
            run.finish({"role": "champion"})


def visible(output: Path) -> set[str]:
    return {path.name for path in output.iterdir() if path.name != ".lock"}


def test_a_published_run_is_whole_and_linked_relatively(tmp_path: Path) -> None:
    publish(tmp_path / "a", "k1", JUNE)
    assert visible(tmp_path / "a") == {"runs", "2011-06-09", "CURRENT"}
    (tmp_path / "a").rename(tmp_path / "moved")
    output = tmp_path / "moved"
    assert (output / "CURRENT").readlink() == (output / "2011-06-09").readlink() == Path("runs/k1")
    assert len(read_run(current_run(output)).tables["predictions"]) == 2


def test_the_key_names_everything_a_run_is_made_of() -> None:
    made_of = {"inputs": "i", "model": "m", "policy": "p", "code": "c"}
    keys = {run_key(as_of=JUNE, **(made_of | {name: "other"})) for name in made_of}
    keys |= {run_key(as_of=JUNE, **made_of), run_key(as_of=JULY, **made_of)}
    assert len(keys) == 6


def test_the_same_key_again_rewrites_nothing(tmp_path: Path) -> None:
    publish(tmp_path, "k1", JUNE)
    before = {path: path.stat() for path in (tmp_path / "runs" / "k1").iterdir()}
    with open_run(tmp_path, "k1", JUNE, since="05:00") as run:
        assert run.already_published
        with pytest.raises(UsageError, match="already published and cannot be changed"):
            run.write_table("predictions", BOOK.head(1))
    assert {path: path.stat() for path in (tmp_path / "runs" / "k1").iterdir()} == before


def test_two_output_folders_hold_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        publish(tmp_path / name, "k1", JUNE)
    one, two = (sorted((tmp_path / name / "runs" / "k1").iterdir()) for name in ("a", "b"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert len(one) == 3


def test_current_never_moves_to_an_older_cutoff_unless_asked(tmp_path: Path) -> None:
    publish(tmp_path, "june", JUNE)
    publish(tmp_path, "may", MAY)
    assert current_run(tmp_path).name == "june"
    assert published(tmp_path, MAY).name == "may"
    publish(tmp_path, "june2", JUNE)
    assert current_run(tmp_path).name == published(tmp_path, JUNE).name == "june2"
    publish(tmp_path, "june", JUNE)
    assert current_run(tmp_path).name == "june"
    publish(tmp_path, "may", MAY, links="back_too")
    assert current_run(tmp_path).name == "may"


def test_a_challenger_is_published_beside_and_moves_no_link(tmp_path: Path) -> None:
    publish(tmp_path, "champion", JUNE)
    publish(tmp_path, "challenger", JULY, links="none")
    assert current_run(tmp_path).name == "champion"
    assert len(read_run(tmp_path / "runs" / "challenger").tables) == 1
    assert not (tmp_path / "2011-07-09").exists()


def test_a_block_that_does_not_finish_publishes_nothing(tmp_path: Path) -> None:
    publish(tmp_path, "k1", JUNE)

    def fails() -> None:
        with open_run(tmp_path, "k2", JULY, since="04:00") as run:
            run.write_table("predictions", BOOK)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert current_run(tmp_path).name == "k1"
    assert visible(tmp_path) == {"runs", "2011-06-09", "CURRENT"}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/b", "", "A", "x\0", "con.parquet", "x" * 65])
def test_paths_never_come_from_data(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(UsageError, match="a table name is made of"),
        open_run(tmp_path, "k1", JUNE, since="04:00") as run,
    ):
        run.write_table(name, BOOK)
    with pytest.raises(UsageError, match="a run key is"), open_run(tmp_path, name, JUNE, since=""):
        pass


def test_the_manifest_cannot_overrule_the_publication(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="received: files"),
        open_run(tmp_path, "k1", JUNE, since="04:00") as run,
    ):
        run.finish({"files": {}})


def test_the_second_of_two_runs_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    with open_run(tmp_path, "k1", JUNE, since="2026-11-21T04:00"):
        second = child("sys.exit(exit_code_of(lambda: publish('k2', '2011-06-09')))", tmp_path)
        _, said = second.communicate(timeout=60)
        assert second.returncode == 6
        assert f"held by pid {os.getpid()} on " in said
        assert "since 2026-11-21T04:00" in said
        with pytest.raises(LockHeld), open_run(tmp_path, "k3", JUNE, since="04:00"):
            pass
    assert visible(tmp_path) == set()


def test_of_many_that_start_together_each_publishes_or_is_refused(tmp_path: Path) -> None:
    program = """
    ready, go = os.pipe()
    children = []
    for turn in range(8):
        pid = os.fork()
        if pid == 0:
            os.close(go)
            os.read(ready, 1)  # returns when the parent closes its end: all start at once
            code = exit_code_of(lambda: print(publish("same", "2011-06-09"), flush=True))
            os._exit(code)
        children.append(pid)
    os.close(go)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    print(json.dumps(codes))
    """
    several = child(program, tmp_path)
    said, errors = several.communicate(timeout=60)
    *outcomes, codes = said.splitlines()
    assert several.returncode == 0, errors
    assert outcomes.count("published") == 1
    assert set(outcomes) <= {"published", "already published"}
    assert sorted(json.loads(codes)) == [0] * len(outcomes) + [6] * (8 - len(outcomes))
    assert read_run(current_run(tmp_path)).manifest["run_key"] == "same"


def test_a_killed_holder_needs_no_cleaning(tmp_path: Path) -> None:
    program = """
    with open_run(output, "dead", Cutoff.parse("2011-06-09"), since="04:00") as run:
        run.write_table("predictions", pd.DataFrame({"x": [1.0]}))
        print("holding", flush=True)
        sys.stdin.read()
    """
    holder = child(program, tmp_path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    holder.kill()
    holder.communicate()
    assert (tmp_path / ".staging" / "dead" / "predictions.parquet").exists()
    with open_run(tmp_path, "dead", JUNE, since="05:00") as run:
        run.write_table("recommendations", BOOK, formats=("parquet",))
        run.finish({})
    assert visible(tmp_path) == {"runs", "2011-06-09", "CURRENT"}
    found = {path.name for path in (tmp_path / "runs" / "dead").iterdir()}
    assert found == {"recommendations.parquet", "manifest.json"}


def test_a_kill_between_any_two_steps_leaves_the_old_run_or_the_new_one(tmp_path: Path) -> None:
    program = """
    STEPS = {"open", "os.rename", "os.symlink", "os.mkdir", "os.rmdir", "os.remove", "shutil.rmtree"}

    def forked(work):
        '''Run in a child of its own; return what it prints, None if it was killed.'''
        sys.stdout.flush()
        back, forth = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(forth, json.dumps(work()).encode())
            os._exit(0)
        os.close(forth)
        said = os.read(back, 10_000)
        os.close(back)
        return None if os.WIFSIGNALED(os.waitpid(pid, 0)[1]) else json.loads(said)

    def killed_at(step):
        '''Publish, but die just before the step-th change of the file system.'''
        seen = 0

        def watch(event, args):
            nonlocal seen
            if event in STEPS and str(output) in str(args):
                seen += 1
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        return publish("new", "2011-07-09")

    def state():
        run = read_run(current_run(output))  # raises if a file is torn or missing
        keys = {key for table in run.tables.values() for key in table["key"]}
        return ["+".join(sorted(keys)), len(run.tables)]

    def undo():
        for path in (output / "runs" / "new").iterdir():
            path.unlink()
        (output / "runs" / "new").rmdir()
        (output / "2011-07-09").unlink()
        (output / "CURRENT").unlink()
        (output / "CURRENT").symlink_to("runs/old")

    forked(lambda: publish("old", "2011-06-09"))
    states = []
    while True:
        outcome = forked(lambda: killed_at(len(states) + 1))
        found, _, after = forked(lambda: (state(), publish("new", "2011-07-09"), state()))
        states.append(found)
        if outcome:
            break
        assert after == ["new", 2]
        names = {p.name for p in output.iterdir()} - {".lock"}
        assert names == {"runs", "CURRENT", "2011-06-09", "2011-07-09"}, names
        assert {p.name for p in (output / "runs").iterdir()} == {"old", "new"}
        undo()
    print(json.dumps(states))
    """
    harness = child(program, tmp_path)
    said, errors = harness.communicate(timeout=120)
    assert harness.returncode == 0, errors
    states = [tuple(found) for found in json.loads(said)]
    assert len(states) > 25
    assert set(states) == {("old", 2), ("new", 2)}
    assert states == sorted(states, reverse=True)  # old up to some step, new from there on


def test_a_full_disk_leaves_the_old_run_and_says_what_is_needed(tmp_path: Path) -> None:
    program = """
    publish("old", "2011-06-09")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    codes = []
    for limit in (0, 1, 100, 1_000, 100_000):
        soft = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, soft[1]))
        codes.append(exit_code_of(lambda: publish("new", "2011-07-09", rows=100_000)))
        resource.setrlimit(resource.RLIMIT_FSIZE, soft)
        run = read_run(current_run(output))
        assert run.manifest["run_key"] == "old"
        assert {p.name for p in output.iterdir()} == {".lock", "runs", "CURRENT", "2011-06-09"}
    print(codes, publish("new", "2011-07-09", rows=100_000))
    """
    full = child(program, tmp_path)
    said, errors = full.communicate(timeout=60)
    assert full.returncode == 0, errors
    assert said == "[7, 7, 7, 7, 7] published\n"
    assert "File too large; the table holds about" in errors


def test_a_folder_that_cannot_be_written_is_out_of_reach(tmp_path: Path) -> None:
    program = """
    os.chdir(output)
    output = Path("closed")
    output.mkdir()
    output.chmod(0o555)
    if os.getuid() == 0:
        os.setuid(65534)  # root may write anywhere: become nobody
    sys.exit(exit_code_of(lambda: publish("k1", "2011-06-09")))
    """
    tmp_path.chmod(0o755)
    refused = child(program, tmp_path)
    _, said = refused.communicate(timeout=60)
    assert refused.returncode == 7
    assert "Permission denied" in said
    assert "name a folder that can be written to" in said
