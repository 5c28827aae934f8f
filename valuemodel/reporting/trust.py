"""Can we trust it: out-of-time figures beside past value, wins and losses, in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from valuemodel.explain.wording import horizon_words, money, share
from valuemodel.reporting.review_tables import ReviewHeader, ReviewTables

#: From this share on, the sum of predictions is called far from the sum that came.
_FAR_OFF = 0.10

Verdict = Literal["better", "worse", "no clear difference"]


@dataclass(frozen=True)
class Measure:
    """How one metric is told to people who do not know its name.

    Parameters
    ----------
    words, meaning : str
        What it measures, and how to read a figure of it.
    unit : {"share", "points of 100", "money"}
        How figures are shown.
    higher_is_better : bool
        Which way is good.
    """

    words: str
    meaning: str
    unit: Literal["share", "points of 100", "money"]
    higher_is_better: bool


#: What leaders see, in the order of reading; other metrics stay in the appendix.
MEASURES: Mapping[tuple[str, str], Measure] = {
    ("value", "top_decile_of_perfect"): Measure(
        "Money found in the top tenth of accounts",
        "of what a perfect choice of as many accounts would have held",
        "share",
        higher_is_better=True,
    ),
    ("value", "normalised_gini"): Measure(
        "Order of the whole book",
        "100 is a perfect order, 0 a random one",
        "points of 100",
        higher_is_better=True,
    ),
    ("value", "mae"): Measure(
        "Average miss per account",
        "between predicted and actual money; less is better",
        "money",
        higher_is_better=False,
    ),
    ("value", "decile_mape"): Measure(
        "Average miss per tenth of the book",
        "as a share of what came; less is better",
        "share",
        higher_is_better=False,
    ),
    ("churn", "brier"): Measure(
        "Error of the {risk}",
        "0 is perfect, 25 is what always saying fifty-fifty gives; less is better",
        "points of 100",
        higher_is_better=False,
    ),
}


@dataclass(frozen=True)
class Judgement:
    """One measure of the judged model beside past value, as the page shows it."""

    measure: Measure
    ours: str
    baseline: str
    difference: str
    interval: str
    verdict: Verdict


@dataclass(frozen=True)
class Trust:
    """The section's content: judgements of the tier horizon, the sentence, the chart's sentence."""

    judgements: list[Judgement]
    verdict: str
    finding: str


def trust(tables: ReviewTables) -> Trust:
    """Judge the model on the tier horizon, in the order of `MEASURES`."""
    header = tables.header
    lines = [
        _judge(row, replace(measure, words=measure.words.format(risk=header.risk)), header.currency)
        for key, measure in MEASURES.items()
        for row in tables.judged.to_dict("records")
        if (row["target"], row["metric"]) == key
    ]
    return Trust(lines, _verdict(lines, header), _decile_finding(tables))


def _judge(row: Mapping[Any, Any], measure: Measure, currency: str) -> Judgement:
    low, high = float(row["low"]), float(row["high"])
    return Judgement(
        measure=measure,
        ours=_shown(float(row["figure"]), measure, currency),
        baseline=_shown(float(row["baseline"]), measure, currency),
        difference=_signed(float(row["difference"]), measure, currency),
        interval=_interval(low, high, measure, currency),
        verdict=_side(low, high, measure),
    )


def _side(low: float, high: float, measure: Measure) -> Verdict:
    if not (low > 0 or high < 0):
        return "no clear difference"
    return "better" if (low > 0) == measure.higher_is_better else "worse"


def _shown(figure: float, measure: Measure, currency: str) -> str:
    if math.isnan(figure):
        return "not known"
    if measure.unit == "money":
        return money(figure, currency)
    return share(figure) if measure.unit == "share" else f"{100 * figure:.1f}"


def _signed(gap: float, measure: Measure, currency: str) -> str:
    if math.isnan(gap):
        return "not known"
    if measure.unit == "money":
        return ("+" if gap >= 0 else "") + money(gap, currency)
    return f"{100 * gap:+.1f}{' points' if measure.unit == 'share' else ''}"


def _interval(low: float, high: float, measure: Measure, currency: str) -> str:
    if math.isnan(low + high):
        return "not known"
    from_low = _signed(low, measure, currency).removesuffix(" points")
    return f"{from_low} to {_signed(high, measure, currency)}"


def _verdict(lines: list[Judgement], header: ReviewHeader) -> str:
    """Say in one paragraph what the test means for the decision."""
    words = horizon_words(header.horizon)
    if header.baseline_is_champion:
        return _nobody_won(lines, words)
    first = next((line for line in lines if line.measure.unit == "share"), None)
    if first is None:
        return "This model has not been tested against past value on this horizon."
    wins = sum(line.verdict == "better" for line in lines)
    losses = sum(line.verdict == "worse" for line in lines)
    return (
        f"Tested on past dates from which it had learned nothing, the model's top tenth of accounts "
        f"held {first.ours} of what a perfect choice would have held in the next {words}; a list "
        f"by past value held {first.baseline} (difference {first.difference}, 95% interval "
        f"{first.interval}). Of {len(lines)} measures the model is clearly better on {wins} and "
        f"clearly worse on {losses}."
    )


def _nobody_won(lines: list[Judgement], words: str) -> str:
    stays = (
        "So past value stays in charge: each account is expected to bring what it brought, tiers are "
        "those of past value, and no account moves because of a model. This is a finding, not a "
        "failure: nothing here claims to know more than your sales history does."
    )
    if not lines:
        return f"No model could yet be tested against simply looking at the past {words}. {stays}"
    wins = sum(line.verdict == "better" for line in lines)
    losses = [line.measure.words.lower() for line in lines if line.verdict == "worse"]
    but = f" but clearly worse on {len(losses)}: {', '.join(losses)}" if losses else ""
    return (
        f"No model has beaten simply looking at the past {words} in all that it must. The model that "
        f"was tried is clearly better on {wins} of {len(lines)} measures{but}. {stays}"
    )


def _decile_finding(tables: ReviewTables) -> str:
    table = tables.tenths
    came = float((table["actual"] * table["accounts"]).sum())
    if not came > 0:
        return "There is no tested money to show."
    ratio = float((table["predicted"] * table["accounts"]).sum()) / came
    currency = tables.header.currency
    advice = "" if abs(ratio - 1) <= _FAR_OFF else " Read the amounts as an order, not as a budget."
    top = table.to_dict("records")[0]
    return (
        f"The top tenth brought {money(top['actual'], currency)} per account; a top tenth by past value "
        f"brought {money(top['by_baseline'], currency)}. In all, predictions came to {share(ratio)} of "
        f"what came.{advice}"
    )
