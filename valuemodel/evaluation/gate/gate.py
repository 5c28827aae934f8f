"""The promotion gate: a challenger becomes champion only by being better out of time.

The rule has three parts, all on the tier horizon and all with paired bootstrap intervals by account:

1. *It ranks.* The lower end of the challenger's normalised Gini reaches ``minimum_gini``.
2. *It ranks no worse.* The lower end of its Gini minus the standing model's is above ``-gini_margin``.
3. *It is better.* Either its Gini is better (lower end of the difference above 0), or its money error
   is (upper end of the difference of ``money`` below 0).

and three guards: neither its money error, nor its churn risk (Brier; each rule of churn apart), nor any
slice that the settings declare is surely worse: the lower end of the difference is not above 0. How
many slices are looked at together is told in `valuemodel.evaluation.gate.slice_guard`. An end that the
bootstrap puts beyond the figure itself proves nothing, so it counts as the figure.

It must be so against each standing model: past value, and the champion where that is another recipe.

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

import pandas as pd

from valuemodel.evaluation.bootstrap import Estimate, PairedBootstrap, Resampling
from valuemodel.evaluation.gate.decision import Check, Figure, GateDecision, GateRule
from valuemodel.evaluation.gate.slice_guard import (
    Guarding,
    SliceFigure,
    guard_words,
    slice_figures,
)
from valuemodel.evaluation.slices import too_small
from valuemodel.metrics.value import VALUE_METRICS

__all__ = ["Check", "Figure", "GateDecision", "GateRule", "could_pass", "decide"]

RANKING = "normalised_gini"


def decide(
    table: pd.DataFrame,
    challenger: str,
    against: Sequence[str],
    *,
    horizon: str,
    rule: GateRule,
    seed: int = 0,
    labels: pd.DataFrame | None = None,
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
    labels : pandas.DataFrame, optional
        The declared slices of the judged accounts, from `valuemodel.evaluation.slices.slice_labels`.

    Returns
    -------
    GateDecision
        Passed or not, with reasons, figures and intervals; never an exception for a model that is
        merely not good enough.

    Examples
    --------
    >>> empty = pd.DataFrame({"target": [], "horizon": [], "model": []})
    >>> decision = decide(empty, "lightgbm", ["past_value"], horizon="6m", rule=GateRule())
    >>> decision.passed, decision.reasons
    (False, ('no cutoff could be judged: no complete window of 6m to judge on',))
    """
    judged = table[(table["horizon"] == horizon) & table["model"].isin([challenger, *against])]
    value = judged[judged["target"] == "value"]
    folds, accounts = 0, 0
    checks: tuple[Check, ...]
    figures: tuple[Figure, ...] = ()
    slices: tuple[SliceFigure, ...] = ()
    warnings: tuple[str, ...] = ()
    if value.empty:
        reason = f"no cutoff could be judged: no complete window of {horizon} to judge on"
        checks = (Check("judged", passed=False, reason=reason),)
    else:
        folds, accounts = int(value["fold"].nunique()), int(value["account_id"].nunique())
        resampling = Resampling(rule.draws, rule.confidence, seed)
        figures = tuple(_figures(judged, challenger, against, (rule.money, resampling)))
        checks = (_enough(accounts, rule), *_checks(figures, rule))
        warnings = tuple(_warnings(value, challenger, rule))
        if labels is not None and len(labels):
            guarding = Guarding((RANKING, rule.money), rule.minimum_slice, resampling)
            each = [slice_figures(value, labels, challenger, one, guarding) for one in against]
            slices = tuple(figure for found in each for figure in found)
            checks += tuple(_slice_checks(slices, rule))
            warnings += tuple(_unguarded(labels, rule))
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
        slices=slices,
    )


def could_pass(
    judged: pd.DataFrame, challenger: str, against: Sequence[str], rule: GateRule
) -> bool:
    """Tell from the figures alone, without any interval, whether a challenger might pass.

    What fails here fails in `decide` too, since an end of an interval never counts for more than its
    figure; what does not may still fail there. Used where very many decisions are taken.

    Parameters
    ----------
    judged : pandas.DataFrame
        Rows of the tidy table, of one horizon.
    challenger, against, rule
        As in `decide`.
    """
    metrics = VALUE_METRICS[RANKING], VALUE_METRICS[rule.money]
    value = judged[judged["target"] == "value"]

    def figures(model: str) -> list[float]:
        folds = [one for _, one in value[value["model"] == model].groupby("fold")]
        return [
            sum(metric(one["y_true"], one["y_pred"]) for one in folds) / len(folds)
            for metric in metrics
        ]

    gini, money = figures(challenger)
    if not gini >= rule.minimum_gini:
        return False
    return all(
        gini - theirs > -rule.gini_margin and (gini > theirs or money < error)
        for theirs, error in map(figures, against)
    )


def _figures(
    judged: pd.DataFrame,
    challenger: str,
    against: Sequence[str],
    how: tuple[str, Resampling],
) -> Iterator[Figure]:
    """Yield what the rule looks at: ranking and money of value, Brier of each rule of churn."""
    money, resampling = how
    asked = {"value": (RANKING, money), "churn": ("brier",)}
    names = ["target", "horizon", "rule"]
    for (target, horizon, rule), part in judged.groupby(names, sort=False):
        boot = PairedBootstrap(part, str(target), str(horizon), resampling, asked[str(target)])
        for standing in against:
            for metric in boot.metrics:
                yield Figure(
                    against=standing,
                    target=str(target),
                    metric=metric,
                    challenger=boot.figure(challenger, metric),
                    standing=boot.figure(standing, metric),
                    difference=boot.difference(challenger, standing, metric),
                    rule=str(rule),
                )


def _enough(accounts: int, rule: GateRule) -> Check:
    enough = accounts >= rule.minimum_accounts
    words = "enough" if enough else f"fewer than the {rule.minimum_accounts} a decision needs"
    return Check("enough accounts", enough, f"{accounts} accounts were judged: {words}")


def _checks(figures: Sequence[Figure], rule: GateRule) -> Iterator[Check]:
    """Yield the parts of the rule; a figure that does not exist (NaN) never passes."""
    for standing in dict.fromkeys(figure.against for figure in figures):
        own = [one for one in figures if one.against == standing]
        found = {one.metric: one for one in own if one.target == "value"}
        risks = [one for one in own if one.target == "churn"]
        gini, money = found[RANKING], found[rule.money]
        skill, better = gini.challenger, gini.difference
        yield Check(
            "it ranks",
            _low(skill) >= rule.minimum_gini,
            f"its normalised Gini is {_shown(skill)}; its lower end must reach {rule.minimum_gini}",
        )
        yield Check(
            "it ranks no worse",
            _low(better) > -rule.gini_margin,
            f"its Gini differs from that of {standing} by {_shown(better)}; "
            f"the lower end must be above {-rule.gini_margin}",
        )
        yield Check(
            "it is better",
            _low(better) > 0 or _high(money.difference) < 0,
            f"compared with {standing}, its Gini differs by {_shown(better)} "
            f"(lower end must be above 0) and its {rule.money} by {_shown(money.difference)} "
            "(or upper end below 0)",
        )
        yield _not_surely_worse(rule.money, standing, money.difference)
        for risk in risks:
            name = "brier" if len(risks) == 1 else f"brier of churn by {risk.rule}"
            yield _not_surely_worse(name, standing, risk.difference)


def _low(estimate: Estimate) -> float:
    """Return the lower end, or the figure where that is lower; NaN where there is no interval."""
    return estimate.low if not estimate.value < estimate.low else estimate.value


def _high(estimate: Estimate) -> float:
    return estimate.high if not estimate.value > estimate.high else estimate.value


def _not_surely_worse(metric: str, standing: str, difference: Estimate) -> Check:
    return Check(
        f"its {metric} is not surely worse",
        not difference.low > 0,
        f"its {metric} differs from that of {standing} by {_shown(difference)}; "
        "the lower end must not be above 0",
    )


def _slice_checks(slices: Sequence[SliceFigure], rule: GateRule) -> Iterator[Check]:
    for standing in dict.fromkeys(figure.against for figure in slices):
        own = [one for one in slices if one.against == standing]
        unhurt = not any(one.hurt for one in own)
        yield Check("it hurts no slice", unhurt, guard_words(own, standing, rule.money))


def _unguarded(labels: pd.DataFrame, rule: GateRule) -> Iterator[str]:
    small = too_small(labels, rule.minimum_slice)
    if small:
        shown = ", ".join(small[:10]) + (f" and {len(small) - 10} more" if len(small) > 10 else "")
        yield f"slices of fewer than {rule.minimum_slice} accounts were not judged: {shown}"


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
