"""What accounts are ranked by: four parts and their weights, and the industries' weights beside.

Why this way: how much a reference counts against money is a choice of the company, not a fact that a
model could learn, so it stands in the policy, apart from everything that was predicted. The weights of
industries are a table of their own, with an owner and a date, so that nobody takes them for output.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from valuemodel.sections import Section
from valuemodel.tiers.policy.kinds import Day, Share, Weight, Words

PARTS = ("revenue", "potential", "demonstration", "winnability")


class Weights(Section):
    """How much each part counts; only their proportions matter. By default potential alone."""

    revenue: Weight = 0.0
    potential: Weight = 1.0
    demonstration: Weight = 0.0
    winnability: Weight = 0.0

    @model_validator(mode="after")
    def _some(self) -> Weights:
        if not any(getattr(self, part) for part in PARTS):
            problem = "all weights are 0, so nothing would be ranked; give one part a weight"
            raise ValueError(problem)
        return self


class Demonstration(Section):
    """What the demonstration effect is made of: brand and referenceability, and their proportions."""

    brand: Weight = 1.0
    reference: Weight = 1.0

    @model_validator(mode="after")
    def _some(self) -> Demonstration:
        if not self.brand and not self.reference:
            problem = "it weighs neither brand nor reference; give one of them a weight"
            raise ValueError(problem)
        return self


class Industries(Section):
    """What the company holds each industry to be worth beside its money: its own table.

    An account's score is multiplied by the weight of its industry; others count 1.
    """

    owner: Words
    decided: Day
    weights: dict[str, Weight] = Field(min_length=1)


class ScoreSection(Section):
    """``[score]``: the composite score.

    Parameters
    ----------
    weights : Weights
        Where potential alone has a weight, the score is money. Otherwise each part is brought to a
        scale from 0 to 1 and their weighted mean, times 100, is the score.
    normalise : {"rank", "capped_share"}
        How: by the share of accounts that an account does not fall behind, or as its share of the
        amount at the quantile ``cap`` of the book, at most 1.
    cap : float
        That quantile.
    revenue : {"past_value", "arr"}
        What the part revenue is: the value of the past window, or what contracts bring in a year.
    potential : {"value", "wallet", "white_space"}
        What the part potential is, at the tier horizon.
    demonstration : Demonstration
        Brand and reference.
    industries : Industries, optional
        The industries' weights.
    """

    weights: Weights = Field(default_factory=Weights)
    normalise: Literal["rank", "capped_share"] = "rank"
    cap: Share = 0.99
    revenue: Literal["past_value", "arr"] = "past_value"
    potential: Literal["value", "wallet", "white_space"] = "value"
    demonstration: Demonstration = Field(default_factory=Demonstration)
    industries: Industries | None = None

    @property
    def in_money(self) -> bool:
        """Whether the score is money: potential alone has a weight."""
        return not any(getattr(self.weights, part) for part in PARTS if part != "potential")

    @property
    def shares(self) -> dict[str, float]:
        """The weight of each part, so that they add up to 1."""
        given = {part: float(getattr(self.weights, part)) for part in PARTS}
        total = sum(given.values())
        return {part: weight / total for part, weight in given.items()}
