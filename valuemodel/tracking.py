"""MLflow: one experiment and one registered model per project; the only importer of mlflow.

A run holds parameters, metrics, the data fingerprint and the model folder; a version of the registered
model holds all heads of an account model, and moves as one. Aliases: ``champion`` is what `score` uses,
``challenger`` the newest candidate, ``previous`` the champion before.

Why this way: the model folder is data only and is verified by `valuemodel.io.artifact` against the
digest that the registry keeps, so nothing that MLflow stores is ever executed by us. The store is
created once under a file lock, because two processes that create it at the same time break each other.
Telemetry and the recording of environment variables are switched off, and a server that does not
answer is given up after seconds, not minutes.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from valuemodel.exceptions import ModelRefused, OutOfReach, UsageError, ValueModelError
from valuemodel.io import artifact

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from valuemodel.estimators.account_model import AccountModel

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
#: What MLflow writes into the environment when it is told its store.
_WRITTEN = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
_LOADER = "valuemodel.io.artifact"
_LIMIT = 6_000  # characters of a parameter that every store accepts
_BATCH = 100  # parameters of one request that every store accepts


@dataclass(frozen=True)
class TrainingRecord:
    """What one training leaves in the store: no rows, no names, no secrets of customers.

    Parameters
    ----------
    name : str
        The run's name.
    params, tags : mapping of str to str
        What was asked for, and by which data, settings and code.
    metrics : mapping of str to float
        ``backtest/<cutoff>/<horizon>/<metric>`` and ``backtest/mean/<horizon>/<metric>``.
    documents : mapping of str to dict
        JSON artifacts, such as the gate decision.
    """

    name: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """One version of the registered model, with what was promised when it was registered."""

    number: str
    digest: str
    source: str
    run_id: str
    tags: Mapping[str, str]

    @property
    def record(self) -> dict[str, Any]:
        """The promotion record: why it became champion, empty if it never did."""
        return dict(json.loads(self.tags.get("vm.promotion", "{}")))


class Tracking:
    """The MLflow store of one project.

    Parameters
    ----------
    uri : str
        An MLflow tracking URI; a relative SQLite path lies in the project root.
    name : str
        The name of the experiment and of the registered model.
    root : pathlib.Path
        The project root.

    Raises
    ------
    OutOfReach
        If the store cannot be reached.
    """

    def __init__(self, uri: str, name: str, root: Path) -> None:
        self.uri = _resolve(uri, root)
        self.name = name
        self._root = root
        self._known: MlflowClient | None = None

    @property
    def exists(self) -> bool:
        """Whether there may be a store: a local one is a file, which the first training makes."""
        local = self.uri.removeprefix("sqlite:///")
        return local == self.uri or Path(local).exists()

    @property
    def _client(self) -> MlflowClient:
        if self._known is None:
            for key, value in _QUIET.items():
                os.environ.setdefault(key, value)
            os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
            logging.getLogger("mlflow").setLevel(logging.ERROR)
            logging.getLogger("alembic").setLevel(logging.ERROR)
            with _reaching(self.uri), _only_one(self.uri):
                from mlflow import MlflowClient  # noqa: PLC0415

                self._point_mlflow_here()
                self._known = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
                self._known.search_experiments(max_results=1)
        self._point_mlflow_here()
        return self._known

    def _point_mlflow_here(self) -> None:
        """Tell MLflow's globals our store, each time: another project may be open beside this one."""
        from mlflow import set_registry_uri, set_tracking_uri  # noqa: PLC0415

        with _own_environment():
            set_tracking_uri(self.uri)
            set_registry_uri(self.uri)

    def register(self, model: AccountModel, record: TrainingRecord) -> Version:
        """Log a run with the model folder, and register it as the newest version.

        Parameters
        ----------
        model : AccountModel
            All heads, fitted.
        record : TrainingRecord
            What the run is to say.
        """
        client = self._client
        with TemporaryDirectory(prefix="valuemodel-") as scratch, _reaching(self.uri):
            folder = Path(scratch) / "account_model"
            digest = artifact.save(model, folder)
            run = client.create_run(
                self._experiment(), run_name=record.name, tags=dict(record.tags)
            )
            identity = run.info.run_id
            self._log_figures(identity, record, at=run.info.start_time)
            for name, document in record.documents.items():
                client.log_dict(identity, dict(document), name)
            source = self._log_model(identity, folder, model)
            version = self._create_version(source, identity, digest)
            client.set_terminated(identity)
        return version

    def version(self, name: str) -> Version | None:
        """Return the version behind an alias or a number, or None where there is none."""
        client = self._client
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        with _reaching(self.uri):
            try:
                found = (
                    client.get_model_version(self.name, name)
                    if name.isdigit()
                    else client.get_model_version_by_alias(self.name, name)
                )
            except MlflowException as error:
                if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    return None
                raise
        return _as_version(found)

    def load(self, name: str) -> tuple[AccountModel, Version]:
        """Load the model behind ``champion``, ``challenger``, ``previous`` or a version number.

        Raises
        ------
        ModelRefused
            If there is none, or its files are not what was registered.
        """
        version = self.version(name)
        if version is None:
            problem = f"there is no {name} model for project {self.name!r}"
            raise ModelRefused(problem, received=self.uri, hint="run 'valuemodel train' first")
        with _reaching(self.uri):
            from mlflow.artifacts import download_artifacts  # noqa: PLC0415

            source = f"models:/{self.name}/{version.number}"
            folder = Path(download_artifacts(source, tracking_uri=self.uri))
        return artifact.load(_vetted(folder), expected_digest=version.digest), version

    def document(self, version: Version, name: str) -> dict[str, Any]:
        """Return a JSON document of the run that registered a version; empty if it has none."""
        from mlflow.artifacts import load_dict  # noqa: PLC0415
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        with _reaching(self.uri):
            root = self._client.get_run(version.run_id).info.artifact_uri
            try:
                return dict(load_dict(f"{root}/{name}"))
            except (MlflowException, OSError):
                return {}

    def point(self, alias: str, version: Version) -> None:
        """Move an alias to a version."""
        with _reaching(self.uri):
            self._client.set_registered_model_alias(self.name, alias, version.number)

    def promote(self, version: Version, record: Mapping[str, Any]) -> Version:
        """Make a version champion, keep the record of why, and remember the one before."""
        before = self.version("champion")
        document = {**record, "version": version.number, "digest": version.digest}
        text = json.dumps(document, sort_keys=True)
        with _reaching(self.uri):
            self._client.set_model_version_tag(self.name, version.number, "vm.promotion", text)
        if before is not None and before.number != version.number:
            self.point("previous", before)
        self.point("champion", version)
        return self.version("champion") or version

    def rollback(self, reason: str) -> Version:
        """Make the previous champion champion again; the one before becomes ``previous``."""
        previous = self.version("previous")
        if previous is None:
            problem = f"there is no previous champion of project {self.name!r} to go back to"
            raise UsageError(problem, hint="a champion is followed by another first")
        return self.promote(previous, {**previous.record, "rollback": reason})

    def _experiment(self) -> str:
        client = self._client
        found = client.get_experiment_by_name(self.name)
        if found is not None:
            return str(found.experiment_id)
        local = self.uri.startswith("sqlite:")
        location = (self._root / "mlartifacts" / self.name).as_uri() if local else None
        return str(client.create_experiment(self.name, artifact_location=location))

    def _log_figures(self, run_id: str, record: TrainingRecord, *, at: int) -> None:
        """Log parameters and metrics in batches: a transaction for each would take seconds."""
        from mlflow.entities import Metric, Param  # noqa: PLC0415

        params = [Param(key, str(value)[:_LIMIT]) for key, value in record.params.items()]
        metrics = [Metric(key, number, at, 0) for key, number in record.metrics.items()]
        for start in range(0, max(len(params), len(metrics)), _BATCH):
            batch = slice(start, start + _BATCH)
            self._client.log_batch(run_id, metrics=metrics[batch], params=params[batch])

    def _log_model(self, run_id: str, folder: Path, model: AccountModel) -> str:
        from mlflow import pyfunc, start_run  # noqa: PLC0415
        from mlflow.models import ModelSignature  # noqa: PLC0415
        from mlflow.types import ColSpec, Schema, TensorSpec  # noqa: PLC0415

        types = {"number": "double", "category": "string"}
        inputs: list[ColSpec | TensorSpec] = [
            ColSpec(types[model.feature_kinds[name]], name) for name in model.feature_names
        ]
        outputs: list[ColSpec | TensorSpec] = [
            ColSpec("double", name) for name in model.output_names
        ]
        with warnings.catch_warnings(), start_run(run_id=run_id):
            warnings.simplefilter("ignore")  # an input example would put rows into the store
            logged = pyfunc.log_model(
                name="account_model",
                loader_module=_LOADER,
                data_path=str(folder),
                signature=ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs)),
                pip_requirements=[f"valuemodel=={installed_version('valuemodel')}"],
            )
        return str(logged.model_uri)

    def _create_version(self, source: str, run_id: str, digest: str) -> Version:
        client = self._client
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        with contextlib.suppress(MlflowException):  # it is there already
            client.create_registered_model(self.name)
        tags = {"vm.model_digest": digest}
        found = client.create_model_version(self.name, source=source, run_id=run_id, tags=tags)
        return _as_version(found)


def _as_version(found: ModelVersion) -> Version:
    tags = dict(found.tags)
    return Version(
        number=str(found.version),
        digest=tags.get("vm.model_digest", ""),
        source=str(found.source),
        run_id=str(found.run_id),
        tags=tags,
    )


@contextlib.contextmanager
def _own_environment() -> Iterator[None]:
    """Undo what MLflow writes into the environment: the next project would take it for the user's."""
    before = {name: os.environ.get(name) for name in _WRITTEN}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _resolve(uri: str, root: Path) -> str:
    prefix = "sqlite:///"
    if uri.startswith(prefix) and not uri.startswith(prefix + "/"):
        return f"{prefix}{root / uri.removeprefix(prefix)}"
    return uri


def _vetted(folder: Path) -> Path:
    """Return the data folder of a downloaded model, after reading what its MLmodel asks for."""
    try:
        flavor = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))["flavors"]
        python = flavor["python_function"]
        loader, code, data = python["loader_module"], python.get("code"), Path(python["data"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        problem = "the registered model is not one of ours"
        raise ModelRefused(problem, received=f"{type(error).__name__}: {error}") from None
    inside = folder / data
    if loader != _LOADER or code or ".." in data.parts or data.is_absolute() or len(flavor) > 1:
        problem = "the registered model asks for code of its own; it is never loaded"
        raise ModelRefused(
            problem,
            received=f"loader_module {loader!r}, code {code!r}, data {str(data)!r}",
            hint="register models by 'valuemodel train' only",
        )
    return inside


@contextlib.contextmanager
def _reaching(uri: str) -> Iterator[None]:
    """Turn failures of the store into one clear error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # mlflow's, of its own libraries
            yield
    except ValueModelError:
        raise
    except Exception as error:  # the store's libraries raise types of their own
        problem = "the tracking store cannot be used"
        shown = f"{_without_secret(uri)}: {type(error).__name__}: {_without_secret(str(error))}"
        hint = "check [tracking] uri or MLFLOW_TRACKING_URI, and that the server runs"
        raise OutOfReach(problem, received=shown[:600], hint=hint) from error


def _without_secret(text: str) -> str:
    """Hide user and password of any URI in a text."""
    return re.sub(r"://[^/@\s]+@", "://***@", text)


@contextlib.contextmanager
def _only_one(uri: str) -> Iterator[None]:
    """Let one process at a time create a SQLite store; the lock is the kernel's."""
    if not uri.startswith("sqlite:///"):
        yield
        return
    path = Path(uri.removeprefix("sqlite:///") + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
