"""Labels that are not tiers: class, layer, grade, life-cycle state, cohort, and who is new."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from valuemodel.exceptions import nearest
from valuemodel.sections import Section
from valuemodel.tiers.accounts import FACT_TEXTS
from valuemodel.tiers.policy.kinds import Days, Fraction, Label, Money, Share, Words

#: The classes of S53, by rules that are tried in their order.
CLASSES = ("serve", "attacking", "potential", "not now")
ClassName = Literal["serve", "attacking", "potential", "not now"]

#: What accounts can be told apart by: when they came and how large they are, or any text fact (S22).
COHORTS = ("first_year", "first_quarter", "size", *FACT_TEXTS)

Border = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class ClassRule(Section):
    """One rule of the classification: all conditions that are given must hold.

    ``buying`` asks whether it bought within the past window or has a contract in force, ``pipeline``
    whether an opportunity is open, ``churn_at_most`` and ``winnability_at_least`` ask for the
    predictions of the tier horizon (winnability of the nearest one that has it), ``value_at_least``
    and ``white_space_at_least`` for money at the tier horizon, ``fit_at_least`` for the company's own
    fit score of the account, ``industries`` for one of these industries.
    """

    name: ClassName
    buying: bool | None = None
    pipeline: bool | None = None
    churn_at_most: Fraction | None = None
    winnability_at_least: Fraction | None = None
    value_at_least: Money | None = None
    white_space_at_least: Money | None = None
    fit_at_least: float | None = Field(default=None, allow_inf_nan=False)
    industries: list[str] = Field(default_factory=list)


class Layer(Section):
    """How a class is worked: the play, the team, the incentive and the rule for resources."""

    play: Words | None = None
    team: Words | None = None
    incentive: Words | None = None
    resources: Words | None = None


class Grade(Section):
    """A grade inside a layer: the top share of the layer's accounts that it reaches, cumulative."""

    name: Label
    top_share: Share


class LifecycleSection(Section):
    """``[lifecycle]``: potential, bought, sticky, and gone quiet.

    An account is ``potential`` before its first purchase or contract; then ``bought``; ``sticky``
    with at least ``sticky_orders`` purchases in a year, or a contract that has been renewed or that
    ``sticky_with_contract`` counts, and a churn of at most ``sticky_churn``; ``quiet`` where it
    bought nothing for ``quiet_after_days`` and no contract is in force.
    """

    sticky_orders: int = Field(default=4, ge=1, le=10_000)
    sticky_churn: Fraction = 0.25
    sticky_with_contract: bool = True
    quiet_after_days: Days = 365


class NewAccountsSection(Section):
    """``[new_accounts]``: the path of accounts without history.

    ``by`` says how they are placed: ``tier`` puts all of them into the tier named (by default the
    last), ``profile`` ranks them with the others by what accounts of their profile brought.
    """

    by: Literal["tier", "profile"] = "tier"
    tier: Label | None = None


class LabelsSection(Section):
    """``[labels]``: classes, layers, grades, life-cycle and cohorts.

    Parameters
    ----------
    classes : list of ClassRule
        Tried in order; the first that holds names the class, and ``not now`` is what is left.
    layers : mapping of class to Layer
        How each class is worked.
    grades : mapping of class to (list of Grade)
        Grades inside each layer, by score; the company's own names.
    lifecycle : LifecycleSection
        The states.
    cohorts : list of str
        What accounts are told apart by, beside their tier: ``first_year``, ``first_quarter``,
        ``size`` (of the account in employees), or any text column of the account facts.
    size_bands : list of float
        The borders of ``size``.
    """

    classes: list[ClassRule] = Field(
        default_factory=lambda: [
            ClassRule(name="serve", buying=True),
            ClassRule(name="attacking", pipeline=True),
            ClassRule(name="potential", white_space_at_least=0.01),
        ]
    )
    layers: dict[ClassName, Layer] = Field(default_factory=dict)
    grades: dict[ClassName, list[Grade]] = Field(default_factory=dict)
    lifecycle: LifecycleSection = Field(default_factory=LifecycleSection)
    cohorts: list[str] = Field(default_factory=lambda: ["first_year", "industry", "region", "size"])
    size_bands: list[Border] = Field(default_factory=lambda: [10.0, 50.0, 250.0, 1_000.0])

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> LabelsSection:
        mistakes = [*self._class_mistakes(), *self._grade_mistakes(), *self._cohort_mistakes()]
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    def _class_mistakes(self) -> Iterator[str]:
        """Yield what is said of classes that no account can have, because no rule gives them."""
        given = {"not now", *(rule.name for rule in self.classes)}
        for section in ("layers", "grades"):
            for name in getattr(self, section):
                if name not in given:
                    yield f"{section} names the class {name!r}, which no rule gives"

    def _grade_mistakes(self) -> Iterator[str]:
        for name, grades in self.grades.items():
            shares = [grade.top_share for grade in grades]
            if shares != sorted(set(shares)):
                yield f"the grades of {name} must reach further from one to the next: {shares}"
            names = [grade.name for grade in grades]
            if len(set(names)) < len(names):
                yield f"the grades of {name} need a name each: {', '.join(names)}"

    def _cohort_mistakes(self) -> Iterator[str]:
        for name in self.cohorts:
            if name not in COHORTS:
                hint = nearest(name, COHORTS) or f"there are {', '.join(COHORTS)}"
                yield f"there is no cohort {name!r}; {hint}"
        if self.size_bands != sorted(set(self.size_bands)):
            yield f"size_bands must rise: {self.size_bands}"
