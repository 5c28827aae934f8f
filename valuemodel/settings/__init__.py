"""The settings of a project: strict, typed, frozen, and all mistakes reported at once.

Why this way: sections are plain frozen models on one of the lowest floors, so that every room above
takes just the section it needs; only `valuemodel.project` opens what they name.
"""

from valuemodel.settings.document import Settings
from valuemodel.settings.environment import fill_environment
from valuemodel.settings.kinds import Treatment
from valuemodel.settings.project import (
    BacktestSection,
    EngineSection,
    FeaturesSection,
    OutputSection,
    PopulationSection,
    ProjectSection,
    SparkSection,
    TrackingSection,
)
from valuemodel.settings.tables import (
    AccountsSection,
    Condition,
    ContractsSection,
    DatedSection,
    Exclusion,
    OpportunitiesSection,
    TableSection,
    TablesSection,
    TransactionsSection,
)
from valuemodel.settings.value import ChurnSection, ValueSection

__all__ = [
    "AccountsSection",
    "BacktestSection",
    "ChurnSection",
    "Condition",
    "ContractsSection",
    "DatedSection",
    "EngineSection",
    "Exclusion",
    "FeaturesSection",
    "OpportunitiesSection",
    "OutputSection",
    "PopulationSection",
    "ProjectSection",
    "Settings",
    "SparkSection",
    "TableSection",
    "TablesSection",
    "TrackingSection",
    "TransactionsSection",
    "Treatment",
    "ValueSection",
    "fill_environment",
]
