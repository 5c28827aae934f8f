"""A promotion decision: the declared rule, what was compared, what held, and the reasons in words.

Why this way: the decision is kept with the model it speaks for, as a document, so that whoever asks in a
year why this model is champion gets the figures that were looked at, not a new computation.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from pydantic import Field

from valuemodel.evaluation.bootstrap import Estimate
from valuemodel.evaluation.gate.slice_guard import SliceFigure
from valuemodel.sections import Section
from valuemodel.settings.kinds import Share


class GateRule(Section):
    """``[gate]`` of a model definition: what a challenger must show before it is promoted.

    ``minimum_gini`` is the ranking skill it must have, ``gini_margin`` how much worse it may at the
    most rank than the standing model, ``money`` the error that counts as money accuracy;
    ``minimum_accounts`` is the smallest book a decision is taken on, ``minimum_slice`` the smallest
    slice that is guarded; ``confidence`` and ``draws`` make the intervals, ``largest_bias`` is where
    the total is warned about.
    """

    money: Literal["mae", "rmse", "decile_mape"] = "mae"
    minimum_gini: Share = 0.05
    gini_margin: Share = 0.02
    minimum_accounts: int = Field(default=50, ge=10)
    minimum_slice: int = Field(default=50, ge=10)
    confidence: Annotated[float, Field(ge=0.5, lt=1.0)] = 0.98
    draws: int = Field(default=500, ge=100)
    largest_bias: Share = 0.10


@dataclass(frozen=True)
class Figure:
    """One compared figure: challenger, standing model, and their difference with its interval.

    ``rule`` is the rule of churn that it speaks of, empty for value.
    """

    against: str
    target: str
    metric: str
    challenger: Estimate
    standing: Estimate
    difference: Estimate
    rule: str = ""


@dataclass(frozen=True)
class Check:
    """One part of the rule: whether it held, and why, in plain words."""

    part: str
    passed: bool
    reason: str


@dataclass(frozen=True)
class GateDecision:
    """Whether a challenger may be promoted, and everything the answer rests on."""

    challenger: str
    against: tuple[str, ...]
    horizon: str
    rule: GateRule
    folds: int
    accounts: int
    checks: tuple[Check, ...]
    figures: tuple[Figure, ...]
    warnings: tuple[str, ...]
    slices: tuple[SliceFigure, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every part of the rule held."""
        return all(check.passed for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not, or, if it passed, why."""
        failed = tuple(check.reason for check in self.checks if not check.passed)
        return failed or tuple(check.reason for check in self.checks)

    @property
    def verdict(self) -> str:
        """The decision in one sentence."""
        if self.passed:
            return f"{self.challenger} may be promoted: better than {' and '.join(self.against)}"
        if not self.folds:
            return f"{self.challenger} could not be judged: not promoted"
        against = " and ".join(self.against)
        return f"{self.challenger} is not better than {against} in all that it must: not promoted"

    def as_document(self) -> dict[str, object]:
        """Return the decision as a JSON document; figures that do not exist are null."""
        return {
            "challenger": self.challenger,
            "against": list(self.against),
            "horizon": self.horizon,
            "passed": self.passed,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "note": self.note,
            "warnings": list(self.warnings),
            "folds": self.folds,
            "accounts": self.accounts,
            "rule": self.rule.model_dump(),
            "checks": [asdict(check) for check in self.checks],
            "figures": [_plain(asdict(figure)) for figure in self.figures],
            "slices": [_plain(asdict(figure)) for figure in self.slices],
        }

    @property
    def note(self) -> str:
        """The verdict, with every reason and warning, as it is written on the run."""
        said = [*self.reasons, *(f"warning: {one}" for one in self.warnings)]
        return "\n".join([self.verdict, *(f"- {one}" for one in said)])


def _plain(document: dict[str, object]) -> dict[str, object]:
    """Replace NaN, which is no JSON, by null."""
    plain: dict[str, object] = {}
    for key, item in document.items():
        if isinstance(item, dict):
            plain[key] = _plain(item)
        else:
            plain[key] = None if isinstance(item, float) and item != item else item  # noqa: PLR0124
    return plain
