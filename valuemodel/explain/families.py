"""Families: features that measure the same thing over several windows speak as one driver.

Models see what an account was worth in the last 90 days, 180 days, 6 months, a year ... These copies of
one fact share its effect among them, with opposite signs as often as not: "worth £116k in the last 6
months: adds £48k" beside "worth £250k in the last 365 days: takes £25k off". Each is right by itself and
neither tells anybody anything; which of them gets what changes from one fit to the next. Their sum is
what the model makes of the fact. So parts are added up within a family before reasons are chosen, and
the member with the largest part on the side of the sum speaks for it.

Why this way: a sum of parts that add up adds up, so nothing is lost or estimated; and a family is
declared, not found by correlation, so the same account is told the same way in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt

from valuemodel.features.catalog import Feature

#: The group of what a law of buying and leaving forecasts from an account's rhythm.
LAW = "buy_till_you_die"
#: The group of what a law of renewals makes of a contract's age and end.
RENEWALS = "renewal_law"


@dataclass(frozen=True)
class Family:
    """Features that say the same thing in several ways.

    Parameters
    ----------
    name : str
        What the driver is called in the stored tables.
    groups : tuple of str
        The groups that its members come from; the driver belongs to the first.
    patterns : tuple of str
        Names of members, with ``*`` for any text.
    beside : str
        What the members that do not speak add, as in "Worth £8k in the last 6 months, with ...".
    """

    name: str
    groups: tuple[str, ...]
    patterns: tuple[str, ...]
    beside: str = ""

    def holds(self, feature: Feature) -> bool:
        """Whether a feature is a member."""
        return feature.group in self.groups and any(
            fnmatchcase(feature.name, pattern) for pattern in self.patterns
        )


FAMILIES: tuple[Family, ...] = (
    Family(
        "past_value",
        ("monetary", "trend"),
        ("value_total", "past_value_*"),
        "its value in other periods",
    ),
    Family(
        "order_size", ("monetary",), ("order_value_*",), "the size of its orders in other periods"
    ),
    Family("cost_to_serve", ("monetary",), ("cost_to_serve_*",), "that cost against its value"),
    Family(
        "frequency",
        ("recency_frequency",),
        ("orders_*", "purchase_days_*", "active_share_*", "gap_mean_days"),
        "how often it bought in other periods",
    ),
    Family(
        "recency",
        ("recency_frequency",),
        ("recency_days", "recency_over_gap"),
        "that time against its usual gap",
    ),
    Family(
        "acquaintance",
        ("recency_frequency", "profile"),
        ("account_age_days", "tenure_days"),
        "when it was first known and first bought",
    ),
    Family(
        "growth",
        ("trend",),
        ("value_growth_*", "orders_growth_*"),
        "its growth over other periods",
    ),
    Family(
        "products",
        ("breadth",),
        ("products_365d", "products_730d"),
        "its products in other periods",
    ),
    Family(
        "contract_value",
        ("contracts",),
        ("under_contract", "contracts_in_force", "arr", "committed_*"),
        "what else is under contract",
    ),
    Family(
        "renewal",
        ("contracts",),
        ("days_to_renewal", "days_to_last_renewal", "arr_due_share_*"),
        "what else is up for renewal",
    ),
    Family(
        "contract_age",
        ("contracts",),
        ("contract_tenure_days", "unbroken_days", "renewals_total"),
        "how often and for how long it has renewed",
    ),
    Family(
        "contract_end",
        ("contracts",),
        ("days_since_contract_end", "contracts_ended_365d"),
        "its other contracts that ended",
    ),
    Family(
        "contract_growth",
        ("contracts",),
        ("arr_growth_365d", "seats_growth_365d"),
        "the growth of all that is under contract",
    ),
    Family(
        "usage",
        ("usage",),
        ("usage_quantity_*", "usage_days_*", "usage_active_weeks_*"),
        "its use in other periods",
    ),
    Family("users", ("usage",), ("users_30d", "users_90d"), "its users in other periods"),
    Family("products_used", ("usage",), ("products_used_*",), "the products used in other periods"),
    Family(
        "usage_growth",
        ("usage",),
        ("usage_growth_*", "users_growth_*"),
        "the growth of its use over other periods",
    ),
    Family(
        "seats_used",
        ("usage",),
        ("seats_used_share_*", "seats_idle_*", "users_above_seats_*"),
        "how many of its seats are in use",
    ),
    Family(
        "contacts",
        ("interactions",),
        ("contacts_*", "contact_hours_*"),
        "its other contacts with us",
    ),
    Family(
        "contact_recency",
        ("interactions",),
        ("contact_recency_days", "own_contact_recency_days"),
        "who sought the last contact",
    ),
    Family(
        "contact_breadth",
        ("interactions",),
        ("contact_kinds_*", "contact_channels_*", "contact_seniorities_*"),
        "how many sides of it we meet",
    ),
    Family("closeness_in_all", ("interactions",), ("closeness*",), "how that closeness is made up"),
    Family(
        "pipeline",
        ("opportunities",),
        ("pipeline_value*", "pipeline_count*"),
        "all that is open in the pipeline",
    ),
    Family("won", ("opportunities",), ("won_value_*", "won_count_*"), "all that was won"),
    Family(
        "projects",
        ("projects",),
        ("projects_*", "project_value_*"),
        "its projects in other periods",
    ),
    Family("peer_products", ("peers",), ("peer_products_*",), "what its peers commonly buy beside"),
    Family(
        "value_in_peers",
        ("peers",),
        ("value_against_peers_*", "value_rank_in_peers_*"),
        "how else it compares with them",
    ),
    Family("place", ("profile",), ("region", "country"), "where it is"),
    Family(LAW, (LAW,), ("btyd_*",)),
    Family(RENEWALS, (RENEWALS,), ("renewal_law", "window")),
)


@dataclass(frozen=True)
class Driver:
    """What is told as one: a feature that stands alone, or a family.

    Parameters
    ----------
    name : str
        Of the family or the feature.
    group : str
        The group it is summed in.
    members : tuple of int
        Where its features stand.
    """

    name: str
    group: str
    members: tuple[int, ...]


def family_of(feature: Feature) -> Family | None:
    """Return the family of a feature; a company's own features always stand alone.

    Examples
    --------
    >>> from valuemodel.features.registry import catalog
    >>> from valuemodel.periods import Horizon
    >>> known = {one.name: one for one in catalog([Horizon.parse("6 months")]).features}
    >>> family_of(known["past_value_6m_last_year"]).name, family_of(known["gap_variation"])
    ('past_value', None)
    """
    return next((family for family in FAMILIES if family.holds(feature)), None)


def drivers_of(features: Sequence[Feature]) -> list[Driver]:
    """Gather features into drivers, in the order in which their first members stand.

    Examples
    --------
    >>> from valuemodel.features.registry import catalog
    >>> from valuemodel.periods import Horizon
    >>> features = catalog([Horizon.parse("6 months")]).features
    >>> value = next(one for one in drivers_of(features) if one.name == "past_value")
    >>> value.group, features[value.members[0]].name
    ('monetary', 'value_total')
    """
    found: dict[tuple[str, str], list[int]] = {}
    for place, feature in enumerate(features):
        family = family_of(feature)
        key = (family.name, family.groups[0]) if family else (feature.name, feature.group)
        found.setdefault(key, []).append(place)
    return [Driver(name, group, tuple(members)) for (name, group), members in found.items()]


def summed(parts: npt.NDArray[np.float64], drivers: Sequence[Driver]) -> npt.NDArray[np.float64]:
    """Add up the parts of features, shape (n, p), per driver, shape (n, drivers).

    Examples
    --------
    >>> summed(np.array([[5.0, 1.0, -3.0]]), [Driver("a", "", (0, 2)), Driver("b", "", (1,))])
    array([[2., 1.]])
    """
    sums = np.empty((len(parts), len(drivers)))
    for place, driver in enumerate(drivers):
        sums[:, place] = parts[:, list(driver.members)].sum(axis=1)
    return sums
