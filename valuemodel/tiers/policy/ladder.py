"""The ladder: the tiers from the highest to the last, how far each reaches, and its touches.

Every tier but the last says how far it reaches, in any of four ways that may stand together: a share
of predicted value, a share of accounts that it may not exceed, the top so many percent of accounts, and
the people there are to serve it. The line is drawn by whichever is used up first, and that one is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pydantic import Field

from valuemodel.sections import Section
from valuemodel.tiers.policy.kinds import Label, Share

#: Ways to say how far a tier reaches that count the tiers above it too.
CUMULATIVE = ("share_of_value", "share_of_accounts", "top_share")
#: What stands in place of a tier in tables where all tiers are told together.
WHOLE = "all"


class Touch(Section):
    """One kind of touch that every account of a tier gets: how often a year, and hours each.

    How long a touch takes is the company's own figure: without it, hours are not computed. ``kinds``
    are the kinds of the interactions table that count as this touch; by default the one of its name.
    """

    name: str = Field(min_length=1, max_length=80)
    per_year: float = Field(gt=0.0, le=366.0, allow_inf_nan=False)
    hours: float | None = Field(default=None, ge=0.0, le=10_000.0, allow_inf_nan=False)
    kinds: list[str] = Field(default_factory=list)

    @property
    def counted(self) -> tuple[str, ...]:
        """The kinds of interactions that count as this touch."""
        return tuple(self.kinds) or (self.name,)


class Tier(Section):
    """One tier: how far it reaches, counted from the top, who serves it, and its touches.

    Parameters
    ----------
    name : str
        What people call it.
    share_of_value : float, optional
        The share of predicted value that it and the tiers above it reach.
    share_of_accounts : float, optional
        The share of accounts that it and the tiers above it may not exceed.
    top_share : float, optional
        The top share of accounts that are to be in it or above.
    least_share_of_value : float, optional
        The share of predicted value that it and the tiers above it must bring, or else the policy
        contradicts itself on this book and is refused.
    heads : float, optional
        The people who serve it: with the hours of its touches and the policy's productive hours they
        say how many accounts it can hold.
    touches : list of Touch
        What every account of it gets in a year.
    """

    name: Label
    share_of_value: Share | None = None
    share_of_accounts: Share | None = None
    top_share: Share | None = None
    least_share_of_value: Share | None = None
    heads: float | None = Field(default=None, gt=0.0, le=1_000_000.0, allow_inf_nan=False)
    touches: list[Touch] = Field(default_factory=list)

    @property
    def hours(self) -> float | None:
        """Hours a year that one account of the tier takes; None unless every touch declares them."""
        each = [touch.per_year * touch.hours for touch in self.touches if touch.hours is not None]
        return sum(each) if each and len(each) == len(self.touches) else None

    @property
    def play(self) -> str | None:
        """The touches in words, such as ``"4 x quarterly business review a year"``."""
        named = [f"{touch.per_year:g} x {touch.name}" for touch in self.touches]
        return f"{', '.join(named)} a year" if named else None

    @property
    def bounded(self) -> bool:
        """Whether anything says how far it reaches."""
        return self.heads is not None or any(getattr(self, key) is not None for key in CUMULATIVE)

    @property
    def rule(self) -> str:
        """How far the tier reaches, in one line.

        Examples
        --------
        >>> Tier(name="A", share_of_value=0.5, share_of_accounts=0.1, heads=3).rule
        'the top accounts that reach 50 % of predicted value, at most 10 % of accounts, as many as 3
        people can serve'
        """
        said = list(self._reaches())
        return ", ".join(said) if said else "all other accounts"

    def _reaches(self) -> Iterator[str]:
        if self.share_of_value is not None:
            yield f"the top accounts that reach {_percent(self.share_of_value)} of predicted value"
        if self.top_share is not None:
            yield f"the top {_percent(self.top_share)} of accounts"
        if self.share_of_accounts is not None:
            yield f"at most {_percent(self.share_of_accounts)} of accounts"
        if self.heads is not None:
            people = "1 person" if self.heads == 1 else f"{self.heads:g} people"
            yield f"as many as {people} can serve"
        if self.least_share_of_value is not None:
            yield f"at least {_percent(self.least_share_of_value)} of predicted value or none of it"


def default_tiers() -> list[Tier]:
    """Return the ladder of a policy that names no tiers: A, B, C, D."""
    return [
        Tier(name="A", share_of_value=0.50, share_of_accounts=0.10),
        Tier(name="B", share_of_value=0.80, share_of_accounts=0.30),
        Tier(name="C", share_of_value=0.95, share_of_accounts=0.60),
        Tier(name="D"),
    ]


def ladder_mistakes(tiers: Sequence[Tier]) -> list[str]:
    """Return every mistake of a ladder in words; none if it can be cut by."""
    return [
        *_name_mistakes(tiers),
        *_reach_mistakes(tiers),
        *_order_mistakes(tiers),
        *_contradictions(tiers),
    ]


def _name_mistakes(tiers: Sequence[Tier]) -> Iterator[str]:
    folded = [tier.name.casefold() for tier in tiers]
    repeated = sorted({tier.name for tier in tiers if folded.count(tier.name.casefold()) > 1})
    yield from (f"the name {name!r} repeats" for name in repeated)
    if WHOLE in folded:
        yield f"no tier can be named {WHOLE!r}: in tables it stands for the tiers together"
    for tier in tiers:
        touches = [touch.name for touch in tier.touches]
        if len(set(touches)) < len(touches):
            yield f"the touches of {tier.name} need a name each: {', '.join(touches)}"


def _reach_mistakes(tiers: Sequence[Tier]) -> Iterator[str]:
    for tier in tiers[:-1]:
        if not tier.bounded:
            ways = "share_of_value, top_share, share_of_accounts or heads"
            yield f"{tier.name} says nowhere how far it reaches: give it {ways}"
    last = tiers[-1]
    if any(getattr(last, key) is not None for key in (*CUMULATIVE, "least_share_of_value")):
        yield f"the last tier {last.name} takes the rest; drop its thresholds"


def _order_mistakes(tiers: Sequence[Tier]) -> Iterator[str]:
    """Each share must lie above that of the tiers before it, or a tier overlaps or is empty."""
    for key in CUMULATIVE:
        given = [(tier.name, getattr(tier, key)) for tier in tiers]
        given = [(name, share) for name, share in given if share is not None]
        for (above, high), (name, share) in pairwise(given):
            if share <= high:
                yield f"{name}.{key} = {share:g} must be above {above}.{key} = {high:g}"


def _contradictions(tiers: Sequence[Tier]) -> Iterator[str]:
    """Two statements of one tier that no book can meet together."""
    for tier in tiers[:-1]:
        top, cap = tier.top_share, tier.share_of_accounts
        if top is not None and cap is not None and top > cap:
            yield (
                f"{tier.name}.top_share = {top:g} asks for more accounts than {tier.name}."
                f"share_of_accounts = {cap:g} allows"
            )
        least, most = tier.least_share_of_value, tier.share_of_value
        if least is not None and most is not None and least > most:
            yield (
                f"{tier.name}.least_share_of_value = {least:g} asks for more than "
                f"{tier.name}.share_of_value = {most:g} takes"
            )


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
