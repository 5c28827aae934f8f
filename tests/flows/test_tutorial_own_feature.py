"""The tutorial does what it says: its own blocks are run, in its own order, in ten minutes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial-own-feature.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEN_MINUTES = 600


class Reader:
    """Somebody who follows the tutorial to the letter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = ""
        self.code = 0
        program = folder / "bin" / "valuemodel"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m valuemodel "$@"\n', "utf-8")
        program.chmod(0o755)
        self.environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"}

    def sh(self, text: str) -> None:
        """Run the commands; the next block starts in the folder where this one ends."""
        assert self.code == 0, self.said
        script = f"set -e\n{text}\npwd > {self.environment['PATH'].split(':')[0]}/folder\n"
        outcome = subprocess.run(
            ["sh", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.said, self.code = outcome.stdout + outcome.stderr, outcome.returncode
        if self.code == 0:
            left = Path(self.environment["PATH"].split(":")[0]) / "folder"
            self.folder = Path(left.read_text(encoding="utf-8").strip())

    def text(self, text: str) -> None:
        """Find every line in what the last commands said."""
        for line in text.splitlines():
            assert line in self.said

    def python(self, text: str) -> None:
        """Write the file that the first line names."""
        first, rest = text.split("\n", 1)
        path = self.folder / first.removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(rest, encoding="utf-8")

    def toml(self, text: str) -> None:
        """Add to the settings, or replace the line that has the same key."""
        first, rest = text.split("\n", 1)
        path = self.folder / "valuemodel.toml"
        said = path.read_text(encoding="utf-8")
        if "instead" in first:
            key = rest.split(" = ")[0]
            changed, times = re.subn(rf"^{key} = .*\n", rest, said, flags=re.MULTILINE)
            assert times == 1
            path.write_text(changed, encoding="utf-8")
        else:
            assert rest.splitlines()[0] not in said.splitlines()
            path.write_text(f"{said}\n{rest}", encoding="utf-8")


@pytest.mark.slow
def test_the_tutorial_works_as_written_within_ten_minutes(tmp_path):
    began = time.perf_counter()
    reader = Reader(tmp_path)
    for kind, text in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        getattr(reader, kind)(text)
    assert reader.code == 3  # the last command refuses what was broken on purpose
    assert time.perf_counter() - began < TEN_MINUTES
    drivers = tmp_path / "shop" / "output" / "demo" / "CURRENT" / "drivers.csv"
    assert '"own","order_value_180d"' in drivers.read_text(encoding="utf-8")
