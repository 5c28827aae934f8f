"""``[value]`` and ``[churn]``: what an account is worth, and what leaving means."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from valuemodel.periods import Horizon
from valuemodel.sections import Section
from valuemodel.settings.kinds import HorizonText, Treatment


class ValueSection(Section):
    """``[value]``: what is summed, over which horizons, and which horizon tiers are cut on.

    ``basis`` says when a transaction counts: when it was ordered (booked), billed, or paid
    (collected). ``subtract`` names the treatments of cost to serve that a contribution is net of, and
    ``discount_rate`` what a year of waiting takes off a future value. ``interval`` is the share of
    truths that intervals are to hold, ``winnability_margin`` by how much an account must exceed its
    past value to count as won.
    """

    measure: Literal["revenue", "margin", "contribution"] = "revenue"
    basis: Literal["billed", "booked", "collected"] = "billed"
    refunds: Literal["net", "gross"] = "net"
    subtract: list[Treatment] = Field(default=["cogs"], min_length=1)
    discount_rate: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    interval: Annotated[float, Field(ge=0.5, le=0.99)] = 0.80
    winnability_margin: Annotated[float, Field(ge=0.0, le=10.0)] = 0.20
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

    @property
    def statement(self) -> str:
        """What a value is, in words, to be printed wherever a figure appears.

        Examples
        --------
        >>> value = {"horizons": ["3 years"], "measure": "contribution", "discount_rate": 0.08}
        >>> print(ValueSection.model_validate(value).statement)
        contribution: margin less cost to serve treated as cogs (not sales and marketing, retention);
        billed; refunds net; future values discounted by 8% a year
        """
        parts = [self.measure, self.basis, f"refunds {self.refunds}"]
        if self.measure == "contribution":
            told = {name: name.replace("_", " ") for name in get_args(Treatment)}
            counted = ", ".join(told[name] for name in told if name in self.subtract)
            left = ", ".join(told[name] for name in told if name not in self.subtract)
            parts[0] += f": margin less cost to serve treated as {counted}"
            parts[0] += f" (not {left})" if left else ""
        if self.discount_rate:
            parts.append(f"future values discounted by {100 * self.discount_rate:g}% a year")
        return "; ".join(parts)


class ChurnSection(Section):
    """``[churn]``: what counts as gone.

    By ``inactivity``: nothing bought in the whole window. By ``contract``: no contract in force from
    some instant of the window on. With ``both``, accounts that are under contract at the cutoff are
    judged by it, all others by inactivity. Without a rule it follows from the declared tables.
    ``grace`` is how late a renewal may be signed without the account counting as lost in between.
    """

    rule: Literal["inactivity", "contract", "both"] | None = None
    grace: HorizonText | None = None
