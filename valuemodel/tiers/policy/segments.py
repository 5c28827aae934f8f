"""Lines of their own for industries or other kinds of accounts, so that unlike is not cut alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field, model_validator

from valuemodel.sections import Section
from valuemodel.tiers.policy.kinds import Label, Share
from valuemodel.tiers.policy.ladder import Tier, ladder_mistakes


class Reach(Section):
    """How far one tier reaches inside a segment; shares are of the segment, cumulative as ever.

    What is said here stands in place of all shares of the tier, not beside them.
    """

    share_of_value: Share | None = None
    share_of_accounts: Share | None = None
    top_share: Share | None = None

    @model_validator(mode="after")
    def _some(self) -> Reach:
        if not any(self.model_dump().values()):
            problem = "say how far it reaches: share_of_value, share_of_accounts or top_share"
            raise ValueError(problem)
        return self


class SegmentsSection(Section):
    """``[segments]``: which accounts are cut by lines of their own.

    Parameters
    ----------
    by : {"industry", "region", "country", "class"}
        What tells segments apart: a column of the account facts, or the class that the policy gives.
    minimum_accounts : int
        A segment with fewer accounts is cut with the rest of the book, and the plan says so.
    lines : mapping of segment to (mapping of tier to Reach)
        Per segment and tier, how far it reaches there; a tier that is not named reaches as far as the
        ladder says, inside the segment. People (``heads``) are shared by all segments.
    """

    by: Literal["industry", "region", "country", "class"]
    minimum_accounts: int = Field(default=30, ge=1, le=1_000_000)
    lines: dict[str, dict[Label, Reach]] = Field(min_length=1)

    def mistakes(self, tiers: Sequence[Tier]) -> Iterator[str]:
        """Yield what does not fit the ladder: in each segment its own lines and the others make one.

        Examples
        --------
        >>> section = SegmentsSection(by="industry", lines={"toys": {"A": Reach(top_share=0.4)}})
        >>> for line in section.mistakes(
        ...     [Tier(name="A", top_share=0.1), Tier(name="B", top_share=0.3), Tier(name="C")]
        ... ):
        ...     print(line)
        segments.lines.toys: B.top_share = 0.3 must be above A.top_share = 0.4
        """
        for segment, own in self.lines.items():
            inside = [_inside(tier, own) for tier in tiers]
            yield from (f"segments.lines.{segment}: {said}" for said in ladder_mistakes(inside))


def _inside(tier: Tier, own: Mapping[str, Reach]) -> Tier:
    """Return a tier as it is inside a segment; what it must bring at least, it must in the whole book."""
    said = own[tier.name].model_dump() if tier.name in own else {}
    return tier.model_copy(update={**said, "least_share_of_value": None})
