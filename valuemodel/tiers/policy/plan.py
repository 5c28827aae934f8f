"""Sections of the coverage plan: cost, touch queue, coverage, checks, plays, compensation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from valuemodel.sections import Section
from valuemodel.settings import Treatment
from valuemodel.tiers.policy.kinds import Days, Fraction, Label, Money, Share

#: What the tiers of the policy itself, and those that the company has today, are called beside others.
MAIN, TODAY = TAKEN = ("main", "today")


def _cogs() -> list[Treatment]:
    return ["cogs"]


class CostSection(Section):
    """``[cost]``: how value after cost is told.

    ``subtract`` names the treatments that a contribution is net of; which they are is printed with
    every figure. An account whose contribution of the past window or whose predicted value lies below
    ``loss_below`` (of the tier horizon, as values are) is loss-making and marked so. ``loss_rule`` says
    what else that does: ``flag`` nothing, ``last_tier`` also keeps accounts whose predicted value lies
    below it in the last tier.
    """

    subtract: list[Treatment] = Field(default_factory=_cogs)
    loss_below: float = Field(default=0.0, allow_inf_nan=False)
    loss_rule: Literal["flag", "last_tier"] = "flag"


class QueueSection(Section):
    """``[queue]``: in which order the accounts of a tier are touched.

    ``renewal`` puts those with a renewal within ``window_days`` first, by date, then the others by
    ARR; ``value_at_risk`` the highest churn times value first. Accounts whose contracts all renew
    themselves month by month, and those without contracts, go by the last contact, the longest ago
    first, where ``order`` is ``renewal``. A follow-up is due ``follow_up_days`` after a contact of
    theirs or ours that asks for one. Sales hears of an account from the share ``handoff_seats_used`` of
    its seats in use on, or once usage grew by ``handoff_usage_growth`` in 3 months.
    """

    order: Literal["renewal", "value_at_risk", "least_recent"] = "renewal"
    window_days: Days = 90
    follow_up_days: Days = 14
    handoff_seats_used: Fraction = 0.85
    handoff_usage_growth: float = Field(default=0.25, ge=0.0, le=100.0, allow_inf_nan=False)


class ChecksSection(Section):
    """``[checks]``: when an account, its seller and its management still qualify.

    An account qualifies for a tier above the last while its chance to belong there is at least
    ``account_probability``; a seller while at least ``seller_planned`` of the planned touches of the
    accounts were done; the management while at least ``management_covered`` of the accounts above the
    last tier have an owner and a contact within ``contact_days``.
    """

    account_probability: Fraction = 0.25
    seller_planned: Fraction = 0.60
    management_covered: Fraction = 0.80
    contact_days: Days = 180


class CoverageSection(Section):
    """``[coverage]``: who serves whom, and how much one person can carry."""

    accounts_per_owner: int = Field(default=150, ge=1, le=100_000)
    hours_per_owner: float | None = Field(default=None, gt=0.0, le=8_784.0, allow_inf_nan=False)
    same_region: bool = True
    small_project_below: Money | None = None
    checks: ChecksSection = Field(default_factory=ChecksSection)


class PlaySection(Section):
    """``[play]``: the slot for the company's own way to manage an account.

    ``own`` names a function of the project, ``"plays/esp.py:play"``: it takes one account's record
    and returns the text of its play. Without it the play is what the tier's touches say.
    """

    own: str | None = Field(default=None, pattern=r"^[\w./-]+\.py:\w+$")


class Pay(Section):
    """How a quadrant pays acquisition and retention; the two add up to 1."""

    acquisition: Fraction
    retention: Fraction

    @model_validator(mode="after")
    def _whole(self) -> Pay:
        # Not exactly: 0.7 and 0.3 are no binary fractions.
        if abs(self.acquisition + self.retention - 1.0) > 1e-9:
            problem = (
                f"acquisition = {self.acquisition:g} and retention = {self.retention:g} add up to "
                f"{self.acquisition + self.retention:g}; the two share one pay, so they must add up to 1"
            )
            raise ValueError(problem)
        return self


class CompensationSection(Section):
    """``[compensation]``: order size against number of accounts, per segment.

    ``large_order`` and ``many_accounts`` are the company's own cut points; without them a segment is
    compared with the median of all segments. ``pay`` is the company's own table, by quadrant
    (``large_many``, ``large_few``, ``small_many``, ``small_few``): empty by default, because the
    source that the quadrants come from has lost its figures.
    """

    by: Literal["industry", "region", "country"] = "industry"
    large_order: Money | None = None
    many_accounts: int | None = Field(default=None, ge=1)
    pay: dict[Literal["large_many", "large_few", "small_many", "small_few"], Pay] = Field(
        default_factory=dict
    )


class SecondPolicySection(Section):
    """``[[second]]``: another policy over the same scores, such as that of customer success.

    ``file`` lies beside the policy that names it.
    """

    name: Label
    file: str = Field(min_length=1, pattern=r"^[\w.-]+\.toml$")

    @field_validator("name")
    @classmethod
    def _free(cls, value: str) -> str:
        if value in TAKEN:
            problem = (
                f"the name {value!r} is taken; {' and '.join(TAKEN)} stand beside every policy"
            )
            raise ValueError(problem)
        return value


class ConcentrationSection(Section):
    """``[concentration]``: the top share of accounts whose share of value is told beside the cuts."""

    top_share: Share = 0.20
