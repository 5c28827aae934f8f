"""The account plan: five blocks about each account, as people who run key accounts ask for them (S6, S8, S9).

Who: why it is a key account. Coverage: who is responsible. How: the play it is managed by. Strategy: the
goal of its stage, what would move it, what it needs by when, and what we lack for that (S10, S18). Evaluate:
how sure its tier is, and when tier, closeness and needs are looked at again (S19, S20).

Why this way: each block is text that is built from the stored tables alone, so the plan of a run is
printed, exported and read the same everywhere. What is not known is left out, but for the two facts whose
absence is the finding: that nobody owns an account, and that nothing is planned for it. Stages and classes
are set anew by every run, so the goals follow what monitoring found; how to reach them is the play, which
is the company's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pandas as pd

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.score import PARTS
from valuemodel.tiers.records.wording import NEEDS, percent

BLOCKS = ("who", "coverage", "how", "strategy", "evaluate")
PLAN_TYPES: dict[str, str] = {"account_id": "str", **dict.fromkeys(BLOCKS, "str")}

#: The goal of each stage of the life cycle.
STAGE_GOALS: Mapping[str, str] = MappingProxyType(
    {
        "potential": "win the first purchase",
        "bought": "make it buy regularly",
        "sticky": "keep it, and widen what it buys",
        "quiet": "find out why it went quiet, then win it back or let it go",
    }
)
#: The goal of each class.
CLASS_GOALS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "serve what it has",
        "attacking": "win what is open",
        "potential": "open what it could buy",
        "not now": "spend nothing on it now",
    }
)
#: What drew the line of a tier, in words; a rule that is not named here is told as it is.
RULES: Mapping[str, str] = MappingProxyType(
    {
        "value": "the share of value",
        "accounts": "the share of accounts",
        "top": "the top share of accounts",
        "people": "the hours of people",
        "segments": "lines of their own for segments",
        "rest": "what the tiers above leave",
    }
)

#: One text per account, empty where there is nothing to say.
Texts: TypeAlias = Sequence[str]


def account_plan(
    frame: pd.DataFrame,
    policy: TierPolicy,
    *,
    labels: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
    of: pd.Series[bool] | None = None,
    currency: str = "",
) -> pd.DataFrame:
    """Write the five blocks of each account.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`; columns of the recommendations that it lacks
        count as not known.
    policy : TierPolicy
        The policy that the tiers were cut by.
    labels : pandas.DataFrame, optional
        ``account_id`` and any of ``class``, ``grade`` and ``lifecycle``.
    gaps : pandas.DataFrame, optional
        The ``capability_gaps``; those of a ``segment`` are told to the accounts of that industry.
    of : pandas.Series of bool, optional
        Which rows of the frame to write; by default all. A large book writes those that people read,
        such as `valuemodel.tiers.coverage.owners.above_last_tier`.
    currency : str, optional
        What stands behind amounts.

    Returns
    -------
    pandas.DataFrame
        Columns `PLAN_TYPES`, sorted by account.

    Examples
    --------
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a"], "tier": ["A"], "binding_rule": ["value"]})
    >>> told = told.assign(as_of=pd.Timestamp("2026-01-01"), tier_probability=0.8)
    >>> frame = account_frame(told, told[["account_id"]], None, Horizon.parse("1 year"))
    >>> plan = account_plan(frame, TierPolicy.parse({"version": "1"}))
    >>> for block in BLOCKS:
    ...     print(f"{block}: {plan[block][0]}")
    who: tier A, its line drawn by the share of value
    coverage: the book names no owners
    how: no play and no touches are planned
    strategy: no need is known
    evaluate: a chance of 80 % to be in A; needs due 2026-03-01
    """
    known = frame if of is None else frame[of]
    known = known.sort_values("account_id", ignore_index=True)
    labelled = _labelled(known["account_id"], labels)
    blocks = {
        "who": _who(known, policy, currency),
        "coverage": _coverage(known, labelled, policy),
        "how": _how(known, labelled, policy),
        "strategy": _strategy(known, labelled, gaps, currency),
        "evaluate": _evaluate(known, policy),
    }
    table = pd.DataFrame({"account_id": known["account_id"], **blocks})
    return table.astype(PLAN_TYPES)


def as_document(row: pd.Series[str]) -> dict[str, str]:
    """Return the five blocks of one row of the plan as a JSON document.

    Examples
    --------
    >>> row = pd.Series({"account_id": "a", **dict.fromkeys(BLOCKS, "said")})
    >>> sorted(as_document(row))
    ['coverage', 'evaluate', 'how', 'strategy', 'who']
    """
    return {block: str(row[block]) for block in BLOCKS}


def _who(known: pd.DataFrame, policy: TierPolicy, currency: str) -> list[str]:
    """Say why it is (or is not) a key account."""
    tier, rule = _text(known, "tier"), _text(known, "binding_rule")
    drawn = {one: f", its line drawn by {RULES[one]}" for one in RULES}
    parts = [
        [
            f"tier {name}{drawn.get(one, f', {one}' if one else '')}" if name else "in no tier"
            for name, one in zip(tier, rule, strict=True)
        ],
        _score(known, policy, currency),
        _after("decided by people: ", _text(known, "override_reason")),
        *(_text(known, f"reason_up_{place}") for place in (1, 2, 3)),
        *(_text(known, f"reason_down_{place}") for place in (1, 2, 3)),
    ]
    return _joined(parts)


def _score(known: pd.DataFrame, policy: TierPolicy, currency: str) -> list[str]:
    """Say the score and what each part adds to it; money is its own and only part."""
    if policy.score.in_money:
        return _figures(_numbers(known, "score"), "score ", f" {currency}".rstrip())
    score = _figures(_numbers(known, "score"), "score ")
    shares = [_figures(_numbers(known, f"score_{part}"), f"{part} ") for part in PARTS]
    made = _joined(shares, ", ")
    return [f"{one} ({of})" if one and of else one for one, of in zip(score, made, strict=True)]


def _coverage(known: pd.DataFrame, labels: pd.DataFrame, policy: TierPolicy) -> list[str]:
    named = _text(known, "owner")
    nobody = "nobody owns it" if any(named) else "the book names no owners"
    owner = [f"owned by {name}" if name else nobody for name in named]
    reviewer = _after("reviewed by ", _text(known, "reviewer"))
    teams = {str(name): layer.team or "" for name, layer in policy.labels.layers.items()}
    return _joined([owner, reviewer, _after("team ", _mapped(labels["class"], teams))])


def _how(known: pd.DataFrame, labels: pd.DataFrame, policy: TierPolicy) -> list[str]:
    """Say the play, that of its layer, and the touches where the play is not just these."""
    play = _text(known, "play")
    touches = _mapped(known["tier"], {tier.name: tier.play or "" for tier in policy.tiers})
    layers = [(str(name), layer) for name, layer in policy.labels.layers.items()]
    parts = [
        play,
        [one if one != said else "" for one, said in zip(touches, play, strict=True)],
        _mapped(labels["class"], {at: f"{at}: {one.play}" for at, one in layers if one.play}),
        _mapped(labels["class"], {at: one.resources for at, one in layers if one.resources}),
    ]
    return [said or "no play and no touches are planned" for said in _joined(parts)]


def _strategy(
    known: pd.DataFrame, labels: pd.DataFrame, gaps: pd.DataFrame | None, currency: str
) -> list[str]:
    stages = {name: f"stage {name}: {goal}" for name, goal in STAGE_GOALS.items()}
    classes = {name: f"class {name}: {goal}" for name, goal in CLASS_GOALS.items()}
    parts = [
        _mapped(labels["lifecycle"], stages),
        _mapped(labels["class"], classes),
        _after("grade ", labels["grade"].fillna("").tolist()),
        _after("moves it up: ", _text(known, "what_moves_up")),
        _needs(known, currency),
        _mapped(known["industry"], gap_texts(gaps)),
    ]
    return _joined(parts)


def _needs(known: pd.DataFrame, currency: str) -> list[str]:
    """Say what is in the pipeline by when; a stretch of time in which nothing is open is left out."""
    unit = f" {currency}".rstrip()
    each = []
    for column, when in NEEDS.items():
        open_then = [amount if amount > 0.0 else np.nan for amount in _numbers(known, column)]
        each.append(_figures(open_then, "", f"{unit} {when}"))
    return [f"needs {said}" if said else "no need is known" for said in _joined(each, ", ")]


def gap_texts(gaps: pd.DataFrame | None) -> dict[str, str]:
    """Say per segment which part of what it needs we lack, by when.

    Examples
    --------
    >>> gaps = pd.DataFrame({"segment": ["Retail"] * 2, "horizon": ["1 year", "3 months"]})
    >>> gap_texts(gaps.assign(product_id=None, gap=[0.1, 0.25]))
    {'Retail': 'we lack 25 % within 3 months, 10 % within 1 year'}
    """
    if gaps is None or gaps.empty:
        return {}
    rows = gaps[gaps["segment"].notna()]
    ahead = sorted(
        (str(segment), Horizon.parse(str(horizon)), float(gap))
        for segment, horizon, gap in rows[["segment", "horizon", "gap"]].itertuples(index=False)
    )
    found: dict[str, list[str]] = {}
    for segment, horizon, gap in ahead:
        found.setdefault(segment, []).append(f"{percent(gap)} within {horizon}")
    return {segment: f"we lack {', '.join(said)}" for segment, said in found.items()}


def _evaluate(known: pd.DataFrame, policy: TierPolicy) -> list[str]:
    chances = zip(_text(known, "tier"), _numbers(known, "tier_probability"), strict=True)
    close = _flagged(known, "too_close_to_call")
    parts = [
        [
            "" if np.isnan(chance) else f"a chance of {percent(chance)} to be in {tier}"
            for tier, chance in chances
        ],
        ["too close to call" if one else "" for one in close],
        _after("tier reviewed ", _days(known, "review_date")),
        *([said] * len(known) for said in _due(known, policy)),
    ]
    return _joined(parts)


def _due(known: pd.DataFrame, policy: TierPolicy) -> Iterator[str]:
    """Say when closeness and needs are looked at again, counted from the cutoff of the run."""
    if "as_of" not in known or known.empty:
        return
    as_of = Cutoff(pd.Timestamp(known["as_of"].max()).to_pydatetime())
    stability = policy.stability
    if any(number == number for number in _numbers(known, "closeness")):  # noqa: PLR0124 - not missing
        yield f"closeness due {Horizon(stability.closeness_months, 'month').after(as_of)}"
    yield f"needs due {Horizon(stability.needs_months, 'month').after(as_of)}"


def _labelled(accounts: pd.Series[str], labels: pd.DataFrame | None) -> pd.DataFrame:
    """Return class, grade and life cycle of each account, missing where they are not known."""
    nobody = pd.DataFrame({"account_id": []})
    table = nobody if labels is None or labels.empty else labels
    found = table.set_index("account_id").reindex(accounts)
    return found.reindex(columns=["class", "grade", "lifecycle"]).astype("str").reset_index()


def _joined(parts: Sequence[Texts], by: str = "; ") -> list[str]:
    """Join what there is to say of each account."""
    return [by.join([part for part in row if part]) for row in zip(*parts, strict=True)]


def _after(words: str, texts: Texts) -> list[str]:
    return [words + text if text else "" for text in texts]


def _text(known: pd.DataFrame, name: str) -> list[str]:
    column = known.get(name)
    return [""] * len(known) if column is None else column.astype("str").fillna("").tolist()


def _mapped(column: pd.Series[str], texts: Mapping[str, str]) -> list[str]:
    return [texts.get(value, "") for value in column.tolist()]


def _numbers(known: pd.DataFrame, name: str) -> list[float]:
    column = known.get(name)
    return [np.nan] * len(known) if column is None else column.astype("float64").tolist()


def _flagged(known: pd.DataFrame, name: str) -> list[bool]:
    column = known.get(name)
    if column is None:
        return [False] * len(known)
    return column.astype("boolean").fillna(value=False).astype(bool).tolist()


def _days(known: pd.DataFrame, name: str) -> list[str]:
    """Return dates as text; a book has few of them, so each is written once."""
    column = known.get(name)
    if column is None:
        return [""] * len(known)
    said = {day: f"{day:%Y-%m-%d}" for day in column.dropna().unique()}
    return [said.get(day, "") for day in column]


def _figures(numbers: Sequence[float], before: str, after: str = "") -> list[str]:
    """Write amounts in whole numbers, small ones with three digits."""
    return [
        ""
        if number != number  # noqa: PLR0124 - only a missing number differs from itself
        else f"{before}{number:,.0f}{after}"
        if abs(number) >= 100.0
        else f"{before}{number:.3g}{after}"
        for number in numbers
    ]
