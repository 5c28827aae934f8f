"""All feature groups, and the one table they make.

A new feature is a `Definition` in the file of its group; a new group is a file and a line here. Either
way it is in the catalog, hence in every contract test, the card and the review page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from valuemodel.exceptions import SettingsError, nearest
from valuemodel.features import (
    breadth,
    contracts,
    interactions,
    monetary,
    opportunities,
    peers,
    profile,
    projects,
    recency_frequency,
    season,
    trend,
    usage,
)
from valuemodel.features.breadth import Products
from valuemodel.features.catalog import Definition, Feature, Source
from valuemodel.features.interactions import Interactions
from valuemodel.features.opportunities import Opportunities
from valuemodel.features.orders import Orders
from valuemodel.features.own import OwnFeature
from valuemodel.features.peers import Peers
from valuemodel.features.profile import Members
from valuemodel.features.projects import Projects
from valuemodel.features.terms import Contracts
from valuemodel.features.usage import Usage
from valuemodel.periods import Horizon
from valuemodel.settings import FeaturesSection
from valuemodel.snapshots.as_of import Snapshot

#: The groups in order, with the words that the review page uses for them.
GROUPS: Mapping[str, str] = {
    "recency_frequency": "How recently and how often it buys",
    "monetary": "What it has been worth",
    "trend": "Whether it grows or declines",
    "breadth": "How many products it buys",
    "contracts": "What is under contract, and until when",
    "usage": "How much it uses what it has",
    "interactions": "How close we are to it",
    "opportunities": "What is in the pipeline",
    "projects": "Which projects it runs with us",
    "peers": "How it compares with its peers",
    "own": "What our own features say",
    "profile": "Who it is",
    "season": "What time of the year it is",
}

#: What features are computed from, in the order of the columns of X; `Members` come last.
SOURCES: Mapping[str, Callable[[Snapshot], Source]] = {
    "orders": Orders,
    "products": Products,
    "contracts": Contracts,
    "usage": Usage,
    "interactions": Interactions,
    "opportunities": Opportunities,
    "projects": Projects,
    "peers": Peers,
}

#: The table of the contract without which a source has nothing to say.
NEEDS: Mapping[str, str] = {
    "products": "transactions",
    "contracts": "contracts",
    "usage": "usage",
    "interactions": "interactions",
    "opportunities": "opportunities",
    "projects": "projects",
    "peers": "transactions",
}


@dataclass(frozen=True)
class Part:
    """Some features of a group: their source, and the tables that they need beside the source's."""

    group: str
    source: str
    define: Callable[[Sequence[Horizon]], tuple[Definition[Any], ...]]
    needs: tuple[str, ...] = ()


_PARTS = (
    Part("recency_frequency", "orders", recency_frequency.definitions, ("transactions",)),
    Part("monetary", "orders", monetary.definitions),
    Part("monetary", "orders", monetary.of_orders, ("transactions",)),
    Part("monetary", "orders", monetary.of_contracts, ("transactions", "contracts")),
    Part("monetary", "orders", monetary.of_service, ("costs",)),
    Part("trend", "orders", trend.definitions),
    Part("trend", "orders", trend.of_orders, ("transactions",)),
    Part("breadth", "products", breadth.definitions),
    Part("contracts", "contracts", contracts.definitions),
    Part("usage", "usage", usage.definitions),
    Part("usage", "usage", usage.of_seats, ("contracts",)),
    Part("interactions", "interactions", interactions.definitions),
    Part("opportunities", "opportunities", opportunities.definitions),
    Part("projects", "projects", projects.definitions),
    Part("peers", "peers", peers.definitions),
)


@dataclass(frozen=True)
class Catalog:
    """The features in use, by the source that they are computed from.

    Examples
    --------
    >>> features = catalog([Horizon.parse("6 months")]).features
    >>> features[0].name, features[0].group
    ('recency_days', 'recency_frequency')
    >>> [feature.name for feature in features if feature.name.startswith("past_value_6m")]
    ['past_value_6m', 'past_value_6m_before', 'past_value_6m_last_year']
    """

    of: Mapping[str, tuple[Definition[Any], ...]]
    members: tuple[Definition[Members], ...]
    extra: Mapping[str, Literal["number", "category"]]

    @property
    def features(self) -> tuple[Feature, ...]:
        """All features, in the order of the columns of X."""
        definitions = (*(one for part in self.of.values() for one in part), *self.members)
        return tuple(definition.feature for definition in definitions)

    def table(self, snapshot: Snapshot, population: ir.Table) -> ir.Table:
        """Return one row per account of the population: ``account_id`` and all features.

        Parameters
        ----------
        snapshot : Snapshot
            What was known at the cutoff.
        population : ibis table
            ``account_id`` and ``first_seen``, one row per account.

        Returns
        -------
        ibis table
            Unordered; counts are integers, the other numbers float64, categories text.
        """
        members = Members(population, snapshot.accounts, snapshot.cutoff, self.extra)
        table = members.table.select("account_id", **_columns(self.members, members))
        sources = {name: SOURCES[name](snapshot) for name in self.of}
        # All joins first, then one step of columns: what lies in fewer steps is compiled faster.
        for name, definitions in self.of.items():
            table = _join(table, name, definitions, sources[name])
        columns = {one.feature.name: table[one.feature.name] for one in self.members}
        for name, definitions in self.of.items():
            columns |= {one.feature.name: _value(table, name, one, snapshot) for one in definitions}
        ordered = {feature.name: columns[feature.name] for feature in self.features}
        return table.select("account_id", **ordered)


def catalog(
    horizons: Sequence[Horizon],
    section: FeaturesSection | None = None,
    tables: Collection[str] = ("transactions", "accounts"),
    own: Sequence[OwnFeature] = (),
) -> Catalog:
    """Return the features that the settings ask for and the declared tables allow.

    Parameters
    ----------
    horizons : sequence of Horizon
        The horizons whose past value is a feature.
    section : FeaturesSection, optional
        Groups in use (all by default) and extra columns of the accounts table.
    tables : collection of str
        The tables of the contract that the book has. What reads another one is left out.
    own : sequence of OwnFeature
        The company's own features.

    Raises
    ------
    SettingsError
        If a group is unknown, or an extra column or own feature has the name of another one or reads
        a table that the book does not have; all mistakes at once.
    """
    section = section or FeaturesSection()
    groups = list(GROUPS) if section.groups is None else section.groups
    of: dict[str, list[Definition[Any]]] = {name: [] for name in SOURCES}
    taken = {f"{head}_{horizon.label}" for head in ("value", "churn") for horizon in horizons}
    taken |= {one.feature.name for one in (*profile.definitions({}), *season.definitions())}
    for part in _PARTS:
        defined = part.define(horizons)
        taken |= {one.feature.name for one in defined}
        if part.group in groups and all(_has(name, tables) for name in (part.source, *part.needs)):
            of[part.source] += _grouped(part.group, defined)
    mistakes = [*_unknown_groups(groups), *_taken_names(section, own, taken)]
    for feature in own if "own" in groups else ():
        if feature.source not in SOURCES or not _has(feature.source, tables):
            there = [name for name in SOURCES if _has(name, tables)]
            hint = nearest(feature.source, there) or f"this book has {', '.join(there)}"
            name = feature.definition.feature.name
            mistakes.append(f"features.own.{name}: no source {feature.source!r} to read; {hint}")
        else:
            of[feature.source] += _grouped("own", (feature.definition,))
    if mistakes:
        problem = "the features asked for do not fit the catalog"
        raise SettingsError(problem, details=mistakes, hint="correct [features] in the settings")
    members = (
        *(_grouped("profile", profile.definitions(section.extra)) if "profile" in groups else ()),
        *(_grouped("season", season.definitions()) if "season" in groups else ()),
    )
    used = {name: tuple(definitions) for name, definitions in of.items() if definitions}
    return Catalog(used, members, section.extra)


def _has(name: str, tables: Collection[str]) -> bool:
    """Whether a source, or a table, is there to be read."""
    return NEEDS.get(name, name) in tables or name == "orders"


def _unknown_groups(groups: Sequence[str]) -> Iterator[str]:
    for group in groups:
        if group not in GROUPS:
            hint = nearest(group, GROUPS) or f"known groups: {', '.join(GROUPS)}"
            yield f"features.groups: there is no group {group!r}; {hint}"


def _taken_names(
    section: FeaturesSection, own: Sequence[OwnFeature], taken: Collection[str]
) -> Iterator[str]:
    names = [*(("extra", name) for name in section.extra)]
    names += [("own", feature.definition.feature.name) for feature in own]
    seen = set(taken)
    for key, name in names:
        if name in seen:
            yield f"features.{key}.{name}: a feature or a label has this name already"
        seen.add(name)


def _grouped(group: str, definitions: tuple[Definition[Any], ...]) -> tuple[Definition[Any], ...]:
    return tuple(
        replace(definition, feature=replace(definition.feature, group=group))
        for definition in definitions
    )


def _columns(definitions: tuple[Definition[Any], ...], source: object) -> dict[str, ir.Value]:
    return {definition.feature.name: definition.compute(source) for definition in definitions}


def _join(
    table: ir.Table, name: str, definitions: tuple[Definition[Any], ...], source: Source
) -> ir.Table:
    """Add the aggregates of one source, and how long its records are where a feature asks."""
    columns = source.aggregate(_columns(definitions, source)).rename({f"{name}_id": "account_id"})
    table = table.left_join(columns, table.account_id == columns[f"{name}_id"])
    if any(one.reach is not None for one in definitions):
        table = table.cross_join(source.history().rename(f"{name}_history_{{name}}"))
    return table


def _value(table: ir.Table, name: str, definition: Definition[Any], snapshot: Snapshot) -> ir.Value:
    """Return a feature as the definition says where there are no rows, or none from so long ago.

    Accounts without rows in its source have `empty`; where the source's visible history is shorter
    than the window, the feature is missing for everybody.
    """
    value = table[definition.feature.name]
    if definition.empty is not None:
        value = table[f"{name}_id"].isnull().ifelse(definition.empty, value)
    if definition.reach is not None:
        known = table[f"{name}_history_{definition.records}"]
        since = _days(definition.reach, snapshot)
        value = (known >= since).ifelse(value, ibis.null(value.type()))
    return value


def _days(reach: Horizon | None, snapshot: Snapshot) -> int:
    """Return how many days before the cutoff a window begins that reaches so far back."""
    return 0 if reach is None else (snapshot.cutoff.at - reach.before(snapshot.cutoff).at).days
