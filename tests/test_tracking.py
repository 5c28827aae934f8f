"""The registry keeps what was promised: digests, aliases, records; and never runs what it stores."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from valuemodel.exceptions import ModelRefused, OutOfReach, UsageError
from valuemodel.project import Project
from valuemodel.tracking import Tracking


@pytest.fixture
def tracking(own_project):
    with Project.open(own_project / "valuemodel.toml") as project:
        move_store(own_project)
        yield project.tracking


def move_store(folder: Path) -> None:
    """Let a copied store point to its own files."""
    store = sqlite3.connect(folder / "mlflow.db")
    columns = {
        "experiments": "artifact_location",
        "runs": "artifact_uri",
        "logged_models": "artifact_location",
        "model_versions": "storage_location",
    }
    for table, column in columns.items():
        rows = store.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()
        for (location,) in rows:
            if location and "/mlartifacts/" in location:
                own = (folder / "mlartifacts").as_uri() + location.split("/mlartifacts", 1)[1]
                store.execute(
                    f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (own, location)
                )
    store.commit()
    store.close()


def artifacts(folder: Path) -> Path:
    return next(path.parent for path in (folder / "mlartifacts").rglob("MLmodel"))


def test_the_first_champion_has_a_record(tracking):
    first = tracking.version("1")
    assert first.record["reason"] == "the baseline is the first champion"
    assert first.record["digest"] == first.digest


def test_what_is_loaded_is_what_was_registered(tracking):
    model, version = tracking.load("challenger")
    assert model.name == "lightgbm"
    assert version.digest
    assert tracking.version("challenger") == version


def test_an_alias_or_version_that_is_not_there_is_none(tracking):
    assert tracking.version("nobody") is None
    assert tracking.version("99") is None
    with pytest.raises(ModelRefused, match="there is no nobody model"):
        tracking.load("nobody")


def test_promotion_remembers_the_one_before(tracking):
    old, new = tracking.version("champion"), tracking.version("1")
    tracking.promote(new, {"reason": "a test"})
    assert tracking.version("champion").number == new.number
    if old.number != new.number:
        assert tracking.version("previous").number == old.number
        assert tracking.rollback("the way back").number == old.number


def test_rollback_without_a_previous_champion_is_refused(tmp_path):
    fresh = Tracking("sqlite:///mlflow.db", "fresh", tmp_path)
    with pytest.raises(UsageError, match="no previous champion"):
        fresh.rollback("why not")


@pytest.mark.parametrize(
    "change",
    [
        {"loader_module": "os"},
        {"code": "code"},
        {"data": "../../elsewhere"},
        {"data": "/etc"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_model_that_asks_for_other_code_is_never_loaded(tracking, own_project, change):
    for path in (own_project / "mlartifacts").rglob("MLmodel"):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        said["flavors"]["python_function"] |= change
        path.write_text(yaml.safe_dump(said), encoding="utf-8")
    with pytest.raises(ModelRefused, match="code of its own"):
        tracking.load("champion")


def test_a_model_folder_that_was_changed_is_refused(tracking, own_project):
    for path in (own_project / "mlartifacts").rglob("manifest.json"):
        path.write_text(path.read_text(encoding="utf-8").replace('"', "'", 1), encoding="utf-8")
    with pytest.raises(ModelRefused):
        tracking.load("champion")


def test_mlflow_itself_can_serve_the_model(tracking, own_project, tmp_path):
    model, _ = tracking.load("challenger")
    rows = tmp_path / "rows.csv"
    values = {"number": "1.5", "category": "unheard of"}
    line = ",".join(values[model.feature_kinds[name]] for name in model.feature_names)
    rows.write_text(",".join(model.feature_names) + "\n" + line + "\n", "utf-8")
    out = tmp_path / "out.json"
    folder = tmp_path / "model"
    shutil.copytree(artifacts_of(tracking, "challenger"), folder)
    command = ["-m", "mlflow", "models", "predict", "-m", str(folder), "-i", str(rows)]
    command += ["-t", "csv", "-o", str(out), "--env-manager", "local"]
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert all(name in out.read_text(encoding="utf-8") for name in model.output_names)


def artifacts_of(tracking: Tracking, name: str) -> Path:
    from mlflow.artifacts import download_artifacts

    version = tracking.version(name)
    uri = f"models:/{tracking.name}/{version.number}"
    return Path(download_artifacts(uri, tracking_uri=tracking.uri))


def test_a_server_that_is_down_or_silent_is_given_up_soon(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        uri = f"http://user:s3cret@127.0.0.1:{port}"
        with pytest.raises(OutOfReach, match="tracking store cannot be used") as caught:
            Tracking(uri, "shop", tmp_path).version("champion")
    assert "s3cret" not in str(caught.value)


def test_two_processes_may_create_the_store_at_once(tmp_path):
    code = (
        "import sys; from pathlib import Path; from valuemodel.tracking import Tracking; "
        "print(Tracking('sqlite:///mlflow.db', 'shop', Path(sys.argv[1])).version('champion'))"
    )
    outcomes = []

    def create():
        command = [sys.executable, "-c", code, str(tmp_path)]
        outcomes.append(subprocess.run(command, capture_output=True, text=True, check=False))

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.stdout for outcome in outcomes] == ["None\n", "None\n"], outcomes


def test_the_store_of_one_project_is_not_forced_on_the_next(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    stores = [Tracking(f"sqlite:///{name}.db", "shop", tmp_path) for name in ("one", "two")]
    for store in stores:
        assert store.version("champion") is None
        assert "MLFLOW_TRACKING_URI" not in os.environ
    from mlflow import get_tracking_uri

    assert stores[0].version("champion") is None
    assert get_tracking_uri() == stores[0].uri
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://said.by.the.user")
    assert Tracking("sqlite:///three.db", "shop", tmp_path).version("champion") is None
    assert os.environ["MLFLOW_TRACKING_URI"] == "http://said.by.the.user"
