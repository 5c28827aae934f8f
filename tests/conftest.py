"""One world for all tests that need a trained and scored project, and the real data where it lies."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side; results do not depend on it
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from valuemodel import cli, scaffold
from valuemodel.project import Project

ACCOUNTS = 600


def missing(what: str) -> None:
    """Skip a test for want of something, or fail it where nothing may be wanting."""
    if os.environ.get("VALUEMODEL_REQUIRE"):
        pytest.fail(f"{what}, and VALUEMODEL_REQUIRE is set")
    pytest.skip(what)


@pytest.fixture(autouse=True)
def _no_store_of_the_host(monkeypatch):
    """Tests use the store that their project names."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that holds the public data sets."""
    folder = os.environ.get("VALUEMODEL_DATA")
    if not folder:
        missing("VALUEMODEL_DATA names no folder with the public data")
    return Path(str(folder))


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[postgres.Server]:
    binaries = postgres.programs()
    if binaries is None:
        missing("PostgreSQL is not installed")
    assert binaries is not None
    with postgres.running(binaries) as server:
        yield server


@pytest.fixture
def postgres_server(_postgres_server, monkeypatch) -> postgres.Server:
    """An empty database of a real server on loopback."""
    monkeypatch.setenv("PGPASSWORD", postgres.PASSWORD)
    _postgres_server.execute("DROP SCHEMA IF EXISTS public, crm CASCADE", "CREATE SCHEMA public")
    return _postgres_server


@pytest.fixture(scope="session")
def world_project(tmp_path_factory) -> Path:
    """A project that went once through the whole job on a small world; treat it as read-only.

    Whichever worker asks first makes it, and the others use the same folder.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "world"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "project"
        if not (shared / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            scaffold.init(folder)
            settings = str(folder / "valuemodel.toml")
            assert cli.run(["demo", "--accounts", str(ACCOUNTS), "--settings", settings, "-q"]) == 0
            (shared / "made").touch()
    return folder


@pytest.fixture
def own_project(world_project, tmp_path) -> Path:
    """A copy of the world's project that a test may change."""
    folder = tmp_path / "project"
    shutil.copytree(world_project, folder, symlinks=True)
    return folder


@pytest.fixture
def opened(world_project):
    """The world's project, opened."""
    with Project.open(world_project / "valuemodel.toml") as project:
        yield project
