"""The assignment as one problem, for those who want it: what it maximises and what it must keep to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pydantic import Field, model_validator

from valuemodel.sections import Section
from valuemodel.tiers.policy.kinds import Fraction, Label, Share
from valuemodel.tiers.policy.ladder import Tier


class Quota(Section):
    """How many accounts of a segment a tier must hold, and may hold."""

    segment: str = Field(min_length=1)
    tier: Label
    at_least: int | None = Field(default=None, ge=0)
    at_most: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _says_how_many(self) -> Quota:
        if self.at_least is None and self.at_most is None:
            problem = "say how many: at_least = ..., at_most = ... or both"
            raise ValueError(problem)
        if None not in (self.at_least, self.at_most) and self.at_least > self.at_most:  # type: ignore[operator]
            problem = f"at_least = {self.at_least} asks for more than at_most = {self.at_most}"
            raise ValueError(problem)
        return self


class OptimiseSection(Section):
    """``[optimise]``: opt-in; without it tiers are ranked and cut.

    Parameters
    ----------
    coverage : mapping of tier to float
        Which part of an account's predicted value a tier covers: the company's own figures, required
        for every tier, and never higher in a tier than in the one above it.
    hours : float, optional
        Hours a year there are for all tiers together.
    by : str
        The column of the account facts that quotas are told by.
    quotas : list of Quota
        What each tier must and may hold of a segment.
    exact_up_to : int
        Up to so many accounts the problem is solved exactly; above, its relaxation, with the gap.
    gap : float
        The relative gap at which an exact solution is good enough.
    """

    coverage: dict[Label, Fraction] = Field(min_length=2)
    hours: float | None = Field(default=None, gt=0.0, allow_inf_nan=False)
    by: str = "industry"
    quotas: list[Quota] = Field(default_factory=list)
    exact_up_to: int = Field(default=20_000, ge=1, le=100_000)
    gap: Share = 1e-4

    def mistakes(self, tiers: Sequence[Tier]) -> Iterator[str]:
        """Yield what does not fit the ladder: coverage, hours, and tiers that nothing limits.

        Examples
        --------
        >>> section = OptimiseSection(coverage={"A": 0.5, "B": 0.8})
        >>> for line in section.mistakes([Tier(name="A", share_of_value=0.5), Tier(name="B")]):
        ...     print(line)
        optimise.coverage of B = 0.8 must not lie above that of A = 0.5
        optimise: nothing limits A, all accounts would go there: give hours, A.heads,
        A.share_of_accounts or A.top_share
        """
        yield from self._coverage_mistakes([tier.name for tier in tiers])
        yield from self._hours_mistakes(tiers)
        yield from self._unlimited(tiers)

    def _coverage_mistakes(self, names: Sequence[str]) -> Iterator[str]:
        for name in names:
            if name not in self.coverage:
                yield f"optimise.coverage does not say which part of value {name} covers"
        given = [(name, self.coverage[name]) for name in names if name in self.coverage]
        for (above, high), (name, low) in pairwise(given):
            if low > high:
                yield (
                    f"optimise.coverage of {name} = {low:g} must not lie above that of {above} = "
                    f"{high:g}"
                )

    def _hours_mistakes(self, tiers: Sequence[Tier]) -> Iterator[str]:
        for tier in tiers:
            if self.hours is not None and tier.touches and tier.hours is None:
                yield f"optimise.hours needs the hours of every touch of {tier.name}"

    def _unlimited(self, tiers: Sequence[Tier]) -> Iterator[str]:
        """Yield the tiers that would take all accounts, because nothing says otherwise.

        A share of accounts is cumulative, so that it limits the tiers above as well; hours limit the
        tiers that take more of them than the last one.
        """
        free = tiers[-1].hours or 0.0
        capped = False
        for tier in reversed(tiers[:-1]):
            capped |= tier.share_of_accounts is not None or tier.top_share is not None
            costs = self.hours is not None and (tier.hours or 0.0) > free
            if not (capped or costs or tier.heads is not None):
                yield (
                    f"optimise: nothing limits {tier.name}, all accounts would go there: give hours, "
                    f"{tier.name}.heads, {tier.name}.share_of_accounts or {tier.name}.top_share"
                )
