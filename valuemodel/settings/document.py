"""The whole of ``valuemodel.toml``, and what follows from its sections together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from valuemodel.sections import Section, load_toml, parse_section
from valuemodel.settings.project import (
    BacktestSection,
    EngineSection,
    FeaturesSection,
    OutputSection,
    PopulationSection,
    ProjectSection,
    TrackingSection,
)
from valuemodel.settings.tables import TablesSection
from valuemodel.settings.value import ChurnSection, ValueSection


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

    @model_validator(mode="after")
    def _tables_are_there(self) -> Self:
        tables, needed = self.tables, []
        if self.churn.rule in ("contract", "both") and tables.contracts is None:
            needed.append(f"churn.rule = {self.churn.rule!r} needs [tables.contracts]")
        if self.churn.rule in ("inactivity", "both") and tables.transactions is None:
            needed.append(f"churn.rule = {self.churn.rule!r} needs [tables.transactions]")
        if self.value.measure == "contribution" and tables.costs is None:
            needed.append("value.measure = 'contribution' needs [tables.costs]")
        if needed:
            raise ValueError("; ".join(needed))
        return self

    @property
    def churn_rule(self) -> Literal["inactivity", "contract", "both"]:
        """The declared rule of churn, or the one that the declared tables allow."""
        if self.churn.rule is not None:
            return self.churn.rule
        if self.tables.contracts is None:
            return "inactivity"
        return "contract" if self.tables.transactions is None else "both"

    @property
    def churn_statement(self) -> str:
        """What churn is, in words, to be printed wherever a risk appears.

        Examples
        --------
        >>> shop = {"project": {"name": "a"}, "value": {"horizons": ["1 year"]}}
        >>> Settings.parse(shop | {"tables": {"transactions": {"source": "a"}}}).churn_statement
        'nothing bought in the whole window'
        """
        silence = "nothing bought in the whole window"
        grace = self.churn.grace
        late = "" if grace is None else f" (a renewal up to {grace} late is in time)"
        lapse = f"no contract in force from some day of the window on{late}"
        return {
            "inactivity": silence,
            "contract": f"{lapse}; accounts without a contract have no risk",
            "both": f"for accounts under contract, {lapse}; for all others, {silence}",
        }[self.churn_rule]

    @property
    def value_statement(self) -> str:
        """What a value is, in words, and what it is summed over; printed with every figure.

        Examples
        --------
        >>> settings = Settings.parse(
        ...     {
        ...         "project": {"name": "shop"},
        ...         "tables": {
        ...             "transactions": {"source": "a.csv"},
        ...             "contracts": {"source": "b.csv"},
        ...         },
        ...         "value": {"horizons": ["1 year"], "measure": "margin", "basis": "collected"},
        ...     }
        ... )
        >>> print(settings.value_statement)
        margin; collected; refunds net; contracts by the days they run, and sales that none of them covers
        """
        tables = self.tables
        if tables.contracts is None:
            return self.value.statement
        runs = "contracts by the days they run"
        both = f"{runs}, and sales that none of them covers"
        return f"{self.value.statement}; {runs if tables.transactions is None else both}"

    @classmethod
    def parse(cls, document: Mapping[str, Any], origin: str = "the settings") -> Settings:
        """Validate a document; raise one `SettingsError` that lists every mistake."""
        return parse_section(cls, document, origin)

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read a TOML file; ``${ENV:NAME}`` in a source or URI is filled from the environment."""
        return cls.parse(load_toml(path), str(path))
