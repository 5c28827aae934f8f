"""The settings of a project: strict, typed, frozen, and all mistakes reported at once.

Why this way: sections are plain frozen models on one of the lowest floors, so that every room above
takes just the section it needs; only `valuemodel.project` opens what they name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    model_validator,
)

from valuemodel.exceptions import SettingsError, UsageError, nearest
from valuemodel.periods import Cutoff, Horizon
from valuemodel.sections import Section, load_toml, parse_section


def _horizon(value: object) -> Horizon:
    if not isinstance(value, str | Horizon):
        problem = f'write a text such as "6 months", received {value!r}'
        raise ValueError(problem)  # noqa: TRY004 - pydantic collects ValueError only
    try:
        return Horizon.parse(value)
    except UsageError as error:
        problem = f"{error.problem}, received {value!r}"
        raise ValueError(problem) from None


def _cutoff(value: object) -> Cutoff:
    try:
        return Cutoff.parse(value if isinstance(value, Cutoff) else str(value))
    except UsageError as error:
        problem = f"{error.problem}, received {value!r}"
        raise ValueError(problem) from None


def _zone_name(value: str) -> str:
    if value not in available_timezones():
        problem = f"no such time zone {value!r}; {nearest(value, available_timezones())}"
        raise ValueError(problem)
    return value


HorizonText = Annotated[Horizon, BeforeValidator(_horizon)]
CutoffText = Annotated[Cutoff, BeforeValidator(_cutoff)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


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


class Condition(Section):
    """One test on a source column; a row must pass all conditions of an exclusion to be excluded."""

    column: str
    equals: str | None = None
    one_of: list[str] | None = None
    starts_with: str | None = None
    before: CutoffText | None = None
    from_: CutoffText | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _some_test(self) -> Self:
        tests = (self.equals, self.one_of, self.starts_with, self.before, self.from_)
        if all(test is None for test in tests):
            problem = "give at least one of equals, one_of, starts_with, before, from"
            raise ValueError(problem)
        return self


class Exclusion(Section):
    """Rows that are left out on purpose: named, counted and kept in the quarantine file."""

    reason: str = Field(min_length=3)
    when: list[Condition] = Field(min_length=1)


class TableSection(Section):
    """What every source table declares: where it lies, its columns, how its text is written.

    ``columns`` maps names of the contract to names of the source. ``limits`` gives, per rule of the
    validation, the share of rows that may be quarantined before the whole table is refused.
    ``complete_until`` is the first instant from which the table may be incomplete. ``delay`` is how
    long after its event a row becomes known, where no ``known_at`` column says so.
    """

    source: str | list[str]
    columns: dict[str, str] = Field(default_factory=dict)
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    null_values: list[str] = Field(default_factory=lambda: [""])
    time_format: str | None = None
    timezone: ZoneName | None = None
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'"] | None = None
    limits: dict[str, Share] = Field(default_factory=dict)
    exclude: list[Exclusion] = Field(default_factory=list)
    earliest: CutoffText = Cutoff.parse("1990-01-01")
    max_columns: int = Field(default=2_000, ge=1)
    max_field_bytes: int = Field(default=1_000_000, ge=1)

    @property
    def sources(self) -> list[str]:
        """The source or sources as a list."""
        return [self.source] if isinstance(self.source, str) else list(self.source)

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands == self.decimal:
            problem = f"decimal and thousands are both {self.decimal!r}"
            raise ValueError(problem)
        return self


class TransactionsSection(TableSection):
    """``[tables.transactions]``; ``rates`` gives one unit of a foreign currency in the project's."""

    complete_until: CutoffText | None = None
    delay: HorizonText | None = None
    rates: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)


class AccountsSection(TableSection):
    """``[tables.accounts]``; ``coverage`` is the share of buying accounts it must know."""

    coverage: Share = 0.98


class TablesSection(Section):
    """``[tables]``: at least the transactions."""

    transactions: TransactionsSection
    accounts: AccountsSection | None = None


class ValueSection(Section):
    """``[value]``: what is summed, over which horizons, and which horizon tiers are cut on."""

    measure: Literal["revenue", "margin"] = "revenue"
    refunds: Literal["net", "gross"] = "net"
    horizons: list[HorizonText] = Field(min_length=1)
    tier_horizon: HorizonText | None = None

    @model_validator(mode="after")
    def _tier_horizon_is_one_of_them(self) -> Self:
        labels = [horizon.label for horizon in self.horizons]
        if len(set(labels)) != len(labels):
            problem = f"the horizons repeat: {', '.join(labels)}"
            raise ValueError(problem)
        if self.tier_horizon is not None and self.tier_horizon.label not in labels:
            problem = f"tier_horizon {self.tier_horizon} is not one of the horizons"
            raise ValueError(problem)
        return self

    @property
    def ordered(self) -> list[Horizon]:
        """The horizons, shortest first."""
        return sorted(self.horizons)

    @property
    def tiering(self) -> Horizon:
        """The horizon that tiers are cut on: the declared one, or the longest."""
        return self.tier_horizon or self.ordered[-1]


class ChurnSection(Section):
    """``[churn]``: what counts as gone."""

    rule: Literal["inactivity"] = "inactivity"


class PopulationSection(Section):
    """``[population]``: ``active_within`` drops accounts without an order in that time."""

    active_within: HorizonText | None = None


class BacktestSection(Section):
    """``[backtest]``: rolling snapshots to learn from and cutoffs to be judged on.

    ``step`` is the distance of snapshots, ``snapshots`` how many are learned from at the most,
    ``folds`` how many cutoffs the gate judges, ``cutoffs`` fixed ones for the ``backtest`` command.
    """

    step: HorizonText = Horizon(1, "month")
    snapshots: int = Field(default=12, ge=1)
    folds: int = Field(default=3, ge=1)
    cutoffs: list[CutoffText] = Field(default_factory=list)


class FeaturesSection(Section):
    """``[features]``: groups in use, and columns of the accounts table taken as features.

    ``extra`` gives each such column and whether it is a number or a category.

    ``leakage_limit`` is the single-column AUC above which a column that users bring is refused;
    ``waive`` names columns for which a person has declared otherwise.
    """

    groups: list[str] | None = None
    extra: dict[str, Literal["number", "category"]] = Field(default_factory=dict)
    leakage_limit: Annotated[float, Field(gt=0.5, le=1.0)] = 0.95
    waive: list[str] = Field(default_factory=list)


class EngineSection(Section):
    """``[engine]``: the embedded engine, its memory limit and its threads."""

    name: Literal["duckdb"] = "duckdb"
    memory_limit: str = Field(default="4GB", pattern=r"^\d+(\.\d+)?\s?[KMGT]i?B$")
    threads: int | None = Field(default=None, ge=1)


class TrackingSection(Section):
    """``[tracking]``: the MLflow store; ``MLFLOW_TRACKING_URI`` wins over it."""

    uri: str = "sqlite:///mlflow.db"


class OutputSection(Section):
    """``[output]``: where runs are published, and for how many accounts reasons are computed."""

    folder: str = "output"
    reasons_for: int = Field(default=50_000, ge=0)


class Settings(Section):
    """Everything that ``valuemodel.toml`` may say.

    Examples
    --------
    >>> settings = Settings.parse(
    ...     {
    ...         "project": {"name": "shop", "currency": "GBP"},
    ...         "tables": {"transactions": {"source": "sales.csv"}},
    ...         "value": {"horizons": ["3 months", "1 year"]},
    ...     }
    ... )
    >>> settings.value.tiering.label
    '1y'
    >>> Settings.parse({"project": {"nmae": "shop"}, "value": {"horizons": ["6 moons"]}})
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.SettingsError: the settings have 4 mistakes
      - project.name: Field required
      - project.nmae: unknown key; did you mean 'name'?
      - tables: Field required
      - value.horizons.0: a horizon is a positive number of days, weeks, months or years, ...
      hint: see the reference of settings in the README
    """

    project: ProjectSection
    tables: TablesSection
    value: ValueSection
    churn: ChurnSection = ChurnSection()
    population: PopulationSection = PopulationSection()
    backtest: BacktestSection = BacktestSection()
    features: FeaturesSection = FeaturesSection()
    engine: EngineSection = EngineSection()
    tracking: TrackingSection = TrackingSection()
    output: OutputSection = OutputSection()

    @classmethod
    def parse(cls, document: Mapping[str, Any], origin: str = "the settings") -> Settings:
        """Validate a document; raise one `SettingsError` that lists every mistake."""
        return parse_section(cls, document, origin)

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read a TOML file; ``${ENV:NAME}`` in a source or URI is filled from the environment."""
        return cls.parse(load_toml(path), str(path))


_FROM_ENVIRONMENT = re.compile(r"\$\{(?:ENV:([A-Za-z_][A-Za-z0-9_]*)|(DATA))\}")
_PUBLIC_DATA = "data/public"


def fill_environment(text: str) -> str:
    """Replace ``${ENV:NAME}`` by the variable's value, and ``${DATA}`` by the folder of public data.

    Secrets live only in the environment. The folder of public data is named by ``VALUEMODEL_DATA``;
    without it, it is ``data/public`` in the project, where `valuemodel data get` puts it.

    Raises
    ------
    SettingsError
        If the variable is not set.

    Examples
    --------
    >>> fill_environment("sales.csv")
    'sales.csv'
    """

    def value(match: re.Match[str]) -> str:
        if match[2]:
            return os.environ.get("VALUEMODEL_DATA") or _PUBLIC_DATA
        found = os.environ.get(match[1])
        if found is None:
            problem = f"the environment variable {match[1]} is not set"
            hint = f"set {match[1]}, or write the value that {text!r} needs"
            raise SettingsError(problem, received="nothing", hint=hint)
        return found

    return _FROM_ENVIRONMENT.sub(value, text)
