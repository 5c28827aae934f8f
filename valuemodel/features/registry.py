"""All feature groups, and the one table they make.

A new feature is a `Definition` in the file of its group; a new group is a file and a line here. Either
way it is in the catalog, hence in every contract test, the card and the review page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import ibis
import ibis.expr.types as ir

from valuemodel.exceptions import SettingsError, nearest
from valuemodel.features import breadth, monetary, profile, recency_frequency, season, trend
from valuemodel.features.breadth import Products
from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.orders import Orders
from valuemodel.features.profile import Members
from valuemodel.periods import Horizon
from valuemodel.settings import FeaturesSection
from valuemodel.snapshots.as_of import Snapshot

#: The groups in order, with the words that the review page uses for them.
GROUPS: Mapping[str, str] = {
    "recency_frequency": "How recently and how often it buys",
    "monetary": "What it has been worth",
    "trend": "Whether it grows or declines",
    "breadth": "How many products it buys",
    "profile": "Who it is",
    "season": "What time of the year it is",
}

_OF_ORDERS: Mapping[str, Callable[[Sequence[Horizon]], tuple[Definition[Orders], ...]]] = {
    "recency_frequency": recency_frequency.definitions,
    "monetary": monetary.definitions,
    "trend": trend.definitions,
}


Source = TypeVar("Source")


@dataclass(frozen=True)
class Catalog:
    """The features in use: from orders, from products and from the accounts table.

    Examples
    --------
    >>> features = catalog([Horizon.parse("6 months")]).features
    >>> features[0].name, features[0].group
    ('recency_days', 'recency_frequency')
    >>> [feature.name for feature in features if feature.name.startswith("past_value_6m")]
    ['past_value_6m', 'past_value_6m_before', 'past_value_6m_last_year']
    """

    orders: tuple[Definition[Orders], ...]
    products: tuple[Definition[Products], ...]
    members: tuple[Definition[Members], ...]
    extra: Mapping[str, Literal["number", "category"]]

    @property
    def _definitions(self) -> tuple[Definition[Any], ...]:
        return (*self.orders, *self.products, *self.members)

    @property
    def features(self) -> tuple[Feature, ...]:
        """All features, in the order of the columns of X."""
        return tuple(definition.feature for definition in self._definitions)

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
        if self.orders:
            table = _join(table, self.orders, Orders(snapshot))
        if self.products:
            table = _join(table, self.products, Products(snapshot))
        return self._unknown_is_missing(table, snapshot)

    def _unknown_is_missing(self, table: ir.Table, snapshot: Snapshot) -> ir.Table:
        """Keep a feature only where the book's visible history is as long as its window."""
        reach = {
            one.feature.name: (snapshot.cutoff.at - one.reach.before(snapshot.cutoff).at).days
            for one in self._definitions
            if one.reach is not None
        }
        history = snapshot.lines.aggregate(history_days=snapshot.lines.age.max())
        table = table.cross_join(history)
        columns = {
            name: (table.history_days >= days).ifelse(table[name], ibis.null(table[name].type()))
            for name, days in reach.items()
        }
        return table.mutate(**columns).select("account_id", *(one.name for one in self.features))


def catalog(horizons: Sequence[Horizon], section: FeaturesSection | None = None) -> Catalog:
    """Return the features that the settings ask for.

    Parameters
    ----------
    horizons : sequence of Horizon
        The horizons whose past value is a feature.
    section : FeaturesSection, optional
        Groups in use (all by default) and extra columns of the accounts table.

    Raises
    ------
    SettingsError
        If a group is unknown, or an extra column has the name of a feature; all mistakes at once.
    """
    section = section or FeaturesSection()
    groups = list(GROUPS) if section.groups is None else section.groups
    mistakes = [
        f"features.groups: there is no group {group!r}; "
        + (nearest(group, GROUPS) or f"known groups: {', '.join(GROUPS)}")
        for group in groups
        if group not in GROUPS
    ]
    of_orders = [
        _grouped(group, define(horizons)) for group, define in _OF_ORDERS.items() if group in groups
    ]
    found = Catalog(
        orders=tuple(definition for part in of_orders for definition in part),
        products=_grouped("breadth", breadth.definitions(horizons)) if "breadth" in groups else (),
        members=(
            *(
                _grouped("profile", profile.definitions(section.extra))
                if "profile" in groups
                else ()
            ),
            *(_grouped("season", season.definitions()) if "season" in groups else ()),
        ),
        extra=section.extra,
    )
    own = replace(found, members=(*profile.definitions({}), *season.definitions()))
    taken = {feature.name for feature in own.features}
    taken |= {f"{head}_{horizon.label}" for head in ("value", "churn") for horizon in horizons}
    mistakes += [
        f"features.extra.{name}: a feature or a label has this name already"
        for name in section.extra
        if name in taken
    ]
    if mistakes:
        problem = "the features asked for do not fit the catalog"
        raise SettingsError(problem, details=mistakes, hint="correct [features] in the settings")
    return found


def _grouped(
    group: str, definitions: tuple[Definition[Source], ...]
) -> tuple[Definition[Source], ...]:
    return tuple(
        replace(definition, feature=replace(definition.feature, group=group))
        for definition in definitions
    )


def _columns(definitions: tuple[Definition[Source], ...], source: Source) -> dict[str, ir.Value]:
    return {definition.feature.name: definition.compute(source) for definition in definitions}


def _join(
    table: ir.Table, definitions: tuple[Definition[Any], ...], source: Orders | Products
) -> ir.Table:
    """Add the features of one source; accounts without rows in it get what `empty` says."""
    columns = source.aggregate(_columns(definitions, source)).rename(joined_id="account_id")
    joined = table.left_join(columns, table.account_id == columns.joined_id).drop("joined_id")
    empty = {
        definition.feature.name: joined[definition.feature.name].fill_null(definition.empty)
        for definition in definitions
        if definition.empty is not None
    }
    return joined.mutate(**empty)
