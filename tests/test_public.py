"""The public face is listed, sorted and there; the wheel carries what a user needs, and no more."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import valuemodel
import valuemodel.estimators

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("module", [valuemodel, valuemodel.estimators], ids=lambda m: m.__name__)
def test_public_names_are_sorted_and_importable(module):
    assert list(module.__all__) == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name).__doc__


def test_an_unknown_name_is_an_ordinary_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        valuemodel.nothing  # noqa: B018


def test_the_version_is_that_of_the_project():
    said = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{valuemodel.__version__}"' in said


def test_the_wheel_lays_out_a_project_and_leaves_no_folder_beside_the_package(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = wheel.namelist()
        wheel.extractall(tmp_path / "site")
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"valuemodel"}
    assert "valuemodel/py.typed" in names
    assert "valuemodel/reporting/templates/review.html.j2" in names
    code = "import sys; from valuemodel.cli import run; sys.exit(run(['init', 'shop']))"
    environment = {"PYTHONPATH": str(tmp_path / "site"), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "shop" / "pipelines" / "score.py").exists()
    assert (tmp_path / "shop" / "models" / "tiers.toml").exists()
