"""The promotion gate: a challenger becomes champion only by being better out of time.

The rule has three parts, all on the tier horizon and all with paired bootstrap intervals by account:

1. *It ranks.* The lower end of the challenger's normalised Gini reaches ``minimum_gini``.
2. *It ranks no worse.* The lower end of its Gini minus the standing model's is above ``-gini_margin``.
3. *It is better.* Either its Gini is better (lower end of the difference above 0), or its money error
   is (upper end of the difference of ``money`` below 0).

and two guards: neither its money error nor its churn risk (Brier) is surely worse, that is, the lower
end of the difference is not above 0.

Why this way: money error alone is no reason to promote. Where next year says nothing about this year,
a constant beats past value in error while ranking nobody, so part 1 asks for ranking skill first.
Ranking alone is no reason either: measured on Online Retail II, a plain tree model ranks a little
better than past value and promises twice the money, hence the guard. And to ask for a better ranking
only is too strict: past value is a hard ranking to beat, and a model that ranks alike but whose money
can be believed is worth having. Each of the two ways to be better is tested on one side of a 98 %
interval: 2 % together, which leaves room under 5 % false promotions for the bootstrap's own error in
small books (measured: 2 to 4 % for a challenger exactly as good as the standing model, under 1 % where
there is no signal). Luck does not promote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from valuemodel.evaluation.bootstrap import Estimate, PairedBootstrap, Resampling
from valuemodel.sections import Section
from valuemodel.settings.kinds import Share


class GateRule(Section):
    """``[gate]`` of a model definition: what a challenger must show before it is promoted.

    ``minimum_gini`` is the ranking skill it must have, ``gini_margin`` how much worse it may at the
    most rank than the standing model, ``money`` the error that counts as money accuracy;
    ``minimum_accounts`` is the smallest book a decision is taken on, ``confidence`` and ``draws``
    make the intervals, ``largest_bias`` is where the total is warned about.
    """

    money: Literal["mae", "rmse", "decile_mape"] = "mae"
    minimum_gini: Share = 0.05
    gini_margin: Share = 0.02
    minimum_accounts: int = Field(default=50, ge=10)
    confidence: Annotated[float, Field(ge=0.5, lt=1.0)] = 0.98
    draws: int = Field(default=500, ge=100)
    largest_bias: Share = 0.10


@dataclass(frozen=True)
class Figure:
    """One compared figure: challenger, standing model, and their difference with its interval."""

    against: str
    target: str
    metric: str
    challenger: Estimate
    standing: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Check:
    """One part of the rule: whether it held, and why, in plain words."""

    part: str
    passed: bool
    reason: str


@dataclass(frozen=True)
class GateDecision:
    """Whether a challenger may be promoted, and everything the answer rests on.

    Examples
    --------
    >>> empty = pd.DataFrame({"target": [], "horizon": [], "model": []})
    >>> decision = decide(empty, "lightgbm", ["past_value"], horizon="6m", rule=GateRule())
    >>> decision.passed, decision.reasons
    (False, ('no cutoff could be judged: no complete window of 6m to judge on',))
    """

    challenger: str
    against: tuple[str, ...]
    horizon: str
    rule: GateRule
    folds: int
    accounts: int
    checks: tuple[Check, ...]
    figures: tuple[Figure, ...]
    warnings: tuple[str, ...]

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
            "warnings": list(self.warnings),
            "folds": self.folds,
            "accounts": self.accounts,
            "rule": self.rule.model_dump(),
            "checks": [asdict(check) for check in self.checks],
            "figures": [_plain(asdict(figure)) for figure in self.figures],
        }


def decide(
    table: pd.DataFrame,
    challenger: str,
    against: Sequence[str],
    *,
    horizon: str,
    rule: GateRule,
    seed: int = 0,
) -> GateDecision:
    """Judge a challenger against the standing models on the tier horizon.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table with the challenger and all standing models.
    challenger : str
        The name of the model that wants to be promoted.
    against : sequence of str
        The standing models: the champion, and the baseline where that is another. It must be better
        than each of them.
    horizon : str
        The label of the tier horizon.
    rule : GateRule
        The declared rule.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    GateDecision
        Passed or not, with reasons, figures and intervals; never an exception for a model that is
        merely not good enough.
    """
    judged = table[(table["horizon"] == horizon) & table["model"].isin([challenger, *against])]
    value = judged[judged["target"] == "value"]
    folds, accounts = 0, 0
    checks: tuple[Check, ...]
    figures: tuple[Figure, ...] = ()
    warnings: tuple[str, ...] = ()
    if value.empty:
        reason = f"no cutoff could be judged: no complete window of {horizon} to judge on"
        checks = (Check("judged", passed=False, reason=reason),)
    else:
        folds, accounts = int(value["fold"].nunique()), int(value["account_id"].nunique())
        resampling = Resampling(rule.draws, rule.confidence, seed)
        figures = tuple(_figures(judged, challenger, against, horizon, resampling))
        checks = (_enough(accounts, rule), *_checks(figures, rule))
        warnings = tuple(_warnings(value, challenger, rule))
    return GateDecision(
        challenger=challenger,
        against=tuple(against),
        horizon=horizon,
        rule=rule,
        folds=folds,
        accounts=accounts,
        checks=checks,
        figures=figures,
        warnings=warnings,
    )


def _figures(
    judged: pd.DataFrame,
    challenger: str,
    against: Sequence[str],
    horizon: str,
    resampling: Resampling,
) -> Iterator[Figure]:
    for target in ("value", "churn"):
        if not (judged["target"] == target).any():
            continue
        boot = PairedBootstrap(judged, target, horizon, resampling)
        for standing in against:
            for metric in boot.metrics:
                yield Figure(
                    against=standing,
                    target=target,
                    metric=metric,
                    challenger=boot.figure(challenger, metric),
                    standing=boot.figure(standing, metric),
                    difference=boot.difference(challenger, standing, metric),
                )


def _enough(accounts: int, rule: GateRule) -> Check:
    enough = accounts >= rule.minimum_accounts
    words = "enough" if enough else f"fewer than the {rule.minimum_accounts} a decision needs"
    return Check("enough accounts", enough, f"{accounts} accounts were judged: {words}")


def _checks(figures: Sequence[Figure], rule: GateRule) -> Iterator[Check]:
    """Yield the parts of the rule; a figure that does not exist (NaN) never passes."""
    for standing in dict.fromkeys(figure.against for figure in figures):
        found = {one.metric: one for one in figures if one.against == standing}
        gini, money = found["normalised_gini"], found[rule.money]
        skill = gini.challenger
        yield Check(
            "it ranks",
            skill.low >= rule.minimum_gini,
            f"its normalised Gini is {_shown(skill)}; its lower end must reach {rule.minimum_gini}",
        )
        yield Check(
            "it ranks no worse",
            gini.difference.low > -rule.gini_margin,
            f"its Gini differs from that of {standing} by {_shown(gini.difference)}; "
            f"the lower end must be above {-rule.gini_margin}",
        )
        yield Check(
            "it is better",
            gini.difference.low > 0 or money.difference.high < 0,
            f"compared with {standing}, its Gini differs by {_shown(gini.difference)} "
            f"(lower end must be above 0) and its {rule.money} by {_shown(money.difference)} "
            "(or upper end below 0)",
        )
        for guarded in (rule.money, "brier"):
            if guarded in found:
                yield _not_surely_worse(guarded, standing, found[guarded].difference)


def _not_surely_worse(metric: str, standing: str, difference: Estimate) -> Check:
    return Check(
        f"its {metric} is not surely worse",
        not difference.low > 0,
        f"its {metric} differs from that of {standing} by {_shown(difference)}; "
        "the lower end must not be above 0",
    )


def _warnings(value: pd.DataFrame, challenger: str, rule: GateRule) -> Iterator[str]:
    mine = value[value["model"] == challenger]
    truth, forecast = float(mine["y_true"].sum()), float(mine["y_pred"].sum())
    if truth <= 0:
        yield "the truths do not sum to something positive, so the total cannot be checked"
    elif abs(forecast / truth - 1.0) > rule.largest_bias:
        off = forecast / truth - 1.0
        yield f"the forecasts of {challenger} sum to {off:+.0%} of the truths"


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.4g} ({estimate.low:.4g} to {estimate.high:.4g})"


def _plain(document: dict[str, object]) -> dict[str, object]:
    """Replace NaN, which is no JSON, by null."""
    plain: dict[str, object] = {}
    for key, item in document.items():
        if isinstance(item, dict):
            plain[key] = _plain(item)
        else:
            plain[key] = None if isinstance(item, float) and item != item else item  # noqa: PLR0124
    return plain
