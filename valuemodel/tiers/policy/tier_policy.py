"""The tier policy: versioned rules, in a file, that cut ranked accounts into tiers.

Tiers are ordered from the highest to the last. Every tier but the last says how far it reaches: to
the accounts that together bring a share of all predicted value, counted from the top, and to no more
than a share of all accounts. Both shares are cumulative: of a tier *and those above it*. The last
tier takes the rest.

Why this way: a cut on value keeps meaning the same when the book grows or prices rise, and the cap on
accounts keeps the top tier a pyramid's top where value is spread thin. Two numbers per tier are what a
whole company can repeat by heart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from valuemodel.exceptions import SettingsError
from valuemodel.periods import Cutoff, Horizon
from valuemodel.sections import Section, load_toml, parse_section

Threshold = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]
Label = Annotated[str, Field(pattern=r"^\w[\w .+-]{0,31}$")]


class Touch(Section):
    """One kind of touch that every account of a tier gets: how often a year, and hours each.

    How long a touch takes is the company's own figure: without it, hours are not computed.
    """

    name: str = Field(min_length=1, max_length=80)
    per_year: float = Field(gt=0.0, le=366.0, allow_inf_nan=False)
    hours: float | None = Field(default=None, ge=0.0, le=10_000.0, allow_inf_nan=False)


class Tier(Section):
    """One tier: how far it reaches, counted from the top, and its touches.

    ``share_of_value`` is the share of predicted value that it and the tiers above it reach,
    ``share_of_accounts`` the share of accounts that they may not exceed. Only the last tier has
    neither.
    """

    name: Label
    share_of_value: Threshold | None = None
    share_of_accounts: Threshold | None = None
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
    def rule(self) -> str:
        """How far the tier reaches, in one line."""
        if self.share_of_value is None:
            return "all other accounts"
        reach = f"the top accounts that reach {100 * self.share_of_value:.4g} % of predicted value"
        if self.share_of_accounts is None:
            return reach
        return f"{reach}, at most {100 * self.share_of_accounts:.4g} % of accounts"


def _default_tiers() -> list[Tier]:
    return [
        Tier(name="A", share_of_value=0.50, share_of_accounts=0.10),
        Tier(name="B", share_of_value=0.80, share_of_accounts=0.30),
        Tier(name="C", share_of_value=0.95, share_of_accounts=0.60),
        Tier(name="D"),
    ]


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
    review_months: int | None = Field(default=None, ge=1, le=60)
    tiers: list[Tier] = Field(default_factory=_default_tiers, min_length=2, max_length=6)

    @field_validator("tiers")
    @classmethod
    def _ladder(cls, value: list[Tier]) -> list[Tier]:
        if mistakes := [*_name_mistakes(value), *_reach_mistakes(value), *_order_mistakes(value)]:
            raise ValueError("; ".join(mistakes))
        return value

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

    def review_date(self, as_of: Cutoff) -> Cutoff | None:
        """Return when a tier given at ``as_of`` comes up for review, if the policy says so."""
        months = self.review_months
        return None if months is None else Horizon(months, "month").after(as_of)


def _name_mistakes(tiers: Sequence[Tier]) -> list[str]:
    folded = [tier.name.casefold() for tier in tiers]
    repeated = sorted({tier.name for tier in tiers if folded.count(tier.name.casefold()) > 1})
    return [f"the name {name!r} repeats" for name in repeated]


def _reach_mistakes(tiers: Sequence[Tier]) -> list[str]:
    last = tiers[-1]
    found = [
        f"{tier.name}.share_of_value is missing; only the last tier has none"
        for tier in tiers[:-1]
        if tier.share_of_value is None
    ]
    if last.share_of_value is not None or last.share_of_accounts is not None:
        found.append(f"the last tier {last.name} takes the rest; drop its thresholds")
    return found


def _order_mistakes(tiers: Sequence[Tier]) -> list[str]:
    """Each share must lie above that of the tiers before it, or a tier overlaps or is empty."""
    found = []
    for key in ("share_of_value", "share_of_accounts"):
        given = [(tier.name, getattr(tier, key)) for tier in tiers]
        given = [(name, share) for name, share in given if share is not None]
        for (above, high), (name, share) in pairwise(given):
            if share <= high:
                found.append(f"{name}.{key} = {share:g} must be above {above}.{key} = {high:g}")
    return found
