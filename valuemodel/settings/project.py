"""The remaining sections: the project, who is looked at and how, what runs it, where results go."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from valuemodel.periods import Horizon
from valuemodel.sections import Section
from valuemodel.settings.kinds import CutoffText, HorizonText, ZoneName


class ProjectSection(Section):
    """``[project]``: its name, money, level and time zone.

    ``name`` names the MLflow experiment and the registered model; ``timezone`` is the zone in which
    days begin and cutoffs are meant.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    level: Literal["account", "parent"] = "account"
    timezone: ZoneName = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """The project's time zone."""
        return ZoneInfo(self.timezone)


class PopulationSection(Section):
    """``[population]``: ``active_within`` drops accounts without an order in that time."""

    active_within: HorizonText | None = None


class BacktestSection(Section):
    """``[backtest]``: rolling snapshots to learn from and cutoffs to be judged on.

    ``step`` is the distance of snapshots, ``snapshots`` how many are learned from at the most,
    ``folds`` how many cutoffs the gate judges, ``cutoffs`` fixed ones for the ``backtest`` command.
    ``slices`` names features by which figures are told apart, and none of which may be hurt.
    ``truth`` is a Parquet file with what was to be expected of each account and cutoff, where the
    maker of the data knows it.
    """

    step: HorizonText = Horizon(1, "month")
    snapshots: int = Field(default=12, ge=1)
    folds: int = Field(default=3, ge=1)
    cutoffs: list[CutoffText] = Field(default_factory=list)
    slices: list[str] = Field(default_factory=list)
    truth: str | None = None


class FeaturesSection(Section):
    """``[features]``: groups in use, and columns of the accounts table taken as features.

    ``extra`` gives each such column and whether it is a number or a category.

    ``own`` names functions of the project that are features, as ``"features/loyalty.py:visits"``.

    ``leakage_limit`` is the single-column AUC above which a column that users bring is refused;
    ``waive`` names columns for which a person has declared otherwise.
    """

    groups: list[str] | None = None
    extra: dict[str, Literal["number", "category"]] = Field(default_factory=dict)
    own: list[Annotated[str, Field(pattern=r"^[^:]+\.py:[A-Za-z_][A-Za-z0-9_]*$")]] = Field(
        default_factory=list
    )
    leakage_limit: Annotated[float, Field(gt=0.5, le=1.0)] = 0.95
    waive: list[str] = Field(default_factory=list)


class SparkSection(Section):
    """``[engine.spark]``: where Spark runs, and further options of its session.

    ``staging`` is the folder through which tables reach Spark, from the project's root; on a cluster
    every executor must be able to read it.
    """

    master: str = "local[2]"
    staging: str | None = None
    options: dict[str, str] = Field(default_factory=dict)


class EngineSection(Section):
    """``[engine]``: what builds the features; the memory limit and threads of the embedded engine.

    With ``spark``, tables are still read and judged by the embedded engine, out of core; features,
    facts and labels are built by Spark.
    """

    name: Literal["duckdb", "spark"] = "duckdb"
    spark: SparkSection = SparkSection()
    memory_limit: str = Field(default="4GB", pattern=r"^\d+(\.\d+)?\s?[KMGT]i?B$")
    threads: int | None = Field(default=None, ge=1)


class TrackingSection(Section):
    """``[tracking]``: the MLflow store; ``MLFLOW_TRACKING_URI`` wins over it."""

    uri: str = "sqlite:///mlflow.db"


class OutputSection(Section):
    """``[output]``: where runs are published, and for how many accounts reasons are computed.

    ``reason_refits`` is how often training fits again on other accounts, to mark reasons that do not
    hold; with 0 none is marked.
    """

    folder: str = "output"
    reasons_for: int = Field(default=50_000, ge=0)
    reason_refits: int = Field(default=5, ge=0, le=100)
