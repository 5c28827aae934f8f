"""A model folder is data, is what was registered, or is refused before anything is parsed."""

from __future__ import annotations

import hashlib
import json
import os
import pickle  # noqa: TID251 - the attack that is tried
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.account_model import AccountModel, fit_account_model
from valuemodel.estimators.definitions import Definition, recipes
from valuemodel.exceptions import ModelRefused, UsageError
from valuemodel.io import artifact
from valuemodel.periods import Cutoff, Horizon


class Book:
    """A small book whose future is its past."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        past = rng.lognormal(4.0, 1.0, 240)
        recency = rng.uniform(0.0, 300.0, 240)
        silent = recency > 150.0
        region = pd.Series(np.where(past > 50.0, "Großkunden", "others"), dtype="str")
        self.X = pd.DataFrame({"past_value_3m": past, "recency_days": recency, "region": region})
        self.y = pd.DataFrame(
            {"value_3m": np.where(silent, 0.0, past), "churn_3m": silent.astype(float)}
        )
        ids = [f"a{i:03d}" for i in range(240)]
        self.keys = pd.DataFrame({"account_id": ids, "cutoff": pd.Timestamp("2020-01-01")})


def fit(book: Book, name: str) -> AccountModel:
    known = recipes(
        Definition.parse({"estimator": "past_value"}),
        Definition.parse({"estimator": "future_value", "trees": {"rounds": 20}}),
        Definition.parse({"estimator": "churn_risk", "trees": {"rounds": 20}}),
    )
    three = Horizon.parse("3 months")
    return fit_account_model(
        known[name], book, horizons=[three], tier_horizon=three, as_of=Cutoff.parse("2020-06-01")
    )


@pytest.fixture(scope="module")
def book() -> Book:
    return Book()


@pytest.fixture(scope="module")
def model(book) -> AccountModel:
    return fit(book, "lightgbm")


@pytest.fixture
def folder(model, tmp_path) -> Path:
    artifact.save(model, tmp_path / "model")
    return tmp_path / "model"


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """Change a file and make the manifest agree, as a forger would."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["past_value", "average_retention", "lightgbm"])
def test_a_loaded_model_predicts_exactly_the_same(book, tmp_path, name):
    model = fit(book, name)
    digest = artifact.save(model, tmp_path / "model")
    again = artifact.load(tmp_path / "model", expected_digest=digest)
    pd.testing.assert_frame_equal(again.predict(book.X), model.predict(book.X))
    assert again.heads == model.heads
    assert again.trained_until == model.trained_until


def test_the_same_model_gives_the_same_bytes(book, tmp_path):
    digests = {artifact.save(fit(book, "lightgbm"), tmp_path / str(i)) for i in range(2)}
    assert len(digests) == 1
    first, second = (sorted((tmp_path / str(i)).iterdir()) for i in range(2))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_a_loaded_model_saved_again_gives_the_same_bytes(folder, tmp_path):
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert artifact.save(artifact.load(folder), tmp_path / "again") == digest


def test_the_manifest_says_what_the_model_reads_and_when_it_was_trained(folder):
    manifest = artifact.describe(folder)
    assert [(f.name, f.kind) for f in manifest.features] == [
        ("past_value_3m", "number"),
        ("recency_days", "number"),
        ("region", "category"),
    ]
    assert manifest.trained_until == "2020-06-01"
    assert manifest.horizons == ["3m"]
    assert manifest.versions["lightgbm"]


def test_any_changed_bit_is_refused(folder):
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    rng = np.random.default_rng(0)
    paths = sorted(folder.iterdir())
    for _ in range(60):
        path = paths[rng.integers(len(paths))]
        content = path.read_bytes()
        place = int(rng.integers(len(content)))
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(changed))
        with pytest.raises(ModelRefused):
            artifact.load(folder, expected_digest=digest)
        path.write_bytes(content)
    artifact.load(folder, expected_digest=digest)


def test_a_consistent_forgery_is_refused_by_the_registered_digest(folder):
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    document = json.loads((folder / "model.json").read_text())
    document["json"]["name"] = "forged"
    rewrite(folder, "model.json", json.dumps(document).encode())
    with pytest.raises(ModelRefused, match="not the one that was registered"):
        artifact.load(folder, expected_digest=digest)


class Marker:
    """Leaves a file behind if it is ever unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize(
    "name", ["model.pkl", "arrays.npz", "model.json", "value.3m.two_part.some.lgb.txt"]
)
def test_no_pickle_is_ever_opened(folder, tmp_path, name):
    marker = tmp_path / "executed"
    rewrite(folder, name, pickle.dumps(Marker(marker)))
    with pytest.raises(ModelRefused):
        artifact.load(folder)
    assert not marker.exists()


def test_object_arrays_are_refused(book, tmp_path):
    folder, marker = tmp_path / "model", tmp_path / "executed"
    artifact.save(fit(book, "past_value"), folder)
    hostile = tmp_path / "hostile.npz"
    np.savez(hostile, **{"churn.3m.edges": np.array([Marker(marker)], dtype=object)})
    rewrite(folder, "arrays.npz", hostile.read_bytes())
    with pytest.raises(ModelRefused):
        artifact.load(folder)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["code.py", "MLmodel", "model.json~", ".hidden", "x.lgb.txt.gz"])
def test_unknown_files_are_refused(folder, name):
    (folder / name).write_text("anything")
    with pytest.raises(ModelRefused, match="no model file"):
        artifact.load(folder)


def test_a_folder_or_a_link_in_place_of_a_file_is_refused(folder, tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_bytes((folder / "model.json").read_bytes())
    (folder / "model.json").unlink()
    (folder / "model.json").symlink_to(outside)
    with pytest.raises(ModelRefused, match="no model file"):
        artifact.load(folder)
    (folder / "model.json").unlink()
    (folder / "model.json").mkdir()
    with pytest.raises(ModelRefused, match="no model file"):
        artifact.load(folder)


def test_a_missing_file_or_manifest_is_refused(folder):
    (folder / "value.3m.two_part.some.lgb.txt").unlink()
    with pytest.raises(ModelRefused, match=r"missing: \['value\.3m\.two_part\.some\.lgb\.txt'\]"):
        artifact.load(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelRefused, match="no manifest"):
        artifact.load(folder)
    with pytest.raises(ModelRefused, match="no model folder"):
        artifact.load(folder / "nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "another format"),
        ({"surprise": 1}, "not valid"),
        ({"tier_horizon": "9y"}, "other horizons"),
        ({"features": [{"name": "recency_days", "kind": "number"}]}, "other features"),
        ({"files": {"../model.json": "0" * 64}}, "not those of its manifest"),
        ({"files": {"model.json": "abc"}}, "no proper digest"),
    ],
)
def test_a_manifest_that_promises_something_else_is_refused(folder, change, message):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelRefused, match=message):
        artifact.load(folder)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": NaN}']
)
def test_a_manifest_that_is_no_document_is_refused(folder, content):
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ModelRefused):
        artifact.load(folder)


def test_swapped_features_are_refused(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["features"].reverse()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelRefused, match="other features"):
        artifact.load(folder)


def test_too_large_a_file_is_refused_without_reading_it(folder, monkeypatch):
    monkeypatch.setattr(artifact, "_FILE_BYTES", 100)
    with pytest.raises(ModelRefused, match="too large"):
        artifact.load(folder)


def test_an_unknown_estimator_is_refused(folder):
    document = json.loads((folder / "model.json").read_text())
    document["json"]["parts"]["value"]["kind"] = "subprocess.Popen"
    rewrite(folder, "model.json", json.dumps(document).encode())
    with pytest.raises(ModelRefused, match="does not know"):
        artifact.load(folder)


def test_a_folder_that_holds_something_is_not_written_into(model, folder):
    with pytest.raises(UsageError, match="a folder of its own"):
        artifact.save(model, folder)


def test_mlflow_gets_an_object_that_predicts(model, folder, book):
    served = artifact._load_pyfunc(str(folder))
    pd.testing.assert_frame_equal(served.predict(book.X), model.predict(book.X))
    with pytest.raises(ModelRefused, match="recency_days: missing"):
        served.predict(book.X.drop(columns="recency_days"))
