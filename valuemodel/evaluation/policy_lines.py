"""The policy backtest in words: what the first tier caught, against what, and what it was given.

Why this way: people argue about one number, so each line sets one pair side by side and says how sure it
is. Whether important accounts were in fact given more than all others (S52) is told in shares and per
account, from hours that were written down; a baseline or an hour that nobody knows has no line, or says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from valuemodel.metrics.arrays import FloatArray

ALL = "all"
"""Stands for the mean over cutoffs in the column ``cutoff``."""

DIFFERENCE_TO_CURRENT = (
    "difference_to_current",
    "difference_to_current_low",
    "difference_to_current_high",
)
DIFFERENCE_TO_CONTRACT = (
    "difference_to_contract",
    "difference_to_contract_low",
    "difference_to_contract_high",
)

_BASELINES = (
    ("the company's own tiers", "by_current_tier", DIFFERENCE_TO_CURRENT),
    ("contract value", "by_contract_value", DIFFERENCE_TO_CONTRACT),
)


def policy_lines(
    found: pd.DataFrame, currency: str, effort: pd.DataFrame | None = None
) -> Iterator[str]:
    """Say what the first tier would have caught, and its hours beside what came, in a line each.

    Parameters
    ----------
    found : pandas.DataFrame
        From `valuemodel.evaluation.policy_backtest.policy_backtest`.
    currency : str
        The project's currency.
    effort : pandas.DataFrame, optional
        What the hours were added up from.

    Examples
    --------
    >>> row = {"cutoff": ALL, "tier": "A", "by_prediction": 0.445, "by_past_value": 0.416}
    >>> row |= {"at_best": 0.480, "difference": 0.029, "low": 0.010, "high": 0.048}
    >>> row |= {"by_current_tier": 0.420, "difference_to_current": 0.025}
    >>> row |= {"difference_to_current_low": 0.004, "difference_to_current_high": 0.046}
    >>> row |= {"planned_per_1000_by_prediction": 2.0, "planned_per_1000_by_past_value": 2.25}
    >>> print(*policy_lines(pd.DataFrame([row]), "EUR"), sep=chr(10))
    tier A by prediction would have caught 44.5 % of value, by past value 41.6 %: +2.9 points
    (1.0 to 4.8); at best 48.0 %
    tier A by prediction would have caught 44.5 % of value, by the company's own tiers 42.0 %: +2.5
    points (0.4 to 4.6)
    hours that the policy plans for tier A, per 1,000 EUR that came: 2.00 by prediction, 2.25 by past value
    hours spent in tier A: not known, the book has no interactions
    """
    overall = found[found["cutoff"] == ALL]
    if overall.empty:
        return
    top = overall.iloc[0]
    tier = top["tier"]
    past = _against(top, "past value", "by_past_value", ("difference", "low", "high"))
    yield f"{past}; at best {_percent(top['at_best'])}"
    for called, way, difference in _BASELINES:
        if np.isfinite(top.get(way, np.nan)):
            yield _against(top, called, way, difference)
    planned = _per_thousand(top, "planned", currency)
    lacking = "not known, the policy does not say how long its touches take"
    yield f"hours that the policy plans for tier {tier}{planned or f': {lacking}'}"
    spent = _per_thousand(top, "spent", currency)
    yield f"hours spent in tier {tier}{spent or ': not known'}{_timed(effort)}"
    yield from effort_lines(found)


def effort_lines(found: pd.DataFrame) -> Iterator[str]:
    """Say of all tiers by prediction what they were given and what they brought; nothing if unknown.

    Parameters
    ----------
    found : pandas.DataFrame
        From `valuemodel.evaluation.policy_backtest.policy_backtest`.

    Examples
    --------
    >>> rows = {"cutoff": ALL, "tier": ["A", "B"], "accounts": [10.0, 90.0]}
    >>> rows |= {"by_prediction": [0.6, 0.4], "hours_spent_by_prediction": [20.0, 180.0]}
    >>> print(*effort_lines(pd.DataFrame(rows)), sep=chr(10))
    effort against value: tier A was given 10.0 % of the hours spent and brought 60.0 % of value;
    tier B 90.0 % and 40.0 %
    per account, tier A was given 1.0 times the hours of all others and brought 13.5 times their value:
    no more for those who brought more
    """
    overall = found[found["cutoff"] == ALL]
    names = ["accounts", "hours_spent_by_prediction", "by_prediction"]
    accounts, hours, value = overall.reindex(columns=names).to_numpy(np.float64).T
    if not np.isfinite(hours + value).all() or not hours.sum() > 0.0:
        return
    given = 100.0 * hours / hours.sum()
    tiers = list(zip(overall["tier"], given.tolist(), (100.0 * value).tolist(), strict=True))
    (first, some, brought), *others = tiers
    told = [
        f"tier {first} was given {some:.1f} % of the hours spent and brought {brought:.1f} % of value"
    ]
    told += [f"tier {name} {some:.1f} % and {brought:.1f} %" for name, some, brought in others]
    yield f"effort against value: {'; '.join(told)}"
    most, worth = (_times_the_others(of, accounts) for of in (hours, value))
    if most is None or worth is None:
        return
    alike = ": no more for those who brought more" if worth > 1.0 >= round(most, 1) else ""
    yield (
        f"per account, tier {first} was given {most:.1f} times the hours of all others and brought "
        f"{worth:.1f} times their value{alike}"
    )


def _against(top: pd.Series[Any], called: str, way: str, difference: tuple[str, str, str]) -> str:
    gap, low, high = (100.0 * float(top[name]) for name in difference)
    return (
        f"tier {top['tier']} by prediction would have caught {_percent(top['by_prediction'])} of value, "
        f"by {called} {_percent(top[way])}: {gap:+.1f} points ({low:.1f} to {high:.1f})"
    )


def _times_the_others(of: FloatArray, accounts: FloatArray) -> float | None:
    """Return how many times as much one account of the first tier has as one of all others."""
    rest, count = float(of[1:].sum()), float(accounts[1:].sum())
    if not (rest > 0.0 and count > 0.0 and accounts[0] > 0.0):
        return None
    return float(of[0] / accounts[0]) / (rest / count)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _per_thousand(top: pd.Series[Any], kind: str, currency: str) -> str:
    ways = ("by_prediction", "by_past_value")
    ours, theirs = (float(top.get(f"{kind}_per_1000_{way}", np.nan)) for way in ways)
    if not np.isfinite(ours + theirs):
        return ""
    return f", per 1,000 {currency} that came: {ours:.2f} by prediction, {theirs:.2f} by past value"


def _timed(effort: pd.DataFrame | None) -> str:
    """Say of how many contacts the hours are known."""
    if effort is None:
        return ", the book has no interactions"
    contacts, timed = int(effort["contacts"].sum()), int(effort["timed"].sum())
    return f" ({timed:,} of {contacts:,} contacts say how long they took)"
