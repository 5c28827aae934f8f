"""The tier policy: versioned rules, in a file, that turn predictions into a coverage plan.

Tiers are ordered from the highest to the last. Every tier but the last says how far it reaches: to
the accounts that together bring a share of all predicted value, to the top share of accounts, to no
more than a share of all accounts, to as many as its people can serve. Shares are cumulative: of a tier
*and those above it*. The last tier takes the rest. Beside the ladder stand sections for the score, for
stability, for labels and for the plan; a section that is not there changes nothing.

Why this way: a cut on value keeps meaning the same when the book grows or prices rise, and the cap on
accounts keeps the top tier a pyramid's top where value is spread thin. Two numbers per tier are what a
whole company can repeat by heart; everything else is opt-in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from valuemodel.exceptions import SettingsError, nearest
from valuemodel.periods import Cutoff, Horizon
from valuemodel.sections import Section, load_toml, parse_section
from valuemodel.tiers.policy.kinds import Months, Words
from valuemodel.tiers.policy.labels import LabelsSection, NewAccountsSection
from valuemodel.tiers.policy.ladder import Tier, default_tiers, ladder_mistakes
from valuemodel.tiers.policy.optimise import OptimiseSection
from valuemodel.tiers.policy.people import CapacitySection, largest_top_tier
from valuemodel.tiers.policy.plan import (
    CompensationSection,
    ConcentrationSection,
    CostSection,
    CoverageSection,
    PlaySection,
    QueueSection,
    SecondPolicySection,
)
from valuemodel.tiers.policy.score import ScoreSection
from valuemodel.tiers.policy.segments import SegmentsSection
from valuemodel.tiers.policy.stability import (
    Protected,
    StabilitySection,
    UncertaintySection,
)


class TierPolicy(Section):
    """The rules that cut scores into tiers; ``models/tiers.toml``.

    Parameters
    ----------
    version : str
        What people call this policy; it stands on every recommendation.
    review_months : int, optional
        How many calendar months after the cutoff a tier comes up for review.
    tiers : list of Tier
        From the highest to the last; A, B, C, D by default.

    Examples
    --------
    >>> policy = TierPolicy.parse({"version": "2026-1", "review_months": 3})
    >>> [tier.name for tier in policy.tiers], policy.tiers[0].rule
    (['A', 'B', 'C', 'D'],
     'the top accounts that reach 50 % of predicted value, at most 10 % of accounts')
    >>> tiers = [{"name": "A", "share_of_valeu": 0.5}, {"name": "B"}]
    >>> TierPolicy.parse({"tiers": tiers}, "tiers.toml")
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.SettingsError: tiers.toml has 2 mistakes
      - tiers.0.share_of_valeu: unknown key; did you mean 'share_of_value'?
      - version: Field required
      hint: see the reference of settings in the README
    """

    version: str = Field(min_length=1, max_length=64)
    objective: Words | None = None
    review_months: Months | None = None
    tiers: list[Tier] = Field(default_factory=default_tiers, min_length=2, max_length=6)
    capacity: CapacitySection | None = None
    score: ScoreSection = Field(default_factory=ScoreSection)
    segments: SegmentsSection | None = None
    stability: StabilitySection = Field(default_factory=StabilitySection)
    protected: list[Protected] = Field(default_factory=list)
    overrides: str | None = Field(default=None, min_length=1)
    uncertainty: UncertaintySection = Field(default_factory=UncertaintySection)
    new_accounts: NewAccountsSection = Field(default_factory=NewAccountsSection)
    optimise: OptimiseSection | None = None
    labels: LabelsSection = Field(default_factory=LabelsSection)
    cost: CostSection = Field(default_factory=CostSection)
    queue: QueueSection = Field(default_factory=QueueSection)
    coverage: CoverageSection = Field(default_factory=CoverageSection)
    play: PlaySection = Field(default_factory=PlaySection)
    compensation: CompensationSection = Field(default_factory=CompensationSection)
    concentration: ConcentrationSection = Field(default_factory=ConcentrationSection)
    second: list[SecondPolicySection] = Field(default_factory=list)

    @field_validator("tiers")
    @classmethod
    def _ladder(cls, value: list[Tier]) -> list[Tier]:
        if mistakes := ladder_mistakes(value):
            raise ValueError("; ".join(mistakes))
        return value

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> TierPolicy:
        mistakes = [*self._capacity_mistakes(), *self._name_mistakes()]
        if self.stability.review_only and self.review_months is None:
            mistakes.append(
                "stability.review_only needs review_months: on which dates do tiers move?"
            )
        if self.segments is not None:
            mistakes += self.segments.mistakes(self.tiers)
        if self.optimise is not None:
            mistakes += self.optimise.mistakes(self.tiers)
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    @classmethod
    def parse(cls, document: Mapping[str, Any], origin: str = "the tier policy") -> TierPolicy:
        """Validate a document; raise one `SettingsError` that lists every mistake."""
        return parse_section(cls, document, origin)

    @classmethod
    def load(cls, path: Path) -> TierPolicy:
        """Read the policy from a TOML file; mistakes name the file and the key."""
        if not path.is_file():
            problem = "there is no tier policy"
            hint = "'valuemodel init DIR' writes one as models/tiers.toml"
            raise SettingsError(problem, received=str(path), hint=hint)
        return cls.parse(load_toml(path), str(path))

    @property
    def digest(self) -> str:
        """SHA-256 of what the policy says; comments and layout of the file do not matter."""
        said = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def names(self) -> list[str]:
        """The tier names, highest first."""
        return [tier.name for tier in self.tiers]

    @property
    def positions(self) -> dict[str, int]:
        """The position of each tier by its name, 0 for the highest."""
        return {name: position for position, name in enumerate(self.names)}

    def without_least(self) -> TierPolicy:
        """Return the policy without what tiers must bring: that is asked of one book, and of its tiers."""
        tiers = [tier.model_copy(update={"least_share_of_value": None}) for tier in self.tiers]
        return self.model_copy(update={"tiers": tiers})

    def places(self, tier: Tier) -> int | None:
        """Return how many accounts a tier's people can serve; None where it does not name them.

        Examples
        --------
        >>> touches = [{"name": "visit", "per_year": 50, "hours": 4.0}]
        >>> policy = TierPolicy.parse(
        ...     {
        ...         "version": "1",
        ...         "capacity": {"productive_hours": 1667.0},
        ...         "tiers": [{"name": "A", "heads": 3.0, "touches": touches}, {"name": "B"}],
        ...     }
        ... )
        >>> policy.places(policy.tiers[0])
        25
        """
        if tier.heads is None or self.capacity is None or not tier.hours:
            return None
        return largest_top_tier(tier.hours, tier.heads, self.capacity.productive_hours)

    def review_date(self, as_of: Cutoff) -> Cutoff | None:
        """Return when a tier given at ``as_of`` comes up for review, if the policy says so."""
        months = self.review_months
        return None if months is None else Horizon(months, "month").after(as_of)

    def _capacity_mistakes(self) -> Iterator[str]:
        for tier in self.tiers:
            if tier.heads is None:
                continue
            if self.capacity is None:
                yield f"{tier.name}.heads needs capacity.productive_hours: the hours a year of one person"
            if not tier.hours:
                yield f"{tier.name}.heads needs the hours of every touch of {tier.name}"

    def _name_mistakes(self) -> Iterator[str]:
        """Yield names that repeat, and tiers that a section names and the ladder does not have."""
        second = [one.name for one in self.second]
        for name in sorted({name for name in second if second.count(name) > 1}):
            yield f"second: the name {name!r} repeats"
        for path, name in self._named():
            if name not in self.names:
                hint = nearest(name, self.names) or f"the tiers are {', '.join(self.names)}"
                yield f"{path} names the tier {name!r}; {hint}"

    def _named(self) -> Iterator[tuple[str, str]]:
        yield from ((f"protected.{at}.tier", one.tier) for at, one in enumerate(self.protected))
        if self.new_accounts.tier is not None:
            yield "new_accounts.tier", self.new_accounts.tier
        if self.segments is not None:
            for segment, lines in self.segments.lines.items():
                yield from ((f"segments.lines.{segment}", name) for name in lines)
        if self.optimise is not None:
            yield from (("optimise.coverage", name) for name in self.optimise.coverage)
            quotas = enumerate(self.optimise.quotas)
            yield from ((f"optimise.quotas.{at}.tier", quota.tier) for at, quota in quotas)
