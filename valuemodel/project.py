"""A project: its settings opened into tables, models and policy, and passed down.

Why this way: only this module knows where things lie. Every relative path resolves against the project
root, the nearest ancestor of the settings file that holds ``pipelines/`` and ``models/``, and never
against the working directory, so that a scheduler may start anywhere.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from valuemodel.exceptions import ModelRefused, OutOfReach, SettingsError, UsageError
from valuemodel.metrics.splits import Fold, Schedule
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings, fill_environment
from valuemodel.settings.files import find_settings, project_root

if TYPE_CHECKING:
    import pandas as pd
    from ibis.backends.duckdb import Backend
    from ibis.backends.sql import SQLBackend

    from valuemodel.dataset import DatasetBuilder
    from valuemodel.estimators.account_model import AccountModel
    from valuemodel.estimators.definitions import Definition, Recipe
    from valuemodel.evaluation.backtest import Candidate
    from valuemodel.evaluation.gate.gate import GateRule
    from valuemodel.features.own import OwnFeature
    from valuemodel.io.policies import Policies
    from valuemodel.io.sources import Tables
    from valuemodel.tables.ledger import Ledger
    from valuemodel.tiers.policy import TierPolicy
    from valuemodel.tracking import Tracking, Version

_DEFINITIONS = ("baseline", "future_value", "churn_risk", "wallet")


@dataclass(frozen=True)
class Result:
    """What a pipeline leaves: ``lines`` for a person, and a ``document`` of JSON values for a program."""

    lines: tuple[str, ...]
    document: Mapping[str, Any] = field(default_factory=dict)


class Project:
    r"""Everything that a pipeline needs, opened when it is first asked for.

    Parameters
    ----------
    settings : Settings
        What the settings file says.
    root : pathlib.Path
        The project root.
    now : Cutoff, optional
        The time on the clock, to tell rows dated in the future; the command line reads it once.

    Examples
    --------
    Open a project and look at what was read::

        with Project.open(Path("valuemodel.toml")) as project:
            print("\n".join(project.tables.report.lines()))
    """

    def __init__(self, settings: Settings, root: Path, *, now: Cutoff | None = None) -> None:
        self.settings = settings
        self.root = root
        self.now = now
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._closing: list[Callable[[], None]] = []

    @classmethod
    def open(cls, settings: Path | None = None, *, now: Cutoff | None = None) -> Self:
        """Open the project of a settings file, or of ``valuemodel.toml`` here or above.

        Raises
        ------
        SettingsError
            If there is no settings file, it has mistakes, or it lies outside a project.
        """
        path = (settings or find_settings(Path.cwd())).absolute()
        return cls(Settings.load(path), project_root(path), now=now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the engines and remove the scratch folder."""
        while self._closing:
            self._closing.pop()()
        if "connection" in self.__dict__:
            self.connection.disconnect()
            del self.__dict__["connection"]
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    @property
    def scratch(self) -> Path:
        """A folder that lives as long as the project is open."""
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="valuemodel-")
        return Path(self._scratch.name)

    @property
    def output(self) -> Path:
        """Where runs are published."""
        return self.root / self.settings.output.folder

    @cached_property
    def connection(self) -> Backend:
        """The engine."""
        from valuemodel.io import engine  # noqa: PLC0415 - opened only when asked for

        return engine.connect(self.settings.engine, self.scratch)

    @cached_property
    def tables(self) -> Tables:
        """The validated tables, with their report and their quarantine."""
        from valuemodel.io.sources import open_ledger  # noqa: PLC0415 - opened only when asked for

        return open_ledger(self.connection, self.settings, self.root, self.now)

    @cached_property
    def builder(self) -> DatasetBuilder:
        """The only builder of features and labels; past value is always among the features."""
        from valuemodel.dataset import DatasetBuilder  # noqa: PLC0415 - opened only when asked for

        groups = self.settings.features.groups
        if groups is not None and "monetary" not in groups:
            problem = "features.groups needs 'monetary': past value is what every model must beat"
            raise SettingsError(problem, received=", ".join(groups), hint="add it to the groups")
        connection, ledger = self._feature_engine()
        return DatasetBuilder(connection, ledger, self.settings, self.own_features)

    @cached_property
    def own_features(self) -> tuple[OwnFeature, ...]:
        """The features that the project wrote itself, as ``[features] own`` names them.

        Raises
        ------
        SettingsError
            If a file or a function is not there, or is no feature; all mistakes at once.
        """
        from valuemodel.io.own_features import load_own_features  # noqa: PLC0415 - when asked for

        return load_own_features(self.settings.features.own, self.root)

    def _feature_engine(self) -> tuple[SQLBackend, Ledger]:
        """Return where features are built, and the ledger there."""
        section, ledger = self.settings.engine, self.tables.ledger
        if section.name == "duckdb":
            return self.connection, ledger
        from valuemodel.io import spark  # noqa: PLC0415 - an extra

        backend, end = spark.connect_spark(section.spark, self.scratch)
        self._closing.append(end)
        staging = self.root / section.spark.staging if section.spark.staging else self.scratch
        return backend, spark.on_spark(ledger, self.connection, backend, staging / "ledger")

    @cached_property
    def tracking(self) -> Tracking:
        """The MLflow store; ``MLFLOW_TRACKING_URI`` wins over the settings."""
        from valuemodel.tracking import Tracking  # noqa: PLC0415 - opened only when asked for

        uri = os.environ.get("MLFLOW_TRACKING_URI") or self.settings.tracking.uri
        return Tracking(fill_environment(uri), self.settings.project.name, self.root)

    @cached_property
    def policies(self) -> Policies:
        """The tier policy, those beside it, and what people decided."""
        from valuemodel.io.policies import Policies  # noqa: PLC0415 - opened only when asked for

        return Policies.open(self.root / "models" / "tiers.toml", self.root)

    @property
    def policy(self) -> TierPolicy:
        """The tier policy of ``models/tiers.toml``."""
        return self.policies.main

    @cached_property
    def schedule(self) -> Schedule:
        """Which snapshots are learned from and judged; the first has one short horizon of history."""
        settings = self.settings
        horizons = tuple(settings.value.ordered)
        return Schedule(
            horizons=horizons,
            first=min(horizons).after(self.tables.ledger.first),
            step=settings.backtest.step,
            snapshots=settings.backtest.snapshots,
        )

    def judged(self, cutoff: Cutoff) -> list[Fold]:
        """Return the folds that `backtest` judges with the knowledge of a cutoff, oldest first.

        They are the cutoffs of the settings whose windows are complete, or else the newest ones.
        """
        settings, horizon = self.settings.backtest, self.settings.value.tiering
        asked = [at for at in settings.cutoffs if horizon.after(at) <= cutoff]
        if asked:
            return self.schedule.folds(asked)
        return self.schedule.judging(cutoff, horizon, settings.folds)

    @cached_property
    def truth(self) -> pd.DataFrame | None:
        """What was to be expected, as ``[backtest] truth`` names it; None where it is not there.

        It is told of accounts, so that a book at the level of parents has none.
        """
        import pandas as pd  # noqa: PLC0415 - when asked for

        named = self.settings.backtest.truth
        if named is None or self.settings.project.level != "account":
            return None
        path = self.root / named
        return pd.read_parquet(path) if path.is_file() else None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the input files, and of the settings and own features that shape the rest."""
        from valuemodel.io.own_features import own_digests  # noqa: PLC0415 - when asked for

        read = self.tables.report.tables
        files = [(table.name, sorted(file.digest for file in table.files)) for table in read]
        shaping = self.settings.model_dump(exclude={"engine", "tracking", "output"})
        own = own_digests(self.settings.features.own, self.root) if self.own_features else []
        said = json.dumps([files, shaping, own], sort_keys=True, default=str)
        return hashlib.sha256(said.encode()).hexdigest()

    @cached_property
    def recipes(self) -> Mapping[str, Recipe]:
        """What can be fitted, as ``models/*.toml`` declares it: past_value, ..., lightgbm."""
        from valuemodel.estimators.definitions import recipes  # noqa: PLC0415

        return recipes(**self.definitions)

    @cached_property
    def gate(self) -> GateRule:
        """What a challenger must show: ``[gate]`` of ``models/future_value.toml``."""
        from valuemodel.evaluation.gate.gate import GateRule  # noqa: PLC0415
        from valuemodel.sections import parse_section  # noqa: PLC0415

        declared = self.definitions["future_value"].gate
        return parse_section(GateRule, declared, "models/future_value.toml [gate]")

    @property
    def parameters(self) -> dict[str, str]:
        """Settings and definitions, one line each by key path; secrets are not filled in."""
        models = {
            name: definition.model_dump(mode="json", exclude_unset=True, exclude={"search"})
            for name, definition in self.definitions.items()
        }
        said = self.settings.model_dump(exclude_unset=True, exclude={"tracking", "output"})
        return dict(_flat({"settings": said, "models": models}))

    def candidate(self, name: str) -> Candidate:
        """Return a recipe as a candidate of the backtest, ready to be fitted."""
        from valuemodel.estimators.definitions import recipe_named  # noqa: PLC0415

        return self._candidate(recipe_named(self.recipes, name))

    def candidates(self, names: Sequence[str]) -> tuple[list[Candidate], list[str]]:
        """Return the recipes that the book has the features for, and say of the others why not."""
        from valuemodel.estimators.recorded_recipe import lacking  # noqa: PLC0415

        features = [feature.name for feature in self.builder.features]
        why = {name: lacking(self.recipes[name], features) for name in names}
        found = [self.candidate(name) for name in names if not why[name]]
        return found, [f"{name} is left out: {said}" for name, said in why.items() if said]

    def standing(self, judged: Sequence[str]) -> tuple[list[Candidate], str]:
        """Return the champion's recipe as a candidate, unless it is judged anyway; and say so."""
        from valuemodel.evaluation.gate import standing  # noqa: PLC0415

        tracking, names = self.tracking, [feature.name for feature in self.builder.features]
        version = tracking.version("champion") if tracking.exists else None
        kept = tracking.document(version, standing.RECIPE_DOCUMENT) if version else {}
        number = version.number if version else None
        found = standing.standing_from(number, kept, self.recipes, judged, names)
        recipes = [found.recipe] if found.recipe else []
        return [self._candidate(recipe, standing.CHAMPION) for recipe in recipes], found.words

    def challenger(self, changed: Mapping[str, Definition]) -> Candidate:
        """Return the challenger with other definitions, by name, than those in force.

        Its heads of value and churn alone: it is there to be searched, and nothing else is judged.
        """
        from valuemodel.estimators.definitions import recipes  # noqa: PLC0415

        recipe = recipes(**{**self.definitions, **changed})["lightgbm"]
        return self._candidate(replace(recipe, winnability=None, wallet=None))

    def _candidate(self, recipe: Recipe, name: str | None = None) -> Candidate:
        from valuemodel.evaluation.candidates import Candidate, RecipeFit  # noqa: PLC0415

        settings = self.settings
        fit = RecipeFit(
            recipe,
            tuple(settings.value.ordered),
            settings.value.tiering,
            settings.churn_rule,
            settings.engine.threads,
        )
        return Candidate(name or recipe.name, fit, settings.value.interval)

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """What ``models/*.toml`` declares, by file."""
        from valuemodel.estimators.definitions import Definition  # noqa: PLC0415

        folder = self.root / "models"
        return {name: Definition.load(folder / f"{name}.toml") for name in _DEFINITIONS}

    def model(self, name: str, as_of: Cutoff) -> tuple[AccountModel, Version]:
        """Load the model that is to score a cutoff: an alias or a version number.

        Raises
        ------
        ModelRefused
            If there is none, its files were changed, or it learned from later data than ``as_of``.
        """
        model, version = self.tracking.load(name)
        if model.trained_until > as_of:
            problem = "the model learned from later data than the date it is to score"
            received = f"trained with data until {model.trained_until}, asked for {as_of}"
            hint = f"run 'valuemodel train --as-of {as_of}', or name an older version with --model"
            raise ModelRefused(problem, received=received, hint=hint)
        return model, version

    def previous_champion(self, version: Version, as_of: Cutoff) -> AccountModel | None:
        """Return the champion before a version, so that a move can be split into its causes.

        None where there was none, where it learned from later data than ``as_of``, or where it can
        no longer be loaded: a score does not fail for want of a comparison.
        """
        previous = self.tracking.version("previous")
        if previous is None or previous.number == version.number:
            return None
        try:
            model, _ = self.tracking.load("previous")
        except (ModelRefused, OutOfReach):
            return None
        return model if model.trained_until <= as_of else None

    def as_of(self, text: str | Cutoff | None) -> Cutoff:
        """Return the cutoff asked for, or else the first instant the data may not cover."""
        return self.tables.ledger.complete_until if text is None else Cutoff.parse(text)

    def pipeline(self, name: str) -> Callable[..., Result]:
        """Return ``run`` of the project's own ``pipelines/<name>.py``.

        Raises
        ------
        UsageError
            If the project has no such pipeline.
        """
        path = self.root / "pipelines" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"valuemodel_pipeline_{name}", path)
        if spec is None or spec.loader is None or not path.exists():
            problem = f"this project has no pipeline {name!r}"
            raise UsageError(problem, received=str(path), hint="copy it from 'valuemodel init DIR'")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        run: Callable[..., Result] = module.run
        return run


def _flat(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested mappings with their dotted paths."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        yield path, ", ".join(str(inner) for inner in value)
    else:
        yield path, str(value)
