"""When an account may change its tier, and who decides otherwise."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from valuemodel.sections import Section
from valuemodel.tiers.policy.kinds import Day, Fraction, Label, Money, Months, Share, Words

#: What may move an account between reviews; each is seen in the stored tables of two runs.
Event = Literal[
    "contract_signed", "contract_lost", "first_order", "owner_changed", "parent_changed"
]


class StabilitySection(Section):
    """``[stability]``: what keeps tiers from flapping.

    Parameters
    ----------
    band : float
        How much earlier the line to enter a tier is drawn than the line to stay in it, as a share of
        the places (and of the value) down to the line: with 0.10 and 100 places, an account enters
        among the first 90 and leaves beyond 100, so that a tier may hold up to a tenth less than its
        line allows. It counts once a run has given the account its tier. 0 for none.
    minimum_stay_months : int, optional
        How long an account stays in a tier at least.
    movement_budget : float, optional
        The share of accounts that may change tier at one review; those furthest beyond their line go
        first.
    review_only : bool
        Whether tiers move on review dates only (`TierPolicy.review_months`).
    events : list of str
        What moves an account between reviews all the same, and in spite of its minimum stay.
    closeness_months, needs_months : int
        How often closeness and needs are to be looked at again; the plan says what is due.
    """

    band: float = Field(default=0.0, ge=0.0, lt=1.0, allow_inf_nan=False)
    minimum_stay_months: Months | None = None
    movement_budget: Fraction | None = None
    review_only: bool = False
    events: list[Event] = Field(default_factory=list)
    closeness_months: Months = 1
    needs_months: Months = 2

    def may_move(self, accounts: int) -> int | None:
        """Return how many of so many accounts may change tier at one review; None without a budget."""
        budget = self.movement_budget
        # A hair of tolerance: 0.29 of 100 accounts are 29, not 28.999...
        return None if budget is None else int(budget * accounts + 1e-9)


class Protected(Section):
    """Accounts that never fall below a tier: named ones, or those with a contract of some size."""

    tier: Label
    reason: Words
    accounts: list[str] = Field(default_factory=list)
    arr_at_least: Money | None = None
    until: Day | None = None

    @model_validator(mode="after")
    def _whom(self) -> Protected:
        if not self.accounts and self.arr_at_least is None:
            problem = "say whom it protects: accounts = [...] or arr_at_least = ..."
            raise ValueError(problem)
        return self


class UncertaintySection(Section):
    """``[uncertainty]``: from which chance of another tier on a recommendation is too close to call."""

    close_call: Share = 0.50
