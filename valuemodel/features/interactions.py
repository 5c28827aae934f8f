"""How close we are to an account: how often, how lately and how widely we meet it.

Planned, ad hoc and reactive contacts are counted apart, because only the first two are ours to
decide. The automatic and the manual part of closeness stay two columns: a person's judgement and what
the log of contacts says can differ, and then both are worth knowing. The formula, and the vocabulary
of contacts, lie below in `valuemodel.snapshots.closeness`, because the facts take it from there too.
"""

from __future__ import annotations

from collections.abc import Sequence

from valuemodel.features.catalog import Actionable, Definition, Direction, Feature
from valuemodel.features.orders import as_number, share
from valuemodel.periods import Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.closeness import DAYS, OURS, Contacts

WINDOWS = (90, 365)

#: How each initiative is said: its label, and the sentence before the count.
_INITIATIVES: tuple[tuple[str, str, str, Direction, Actionable], ...] = (
    ("planned", "Planned contacts", "Contacts that we had planned", "more", "yes"),
    ("ad_hoc", "Contacts that we sought without a plan", "Sought by us without a plan", "more", "yes"),
    ("reactive", "Contacts that it sought", "Contacts that it sought", "either", "indirect"),
)  # fmt: skip


class Interactions(Contacts):
    """The contacts of a snapshot of a book that has interactions."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot.events("interactions"))


def definitions(horizons: Sequence[Horizon]) -> tuple[Definition[Interactions], ...]:
    """Return the features of contacts; they do not depend on the horizons."""
    del horizons
    return (
        *(_contacts(days) for days in WINDOWS),
        *(_initiative(days, *words) for words in _INITIATIVES for days in WINDOWS),
        *_recency(),
        *_effort(),
        *(
            _variety("kind", "kinds", "Kinds of contact"),
            _variety("channel", "channels", "Channels of contact"),
            _variety("seniority", "seniorities", "Ranks of the people whom we met"),
        ),
        *_closeness(),
    )


def _contacts(days: int) -> Definition[Interactions]:
    return Definition(
        Feature(
            f"contacts_{days}d",
            f"Contacts in the last {days} days",
            "contacts",
            "more",
            "yes",
            f"We had {{value}} with it in the last {days} days",
        ),
        lambda contacts: contacts.count(days),
        empty=0.0,
        reach=Horizon(days, "day"),
    )


def _initiative(
    days: int,
    name: str,
    label: str,
    sentence: str,
    direction: Direction,
    actionable: Actionable,
) -> Definition[Interactions]:
    return Definition(
        Feature(
            f"contacts_{name}_{days}d",
            f"{label} in the last {days} days",
            "contacts",
            direction,
            actionable,
            f"{sentence}, in the last {days} days: {{value}}",
        ),
        lambda contacts: contacts.count(days, name),
        empty=0.0,
        reach=Horizon(days, "day"),
    )


def _recency() -> tuple[Definition[Interactions], ...]:
    return (
        Definition(
            Feature(
                "contact_recency_days",
                "Days since the last contact",
                "days",
                "less",
                "yes",
                "Last contact {value} ago",
            ),
            lambda contacts: contacts.last(),
        ),
        Definition(
            Feature(
                "own_contact_recency_days",
                "Days since the last contact that we sought",
                "days",
                "less",
                "yes",
                "We last sought a contact {value} ago",
            ),
            lambda contacts: contacts.last(*OURS),
        ),
    )


def _effort() -> tuple[Definition[Interactions], ...]:
    return (
        Definition(
            Feature(
                "contact_hours_365d",
                "Hours of contact in the last 365 days",
                "hours",
                "more",
                "yes",
                "We spent {value} with it in the last 365 days",
            ),
            lambda contacts: as_number(contacts.hours(365)),
            empty=0.0,
            reach=Horizon(365, "day"),
        ),
        Definition(
            Feature(
                "reactive_share_365d",
                "Share of the contacts that it sought in the last 365 days",
                "share",
                "either",
                "indirect",
                "It sought {value} of the contacts in the last 365 days",
            ),
            lambda contacts: share(
                contacts.count(365, "reactive"), contacts.count(365, *OURS, "reactive")
            ),
            reach=Horizon(365, "day"),
        ),
    )


def _variety(name: str, several: str, label: str) -> Definition[Interactions]:
    return Definition(
        Feature(
            f"contact_{several}_365d",
            f"{label} in the last 365 days",
            "number",
            "more",
            "yes",
            f"{label} in the last 365 days: {{value}}",
        ),
        lambda contacts: contacts.different(name, 365),
        empty=0.0,
        reach=Horizon(365, "day"),
    )


def _closeness() -> tuple[Definition[Interactions], ...]:
    year = Horizon(DAYS, "day")
    return (
        Definition(
            Feature(
                "closeness_automatic",
                "Closeness by our contacts",
                "points",
                "more",
                "yes",
                "Closeness by our contacts: {value} of 100",
            ),
            lambda contacts: contacts.automatic(),
            empty=0.0,
            reach=year,
        ),
        Definition(
            Feature(
                "closeness_manual",
                "Closeness as people judge it",
                "points",
                "more",
                "yes",
                "Closeness as people judge it: {value} of 100",
            ),
            lambda contacts: contacts.manual(),
        ),
        Definition(
            Feature(
                "closeness",
                "Closeness",
                "points",
                "more",
                "yes",
                "Closeness of {value} of 100",
            ),
            lambda contacts: contacts.closeness(),
            empty=0.0,
            reach=year,
        ),
    )
