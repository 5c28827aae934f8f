"""The host's time zone and clock change nothing: one declared zone, dates from arguments."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import hashlib, sys, tempfile, time
from pathlib import Path
if sys.argv[1:] == ["--wrong-clock"]:
    time.time = lambda: 0.0
    time.time_ns = lambda: 0
from tests.contracts.harness import builder_for, random_book, settings_for
from tests.contracts.raw_files import FromFiles
from valuemodel.periods import Cutoff

folder = tempfile.TemporaryDirectory()
builder = builder_for(random_book(seed=3), settings_for(), FromFiles(Path(folder.name)))
digest = hashlib.sha256()
for text in ("2021-03-28 02:30",):
    data = builder.at(Cutoff.parse(text), labels_until=Cutoff.parse("2022-10-01"))
    for frame in (data.X, data.y, data.keys, builder.facts_at(Cutoff.parse(text))):
        digest.update(frame.to_csv().encode())
print(digest.hexdigest())
builder.connection.disconnect()
folder.cleanup()
"""


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_zone_or_the_clock_of_the_host():
    zones = ["UTC", "Pacific/Auckland", "America/New_York", "Asia/Kathmandu"]
    runs = [(zone, []) for zone in zones] + [("UTC", ["--wrong-clock"])]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *options],
            env=os.environ | {"TZ": zone, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for zone, options in runs
    ]
    digests = [run.communicate(timeout=120)[0] for run in started]
    assert [run.returncode for run in started] == [0] * len(runs)
    assert len(set(digests)) == 1
    assert len(digests[0].strip()) == 64
