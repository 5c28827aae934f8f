"""What the parts of a prediction stand for: features, columns that models make themselves, drivers.

Why this way: a model may add columns of its own making to the features it is given (what a law of buying
forecasts, say). They are described here like features of the catalog, so that whatever a prediction is
made of has a label, a group and a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from valuemodel.estimators.link import LinkParts
from valuemodel.explain.families import LAW, RENEWALS, Driver, drivers_of
from valuemodel.features.catalog import Feature
from valuemodel.features.registry import GROUPS
from valuemodel.periods import Horizon

#: Groups of drivers that are not groups of features, with the words that the review page uses.
MODEL_GROUPS = {
    LAW: "What its rhythm of buying lets expect",
    RENEWALS: "How contracts like its own renew",
}

_RHYTHM = "Its rhythm of buying ({value})"
_SPEND = "Its rhythm of buying and what it usually spends ({value})"
#: What models make themselves: what a name begins with, and its label, sentence and group.
_MADE = {
    "btyd_alive": ("Chance that it still buys, by its rhythm", _RHYTHM, LAW),
    "btyd_spend": ("What it usually spends on a purchase", _SPEND, LAW),
    "btyd_orders_": ("Orders in {} that its rhythm of buying lets expect", _RHYTHM, LAW),
    "btyd_value_": ("Value in {} that its rhythm of buying lets expect", _SPEND, LAW),
    "btyd_silence_": ("Chance of {} of silence, by its rhythm", _RHYTHM, LAW),
    "renewal_law": (MODEL_GROUPS[RENEWALS], MODEL_GROUPS[RENEWALS], RENEWALS),
    "window": ("When the contract comes up", MODEL_GROUPS[RENEWALS], RENEWALS),
}


@dataclass(frozen=True)
class Columns:
    """What the parts of a head stand for: its features, and the drivers that they make up.

    Parameters
    ----------
    features : sequence of Feature
        In the order of the parts, those that the model makes itself last.
    currency : str
        The project's currency.
    """

    features: Sequence[Feature]
    currency: str = ""

    @cached_property
    def names(self) -> list[str]:
        """The names of the features."""
        return [feature.name for feature in self.features]

    @cached_property
    def drivers(self) -> list[Driver]:
        """The drivers, in the order in which their first members stand."""
        return drivers_of(self.features)

    @cached_property
    def groups(self) -> list[str]:
        """The groups of the drivers, in the order of their first one."""
        return list(dict.fromkeys(driver.group for driver in self.drivers))

    @cached_property
    def gathered(self) -> list[Driver]:
        """Per group, the places of its drivers."""
        return [
            Driver(
                group, group, tuple(n for n, one in enumerate(self.drivers) if one.group == group)
            )
            for group in self.groups
        ]

    @cached_property
    def driver_of(self) -> list[Driver]:
        """The driver of each feature."""
        found = {place: driver for driver in self.drivers for place in driver.members}
        return [found[place] for place in range(len(self.features))]


def columns_of(
    parts: LinkParts, names: Sequence[str], features: Sequence[Feature], currency: str = ""
) -> Columns:
    """Say what the parts stand for.

    Parameters
    ----------
    parts : LinkParts
        Of any rows.
    names : sequence of str
        The features in the order of the parts.
    features : sequence of Feature
        The catalog entries, in any order.
    currency : str
        The project's currency.
    """
    known = {feature.name: feature for feature in features}
    own = [known[name] for name in names]
    return Columns([*own, *(made_by_the_model(name) for name in parts.derived)], currency)


def group_label(group: str) -> str:
    """Return the words of a group of drivers.

    Examples
    --------
    >>> group_label("monetary"), group_label(LAW)
    ('What it has been worth', 'What its rhythm of buying lets expect')
    """
    return GROUPS.get(group) or MODEL_GROUPS.get(group, group)


def made_by_the_model(name: str) -> Feature:
    """Describe a column that the model makes itself, as the catalog describes features.

    Examples
    --------
    >>> made_by_the_model("btyd_orders_6m").label
    'Orders in 6 months that its rhythm of buying lets expect'
    >>> made_by_the_model("btyd_value_6m").group == LAW
    True
    """
    start = next((start for start in _MADE if name.startswith(start)), None)
    if start is None:
        plain = name.replace("_", " ")
        return Feature(name, plain, "number", "either", "no", plain, name)
    label, sentence, group = _MADE[start]
    horizon = name.removeprefix(start)
    words = label.format(Horizon.parse(horizon)) if horizon else label
    return Feature(name, words, "number", "either", "no", sentence, group)
